"""An inbound SEG or RTSTRUCT gives every number without a network, and says who drew it."""

from dataclasses import replace

import fdg_trunk as trunk
import pytest
from dicom_parts import code
from factories_contours import segmentation

from algorithms.fdg_lesions import SPEC
from dicom_node.domain.job import JobState

# Whatever network is installed: nothing of it may be asked.
LACKING = replace(SPEC, lacks="no network is installed for this test")
NUMBERS = {"SUVmax", "SUVmean", "SUVpeak", "MTV", "TLG", "qPET"}
TOTALS = {
    *("Number of lesions", "Total MTV", "Total MTV SUV>=4.0", "Total MTV 41%", "Total TLG"),
    "PERCIST threshold (SULpeak)",
}


def names(outcome, segment=None):
    return {m.name for m in outcome.measurements if m.segment == segment}


@pytest.fixture(scope="module")
def of_seg(tmp_path_factory):
    contours = trunk.drawn_seg()
    folder = tmp_path_factory.mktemp("seg")
    outcome, objects = trunk.run(
        LACKING, folder, trunk.pet(), contours=contours, companion=trunk.ct()
    )
    assert outcome.state is JobState.ENCODED, outcome.reason
    return contours, outcome, objects


def test_a_seg_gives_every_number_without_a_network(of_seg):
    _, outcome, _ = of_seg
    voxels = int((trunk.suv() > 10).sum())
    assert names(outcome, 1) == NUMBERS
    assert names(outcome) >= TOTALS
    assert trunk.number(outcome, "MTV", 1) == pytest.approx(voxels * 0.216)
    assert trunk.number(outcome, "TLG", 1) == pytest.approx(voxels * 0.216 * 12, rel=0.01)


def test_an_rtstruct_gives_every_number_as_well(tmp_path):
    outcome, objects = trunk.run(LACKING, tmp_path, trunk.pet(), contours=trunk.drawn_rtstruct())
    assert outcome.state is JobState.ENCODED, outcome.reason
    assert names(outcome, 1) == NUMBERS
    assert trunk.number(outcome, "SUVmax", 1) == pytest.approx(12.0, rel=0.01)
    first = objects["SEG"].SegmentSequence[0]
    assert (first.SegmentLabel, first.SegmentAlgorithmType) == ("GTV left", "MANUAL")
    assert "RTSTRUCT" in first.SegmentDescription


def test_the_objects_say_whose_contours_they_are(of_seg):
    contours, outcome, objects = of_seg
    uid = contours.SOPInstanceUID
    first = objects["SEG"].SegmentSequence[0]
    assert first.SegmentAlgorithmType == "MANUAL"
    assert "SegmentationAlgorithmIdentificationSequence" not in first
    assert first.SegmentDescription == f"Contour 1 of SEG {uid}, drawn: MANUAL"
    assert first.SegmentDescription in trunk.texts_of(objects["SR"])
    assert any(uid in one for one in outcome.warnings)
    named = [one for one in objects["SR"].iterall() if one.keyword == "ReferencedSOPInstanceUID"]
    assert uid in [str(one.value) for one in named]


def test_nothing_of_a_network_is_claimed(of_seg):
    _, _, objects = of_seg
    for made in objects.values():
        said = made.ContributingEquipmentSequence[-1].ContributionDescription
        assert "weights" not in said
        assert "others drew the contours" in said


def test_organs_margins_and_references_among_the_contours_are_left_out_and_told(tmp_path):
    image = trunk.suv()
    organ = code("123037004", "SCT", "Body Structure")
    liver, tissue = code("10200004", "SCT", "Liver"), code("85756007", "SCT", "Tissue")
    contours = segmentation(
        {
            1: image > 10,
            2: image == trunk.LIVER_SUV,
            3: image == trunk.WARM_SUV,
            4: image == trunk.LIVER_SUV,
        },
        trunk.grid(),
        facts={
            2: {"SegmentLabel": "Liver", "SegmentedPropertyCategoryCodeSequence": [organ]},
            3: {"SegmentLabel": "physiological bowel"},
            4: {
                "SegmentLabel": "Segment_4",
                "SegmentedPropertyCategoryCodeSequence": [tissue],
                "SegmentedPropertyTypeCodeSequence": [liver],
            },
        },
    )
    outcome, objects = trunk.run(LACKING, tmp_path, trunk.pet(), contours=contours)
    assert trunk.number(outcome, "Number of lesions") == 1
    (told,) = [one for one in outcome.warnings if "Not counted" in one]
    assert "Liver, physiological bowel, Segment_4" in told
    assert "physiological bowel" not in [o.SegmentLabel for o in objects["SEG"].SegmentSequence]


def test_a_contour_in_another_frame_of_reference_is_rejected_by_name(tmp_path):
    contours = trunk.drawn_seg(FrameOfReferenceUID="1.2.3")
    outcome, _ = trunk.run(LACKING, tmp_path, trunk.pet(), contours=contours)
    assert outcome.state is JobState.REJECTED
    assert "FrameOfReferenceUID" in outcome.reason


def test_contours_on_a_pet_without_suv_are_rejected_by_name(tmp_path):
    made = trunk.pet(PatientWeight=None)
    outcome, _ = trunk.run(LACKING, tmp_path, made, contours=trunk.drawn_seg())
    assert outcome.state is JobState.REJECTED
    assert "PatientWeight" in outcome.reason


def test_without_a_network_and_without_contours_the_job_fails_by_name(tmp_path):
    outcome, _ = trunk.run(LACKING, tmp_path, trunk.pet())
    assert outcome.state is JobState.FAILED
    assert outcome.reason.startswith("weights:")
    assert "no network is installed" in outcome.reason
