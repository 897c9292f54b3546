"""The network finds, uptake outlines: blurred balls get their own volume, and nobody else's."""

import numpy as np
import pytest
from phantoms import sphere, sphere_volume_ml
from scipy.ndimage import binary_dilation, gaussian_filter
from volumes import grid, places

from algorithms.toolbox.lesion_net.outlined import edge_share, outlined
from dicom_node.domain.result import Region

GRID = grid((56, 56, 56), spacing_mm=(2, 2, 2))
FWHM_MM = 6.0


def blurred(image):
    return gaussian_filter(image.astype(np.float32), FWHM_MM / 2.3548 / 2)


def inside(radius_mm, centre_mm=(0, 0, 0)):
    return sphere(places(GRID), centre_mm=centre_mm, radius_mm=radius_mm)


def body(*balls, background=1.0):
    """Blurred balls (radius, SUV, centre) in an even body."""
    image = np.full(GRID.shape, background, dtype=np.float32)
    for radius, suv, centre in balls:
        image[inside(radius, centre)] = suv
    return blurred(image)


def mask_of(region):
    painted = np.zeros(GRID.shape, dtype=bool)
    region.paint(painted, True)
    return painted


def contour(image, seen, *, others=(), physiological=None):
    normal = np.zeros(GRID.shape, dtype=bool) if physiological is None else physiological
    regions = [Region.from_mask(mask) for mask in (seen, *others)]
    return mask_of(outlined(image, GRID, regions, normal)[0])


def volume_ml(mask):
    return mask.sum() * GRID.voxel_volume_ml


@pytest.mark.parametrize("off_mm", [-2.0, 0.0, 5.0])
@pytest.mark.parametrize("suv", [4.0, 20.0])
@pytest.mark.parametrize(("radius_mm", "within"), [(6.0, 0.22), (10.0, 0.06), (18.0, 0.03)])
def test_a_ball_has_its_own_volume_however_far_off_the_border_that_the_network_saw(
    radius_mm, within, suv, off_mm
):
    """A ball of 6 mm is three voxels across: a layer of them is a fifth of it and more."""
    image = body((radius_mm, suv, (0, 0, 0)))
    found = contour(image, inside(radius_mm + off_mm))
    assert volume_ml(found) == pytest.approx(sphere_volume_ml(radius_mm), rel=within)


def test_what_is_smaller_than_the_resolution_is_outlined_within_a_factor_of_two():
    """Its picture is the scanner's own blur; nothing in it tells how small it is."""
    for radius_mm in (4.0, 5.0):
        found = contour(body((radius_mm, 20.0, (0, 0, 0))), inside(radius_mm + 2))
        assert 0.5 < volume_ml(found) / sphere_volume_ml(radius_mm) < 2


@pytest.mark.parametrize(
    ("radius_mm", "expected"), [(3.0, 0.80), (6.0, 0.63), (12.0, 0.55), (60.0, 0.51)]
)
def test_the_edge_of_a_blurred_ball_lies_where_the_formula_says(radius_mm, expected):
    """Against balls that are blurred in fact, on voxels of half a millimetre."""
    share = edge_share(sphere_volume_ml(radius_mm))
    assert share == pytest.approx(expected, abs=0.01)
    if radius_mm < 20:
        fine = grid((80, 80, 80), spacing_mm=(0.5, 0.5, 0.5))
        away = np.linalg.norm(places(fine), axis=-1)
        image = gaussian_filter((away <= radius_mm).astype(np.float64), 2 * FWHM_MM / 2.3548)
        edge = image[np.abs(away - radius_mm) < 0.25].mean()
        assert share == pytest.approx(edge / image[away <= radius_mm].mean(), abs=0.015)


def test_normal_uptake_beside_a_lesion_stays_out_of_its_contour():
    image = body((8, 10.0, (-8, 0, 0)), (14, 14.0, (16, 0, 0)))
    normal = inside(15, (16, 0, 0))
    found = contour(image, inside(6, (-8, 0, 0)), physiological=normal)
    assert not (found & normal).any()
    assert volume_ml(found) < 1.5 * sphere_volume_ml(8)


def test_two_spots_that_the_network_saw_as_one_both_belong_to_it():
    image = body((6, 12.0, (-12, 0, 0)), (6, 9.0, (12, 0, 0)))
    bridge = np.abs(places(GRID)[..., 0]) < 12
    seen = inside(6, (-12, 0, 0)) | inside(6, (12, 0, 0)) | (bridge & inside(13))
    found = contour(image, seen)
    for x in (-12, 12):
        assert found[inside(4, (x, 0, 0))].all()
    assert not found[inside(3)].any()


def test_the_rest_of_an_uneven_mass_is_not_its_background():
    image = np.full(GRID.shape, 1.0, dtype=np.float32)
    image[inside(20)] = 8.0
    image[inside(8)] = 14.0
    image = blurred(image)
    assert volume_ml(contour(image, inside(20))) == pytest.approx(sphere_volume_ml(20), rel=0.1)


def test_contours_of_neighbours_do_not_overlap():
    image = body((8, 9.0, (-10, 0, 0)), (8, 12.0, (10, 0, 0)))
    masks = [inside(6, (x, 0, 0)) for x in (-10, 10)]
    regions = [Region.from_mask(mask) for mask in masks]
    one, other = outlined(image, GRID, regions, np.zeros(GRID.shape, dtype=bool))
    assert not (mask_of(one) & mask_of(other)).any()


def test_what_is_no_hotter_than_its_surroundings_keeps_the_border_of_the_network():
    image = body((8, 0.5, (0, 0, 0)))
    seen = inside(8)
    assert np.array_equal(contour(image, seen), seen)


def test_a_lesion_that_fills_all_that_may_be_its_background_keeps_the_border_of_the_network():
    image = body((8, 9.0, (0, 0, 0)))
    seen = inside(8)
    everything = ~binary_dilation(seen, iterations=2)
    assert np.array_equal(contour(image, seen, physiological=everything), seen)
