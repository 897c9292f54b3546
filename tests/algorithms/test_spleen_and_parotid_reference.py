"""Spleen and parotids of simulated PSMA patients are found where they are, or there is none."""

import numpy as np
import pytest
from volumes import grid, places

from algorithms.evaluation.references import Placed, compared, table_lines, without
from algorithms.psma_lesions.measured import ranges_of
from algorithms.simulation.wholebody.organs import NUMBER, Organ
from algorithms.simulation.wholebody.patient import draw_patient, scan
from algorithms.simulation.wholebody.worlds import world
from algorithms.toolbox.components import connected_regions
from algorithms.toolbox.liver_reference import PSMA_LIVER, liver_of
from algorithms.toolbox.parotid_reference import PSMA_PAROTID, parotids
from algorithms.toolbox.spleen_reference import RADIUS_MM, spleen_ball
from algorithms.training.examples import geometry_of
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

SEEDS = {"PSMA-1007": 103, "PSMA-11": 108, "DCFPYL": 112}


def simulated(seed):
    patient = draw_patient(world("psma", "usual"), seed)
    found = scan(patient, patient.plan.axes)
    geometry = geometry_of(found)
    lesions = connected_regions(found.lesion > 0, geometry)
    return patient, found, geometry, liver_of(found.suv, geometry, PSMA_LIVER, lesions=lesions)


@pytest.fixture(scope="module")
def patients():
    return {tracer: simulated(seed) for tracer, seed in SEEDS.items()}


@pytest.fixture(scope="module")
def one(patients):
    """The smallest field of view: from the vertex to the kidneys."""
    return patients["DCFPYL"]


def spleen_in(image, geometry, liver, tracer="DCFPYL", **given):
    return spleen_ball(image, geometry, ranges_of(tracer).spleen, liver, **given)


def reordered(image, geometry):
    """The same scan as sagittal slices, from the feet and the right as well as from the head."""
    affine = geometry.affine.copy()
    affine[:, 3] += affine[:, :3] @ np.array([geometry.shape[0] - 1, 0, geometry.shape[2] - 1])
    affine = affine @ np.diag([-1, 1, -1, 1])
    turned = image[::-1, :, ::-1].transpose(2, 0, 1)
    return turned, Geometry(
        affine=affine[:, [2, 0, 1, 3]], shape=turned.shape, frame_of_reference_uid=None
    )


def cut(image, geometry, slices):
    affine = geometry.affine.copy()
    affine[:, 3] += slices.start * affine[:, 0]
    part = image[slices]
    return part, Geometry(affine=affine, shape=part.shape, frame_of_reference_uid=None)


def slice_at(geometry, z_mm):
    return round((z_mm - geometry.affine[2, 3]) / geometry.spacing_mm[0])


@pytest.mark.parametrize("tracer", SEEDS)
def test_ball_lies_in_the_spleen_and_measures_it(patients, tracer):
    patient, found, geometry, liver = patients[tracer]
    assert patient.tracer.key == tracer
    ball = spleen_in(found.suv, geometry, liver, tracer)
    told = compared(patient, found, "spleen", ball)
    assert told.inside == 1.0
    assert abs(told.to_uptake) < 0.12
    volume_ml = ball.region.voxels * geometry.voxel_volume_ml
    assert volume_ml == pytest.approx(4 / 3 * np.pi * (RADIUS_MM / 10) ** 3, rel=0.25)


@pytest.mark.parametrize("tracer", SEEDS)
def test_both_parotids_are_found_apart_from_the_other_glands(patients, tracer):
    patient, found, geometry, liver = patients[tracer]
    region = parotids(found.suv, geometry, PSMA_PAROTID, liver=liver)
    told = compared(patient, found, "parotid", region)
    assert told.inside > 0.95
    assert abs(told.to_organ) < 0.15
    assert -0.3 < told.to_uptake < 0.05  # partial volume of a gland of 2 cm
    mask = np.zeros(geometry.shape, dtype=bool)
    region.region.paint(mask, True)
    assert len(connected_regions(mask, geometry)) == 2


def test_order_and_direction_of_the_arrays_do_not_move_a_reference(one):
    _, found, geometry, liver = one
    image, turned = reordered(found.suv, geometry)
    assert np.allclose(turned.index_to_lps((0, 0, 0)), geometry.index_to_lps(
        (geometry.shape[0] - 1, 0, geometry.shape[2] - 1)
    ))  # fmt: skip
    for place in (
        lambda suv, where: spleen_in(suv, where, liver),
        lambda suv, where: parotids(suv, where, PSMA_PAROTID),
    ):
        here, there = place(found.suv, geometry), place(image, turned)
        assert np.allclose(here.centre_mm, there.centre_mm, atol=0.5)
        assert there.mean == pytest.approx(here.mean, rel=0.02)


def test_a_ct_leaves_the_ball_in_the_spleen(one):
    patient, found, geometry, liver = one
    ball = spleen_in(found.suv, geometry, liver, ct=(found.hounsfield, geometry))
    assert compared(patient, found, "spleen", ball).inside == 1.0


def test_without_a_spleen_nothing_takes_its_place(one):
    patient, _, geometry, liver = one
    found = scan(without(patient, Organ.SPLEEN), patient.plan.axes)
    assert not (found.organ == NUMBER[Organ.SPLEEN]).any()
    assert spleen_in(found.suv, geometry, liver) is None


def test_uptake_out_of_range_is_no_spleen_and_no_parotid(one):
    _, found, geometry, liver = one
    assert spleen_in(0.2 * found.suv, geometry, liver) is None
    assert parotids(0.2 * found.suv, geometry, PSMA_PAROTID, liver=liver) is None


def test_a_liver_whose_dome_is_cut_off_tells_no_height(one):
    _, found, geometry, liver = one
    slices = slice(0, slice_at(geometry, liver.high_mm[2]) + 1)
    assert spleen_in(*cut(found.suv, geometry, slices), liver) is None


def test_a_hot_lesion_at_the_spleen_is_not_in_its_ball(one):
    _, found, geometry, liver = one
    points = geometry.index_to_lps(np.moveaxis(np.indices(geometry.shape), 0, -1))
    free = spleen_in(found.suv, geometry, liver)
    away = np.add(free.centre_mm, (0.0, 0.0, 22.0))
    lesion = np.linalg.norm(points - away, axis=-1) < 12
    image = np.where(lesion, np.float32(40.0), found.suv)
    ball = spleen_in(image, geometry, liver, lesions=(Region.from_mask(lesion),))
    assert ball is not None
    inside = np.zeros(geometry.shape, dtype=bool)
    ball.region.paint(inside, True)
    assert not (inside & lesion).any()
    assert (found.organ[inside] == NUMBER[Organ.SPLEEN]).all()
    assert ball.mean == pytest.approx(free.mean, rel=0.1)
    # Nobody outlined it: then it is uneven there, and the ball still keeps away.
    untold = spleen_in(image, geometry, liver)
    assert untold is None or untold.mean == pytest.approx(free.mean, rel=0.15)


def test_without_the_head_there_are_no_parotids(one):
    _, found, geometry, liver = one
    chin = slice(0, slice_at(geometry, -215.0))
    image, below = cut(found.suv, geometry, chin)
    assert parotids(image, below, PSMA_PAROTID, liver=liver) is None
    assert parotids(image, below, PSMA_PAROTID) is None


def glands(*, lower=True, left=10.0, size=1.0):
    """A head of 16 cm with parotids and, if wanted, submandibular glands; SUVbw and grid."""
    where = grid((50, 50, 50))
    points = places(where)
    image = np.where(np.linalg.norm(points[..., :2], axis=-1) < 85, 0.5, 0.0)
    spots = [((-56, 20, 10), 10.0, 14 * size), ((56, 20, 10), left, 14 * size)]
    if lower:
        spots += [((-34, -18, -34), 9.0, 10.0), ((34, -18, -34), 9.0, 10.0)]
    for centre, value, radius in spots:
        image[np.linalg.norm(points - np.array(centre), axis=-1) < radius] = value
    return image.astype(np.float32), where


def test_the_pattern_of_four_glands_is_found_without_a_liver():
    image, where = glands()
    region = parotids(image, where, PSMA_PAROTID)
    assert region.mean == pytest.approx(10.0)
    assert np.allclose(region.centre_mm, (0, 20, 10), atol=1)


@pytest.mark.parametrize(
    "given",
    [{"lower": False}, {"left": 0.5}, {"left": 30.0}, {"size": 2.0}],
    ids=["a pair alone", "one gland gone", "one much hotter", "far too large"],
)
def test_spots_that_are_not_as_parotids_are_to_each_other_are_left_alone(given):
    assert parotids(*glands(**given), PSMA_PAROTID) is None


def test_a_lesion_over_a_gland_leaves_no_pair():
    image, where = glands()
    lesion = np.linalg.norm(places(where) - np.array((56, 20, 10)), axis=-1) < 16
    assert parotids(image, where, PSMA_PAROTID, lesions=(Region.from_mask(lesion),)) is None


def test_evaluation_prints_a_row_for_each_organ_and_ligand():
    rows = [
        Placed(
            organ="spleen", tracer="DCFPYL", seen=True, inside=1.0, to_uptake=0.02, to_organ=0.1
        ),
        Placed(organ="spleen", tracer="DCFPYL", seen=True),
        Placed(organ="spleen", tracer="DCFPYL", seen=False, inside=0.0),
        Placed(organ="parotid", tracer="PSMA-11", seen=True, inside=0.9, to_uptake=-0.1),
    ]
    spleen, parotid = table_lines(rows)[2:]
    assert spleen == ("| spleen | DCFPYL | 2 | 1 | 1 | +2 % (+2 to +2) | +10 % (+10 to +10) | 1 |")
    assert parotid.startswith("| parotid | PSMA-11 | 1 | 1 | 0 | -10 % (-10 to -10) |")
