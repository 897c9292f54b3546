"""Burden, body size and FDG criteria against hand-made values and published test vectors."""

import numpy as np
import pytest

from algorithms.toolbox.body_size import body_surface_m2, lean_body_mass_kg
from algorithms.toolbox.burden import burden_of, restricted
from algorithms.toolbox.fdg_criteria import Deauville, deauville_of, percist_threshold, qpet
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

GRID = Geometry(
    affine=np.diag([4.0, 5.0, 2.0, 1.0])[[2, 1, 0, 3]],
    shape=(30, 20, 25),
    frame_of_reference_uid=None,
)


def cube(origin, size=3):
    return Region(origin=origin, mask=np.ones((size,) * 3, dtype=bool))


def image_with(*spots):
    image = np.ones(GRID.shape, dtype=np.float32)
    for region, value in spots:
        region.paint(image, value)
    return image


def test_lean_mass_and_surface_are_those_of_the_published_test_vector():
    size = {"weight_kg": 75.0, "height_m": 1.75}
    assert lean_body_mass_kg(**size, sex="M") == pytest.approx(58.08, abs=0.005)
    assert body_surface_m2(**size) == pytest.approx(1.9031, abs=5e-5)


def test_a_woman_has_less_lean_mass_than_a_man_of_her_size():
    size = {"weight_kg": 75.0, "height_m": 1.75}
    assert lean_body_mass_kg(**size, sex="F") < lean_body_mass_kg(**size, sex="M") < 75


@pytest.mark.parametrize(
    ("weight", "height", "sex"),
    [(0, 1.7, "M"), (70, 0, "F"), (70, 1.7, "O"), (float("nan"), 1.7, "M")],
)
def test_a_body_without_size_or_sex_has_no_lean_mass(weight, height, sex):
    with pytest.raises(ValueError, match=r"more than 0|M or F"):
        lean_body_mass_kg(weight_kg=weight, height_m=height, sex=sex)


def test_totals_are_sums_over_lesions_and_dmax_is_between_the_farthest():
    one, two, three = cube((1, 1, 1)), cube((20, 10, 20)), cube((10, 5, 10))
    image = image_with((one, 10.0), (two, 6.0), (three, 4.0))
    found = burden_of(image, GRID, (one, two, three))
    volume = 27 * GRID.voxel_volume_ml
    assert found.number == 3
    assert found.volume_ml == pytest.approx(3 * volume)
    assert found.product == pytest.approx(volume * (10 + 6 + 4))
    far = np.linalg.norm(GRID.index_to_lps((20, 10, 20)) - GRID.index_to_lps((1, 1, 1)))
    assert found.dmax_mm == pytest.approx(far)
    surface = body_surface_m2(weight_kg=80, height_m=1.8)
    assert found.sdmax_per_m(weight_kg=80, height_m=1.8) == pytest.approx(far / 1000 / surface)


def test_one_lesion_has_no_dmax_and_none_has_no_burden():
    single = burden_of(image_with(), GRID, (cube((1, 1, 1)),))
    assert single.dmax_mm is None
    assert single.sdmax_per_m(weight_kg=80, height_m=1.8) is None
    empty = burden_of(image_with(), GRID, ())
    assert (empty.number, empty.volume_ml, empty.product, empty.dmax_mm) == (0, 0, 0, None)


def test_volume_at_a_fixed_level_is_the_part_of_the_contour_that_reaches_it():
    region = cube((5, 5, 5))
    image = image_with((region, 3.0), (cube((6, 6, 6), 2), 5.0))
    (part,) = restricted(image, (region, cube((20, 10, 10))), 4.0)
    assert part.voxels == 8
    assert part.origin == (6, 6, 6)


def test_qpet_is_the_mean_of_the_four_hottest_over_the_liver():
    region = cube((5, 5, 5))
    image = image_with((region, 2.0))
    image[6, 6, 6], image[6, 6, 7], image[6, 7, 6], image[7, 6, 6] = 8.0, 6.0, 5.0, 5.0
    assert qpet(image, GRID, region, liver_mean=2.0) == pytest.approx(3.0)


def test_qpet_without_a_liver_is_an_error_of_the_caller():
    with pytest.raises(ValueError, match="liver"):
        qpet(image_with(), GRID, cube((1, 1, 1)), liver_mean=0.0)


@pytest.mark.parametrize(
    ("quotient", "category"),
    [
        (0.5, Deauville.ONE_OR_TWO),
        (0.9499, Deauville.ONE_OR_TWO),
        (0.95, Deauville.THREE),
        (1.2999, Deauville.THREE),
        (1.3, Deauville.FOUR),
        (2.0, Deauville.FIVE),
        (7.0, Deauville.FIVE),
    ],
)
def test_categories_change_at_the_published_values(quotient, category):
    assert deauville_of(quotient) is category


def test_percist_threshold_of_the_liver():
    assert percist_threshold(liver_mean=2.0, liver_sd=0.3) == pytest.approx(3.6)
    with pytest.raises(ValueError, match="no liver"):
        percist_threshold(liver_mean=0.0, liver_sd=0.3)
