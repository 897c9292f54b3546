"""Uptake of regions against formulas: the 1 mL sphere above all."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phantoms import gradient, sphere, sphere_volume_ml
from volumes import grid, places

from algorithms.toolbox.uptake import peak_of, sphere_radius_mm, sphere_weights, uptake_of
from dicom_node.domain.result import Region

SPACINGS = [(4, 4, 4), (2, 2, 2), (3.27, 4.6875, 4.6875), (5, 2, 2), (1, 1, 3), (20, 3, 3)]


def as_image(values):
    return np.asarray(values, dtype=np.float32)


def test_the_radius_of_one_millilitre_is_that_of_the_guideline():
    assert sphere_radius_mm(1.0) == pytest.approx(6.2035, abs=1e-4)
    assert sphere_volume_ml(sphere_radius_mm(2.5)) == pytest.approx(2.5)


@pytest.mark.parametrize("spacing_mm", SPACINGS)
def test_weights_are_symmetric_and_sum_to_one(spacing_mm):
    weights = sphere_weights(spacing_mm)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert all(size % 2 == 1 for size in weights.shape)
    for axis in range(3):
        assert np.array_equal(weights, np.flip(weights, axis))


@pytest.mark.parametrize("spacing_mm", SPACINGS[:5])
def test_the_sphere_is_one_millilitre_on_every_grid(spacing_mm):
    """The central voxel lies within the sphere: its weight is its own share of 1 mL.

    On the 4 mm grid a sphere of the 19 whole voxels would be 1.216 mL.
    """
    weights = sphere_weights(spacing_mm)
    assert np.prod(spacing_mm) / 1000 / weights.max() == pytest.approx(1.0, rel=2e-3)


@pytest.mark.parametrize("spacing_mm", SPACINGS[:5])
def test_peak_of_a_uniform_sphere_larger_than_one_millilitre_is_its_value(spacing_mm):
    geometry = grid((41, 41, 41), spacing_mm=spacing_mm)
    hot = sphere(places(geometry), centre_mm=(0, 0, 0), radius_mm=16)
    image = as_image(np.where(hot, 7.3, 0.4))
    region = Region.from_mask(hot)
    assert peak_of(image, geometry, region) == pytest.approx(float(np.float32(7.3)), rel=1e-12)


@pytest.mark.parametrize("spacing_mm", SPACINGS)
def test_peak_of_a_linear_gradient_is_the_value_at_the_centre(spacing_mm):
    geometry = grid((15, 15, 15), spacing_mm=spacing_mm)
    image = as_image(gradient(places(geometry)))
    centre = Region(origin=(7, 7, 7), mask=np.ones((1, 1, 1), dtype=bool))
    assert peak_of(image, geometry, centre) == pytest.approx(float(image[7, 7, 7]), rel=1e-6)


def test_peak_of_a_small_hot_sphere_is_its_share_of_one_millilitre():
    """0.25 mL of SUV 20 in nothing: the 1 mL around it holds a mean of 5."""
    geometry = grid((61, 61, 61), spacing_mm=(0.5, 0.5, 0.5))
    radius = sphere_radius_mm(0.25)
    hot = sphere(places(geometry), centre_mm=(0, 0, 0), radius_mm=radius)
    image = as_image(np.where(hot, 20.0, 0.0))
    volume_ml = np.count_nonzero(hot) * geometry.voxel_volume_ml
    peak = peak_of(image, geometry, Region.from_mask(hot))
    assert volume_ml == pytest.approx(0.25, rel=0.03)
    assert peak == pytest.approx(20.0 * volume_ml, rel=2e-3)


def test_the_peak_need_not_hold_the_hottest_voxel():
    """One noisy voxel of 12 in nothing loses against a plateau of 8 beside it."""
    geometry = grid((30, 30, 60))
    plateau = sphere(places(geometry), centre_mm=(60, 0, 0), radius_mm=14)
    image = as_image(np.where(plateau, 8.0, 0.0))
    image[14, 14, 5] = 12.0
    region = Region.from_mask(image > 1)
    assert peak_of(image, geometry, region) == pytest.approx(8.0, rel=1e-12)


def test_a_plateau_beats_a_lower_one_that_holds_the_hottest_voxel():
    """Nothing under the winning sphere is as hot as the hottest voxel, by little."""
    geometry = grid((30, 30, 60))
    points = places(geometry)
    lower = sphere(points, centre_mm=(-60, 0, 0), radius_mm=14)
    higher = sphere(points, centre_mm=(60, 0, 0), radius_mm=14)
    image = as_image(np.where(lower, 7.0, np.where(higher, 7.5, 0.0)))
    image[14, 14, 14] = 8.0  # 2 mm from the middle of the lower one
    assert peak_of(image, geometry, Region.from_mask(image > 1)) == pytest.approx(7.5, rel=1e-12)


def test_the_sphere_leaves_the_region():
    geometry = grid((21, 21, 21))
    image = np.full(geometry.shape, 3.0, dtype=np.float32)
    image[10, 10, 10] = 3.5
    weights = sphere_weights((4, 4, 4))
    region = Region(origin=(10, 10, 10), mask=np.ones((1, 1, 1), dtype=bool))
    expected = 3.0 + 0.5 * weights.max()
    assert peak_of(image, geometry, region) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("corner", [(0, 0, 0), (9, 10, 11), (0, 10, 5)])
def test_at_the_border_the_mean_is_of_the_part_that_was_imaged(corner):
    geometry = grid((10, 11, 12), spacing_mm=(3, 4, 2))
    image = np.full(geometry.shape, 6.0, dtype=np.float32)
    region = Region(origin=corner, mask=np.ones((1, 1, 1), dtype=bool))
    assert peak_of(image, geometry, region) == pytest.approx(6.0, rel=1e-12)


def test_a_grid_thinner_than_the_sphere_still_has_a_peak():
    geometry = grid((1, 2, 3), spacing_mm=(3, 4, 2))
    image = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    peak = peak_of(image, geometry, Region.from_mask(image > 4))
    assert 0 < peak < 5


def test_a_voxel_larger_than_the_sphere_is_the_peak_itself():
    geometry = grid((5, 5, 5), spacing_mm=(20, 20, 20))
    image = np.arange(125, dtype=np.float32).reshape(5, 5, 5)
    assert peak_of(image, geometry, Region.from_mask(image > 100)) == 124.0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), spacing=st.sampled_from(SPACINGS), border=st.booleans())
def test_the_fast_search_finds_what_trying_every_position_finds(seed, spacing, border):
    rng = np.random.default_rng(seed)
    geometry = grid((9, 10, 11), spacing_mm=spacing)
    image = as_image(rng.gamma(2.0, 2.0, geometry.shape) - 1.0)
    mask = rng.random(geometry.shape) < 0.1
    if not border:
        mask[[0, 1, 2, -1, -2, -3]] = False
    mask[4, 5, 6] = True
    weights = sphere_weights(spacing)
    half = np.array(weights.shape) // 2
    values = np.pad(image.astype(float), [(h, h) for h in half])
    there = np.pad(np.ones(image.shape), [(h, h) for h in half])
    best = -math.inf
    for a, b, c in np.argwhere(mask):
        box = tuple(slice(i, i + n) for i, n in zip((a, b, c), weights.shape, strict=True))
        best = max(best, (values[box] * weights).sum() / (there[box] * weights).sum())
    assert peak_of(image, geometry, Region.from_mask(mask)) == pytest.approx(best, rel=1e-9)


@pytest.mark.parametrize(
    ("spacing_mm", "tolerance"), [((1, 1, 1), 0.01), ((2, 2, 2), 0.02), ((3.27, 4.69, 4.69), 0.06)]
)
def test_numbers_of_a_uniform_sphere_follow_the_formula(spacing_mm, tolerance):
    """Whole voxels: the volume is right to about one part in radius / spacing squared."""
    shape = tuple(int(60 / step) for step in spacing_mm)
    geometry = grid(shape, spacing_mm=spacing_mm)
    hot = sphere(places(geometry), centre_mm=(0.3, -0.4, 0.2), radius_mm=20)
    found = uptake_of(as_image(np.where(hot, 6.0, 1.0)), geometry, Region.from_mask(hot))
    assert found.maximum == 6.0
    assert found.mean == pytest.approx(6.0, rel=1e-12)
    assert found.volume_ml == pytest.approx(sphere_volume_ml(20), rel=tolerance)
    assert found.product == pytest.approx(6.0 * found.volume_ml)


def test_mean_of_a_gradient_is_taken_in_double_precision():
    geometry = grid((50, 50, 50), spacing_mm=(2, 2, 2))
    image = as_image(gradient(places(geometry)))
    whole = Region(origin=(0, 0, 0), mask=np.ones(geometry.shape, dtype=bool))
    assert uptake_of(image, geometry, whole).mean == pytest.approx(
        float(image.astype(np.float64).mean()), rel=1e-12
    )


@pytest.mark.parametrize(("volume_ml", "spacing"), [(0.0, (1, 1, 1)), (1.0, (1, 0, 1))])
def test_a_sphere_without_volume_or_grid_is_refused(volume_ml, spacing):
    with pytest.raises(ValueError, match="sphere"):
        sphere_weights(spacing, volume_ml)
