"""Contours on a PSMA PET give burden, ratios and the score as far as the references tell it."""

import fdg_trunk as trunk
import pytest
from dicom_parts import code
from factories_contours import segmentation

from algorithms.psma_lesions import SPEC, TRACERS
from algorithms.psma_lesions.expression import mipsma
from dicom_node.domain.job import JobState

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


def test_another_tracer_is_rejected_by_name(tmp_path):
    found, _ = run(tmp_path, {})
    assert found.state is JobState.REJECTED
    assert "PSMA-11" in found.reason


@pytest.mark.parametrize(
    ("mean", "blood_pool", "liver", "tracer", "score"),
    [
        (1.0, 1.5, 5.0, "PSMA-11", "0"),
        (1.5, 1.5, 5.0, "PSMA-11", "1"),
        (5.0, 1.5, 5.0, "PSMA-11", "2 or 3"),
        (3.0, None, 5.0, "PSMA-11", "0 or 1"),
        (9.0, 1.5, None, "PSMA-11", "1 to 3"),
        (9.0, None, None, "PSMA-11", None),
        (20.0, 1.5, 9.0, "PSMA-1007", "1 to 3"),
        (1.0, 1.5, 9.0, "RHPSMA-7.3", "0"),
    ],
)
def test_the_score_is_told_only_as_far_as_the_references_go(mean, blood_pool, liver, tracer, score):
    assert mipsma(mean, blood_pool=blood_pool, liver=liver, tracer=tracer) == score


def test_without_a_network_it_takes_contours_and_says_what_is_missing():
    assert SPEC.lacks is None or "SHA256SUMS" in SPEC.lacks
    assert SPEC.load_contoured is not None
    assert SPEC.primary.tracers == TRACERS
