"""Closed contours of a region, slice by slice, along the edges of its pixels.

A contour of DICOM has one outer line. A hole is reached by a keyhole: the line goes in to the hole,
round it the other way, and out again along the same path, so that the area between is the region.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (  # type: ignore[attr-defined]  # filled at run time
    binary_fill_holes,
    find_objects,
    label,
)

from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region
from dicom_node.encoding.outline import boundary

_HALF_PIXEL = 0.5  # from a pixel's centre, where its index is whole, to its edge

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contour:
    """A closed line on a slice.

    Parameters
    ----------
    slice_index : int
        In the grid, from 0.
    corners : (n, 2) float array
        (row, column) indices of the grid; the last point is not the first again.
    """

    slice_index: int
    corners: Points

    @property
    def area(self) -> float:
        """Area that the line goes round, in pixels (shoelace formula)."""
        rows, columns = self.corners.T
        return float(abs(rows @ np.roll(columns, -1) - columns @ np.roll(rows, -1)) / 2)

    def points_mm(self, geometry: Geometry) -> Points:
        """The line in the patient, LPS millimetres (n, 3)."""
        return geometry.index_to_lps(np.insert(self.corners, 0, self.slice_index, axis=1))


def contours_of(region: Region) -> Iterator[Contour]:
    """Contours of a region, in the order of the slices; one for each connected piece of a slice."""
    first, top, left = region.origin
    for index, mask in enumerate(region.mask, start=first):
        pieces, _ = label(mask)
        for number, box in enumerate(find_objects(pieces), start=1):
            piece = pieces[box] == number
            corner = np.array([top + box[0].start, left + box[1].start], dtype=np.float64)
            line = _line_round(piece) + corner - _HALF_PIXEL
            yield Contour(slice_index=index, corners=line)


def _line_round(piece: NDArray[np.bool_]) -> Points:
    """(row, column) corners of a connected piece, its holes reached by keyholes."""
    filled = binary_fill_holes(piece)
    line = _corners(filled)
    holes, _ = label(filled & ~piece)
    for number, box in enumerate(find_objects(holes), start=1):
        corner = np.array([box[0].start, box[1].start], dtype=np.float64)
        hole = _corners(holes[box] == number) + corner
        line = _with_keyhole(line, hole[::-1])
    return line


def _corners(piece: NDArray[np.bool_]) -> Points:
    """(row, column) corners of a piece without holes, clockwise as seen."""
    return np.array(boundary(piece)[:-1], dtype=np.float64)[:, ::-1]


def _with_keyhole(line: Points, hole: Points) -> Points:
    """The line with a way in to the hole, round it, and out again, where they are nearest."""
    apart = np.linalg.norm(line[:, None] - hole[None], axis=2)
    at, into = np.unravel_index(apart.argmin(), apart.shape)
    around = np.concatenate([hole[into:], hole[: into + 1]])
    return np.concatenate([line[: at + 1], around, line[at:]])
