"""Solids have the volume and the place that their formula says, on a coarse grid."""

import numpy as np
import pytest

from algorithms.simulation.parts import loft
from algorithms.simulation.shapes import (
    Axes,
    Capsule,
    Ellipsoid,
    Loft,
    axes_of,
    paint,
    sphere,
    tube,
)
from dicom_node.domain.geometry import Geometry


def _grid(step_mm=(4.0, 4.0, 4.0), shift_mm=0.0, reach_mm=80.0):
    x, y, z = (
        np.arange(-reach_mm + shift_mm, reach_mm, step).astype(np.float32) for step in step_mm
    )
    return Axes(x, y, z)


def _painted(solid, axes, value=1.0, fine=1):
    image = np.zeros(axes.shape, np.float32)
    paint(image, axes, solid, value, fine=fine)
    return image


def _volume_mm3(image, axes):
    return float(image.sum(dtype=np.float64)) * axes.edge_mm**3


@pytest.mark.parametrize("shift_mm", [0.0, 1.3, 2.0])
@pytest.mark.parametrize(
    ("solid", "expected_mm3"),
    [
        (sphere((1, 2, 3), 12), 4 / 3 * np.pi * 12**3),
        (Ellipsoid(centre_mm=(0, 5, 0), radii_mm=(30, 20, 12)), 4 / 3 * np.pi * 30 * 20 * 12),
        (
            Ellipsoid(centre_mm=(0, 0, 0), radii_mm=(34, 16, 12), turn_deg=(20, 35, 50)),
            4 / 3 * np.pi * 34 * 16 * 12,
        ),
        (
            Capsule(start_mm=(-20, 0, -15), end_mm=(25, 10, 20), radius_mm=9),
            np.pi * 81 * np.sqrt(45**2 + 10**2 + 35**2) + 4 / 3 * np.pi * 9**3,
        ),
        (loft((-40, (0, 0), (30, 20)), (40, (0, 0), (30, 20))), np.pi * 30 * 20 * 80),
    ],
)
def test_a_solid_has_the_volume_of_its_formula_wherever_the_grid_lies(
    solid, expected_mm3, shift_mm
):
    axes = _grid(shift_mm=shift_mm)
    fine = _volume_mm3(_painted(solid, axes, fine=4), axes)
    assert fine == pytest.approx(expected_mm3, rel=0.005)
    assert _volume_mm3(_painted(solid, axes), axes) == pytest.approx(expected_mm3, rel=0.04)


def test_a_boxy_superellipsoid_is_larger_than_the_ellipsoid_and_smaller_than_its_box():
    axes = _grid()
    boxy = Ellipsoid(centre_mm=(0, 0, 0), radii_mm=(30, 25, 20), exponent=4)
    volume = _volume_mm3(_painted(boxy, axes), axes)
    assert 4 / 3 * np.pi * 30 * 25 * 20 < volume < 8 * 30 * 25 * 20


def test_the_centre_of_mass_keeps_a_fraction_of_a_voxel():
    axes = _grid(step_mm=(4.07, 4.07, 5.0))
    image = _painted(sphere((3.1, -7.7, 11.4), 10), axes)
    z, y, x = (
        np.average(axis, weights=image.sum(axis=others))
        for axis, others in (
            (axes.z_mm, (1, 2)),
            (axes.y_mm, (0, 2)),
            (axes.x_mm, (0, 1)),
        )
    )
    assert (x, y, z) == pytest.approx((3.1, -7.7, 11.4), abs=0.1)


def test_a_voxel_on_the_surface_gets_half_of_the_value():
    axes = _grid()
    image = _painted(sphere((0, 0, 0), 20), axes, value=10.0)
    on_surface = image[20, 20, int(np.argmin(np.abs(axes.x_mm - 20)))]
    assert on_surface == pytest.approx(5.0, abs=1e-3)


def test_a_later_solid_covers_an_earlier_one():
    axes = _grid()
    image = _painted(sphere((0, 0, 0), 40), axes, value=3.0)
    paint(image, axes, sphere((0, 0, 0), 15), -1.0)
    assert image[20, 20, 20] == -1.0
    assert image[20, 20, int(np.argmin(np.abs(axes.x_mm - 28)))] == 3.0


def test_a_solid_beside_the_grid_leaves_it_alone():
    axes = _grid()
    assert not _painted(sphere((500, 0, 0), 20), axes).any()


def test_nothing_is_painted_far_from_a_small_solid():
    axes = _grid()
    image = _painted(Ellipsoid(centre_mm=(0, 0, 0), radii_mm=(5, 40, 5), turn_deg=(0, 0, 45)), axes)
    away = _grid_distance(axes) > 45
    assert not image[away].any()


def _grid_distance(axes):
    return np.sqrt(
        axes.z_mm[:, None, None] ** 2
        + axes.y_mm[None, :, None] ** 2
        + axes.x_mm[None, None, :] ** 2
    )


def test_a_shrunk_loft_is_thinner_by_the_thickness_on_every_side():
    outer = loft((-60, (0, 0), (40, 30)), (60, (0, 0), (40, 30)))
    axes = _grid(step_mm=(1.0, 1.0, 20.0))
    widths = [float(_painted(solid, axes)[4, 80].sum()) for solid in (outer, outer.shrunk(6.0))]
    assert widths == pytest.approx([80, 68], abs=0.5)


def test_a_tube_has_one_capsule_per_leg():
    legs = tube(((0, 0, 0), (10, 0, 0), (10, 20, 0)), 3.0)
    assert [(leg.start_mm, leg.end_mm) for leg in legs] == [
        ((0, 0, 0), (10, 0, 0)),
        ((10, 0, 0), (10, 20, 0)),
    ]


def test_a_loft_whose_levels_do_not_rise_is_refused():
    with pytest.raises(ValueError, match="rising z"):
        Loft(levels=loft((0, (0, 0), (1, 1)), (5, (0, 0), (1, 1))).levels[::-1])


def _geometry(affine):
    return Geometry(affine=np.array(affine, float), shape=(3, 4, 5), frame_of_reference_uid=None)


def test_the_axes_of_a_geometry_are_its_voxel_centres():
    axes = axes_of(_geometry([[0, 0, 2, -9], [0, 3, 0, -8], [5, 0, 0, -7], [0, 0, 0, 1]]))
    assert axes.x_mm.tolist() == [-9, -7, -5, -3, -1]
    assert axes.y_mm.tolist() == [-8, -5, -2, 1]
    assert axes.z_mm.tolist() == [-7, -2, 3]


@pytest.mark.parametrize(
    "affine",
    [
        [[0, 0, 2, 0], [0, 3, 0, 0], [-5, 0, 0, 0], [0, 0, 0, 1]],
        [[2, 0, 0, 0], [0, 3, 0, 0], [0, 0, 5, 0], [0, 0, 0, 1]],
        [[0, -0.6, 1.6, 0], [0, 1.6, 0.6, 0], [5, 0, 0, 0], [0, 0, 0, 1]],
    ],
    ids=["downward", "sagittal", "oblique"],
)
def test_a_grid_that_is_not_axial_and_rising_is_refused(affine):
    with pytest.raises(ValueError, match="axial"):
        axes_of(_geometry(affine))
