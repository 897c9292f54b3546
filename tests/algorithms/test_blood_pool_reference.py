"""The blood pool's cylinder lies in the aorta, simulated and real, or there is none."""

import numpy as np
import pytest
from real_scan import stack

from algorithms.simulation.wholebody.organs import NUMBER, Organ
from algorithms.simulation.wholebody.patient import draw_patient, scan
from algorithms.simulation.wholebody.worlds import world
from algorithms.toolbox.blood_pool_reference import blood_pool
from algorithms.toolbox.components import connected_regions
from algorithms.training.examples import geometry_of
from dicom_node.domain.geometry import Geometry


@pytest.fixture(scope="module")
def patient():
    drawn = draw_patient(world("fdg", "usual"), 13)
    found = scan(drawn, drawn.plan.axes)
    return drawn, found, geometry_of(found)


def test_cylinder_lies_in_blood_and_measures_it(patient):
    drawn, found, geometry = patient
    lesions = connected_regions(found.lesion > 0, geometry)
    pool = blood_pool(found.suv, geometry, (found.hounsfield, geometry), lesions=lesions)
    inside = np.zeros(geometry.shape, dtype=bool)
    pool.region.paint(inside, True)
    assert (found.organ[inside] == NUMBER[Organ.BLOOD]).mean() > 0.95
    assert pool.mean == pytest.approx(drawn.uptake[Organ.BLOOD], rel=0.15)
    volume_ml = pool.region.voxels * geometry.voxel_volume_ml
    assert volume_ml == pytest.approx(np.pi * 0.5**2 * 2, rel=0.4)


def test_a_belly_without_lungs_has_no_blood_pool(patient):
    _, found, geometry = patient
    shape = (70, *geometry.shape[1:])
    cut = Geometry(affine=geometry.affine, shape=shape, frame_of_reference_uid=None)
    assert blood_pool(found.suv[:70], cut, (found.hounsfield[:70], cut)) is None


def test_nothing_is_placed_in_a_lesion(patient):
    _, found, geometry = patient
    ct = (found.hounsfield, geometry)
    free = blood_pool(found.suv, geometry, ct)
    other = blood_pool(found.suv, geometry, ct, lesions=(free.region,))
    if other is not None:
        first, second = (np.zeros(geometry.shape, dtype=bool) for _ in range(2))
        free.region.paint(first, True)
        other.region.paint(second, True)
        assert not (first & second).any()


def test_cylinder_of_a_real_scan_lies_in_the_aorta_that_was_seen_by_eye(shared_data):
    folder = shared_data / "petct-fdg-ge"
    if not folder.is_dir():
        pytest.skip("petct-fdg-ge of ../shared/data is not on this machine")
    activity, geometry = stack(folder / "PT_PET_AC_61081015")
    left_bq = 588_802_304 * 2 ** (-(9527.0) / 6586.2)  # 07:21:00 to 09:59:47
    suv = activity * np.float32(91_000 / left_bq)
    pool = blood_pool(suv, geometry, stack(folder / "CT_CT_IMAGES_94858561"))
    # The descending aorta of this patient at the level of the left atrium, read off the CT.
    assert np.hypot(pool.centre_mm[0] - 32, pool.centre_mm[1] - 13) < 10
    assert 0.8 < pool.mean < 1.6
