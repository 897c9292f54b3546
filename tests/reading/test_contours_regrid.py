"""Segmentations on other voxels than those of the grid: turned, cropped, finer, coarser, beyond."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from contoured import centroid_mm, mask_of
from factories_contours import FRAME, segmentation
from hypothesis import given, settings
from hypothesis import strategies as st
from orientations import orientations
from phantoms import sphere
from pydicom import Dataset
from volumes import grid, places

from dicom_node.domain.contour import ContourSet
from dicom_node.domain.geometry import Geometry
from dicom_node.reading.contours import read_contours
from dicom_node.reading.header import Header

GRID = grid((8, 10, 12), spacing_mm=(3, 2, 2), frame_of_reference_uid=FRAME)


def block(*, shift: int = 0) -> np.ndarray:
    """A body that is alike in no two directions."""
    mask = np.zeros(GRID.shape, bool)
    mask[2 + shift : 5 + shift, 3:7, 4:9] = True
    mask[2 + shift, 3, 4:6] = False
    mask[6, 5, 1] = True
    return mask


def read(made: Dataset, geometry: Geometry = GRID) -> ContourSet:
    return read_contours(Header(made), geometry)


@settings(max_examples=60, deadline=None)
@given(
    orientation=orientations,
    spacing=st.tuples(*[st.floats(0.5, 8)] * 3),
    axes=st.permutations(range(3)),
    flips=st.sets(st.integers(0, 2)),
    shape=st.tuples(*[st.integers(1, 7)] * 3),
    seed=st.integers(0, 999),
)
def test_the_same_voxels_in_other_axes_give_the_same_region(
    *,
    orientation: tuple[float, ...],
    spacing: tuple[float, float, float],
    axes: Sequence[int],
    flips: set[int],
    shape: tuple[int, int, int],
    seed: int,
) -> None:
    here = grid(shape, spacing_mm=spacing, orientation=orientation, frame_of_reference_uid=FRAME)
    mask = np.random.default_rng(seed).random(shape) < 0.4
    mask[0, 0, 0] = True
    affine, stored = here.affine.copy(), mask
    for axis in flips:
        affine[:3, 3] += affine[:3, axis] * (shape[axis] - 1)
        affine[:3, axis] *= -1
    stored = np.transpose(np.flip(mask, tuple(flips)), axes)
    affine[:, :3] = affine[:, list(axes)]
    if np.linalg.det(affine[:3, :3]) < 0:  # slices of a SEG go along row x column
        affine[:3, 3] += affine[:3, 0] * (stored.shape[0] - 1)
        affine[:3, 0] *= -1
        stored = stored[::-1]
    a, b, c = stored.shape
    there = Geometry(affine=affine, shape=(a, b, c), frame_of_reference_uid=FRAME)
    (contour,) = read(segmentation({1: stored}, there), here).contours
    np.testing.assert_array_equal(mask_of(contour, here), mask)
    assert contour.warnings == ()


def test_a_cropped_segmentation_lies_at_its_place() -> None:
    affine = GRID.affine.copy()
    affine[:3, 3] = GRID.index_to_lps((1, 2, 3))
    part = Geometry(affine=affine, shape=(6, 7, 8), frame_of_reference_uid=FRAME)
    (contour,) = read(segmentation({1: block()[1:7, 2:9, 3:11]}, part)).contours
    expected = block()
    expected[6, 5, 1] = False
    np.testing.assert_array_equal(mask_of(contour, GRID), expected)


def moved(geometry: Geometry, *index: float) -> Geometry:
    affine = geometry.affine.copy()
    affine[:3, 3] = geometry.index_to_lps(index)
    return Geometry(affine=affine, shape=geometry.shape, frame_of_reference_uid=FRAME)


def test_what_leaves_the_field_of_view_is_told_in_millilitres() -> None:
    mask = np.zeros(GRID.shape, bool)
    mask[0:4, 4, 4] = True
    (contour,) = read(segmentation({1: mask}, moved(GRID, 6, 0, 0))).contours
    assert contour.region is not None
    assert contour.region.voxels == 2
    assert contour.warnings == ("segment 1 leaves the grid: 0.024 of 0.048 ml are lost",)


def test_a_segment_outside_of_the_field_of_view_is_listed_as_such() -> None:
    (contour,) = read(segmentation({1: block()}, moved(GRID, 0, 100, 0))).contours
    assert contour.absent is not None
    assert contour.absent.code == "outside-grid"
    assert contour.absent.message.startswith("segment 1 lies outside the grid with its 0.7")


def coarse_and_fine() -> list[Any]:
    fine = grid((60, 60, 60), spacing_mm=(1.1, 0.9, 1.3), frame_of_reference_uid=FRAME)
    turned = grid(
        (30, 40, 40),
        spacing_mm=(2.5, 1.5, 1.7),
        orientation=(0.8, 0.6, 0, -0.48, 0.64, 0.6),
        centre_mm=(1, -2, 0.5),
        frame_of_reference_uid=FRAME,
    )
    coarse = grid((14, 14, 14), spacing_mm=(6, 5, 5.5), frame_of_reference_uid=FRAME)
    return [fine, turned, coarse]


@pytest.mark.parametrize("there", coarse_and_fine(), ids=["finer", "turned", "coarser"])
def test_a_segmentation_on_another_grid_keeps_volume_and_place_and_is_told(
    there: Geometry,
) -> None:
    here = grid((30, 30, 30), spacing_mm=(3, 2.5, 2.5), frame_of_reference_uid=FRAME)
    centre, radius = (1.3, -2.1, 0.7), 18.0
    drawn = sphere(places(there), centre_mm=centre, radius_mm=radius)
    (contour,) = read(segmentation({1: drawn}, there), here).contours
    mask = mask_of(contour, here)
    drawn_ml, found_ml = drawn.sum() * there.voxel_volume_ml, mask.sum() * here.voxel_volume_ml
    assert found_ml == pytest.approx(drawn_ml, rel=0.03)
    apart = centroid_mm(mask, here) - centroid_mm(drawn, there)
    assert np.abs(apart).max() < 0.25 * min(here.spacing_mm)
    assert "was drawn on voxels of" in contour.warnings[0]
    told = [float(number) for number in re.findall(r"([\d.]+) ml", contour.warnings[0])]
    assert told == pytest.approx([drawn_ml, found_ml], rel=0.005)


def test_a_segment_between_voxel_centres_is_told() -> None:
    fine = grid((8, 8, 8), spacing_mm=(0.5, 0.5, 0.5), centre_mm=(2, 2, 3))
    fine = Geometry(affine=fine.affine, shape=fine.shape, frame_of_reference_uid=FRAME)
    here = grid((9, 9, 9), spacing_mm=(6, 4, 4), frame_of_reference_uid=FRAME)
    mask = np.zeros((8, 8, 8), bool)
    mask[3:5, 3:5, 3:5] = True
    (contour,) = read(segmentation({1: mask}, fine), here).contours
    assert contour.absent is not None
    assert contour.absent.code == "between-voxels"
    assert contour.absent.message == "segment 1, 0.001 ml, holds no voxel centre of the grid"
