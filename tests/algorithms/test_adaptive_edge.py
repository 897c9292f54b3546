"""Edges that adapt, against objects of known size: blurred, uneven, hollow, beside another."""

import numpy as np
import pytest
from phantoms import sphere, sphere_volume_ml
from scipy.ndimage import gaussian_filter
from volumes import grid, places, regridded

from algorithms.toolbox.adaptive_edge import adapted_edge, steepest_edge
from algorithms.toolbox.ground import ground_of
from algorithms.toolbox.isocontour import at_level, hottest_voxel
from dicom_node.domain.result import Region

GRID = grid((60, 60, 60), spacing_mm=(2, 2, 2))
FWHM_MM = 6.0


def blurred(image, geometry=GRID):
    sigmas = [FWHM_MM / 2.3548 / step for step in geometry.spacing_mm]
    return gaussian_filter(image.astype(np.float32), sigmas)


def ball(radius_mm, suv, centre_mm=(0, 0, 0), background=1.0):
    image = np.full(GRID.shape, background, dtype=np.float32)
    image[sphere(places(GRID), centre_mm=centre_mm, radius_mm=radius_mm)] = suv
    return image


def start(image, geometry=GRID, within=None, others=()):
    """Ground and hottest voxel of the region of half the maximum, or of what is given."""
    region = Region.from_mask(image >= image.max() / 2 if within is None else within)
    return ground_of(region, others, geometry, 80.0), hottest_voxel(image, geometry, region)


def mask_of(edge, geometry=GRID):
    painted = np.zeros(geometry.shape, dtype=bool)
    edge.region.paint(painted, True)
    return painted


@pytest.mark.parametrize("suv", [3.0, 10.0])
@pytest.mark.parametrize(
    ("radius_mm", "adapted", "gradient"),
    [(8.0, 1.13, 0.69), (12.0, 1.07, 0.85), (20.0, 1.03, 0.95)],
)
def test_the_edges_of_a_blurred_ball_have_nearly_its_volume_at_any_contrast(
    suv, radius_mm, adapted, gradient
):
    """Shares of the true volume: the one makes small balls larger, the other smaller."""
    image = blurred(ball(radius_mm, suv))
    ground, seed = start(image)
    edge = adapted_edge(image, GRID, ground, seed)
    true_ml = sphere_volume_ml(radius_mm)
    assert edge.closed
    assert edge.background == pytest.approx(1.0, abs=0.02)
    assert edge.region.voxels * GRID.voxel_volume_ml / true_ml == pytest.approx(adapted, abs=0.01)
    steepest = steepest_edge(image, GRID, ground, seed, edge)
    assert steepest.closed
    share = steepest.region.voxels * GRID.voxel_volume_ml / true_ml
    assert share == pytest.approx(gradient, abs=0.01)


def test_an_uneven_tumour_is_taken_whole_where_a_share_of_its_maximum_takes_its_hottest_part():
    """Uptake that falls from 14 at one side to 2.5 at the other, in 0.5."""
    tumour = ball(28, 1.0, background=0.0) > 0
    image = np.where(tumour, 2.5 + 11.5 * (places(GRID)[..., 0] / 56 + 0.5) ** 2, 0.5)
    image = blurred(image)
    ground, seed = start(image)
    found = mask_of(adapted_edge(image, GRID, ground, seed))
    assert 2 * (found & tumour).sum() / (found.sum() + tumour.sum()) > 0.85
    share = at_level(image, ground, seed, 0.41 * float(image[seed])).region.voxels
    assert share < 0.6 * tumour.sum()


def test_a_sharp_hot_spot_in_an_even_mass_is_outlined_by_itself():
    """Its surroundings are its background, whatever they are."""
    image = ball(40, 4.0)
    image[sphere(places(GRID), centre_mm=(0, 0, 0), radius_mm=10)] = 16.0
    image = blurred(image)
    ground, seed = start(image)
    edge = adapted_edge(image, GRID, ground, seed)
    assert edge.region.voxels * GRID.voxel_volume_ml < 1.2 * sphere_volume_ml(10)


def test_a_necrotic_core_belongs_to_the_tumour_and_not_to_the_background():
    image = ball(24, 8.0)
    image[sphere(places(GRID), centre_mm=(0, 0, 0), radius_mm=10)] = 1.0
    image = blurred(image)
    ground, seed = start(image)
    edge = adapted_edge(image, GRID, ground, seed)
    truth = sphere_volume_ml(24)
    assert edge.region.voxels * GRID.voxel_volume_ml == pytest.approx(truth, rel=0.08)
    assert mask_of(edge)[30, 30, 30]
    assert mask_of(steepest_edge(image, GRID, ground, seed, edge))[30, 30, 30]


def test_contours_of_two_touching_objects_stay_on_their_own_sides():
    image = ball(14, 8.0, centre_mm=(-14, 0, 0))
    image[sphere(places(GRID), centre_mm=(14, 0, 0), radius_mm=14)] = 12.0
    image = blurred(image)
    masks = [sphere(places(GRID), centre_mm=(x, 0, 0), radius_mm=8) for x in (-14, 14)]
    first, second = (Region.from_mask(mask) for mask in masks)
    edges = []
    for own, other in ((first, second), (second, first)):
        ground = ground_of(own, (other,), GRID, 80.0)
        seed = hottest_voxel(image, GRID, own)
        edge = adapted_edge(image, GRID, ground, seed)
        edges += [mask_of(edge), mask_of(steepest_edge(image, GRID, ground, seed, edge))]
    assert not (edges[0] & edges[2]).any()
    assert not (edges[1] & edges[3]).any()
    assert not edges[0][places(GRID)[..., 0] > 0.5].any()


def test_a_contour_that_only_its_bound_ended_says_so():
    image = blurred(ball(40, 8.0))
    region = Region.from_mask(sphere(places(GRID), centre_mm=(0, 0, 0), radius_mm=3))
    ground = ground_of(region, (), GRID, 10.0)
    seed = hottest_voxel(image, GRID, region)
    edge = adapted_edge(image, GRID, ground, seed)
    assert edge is None or not edge.closed


def test_what_is_no_hotter_than_its_surroundings_has_no_edge():
    image = np.full(GRID.shape, 5.0, dtype=np.float32)
    image[30, 30, 30] = 1.0
    region = Region(origin=(30, 30, 30), mask=np.ones((1, 1, 1), dtype=bool))
    ground = ground_of(region, (), GRID, 80.0)
    assert adapted_edge(image, GRID, ground, (30, 30, 30)) is None


@pytest.mark.parametrize(("order", "flips"), [((2, 0, 1), (0,)), ((1, 2, 0), (1, 2))])
def test_the_order_of_the_axes_changes_no_voxel(order, flips):
    image = blurred(ball(14, 8.0, centre_mm=(4, -6, 10)))
    ground, seed = start(image)
    edge = adapted_edge(image, GRID, ground, seed)
    turned, geometry = regridded(image, GRID, order=order, flips=flips)
    ground, seed = start(turned, geometry)
    again = adapted_edge(turned, geometry, ground, seed)
    expected, _ = regridded(mask_of(edge), GRID, order=order, flips=flips)
    assert np.array_equal(mask_of(again, geometry), expected)
    assert again.level == pytest.approx(edge.level, rel=1e-5)
