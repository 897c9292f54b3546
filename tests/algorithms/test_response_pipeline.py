"""Two examinations as DICOM files with a SEG each: found, compared, written, or refused by name."""

from dataclasses import replace
from datetime import UTC, datetime

import fdg_trunk as trunk
import numpy as np
import pydicom
import pytest
from dicom_parts import item, uid
from encoding.reports import EQUIPMENT
from factories_contours import segmentation
from read_back import series_of

from algorithms.response import SPEC
from dicom_node.domain.job import JobState
from dicom_node.domain.route import CompanionRule, Condition, ContourUse, PriorRule, Route
from dicom_node.offline import planned_jobs
from dicom_node.pipeline import process
from dicom_node.planning import JobRequest
from dicom_node.reading.site_tracers import NO_SITE_TRACERS
from dicom_node.registry import Registry

ROUTE = Route(
    name="response",
    algorithm="response",
    destinations=(),
    when=Condition(modality=("PT",)),
    companions={"prior": CompanionRule(modality="PT", prior=PriorRule())},
    contours=ContourUse.REQUIRED,
)
DAY_BEFORE = "20240102"


def pet_before(**attributes):
    dates = {f"{what}Date": DAY_BEFORE for what in ("Study", "Series", "Acquisition")}
    given = {"RadiopharmaceuticalStartDateTime": f"{DAY_BEFORE}090000"}
    return trunk.pet(
        study="before", series="pet-before", radiopharmaceutical=given, **dates, **attributes
    )


def pet_now(share=0.5, **attributes):
    """The trunk with its lesion at a share of its uptake."""
    image = trunk.suv()
    image[image > 10] *= share
    return trunk.pet(image, **attributes)


def seg_before(number=1, **attributes):
    frame = uid("before", "frame of reference")
    return segmentation(
        {1: trunk.suv() > 10},
        replace(trunk.grid(), frame_of_reference_uid=frame),
        StudyInstanceUID=uid("before"),
        SeriesInstanceUID=uid("before", "seg", number),
        SOPInstanceUID=uid("before", "seg", number, 1),
        ReferencedSeriesSequence=[item(SeriesInstanceUID=uid("before", "pet-before"))],
        **attributes,
    )


def run(folder, *series, spec=SPEC):
    """Outcomes and objects of the route on series that lie in one folder."""
    folder.mkdir(parents=True, exist_ok=True)
    read = [series_of(one, folder).series for one in series]
    registry = Registry(specs={"response": spec}, broken={})
    planned = planned_jobs(
        read,
        routes=(ROUTE,),
        registry=registry,
        algorithm=None,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    done = []
    for job, _ in planned:
        request = JobRequest(
            job=job,
            folder=folder / job.job_id,
            site_tracers=NO_SITE_TRACERS,
            equipment=EQUIPMENT,
        )
        outcome = process(request, spec)
        objects = {one.modality: pydicom.dcmread(one.path) for one in outcome.objects}
        done.append((job, outcome, objects))
    return done


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """The later examination compared with the earlier one."""
    found = run(
        tmp_path_factory.mktemp("run"),
        pet_before(),
        [seg_before()],
        pet_now(),
        [trunk.drawn_seg()],
    )
    by_study = {job.inputs["pet"][0].key.study_instance_uid: rest for job, *rest in found}
    return by_study[uid("study")], by_study[uid("before")]


def test_the_change_between_two_examinations_is_written_as_seg_sr_and_page(compared):
    (outcome, objects), _ = compared
    assert outcome.state is JobState.ENCODED, outcome.reason
    assert set(objects) == {"SEG", "SR", "OT"}
    assert trunk.number(outcome, "SUVpeak change", 1) == pytest.approx(-50, abs=1)
    assert trunk.number(outcome, "Volume change", 1) == 0
    assert trunk.number(outcome, "Total TLG change") == pytest.approx(-50, abs=1)
    assert [one.value for one in outcome.classifications] == ["PMR: Partial metabolic response"]


def test_the_report_names_both_examinations_as_evidence(compared):
    (_, objects), _ = compared
    here = objects["SR"].CurrentRequestedProcedureEvidenceSequence
    (before,) = objects["SR"].PertinentOtherEvidenceSequence
    assert [one.StudyInstanceUID for one in here] == [uid("study")]
    assert before.StudyInstanceUID == uid("before")
    assert {one.SeriesInstanceUID for one in before.ReferencedSeriesSequence} == {
        uid("before", "pet-before"),
        uid("before", "seg", 1),
    }


def test_the_first_examination_has_nothing_to_be_compared_with(compared):
    _, (outcome, _) = compared
    assert outcome.state is JobState.REJECTED
    assert "needs the input 'prior'" in outcome.reason


def rejected(found):
    (reason,) = [o.reason for j, o, _ in found if j.inputs["pet"][0].key.study_instance_uid
                 == uid("study")]  # fmt: skip
    return reason


def test_an_earlier_examination_without_contours_is_refused_by_name(tmp_path):
    found = run(tmp_path, pet_before(), pet_now(), [trunk.drawn_seg()])
    assert "needs a SEG or RTSTRUCT that was drawn on the input 'prior'" in rejected(found)


def test_of_two_contours_on_the_earlier_one_none_is_guessed(tmp_path):
    found = run(
        tmp_path,
        pet_before(),
        [seg_before(1)],
        [seg_before(2)],
        pet_now(),
        [trunk.drawn_seg()],
    )
    assert "2 SEG or RTSTRUCT objects were drawn on the input 'prior'" in rejected(found)


def test_of_two_contours_that_of_the_same_description_is_compared(tmp_path):
    found = run(
        tmp_path,
        pet_before(),
        [seg_before(1, SeriesDescription="Lesions of the reader")],
        [seg_before(2)],
        pet_now(),
        [trunk.drawn_seg(SeriesDescription="Lesions of the reader")],
    )
    (_, outcome, _) = next(one for one in found if "prior" in one[0].inputs)
    assert outcome.state is JobState.ENCODED, outcome.reason


def test_everything_that_differs_in_the_headers_is_named_at_once(tmp_path):
    given = {
        "RadionuclideTotalDose": 250e6,
        "RadiopharmaceuticalStartTime": "083000",
        "RadiopharmaceuticalStartDateTime": "20240305083000",
    }
    now = pet_now(
        ManufacturerModelName="Another",
        ReconstructionMethod="BSREM",
        PatientSize=1.65,
        radiopharmaceutical=given,
    )
    reason = rejected(run(tmp_path, pet_before(), [seg_before()], now, [trunk.drawn_seg()]))
    assert reason.startswith("not-comparable: ")
    for named in (
        "scanner: ",
        "reconstruction: ",
        "body-size: ",
        "injected-dose: 370 MBq and 250 MBq",
        "uptake-time: 60 min and 90 min",
    ):
        assert named in reason


def test_a_lesion_that_appears_is_new_and_suggests_progression(tmp_path):
    image = trunk.suv()
    points = np.argwhere(image > 10).mean(axis=0).astype(int)
    here = np.zeros(image.shape, bool)
    z, y, x = points
    here[z - 12 : z - 9, y - 2 : y + 2, x - 22 : x - 18] = True
    image[here] = 9.0
    drawn = segmentation(
        {1: trunk.suv() > 10, 2: here},
        trunk.grid(),
        ReferencedSeriesSequence=[item(SeriesInstanceUID=uid("study", "pet"))],
    )
    found = run(tmp_path, pet_before(), [seg_before()], trunk.pet(image), [drawn])
    (_, outcome, objects) = next(one for one in found if "prior" in one[0].inputs)
    assert outcome.state is JobState.ENCODED, outcome.reason
    labels = [one.SegmentLabel for one in objects["SEG"].SegmentSequence]
    assert labels[1].endswith("(new)")
    assert [one.value for one in outcome.classifications] == ["PMD: Progressive metabolic disease"]
