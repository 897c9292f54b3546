"""From DICOM files to SEG, SR and SC: lesions of the network, with everything a reader needs."""

import hashlib
from math import pi

import fdg_trunk as trunk
import pytest

from algorithms.fdg_lesions import SPEC
from algorithms.toolbox.lesion_references import NO_LIVER
from algorithms.toolbox.lesion_values import NOTHING_FOUND
from dicom_node.domain.job import JobState


@pytest.fixture(scope="module")
def done(spec, tmp_path_factory):
    """Outcome and objects of the trunk with its CT."""
    return trunk.run(spec, tmp_path_factory.mktemp("run"), trunk.pet(), companion=trunk.ct())


def test_the_hot_place_is_a_lesion_and_the_warm_one_physiological(done):
    outcome, objects = done
    assert outcome.state is JobState.ENCODED, outcome.reason
    labels = [one.SegmentLabel for one in objects["SEG"].SegmentSequence]
    assert labels[0] == "Lesion 1"
    assert labels[-1] == "Physiological uptake"
    assert "Liver reference (auto)" in labels
    volume = 4 / 3 * pi * trunk.LESION_RADIUS_MM**3 / 1000
    assert trunk.number(outcome, "Number of lesions") == 1
    assert trunk.number(outcome, "SUVmax", 1) == pytest.approx(trunk.LESION_SUV, rel=0.01)
    # The little network is no good at edges; where they lie is not what is tested.
    assert 0.4 * volume < trunk.number(outcome, "Total MTV SUV>=4.0") < 1.4 * volume
    assert trunk.number(outcome, "Volume", len(labels)) > 10
    assert trunk.number(outcome, "qPET", 1) == pytest.approx(6.0, rel=0.02)


def test_the_report_tells_number_category_source_and_limits(done):
    _, objects = done
    told = " ".join(trunk.texts_of(objects["SR"]))
    assert "Trained on simulated data" in told
    assert "trained on simulated data" in told  # in the warning as well
    assert "Hasenclever" in told
    assert "PERCIST" in told
    meanings = [
        one.ConceptCodeSequence[0].CodeMeaning
        for group in objects["SR"].ContentSequence[-1].ContentSequence
        for one in group.ContentSequence
        if one.ValueType == "CODE"
    ]
    assert "Deauville 5" in meanings


def test_all_objects_name_the_version_the_weights_and_their_training(done, spec, bundle):
    _, objects = done
    digest = hashlib.sha256((bundle / "models/model.safetensors").read_bytes()).hexdigest()
    assert spec.card.version == f"{SPEC.card.version}+bundle.{digest[:12]}"
    assert set(objects) == {"SEG", "SR", "OT"}
    for made in objects.values():
        said = made.ContributingEquipmentSequence[-1].ContributionDescription
        assert digest in said
        assert "Trained on simulated data" in said
        assert (
            made.ContributingEquipmentSequence[-1].SoftwareVersions[-1].endswith(spec.card.version)
        )


def test_the_network_outlines_and_says_so_in_the_segments(done):
    _, objects = done
    first = objects["SEG"].SegmentSequence[0]
    assert first.SegmentAlgorithmType == "AUTOMATIC"
    assert first.SegmentationAlgorithmIdentificationSequence[0].AlgorithmName == "fdg-lesions"


def test_without_lesions_there_is_a_result_that_says_so(spec, tmp_path):
    outcome, objects = trunk.run(spec, tmp_path, trunk.pet(trunk.suv(lesion=False)))
    assert trunk.number(outcome, "Number of lesions") == 0
    assert NOTHING_FOUND in outcome.warnings
    assert not outcome.classifications
    assert "Physiological uptake" in [one.SegmentLabel for one in objects["SEG"].SegmentSequence]


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"PatientWeight": None}, "PatientWeight"),
        ({"Units": "CNTS"}, "CNTS"),
        (
            {"radiopharmaceutical": {"RadionuclideTotalDose": None}},
            "RadionuclideTotalDose",
        ),
    ],
)
def test_pet_without_suv_is_rejected_by_name(spec, tmp_path, attributes, reason):
    outcome, objects = trunk.run(spec, tmp_path, trunk.pet(**attributes))
    assert outcome.state is JobState.REJECTED
    assert reason in outcome.reason
    assert not objects


def test_another_tracer_is_rejected_by_name(spec, tmp_path):
    other = {"Radiopharmaceutical": "PSMA-1007", "RadiopharmaceuticalCodeSequence": None}
    outcome, _ = trunk.run(spec, tmp_path, trunk.pet(radiopharmaceutical=other))
    assert outcome.state is JobState.REJECTED
    assert "takes FDG" in outcome.reason


def test_a_heavy_child_that_was_scanned_early_is_warned_of_in_the_report(spec, tmp_path):
    made = trunk.pet(
        PatientAge="012Y",
        PatientBirthDate="20120101",
        PatientWeight=150.0,
        radiopharmaceutical={
            "RadiopharmaceuticalStartTime": "093000",
            "RadiopharmaceuticalStartDateTime": "20240305093000",
        },
    )
    outcome, objects = trunk.run(spec, tmp_path, made)
    told = " ".join(trunk.texts_of(objects["SR"]))
    for wanted in ("12 years old", "weighs 150 kg", "30 min after the administration"):
        assert wanted in " ".join(outcome.warnings)
        assert wanted in told


def test_without_a_liver_no_value_relative_to_it_is_given(spec, tmp_path):
    outcome, _ = trunk.run(spec, tmp_path, trunk.pet(trunk.suv(liver=False)))
    assert NO_LIVER in outcome.warnings
    assert not outcome.classifications
    assert not {"qPET", "PERCIST threshold (SULpeak)"} & {m.name for m in outcome.measurements}


def test_a_ct_of_another_frame_of_reference_is_not_used(spec, tmp_path):
    elsewhere = trunk.ct(FrameOfReferenceUID="1.2.3")
    outcome, _ = trunk.run(spec, tmp_path, trunk.pet(), companion=elsewhere)
    assert any("PET alone" in one for one in outcome.warnings)


def test_an_empty_pet_is_rejected(spec, tmp_path):
    outcome, _ = trunk.run(spec, tmp_path, trunk.pet(0.05 * (trunk.suv() > 0)))
    assert outcome.state is JobState.REJECTED
    assert "no body" in outcome.reason
