"""The liver's ball lies in the liver, of simulated patients and of a real one, or there is none."""

import numpy as np
import pytest
from real_scan import stack

from algorithms.simulation.wholebody.organs import NUMBER, Organ
from algorithms.simulation.wholebody.patient import draw_patient, scan
from algorithms.simulation.wholebody.worlds import world
from algorithms.toolbox.liver_reference import FDG_LIVER, PSMA_LIVER, liver_ball
from algorithms.training.examples import geometry_of
from dicom_node.domain.geometry import Geometry


def simulated(family, seed):
    patient = draw_patient(world(family, "usual"), seed)
    found = scan(patient, patient.plan.axes)
    return patient, found, geometry_of(found)


@pytest.fixture(scope="module")
def fdg():
    return simulated("fdg", 16)


def share_in_liver(found, ball):
    inside = np.zeros(found.organ.shape, dtype=bool)
    ball.region.paint(inside, True)
    return float((found.organ[inside] == NUMBER[Organ.LIVER]).mean())


@pytest.mark.parametrize(
    ("family", "seed", "limits"), [("fdg", 12, FDG_LIVER), ("psma", 5, PSMA_LIVER)]
)
def test_ball_lies_in_the_liver_and_measures_it(family, seed, limits):
    patient, found, geometry = simulated(family, seed)
    ball = liver_ball(found.suv, geometry, limits)
    assert share_in_liver(found, ball) == 1.0
    assert ball.mean == pytest.approx(patient.uptake[Organ.LIVER], rel=0.12)
    volume_ml = ball.region.voxels * geometry.voxel_volume_ml
    assert volume_ml == pytest.approx(4 / 3 * np.pi * 1.5**3, rel=0.2)


def test_ct_does_not_move_the_ball_out_of_the_liver(fdg):
    _, found, geometry = fdg
    ball = liver_ball(found.suv, geometry, FDG_LIVER, ct=(found.hounsfield, geometry))
    assert share_in_liver(found, ball) == 1.0


def test_ball_keeps_out_of_lesions(fdg):
    _, found, geometry = fdg
    free = liver_ball(found.suv, geometry, FDG_LIVER)
    other = liver_ball(found.suv, geometry, FDG_LIVER, lesions=(free.region,))
    if other is not None:
        both = np.zeros(geometry.shape, dtype=np.uint8)
        for ball in (free, other):
            mask = np.zeros(geometry.shape, dtype=bool)
            ball.region.paint(mask, True)
            both += mask
        assert both.max() == 1


def test_a_head_has_no_liver(fdg):
    _, found, geometry = fdg
    top = slice(geometry.shape[0] - 60, geometry.shape[0])
    cut = Geometry(
        affine=geometry.affine, shape=(60, *geometry.shape[1:]), frame_of_reference_uid=None
    )
    assert liver_ball(found.suv[top], cut, FDG_LIVER) is None


def test_order_of_slices_and_rows_does_not_move_the_ball(fdg):
    _, found, geometry = fdg
    affine = np.array(geometry.affine)
    affine[:, 3] += (geometry.shape[0] - 1) * affine[:, 0] + (geometry.shape[1] - 1) * affine[:, 1]
    affine[:, :2] *= -1
    turned = Geometry(affine=affine, shape=geometry.shape, frame_of_reference_uid=None)
    one = liver_ball(found.suv, geometry, FDG_LIVER)
    other = liver_ball(found.suv[::-1, ::-1], turned, FDG_LIVER)
    assert np.allclose(one.centre_mm, other.centre_mm, atol=0.5)
    assert other.mean == pytest.approx(one.mean, rel=0.02)


def test_air_round_the_patient_does_not_move_the_ball(fdg):
    _, found, geometry = fdg
    padded = np.pad(found.suv, ((0, 0), (30, 22), (17, 40)))
    affine = np.array(geometry.affine)
    affine[:, 3] -= 30 * affine[:, 1] + 17 * affine[:, 2]
    wide = Geometry(affine=affine, shape=padded.shape, frame_of_reference_uid=None)
    one = liver_ball(found.suv, geometry, FDG_LIVER)
    other = liver_ball(padded, wide, FDG_LIVER)
    assert np.allclose(one.centre_mm, other.centre_mm, atol=1e-3)
    assert other.mean == pytest.approx(one.mean, rel=1e-5)


def test_ball_of_a_real_scan_lies_where_its_ct_shows_liver(shared_data):
    folder = shared_data / "petct-fdg-ge"
    if not folder.is_dir():
        pytest.skip("petct-fdg-ge of ../shared/data is not on this machine")
    activity, geometry = stack(folder / "PT_PET_AC_61081015")
    left_bq = 588_802_304 * 2 ** (-(9527.0) / 6586.2)  # 07:21:00 to 09:59:47
    suv = activity * np.float32(91_000 / left_bq)
    ball = liver_ball(suv, geometry, FDG_LIVER)
    assert 1.3 < ball.mean < 3.0
    hounsfield, ct_grid = stack(folder / "CT_CT_IMAGES_94858561")
    slice_, row, column = np.rint(ct_grid.lps_to_index(ball.centre_mm)).astype(int)
    around = hounsfield[slice_, row - 10 : row + 11, column - 10 : column + 11]
    assert 30 < around.mean() < 140
    assert around.std() < 40
