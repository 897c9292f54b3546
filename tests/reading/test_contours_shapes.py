"""Contours of shapes by formula come back with their volume and place, whatever the orientation."""

from collections.abc import Sequence

import numpy as np
import pytest
from contoured import centroid_mm, dice, mask_of
from factories_contours import (
    FRAME,
    ellipsoid_contours,
    ellipsoid_volume_ml,
    structure_set,
    within_ellipsoid,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from orientations import normal_of, orientations
from volumes import grid, places

from dicom_node.reading.contours import read_contours
from dicom_node.reading.header import Header

CENTRE = st.tuples(*[st.floats(-6, 6)] * 3)


def rotation_of(orientation: tuple[float, ...]) -> np.ndarray:
    """Columns: row and column direction, and their normal, across which contours are drawn."""
    return np.column_stack([orientation[:3], orientation[3:], normal_of(orientation)])


@settings(max_examples=50, deadline=None)
@given(
    orientation=orientations,
    drawn_on=orientations,
    spacing=st.tuples(*[st.floats(2, 5)] * 3),
    radii=st.tuples(*[st.floats(16, 28)] * 3),
    centre=CENTRE,
    distance=st.floats(1, 5),
    shift=st.floats(0.01, 1),
)
def test_an_ellipsoid_keeps_volume_place_and_shape(
    *,
    orientation: tuple[float, ...],
    drawn_on: tuple[float, ...],
    spacing: tuple[float, float, float],
    radii: tuple[float, float, float],
    centre: tuple[float, float, float],
    distance: float,
    shift: float,
) -> None:
    here = grid(
        [int(72 / mm) for mm in spacing],
        spacing_mm=spacing,
        orientation=orientation,
        frame_of_reference_uid=FRAME,
    )
    body = {"centre_mm": centre, "radii_mm": radii, "rotation": rotation_of(drawn_on)}
    polygons = ellipsoid_contours(**body, distance_mm=distance, shift=shift)
    (contour,) = read_contours(Header(structure_set({"GTV": polygons})), here).contours
    mask, truth = mask_of(contour, here), within_ellipsoid(places(here), **body)
    volume = mask.sum() * here.voxel_volume_ml
    assert volume == pytest.approx(ellipsoid_volume_ml(radii), rel=0.08)
    apart = here.lps_to_index(centroid_mm(mask, here)) - here.lps_to_index(centre)
    assert np.abs(apart).max() < 0.5
    assert dice(mask, truth) > 0.9
    assert contour.warnings == () or "interpolated" in contour.warnings[0]


@pytest.mark.parametrize(("distance", "bias"), [(1.0, 0.005), (3.0, 0.015), (6.0, 0.025)])
def test_volumes_are_right_in_the_mean(distance: float, bias: float) -> None:
    rng = np.random.default_rng(7)
    here = grid((24, 24, 24), spacing_mm=(3.3, 3, 3), frame_of_reference_uid=FRAME)
    ratios = []
    for _ in range(16):
        radii = rng.uniform(14, 26, 3)
        polygons = ellipsoid_contours(
            centre_mm=rng.uniform(-4, 4, 3),
            radii_mm=radii,
            distance_mm=distance,
            rotation=np.eye(3),
            shift=rng.uniform(0.01, 1),
        )
        (found,) = read_contours(Header(structure_set({"GTV": polygons})), here).contours
        volume = mask_of(found, here).sum() * here.voxel_volume_ml
        ratios.append(volume / ellipsoid_volume_ml(radii))
    assert np.mean(ratios) == pytest.approx(1.0, abs=bias)


@settings(max_examples=40, deadline=None)
@given(
    orientation=orientations,
    low=CENTRE,
    size=st.tuples(*[st.floats(8, 30)] * 3),
    planes=st.integers(3, 9),
    spacing=st.tuples(*[st.floats(1.5, 5)] * 3),
)
def test_a_box_drawn_across_the_slices_holds_the_voxels_whose_centres_lie_in_it(
    *,
    orientation: tuple[float, ...],
    low: Sequence[float],
    size: Sequence[float],
    planes: int,
    spacing: tuple[float, float, float],
) -> None:
    here = grid(
        (20, 20, 20), spacing_mm=spacing, orientation=orientation, frame_of_reference_uid=FRAME
    )
    turn, first, extent = rotation_of(orientation), np.array(low), np.array(size)
    heights = first[2] + extent[2] * (np.arange(planes) + 0.5) / planes
    corners = first[:2] + extent[:2] * [(0, 0), (1, 0), (1, 1), (0, 1)]
    polygons = [np.column_stack([corners, np.full(4, z)]) @ turn.T for z in heights]
    (contour,) = read_contours(Header(structure_set({"GTV": polygons})), here).contours
    inside = places(here) @ turn - first
    near = (np.abs(inside) < 0.02) | (np.abs(inside - extent) < 0.02)  # on a side, by rounding
    truth = ((inside >= 0) & (inside < extent)).all(axis=-1)
    agree = (mask_of(contour, here) == truth) | near.any(axis=-1)
    assert agree.all()
