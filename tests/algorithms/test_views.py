"""Views of a grid: the patient's right at the left and the head up, whatever the grid."""

from itertools import permutations, product

import numpy as np
import pytest
from volumes import grid, places, regridded

from algorithms.toolbox.views import View, axes_of
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

EVERY_GRID = [
    (order, tuple(axis for axis in range(3) if signs[axis]))
    for order in permutations(range(3))
    for signs in product((0, 1), repeat=3)
]
# View: direction (LPS) of the picture's columns to the right, and of its rows downwards.
DIRECTIONS = {
    View.CORONAL: ((1, 0, 0), (0, 0, -1)),
    View.SAGITTAL: ((0, 1, 0), (0, 0, -1)),
    View.AXIAL: ((1, 0, 0), (0, 1, 0)),
}


@pytest.mark.parametrize(("order", "flips"), EVERY_GRID)
def test_every_stored_order_and_direction_gives_the_same_picture(order, flips):
    geometry = grid((4, 5, 6), spacing_mm=(3, 2, 1))
    array = np.random.default_rng(3).random(geometry.shape).astype(np.float32)
    region = Region(origin=(1, 2, 3), mask=np.array([[[True, False, True]]]))
    whole = np.zeros(geometry.shape, dtype=bool)
    region.paint(whole, True)
    turned, other = regridded(array, geometry, order=order, flips=flips)
    turned_whole, _ = regridded(whole, geometry, order=order, flips=flips)
    for view in View:
        here, there = axes_of(geometry, view), axes_of(other, view)
        assert np.array_equal(here.projection(array), there.projection(turned))
        shadow = here.region_projection(region, geometry.shape)
        turned_region = Region.from_mask(turned_whole)
        assert np.array_equal(shadow, there.region_projection(turned_region, other.shape))
        assert (here.down_mm, here.across_mm) == pytest.approx((there.down_mm, there.across_mm))


@pytest.mark.parametrize("view", list(View))
@pytest.mark.parametrize(("order", "flips"), EVERY_GRID[::5])
def test_columns_and_rows_run_along_the_patient_as_the_convention_says(view, order, flips):
    geometry = grid((4, 5, 6), spacing_mm=(3, 2, 1))
    _, geometry = regridded(
        np.zeros(geometry.shape, dtype=np.float32), geometry, order=order, flips=flips
    )
    axes = axes_of(geometry, view)
    right, down = DIRECTIONS[view]
    for component, (step_right, step_down) in enumerate(zip(right, down, strict=True)):
        picture = axes.cut(places(geometry)[..., component], 0)
        assert np.allclose(np.diff(picture, axis=1), step_right * axes.across_mm)
        assert np.allclose(np.diff(picture, axis=0), step_down * axes.down_mm)


@pytest.mark.parametrize("view", list(View))
@pytest.mark.parametrize(("order", "flips"), EVERY_GRID[::7])
def test_array_indices_of_a_cut_lead_back_to_its_pixels(view, order, flips):
    geometry = grid((4, 5, 6))
    array = np.random.default_rng(1).random(geometry.shape).astype(np.float32)
    array, geometry = regridded(array, geometry, order=order, flips=flips)
    axes = axes_of(geometry, view)
    cut = axes.cut(array, 2)
    rows, columns = (np.arange(n, dtype=float) for n in cut.shape)
    index = axes.array_index(rows, columns, 2, geometry.shape).astype(int)
    assert np.array_equal(array[tuple(np.moveaxis(index, -1, 0))], cut)


def test_a_region_is_cut_only_where_it_reaches():
    geometry = grid((6, 5, 4))
    region = Region(origin=(2, 1, 1), mask=np.ones((2, 2, 1), dtype=bool))
    axes = axes_of(geometry, View.AXIAL)
    filled = [axes.region_cut(region, geometry.shape, index).sum() for index in range(6)]
    assert filled == [0, 0, 2, 2, 0, 0]


@pytest.mark.parametrize("degrees", [0.0, 12.0, 30.0])
def test_an_oblique_grid_tells_its_tilt_and_keeps_the_nearest_axes(degrees):
    angle = np.radians(degrees)
    orientation = (1, 0, 0, 0, np.cos(angle), np.sin(angle))
    geometry = grid((6, 5, 4), orientation=orientation, spacing_mm=(3, 2, 1))
    axes = axes_of(geometry, View.CORONAL)
    assert axes.tilt_deg == pytest.approx(degrees, abs=1e-6)
    assert (axes.through, axes.down, axes.across) == (1, 0, 2)
    assert axes.marks == ("R", "L", "H", "F")


def test_a_grid_without_a_place_in_the_patient_gets_no_letters():
    geometry = grid((3, 3, 3))
    unplaced = Geometry(
        affine=geometry.affine, shape=(3, 3, 3), frame_of_reference_uid=None, placed=False
    )
    assert axes_of(unplaced, View.AXIAL).marks == ("", "", "", "")
