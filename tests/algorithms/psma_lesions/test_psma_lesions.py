"""Contours on a PSMA PET give burden, ratios and the score as far as the references tell it."""

import fdg_trunk as trunk
import numpy as np
import pytest
from dicom_parts import code
from factories_contours import segmentation
from volumes import places, volume

from algorithms.psma_lesions import SPEC, TRACERS
from algorithms.psma_lesions.expression import Means, explained, mipsma, out_of_order
from algorithms.psma_lesions.measured import measured
from algorithms.simulation.wholebody.organs import Organ
from algorithms.simulation.wholebody.patient import draw_patient, scan
from algorithms.simulation.wholebody.worlds import world
from algorithms.toolbox.lesion_references import PAROTID, SPLEEN
from algorithms.toolbox.lesions import Lesion
from algorithms.toolbox.parotid_reference import PAROTID_SOURCE
from algorithms.toolbox.spleen_reference import SPLEEN_SOURCE
from algorithms.training.examples import geometry_of
from dicom_node.domain import coding
from dicom_node.domain.coding import Unit
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.job import JobState
from dicom_node.domain.result import Region

PSMA_1007 = {
    "Radiopharmaceutical": "PSMA-1007",
    "RadiopharmaceuticalCodeSequence": [code("126758", "DCM", "PSMA-1007 F^18^")],
}
DCFPYL = {
    "Radiopharmaceutical": "Piflufolastat",
    "RadiopharmaceuticalCodeSequence": [code("C116352", "NCIt", "Piflufolastat F^18^")],
}
BONE = code("3138006", "SCT", "Bone")


def run(folder, tracer, **given):
    """Liver twice as hot as for FDG, which is what PSMA ligands have at least."""
    image = trunk.suv()
    image[image == trunk.LIVER_SUV] = 4.0
    contours = segmentation(
        {1: image == trunk.LESION_SUV, 2: image == trunk.WARM_SUV},
        trunk.grid(),
        facts={1: {"AnatomicRegionSequence": [BONE]}},
    )
    return trunk.run(
        SPEC, folder, trunk.pet(image, radiopharmaceutical=tracer), contours=contours, **given
    )


@pytest.fixture(scope="module")
def whole_body():
    """A simulated patient with a ball of SUV 30 in the pelvis."""
    patient = draw_patient(world("psma", "usual"), 112)
    found = scan(patient, patient.plan.axes)
    plain = geometry_of(found)
    geometry = Geometry(affine=plain.affine, shape=plain.shape, frame_of_reference_uid="1.2.3")
    middle = np.array(geometry.index_to_lps((np.array(geometry.shape) - 1) / 2))
    middle[2] = geometry.index_to_lps((0, 0, 0))[2] + 40
    ball = np.linalg.norm(places(geometry) - middle, axis=-1) < 15
    pet = volume(np.where(ball, 30.0, found.suv), geometry, tracer=patient.tracer.key)
    ct = volume(found.hounsfield, geometry, unit=Unit.HOUNSFIELD, tracer=None)
    lesion = Lesion(label="drawn", region=Region.from_mask(ball))
    return patient, measured(pet, [lesion], ct)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    found, _ = run(tmp_path_factory.mktemp("psma"), DCFPYL)
    assert found.state is JobState.ENCODED, found.reason
    return found


def test_burden_is_told_in_total_and_by_the_sites_that_contours_name(outcome):
    one, two = (trunk.number(outcome, "PSMA-TV", n) for n in (1, 2))
    assert trunk.number(outcome, "Total PSMA-TV") == pytest.approx(one + two)
    assert trunk.number(outcome, "PSMA-TV Bone") == pytest.approx(one)
    assert trunk.number(outcome, "TL-PSMA Bone") == pytest.approx(12.0 * one, rel=0.01)
    assert trunk.number(outcome, "Total TL-PSMA") == pytest.approx(12 * one + 3.6 * two, rel=0.01)


def test_a_lesion_is_related_to_the_liver_and_scored(outcome):
    assert trunk.number(outcome, "to liver", 1) == pytest.approx(3.0, rel=0.02)
    (category,) = outcome.classifications
    assert category.value == "miPSMA 2 or 3"


def test_a_ligand_that_the_liver_excretes_leaves_the_score_open_and_says_so(tmp_path):
    found, _ = run(tmp_path, PSMA_1007)
    assert found.state is JobState.ENCODED, found.reason
    assert any("needs the spleen" in one for one in found.warnings)
    assert not found.classifications  # there is no CT, and so no blood pool


def test_what_is_not_in_the_field_of_view_is_told_by_name(outcome):
    assert any("submandibular glands" in one for one in outcome.warnings)
    assert any("where the spleen lies" in one for one in outcome.warnings)


def test_another_tracer_is_rejected_by_name(tmp_path):
    found, _ = run(tmp_path, {})
    assert found.state is JobState.REJECTED
    assert "PSMA-11" in found.reason


@pytest.mark.parametrize(
    ("mean", "organs", "tracer", "score"),
    [
        (1.0, Means(blood_pool=1.5, liver=5.0, parotid=12.0), "PSMA-11", "0"),
        (1.5, Means(blood_pool=1.5, liver=5.0, parotid=12.0), "PSMA-11", "1"),
        (5.0, Means(blood_pool=1.5, liver=5.0, spleen=9.0, parotid=12.0), "PSMA-11", "2"),
        (12.0, Means(blood_pool=1.5, liver=5.0, parotid=12.0), "PSMA-11", "3"),
        (9.0, Means(blood_pool=1.5, liver=12.0, spleen=8.0, parotid=18.0), "PSMA-1007", "2"),
        (9.0, Means(blood_pool=1.5, liver=8.0, spleen=10.0, parotid=18.0), "PSMA-1007", "1"),
        (5.0, Means(blood_pool=1.5, liver=5.0), "PSMA-11", "2 or 3"),
        (3.0, Means(liver=5.0), "PSMA-11", "0 or 1"),
        (3.0, Means(parotid=12.0), "PSMA-11", "0 to 2"),
        (9.0, Means(blood_pool=1.5), "PSMA-11", "1 to 3"),
        (9.0, Means(blood_pool=1.5, parotid=12.0), "PSMA-11", "1 or 2"),
        (13.0, Means(parotid=12.0), "PSMA-11", "3"),
        (9.0, Means(), "PSMA-11", None),
        (20.0, Means(blood_pool=1.5, liver=9.0), "PSMA-1007", "1 to 3"),
        (1.0, Means(blood_pool=1.5, liver=9.0), "RHPSMA-7.3", "0"),
    ],
)
def test_the_score_is_told_only_as_far_as_the_references_go(mean, organs, tracer, score):
    assert mipsma(mean, organs, tracer) == score
    told = explained(mean, organs, tracer)
    assert ("open for want of" in told) == (score is None or " " in score)
    assert ("parotid" in told.partition("open for want of")[2]) <= (organs.parotid is None)
    assert not out_of_order(mean, organs, tracer)


def test_references_that_contradict_each_other_give_no_score():
    organs = Means(blood_pool=1.5, liver=14.0, parotid=11.0)
    assert mipsma(12.0, organs, "PSMA-11") is None
    assert "liver 14.00, parotid 11.00" in out_of_order(12.0, organs, "PSMA-11")
    assert mipsma(15.0, organs, "PSMA-11") == "3"
    assert mipsma(9.0, organs, "PSMA-11") == "1"


def test_a_whole_body_has_every_ratio_and_a_score_without_a_gap(whole_body):
    patient, result = whole_body
    uptake = patient.uptake
    (score,) = result.classifications
    assert score.value.meaning == "miPSMA 3"  # SUV 30 against parotids of 8.7
    names = {one.label: one for one in result.segmentation.segments}
    assert {"Spleen reference (auto)", "Parotid ref. (auto)"} < names.keys()
    assert names["Spleen reference (auto)"].site == SPLEEN
    assert names["Parotid ref. (auto)"].site == PAROTID
    ratios = {one.label: one.value for one in result.measurements if one.unit == coding.RATIO}
    assert ratios["to spleen"] == pytest.approx(30 / uptake[Organ.SPLEEN], rel=0.15)
    assert ratios["to parotid"] == pytest.approx(30 / uptake[Organ.SALIVARY_GLAND], rel=0.3)
    sources = {one.source for one in result.measurements if one.label == "SUVmean"}
    assert {SPLEEN_SOURCE, PAROTID_SOURCE} < sources
    assert not any("spleen" in one or "parotid" in one for one in result.warnings)


def test_it_takes_contours_beside_its_network():
    assert SPEC.lacks is None
    assert SPEC.load_contoured is not None
    assert SPEC.primary.tracers == TRACERS
