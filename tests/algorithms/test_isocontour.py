"""Isocontours against formulas: level, radius, connection, and the bound."""

import math

import numpy as np
import pytest
from phantoms import sphere, sphere_volume_ml
from volumes import grid, places, regridded

from algorithms.toolbox.isocontour import (
    at_fixed_level,
    at_fraction_of_maximum,
    hottest_voxel,
)
from dicom_node.domain.result import Region


def gaussian(geometry, *, centre_mm, fwhm_mm, peak):
    apart = np.linalg.norm(places(geometry) - np.array(centre_mm), axis=-1)
    return peak * np.exp(-4 * math.log(2) * (apart / fwhm_mm) ** 2)


def as_image(values):
    return np.asarray(values, dtype=np.float32)


def contour(image, geometry, region, others=(), *, fraction=0.41, margin_mm=10.0):
    return at_fraction_of_maximum(
        image, geometry, region, fraction=fraction, others=others, margin_mm=margin_mm
    )


def painted(shape, region):
    mask = np.zeros(shape, dtype=bool)
    region.paint(mask, True)
    return mask


@pytest.mark.parametrize("peak", [30.0, 5.0])
@pytest.mark.parametrize("fraction", [0.41, 0.5])
def test_the_contour_of_a_gaussian_has_the_radius_of_the_formula(peak, fraction):
    """r = FWHM/2 sqrt(ln(1/f)/ln 2), inside (peak 30) and outside (peak 5) of SUV 4 as well."""
    geometry = grid((61, 61, 61), spacing_mm=(1, 1, 1))
    image = as_image(gaussian(geometry, centre_mm=(0, 0, 0), fwhm_mm=18, peak=peak))
    (region,) = at_fixed_level(image, geometry, level=4.0)
    found = contour(image, geometry, region, fraction=fraction)
    radius = 9 * math.sqrt(math.log(1 / fraction) / math.log(2))
    assert found.closed
    assert found.level == pytest.approx(fraction * peak)
    volume_ml = found.region.voxels * geometry.voxel_volume_ml
    assert volume_ml == pytest.approx(sphere_volume_ml(radius), rel=0.02)
    assert np.array_equal(
        painted(geometry.shape, found.region),
        sphere(places(geometry), centre_mm=(0, 0, 0), radius_mm=radius),
    )


def test_two_near_hot_spots_do_not_merge():
    """Two blobs of SUV 6 in SUV 3: at 41 % (2.46) all is one, but each keeps to its own half."""
    geometry = grid((30, 30, 40), spacing_mm=(3, 2, 2))
    image = as_image(
        3
        + gaussian(geometry, centre_mm=(-9, 0, 0), fwhm_mm=10, peak=3)
        + gaussian(geometry, centre_mm=(9, 0, 0), fwhm_mm=10, peak=3)
    )
    regions = at_fixed_level(image, geometry, level=4.0, min_volume_ml=0.2)
    assert len(regions) == 2
    first = contour(image, geometry, regions[0], [regions[1]])
    second = contour(image, geometry, regions[1], [regions[0]])
    left, right = (painted(geometry.shape, c.region) for c in (first, second))
    assert not (left & right).any()
    assert not first.closed
    assert not second.closed
    assert left.sum() == right.sum()
    x = places(geometry)[..., 0]
    assert x[left].max() < 0 < x[right].min() or x[right].max() < 0 < x[left].min()


def test_a_contour_in_tissue_as_hot_as_its_level_ends_at_the_margin_and_says_so():
    geometry = grid((40, 40, 40), spacing_mm=(2, 2, 2))
    hot = sphere(places(geometry), centre_mm=(0, 0, 0), radius_mm=8)
    image = as_image(np.where(hot, 5.0, 2.5))
    found = contour(image, geometry, Region.from_mask(hot), margin_mm=6.0)
    assert not found.closed
    apart = np.linalg.norm(places(geometry)[painted(geometry.shape, found.region)], axis=-1)
    assert apart.max() <= 8 + 6
    inside = sphere(places(geometry), centre_mm=(0, 0, 0), radius_mm=12)
    assert painted(geometry.shape, found.region)[inside].all()


@pytest.mark.parametrize("spacing_mm", [(2, 2, 2), (5, 2, 3), (1.5, 4, 2)])
def test_the_bound_is_a_distance_in_millimetres_on_every_grid(spacing_mm):
    """Every voxel at most the margin from the nearest voxel of the hot spot, and none missing."""
    geometry = grid((20, 22, 24), spacing_mm=spacing_mm)
    mask = np.zeros(geometry.shape, dtype=bool)
    mask[9:11, 10:12, 10:14] = True
    image = as_image(np.where(mask, 5.0, 4.0))
    found = contour(image, geometry, Region.from_mask(mask), margin_mm=7.0)
    steps = np.array(spacing_mm)
    apart = (np.indices(mask.shape).reshape(3, -1).T[:, None] - np.argwhere(mask)[None]) * steps
    near = np.linalg.norm(apart, axis=-1).min(axis=1).reshape(mask.shape) <= 7.0 + 1e-6
    assert np.array_equal(painted(mask.shape, found.region), near)


def test_a_voxel_as_near_to_two_hot_spots_belongs_to_neither():
    geometry = grid((5, 5, 21), spacing_mm=(2, 2, 2))
    image = np.full(geometry.shape, 3.0, dtype=np.float32)
    image[2, 2, 6] = image[2, 2, 14] = 5.0
    one = Region(origin=(2, 2, 6), mask=np.ones((1, 1, 1), dtype=bool))
    two = Region(origin=(2, 2, 14), mask=np.ones((1, 1, 1), dtype=bool))
    first = painted(geometry.shape, contour(image, geometry, one, [two]).region)
    second = painted(geometry.shape, contour(image, geometry, two, [one]).region)
    assert not (first | second)[:, :, 10].any()
    assert first[:, :, 9].any()
    assert second[:, :, 11].any()


def test_what_is_hot_but_not_joined_to_the_maximum_is_left_out():
    """One hot spot of SUV 4 with two summits: 41 % of 20 parts them; the lower one stays out."""
    geometry = grid((9, 9, 30), spacing_mm=(2, 2, 2))
    image = np.full(geometry.shape, 0.5, dtype=np.float32)
    image[4, 4, 5:25] = 4.5
    image[4, 4, 5:9] = 20.0
    image[4, 4, 20:25] = 15.0
    (region,) = at_fixed_level(image, geometry, level=4.0)
    found = contour(image, geometry, region)
    assert found.closed
    assert found.region.origin == (4, 4, 5)
    assert found.region.voxels == 4


def test_the_fixed_level_itself_counts_as_reached():
    geometry = grid((3, 3, 3))
    image = np.zeros(geometry.shape, dtype=np.float32)
    image[1, 1, 1] = 4.0
    assert len(at_fixed_level(image, geometry, level=4.0)) == 1
    image[1, 1, 1] = np.nextafter(np.float32(4.0), np.float32(0))
    assert at_fixed_level(image, geometry, level=4.0) == ()


@pytest.mark.parametrize(
    ("order", "flips"), [((0, 1, 2), (0,)), ((2, 0, 1), (1,)), ((1, 2, 0), (0, 1, 2))]
)
def test_of_equal_maxima_the_place_in_the_patient_decides(order, flips):
    geometry = grid((5, 6, 7), spacing_mm=(3, 2, 4))
    image = np.zeros(geometry.shape, dtype=np.float32)
    for voxel in ((1, 2, 3), (1, 2, 5), (1, 4, 3), (1, 4, 5)):
        image[voxel] = 9.0
    whole = Region(origin=(0, 0, 0), mask=np.ones(image.shape, dtype=bool))
    turned, other = regridded(image, geometry, order=order, flips=flips)
    whole_turned = Region(origin=(0, 0, 0), mask=np.ones(turned.shape, dtype=bool))
    here = geometry.index_to_lps(hottest_voxel(image, geometry, whole))
    there = other.index_to_lps(hottest_voxel(turned, other, whole_turned))
    assert np.allclose(here, there)
    assert np.allclose(here, geometry.index_to_lps((1, 2, 3)))


def test_the_middle_of_a_plateau_stands_for_it():
    geometry = grid((21, 21, 21), spacing_mm=(3, 2, 4))
    hot = sphere(places(geometry), centre_mm=(8, -4, 6), radius_mm=13)
    image = as_image(np.where(hot, 9.0, 0.0))
    middle = geometry.index_to_lps(hottest_voxel(image, geometry, Region.from_mask(hot)))
    assert np.allclose(middle, (8, -4, 6))


@pytest.mark.parametrize(("fraction", "margin_mm"), [(0.0, 10.0), (1.2, 10.0), (0.41, 0.0)])
def test_a_fraction_or_margin_without_meaning_is_refused(fraction, margin_mm):
    geometry = grid((3, 3, 3))
    region = Region(origin=(1, 1, 1), mask=np.ones((1, 1, 1), dtype=bool))
    image = np.ones(geometry.shape, dtype=np.float32)
    with pytest.raises(ValueError, match="no contour"):
        contour(image, geometry, region, fraction=fraction, margin_mm=margin_mm)
