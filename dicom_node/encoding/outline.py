"""The outline of a region on one slice, as the closed polyline that viewers draw."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (  # type: ignore[attr-defined]  # filled at run time
    binary_fill_holes,
    label,
)

from dicom_node.domain.result import Region

Point = tuple[int, int]  # (column, row) of a corner of pixels


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SliceOutline:
    """A region where it is hottest, as a reader would mark it on one slice.

    Parameters
    ----------
    slice_index : int
        In the grid, from 0.
    points : (n, 2) float array
        (column, row) along the edges of pixels, the first point again at the end; 0, 0 is the
        outer corner of the first pixel and 0.5, 0.5 its centre (PS3.3 C.18.6.1.1).
    values : float array
        Of the pixels of the region on the slice, all of them.
    """

    slice_index: int
    points: NDArray[np.float64]
    values: NDArray[np.float32]


def hottest_outline(region: Region, image: NDArray[np.float32]) -> SliceOutline:
    """Outline on the slice of the region's hottest voxel, of the piece that holds this voxel.

    Holes are filled: a polyline has none.
    """
    plane, row, column = _hottest(region, image)
    box = image[region.slices]
    mask = region.mask[plane]
    pieces, _ = label(mask)
    corners = boundary(binary_fill_holes(pieces == pieces[row, column]))
    first, top, left = region.origin
    return SliceOutline(
        slice_index=first + plane,
        points=np.array(corners, dtype=np.float64) + np.array([left, top]),
        values=box[plane][mask],
    )


def hottest_slice(region: Region, image: NDArray[np.float32]) -> int:
    """Index, in the grid, of the slice with the region's hottest voxel."""
    return region.origin[0] + _hottest(region, image)[0]


def _hottest(region: Region, image: NDArray[np.float32]) -> tuple[int, int, int]:
    """Index of the hottest voxel in the region's box."""
    hottest = int(np.where(region.mask, image[region.slices], -np.inf).argmax())
    plane, row, column = (int(i) for i in np.unravel_index(hottest, region.mask.shape))
    return plane, row, column


def boundary(piece: NDArray[np.bool_]) -> list[Point]:
    """Corners of a connected piece without holes, clockwise as seen, closed."""
    steps = _edges(piece)
    row, column = (int(i) for i in np.argwhere(piece)[0])
    start = point = (column, row)  # the first pixel's top left corner: its top edge is outside
    towards: Point = (1, 0)
    corners = [start]
    while True:
        point = (point[0] + towards[0], point[1] + towards[1])
        if point == start:
            return [*corners, start]
        ahead = steps[point]
        right = (-towards[1], towards[0])
        turn = right if right in ahead else next(iter(ahead))  # at a touching corner: stay inside
        if turn != towards:
            corners.append(point)
            towards = turn


def _edges(piece: NDArray[np.bool_]) -> dict[Point, set[Point]]:
    """Directions in which edges leave each corner, the piece on their right hand."""
    padded = np.pad(piece, 1)
    steps: dict[Point, set[Point]] = {}
    # Per side of a pixel: its neighbour there, where the edge starts, where it goes (column, row).
    sides = (
        ((-1, 0), (0, 0), (1, 0)),
        ((0, 1), (1, 0), (0, 1)),
        ((1, 0), (1, 1), (-1, 0)),
        ((0, -1), (0, 1), (0, -1)),
    )
    for (down, across), (start_column, start_row), direction in sides:
        neighbour = np.roll(padded, (-down, -across), axis=(0, 1))[1:-1, 1:-1]
        for row, column in np.argwhere(piece & ~neighbour):
            corner = (int(column) + start_column, int(row) + start_row)
            steps.setdefault(corner, set()).add(direction)
    return steps
