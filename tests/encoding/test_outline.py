"""Outlines enclose exactly the pixels of the piece that they are of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path as Polygon
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes, label

from dicom_node.domain.result import Region
from dicom_node.encoding.outline import SliceOutline, hottest_outline


def outline_of(plane: NDArray[np.bool_], hottest: tuple[int, int]) -> SliceOutline:
    """Outline of a region of one plane in a larger grid, at (slice 3, row 2, column 5)."""
    rows, columns = plane.shape
    mask = np.zeros((5, rows + 4, columns + 7), bool)
    mask[3, 2 : rows + 2, 5 : columns + 5] = plane
    image = np.zeros(mask.shape, np.float32)
    image[3, hottest[0] + 2, hottest[1] + 5] = 1.0
    return hottest_outline(Region.from_mask(mask), image)


def enclosed(outline: SliceOutline, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels whose centres lie inside, by matplotlib's even-odd rule."""
    rows, columns = np.indices(shape)
    centres = np.stack([columns.ravel() + 0.5, rows.ravel() + 0.5], axis=1)
    return Polygon(outline.points).contains_points(centres).reshape(shape)


def area(points: NDArray[np.float64]) -> float:
    """Signed area by the shoelace formula."""
    x, y = points.T
    return float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum() / 2)


def test_a_rectangle_has_four_corners_and_is_closed():
    outline = outline_of(np.ones((2, 3), bool), (1, 1))
    assert outline.slice_index == 3
    assert outline.points.tolist() == [[5, 2], [8, 2], [8, 4], [5, 4], [5, 2]]
    assert outline.values.tolist() == [0, 0, 0, 0, 1, 0]


def test_it_lies_on_the_slice_of_the_hottest_voxel():
    mask = np.zeros((4, 3, 3), bool)
    mask[1:4, 1, 1] = True
    image = np.zeros(mask.shape, np.float32)
    image[2, 1, 1], image[0] = 5.0, 99.0  # the hottest of the image is not of the region
    assert hottest_outline(Region.from_mask(mask), image).slice_index == 2


def test_a_region_below_zero_has_its_hottest_voxel_inside():
    mask = np.zeros((2, 4, 4), bool)
    mask[1, 1, 1:3] = True
    image = np.full(mask.shape, -500.0, np.float32)
    outline = hottest_outline(Region.from_mask(mask), image)
    assert (outline.slice_index, outline.values.tolist()) == (1, [-500.0, -500.0])


def test_of_two_pieces_the_hotter_one_is_outlined_and_both_are_measured():
    plane = np.array([[1, 0, 0], [0, 0, 1], [0, 0, 1]], bool)
    outline = outline_of(plane, (2, 2))
    assert enclosed(outline, (7, 10)).sum() == 2
    assert outline.values.size == 3


def test_pieces_that_touch_at_a_corner_are_two():
    outline = outline_of(np.eye(2, dtype=bool), (0, 0))
    assert area(outline.points) == 1.0


def test_a_hole_is_filled():
    plane = np.ones((5, 5), bool)
    plane[2, 2] = False
    assert area(outline_of(plane, (0, 0)).points) == 25.0


@given(st.data())
def test_any_piece_is_enclosed_exactly(data: st.DataObject) -> None:
    rows, columns = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 7))
    bits = data.draw(st.lists(st.booleans(), min_size=rows * columns, max_size=rows * columns))
    plane = np.array(bits, bool).reshape(rows, columns)
    plane[0, 0] = True
    outline = outline_of(plane, (0, 0))
    pieces, _ = label(plane)
    piece = binary_fill_holes(pieces == pieces[0, 0])
    assert (
        enclosed(outline, (rows + 4, columns + 7))[2 : rows + 2, 5 : columns + 5] == piece
    ).all()
    assert area(outline.points) == pytest.approx(piece.sum())  # clockwise, and simple
    assert outline.points[0].tolist() == outline.points[-1].tolist()
