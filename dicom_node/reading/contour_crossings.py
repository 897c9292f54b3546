"""Outlines of one plane that cross each other, which is neither a hole nor a part of its own.

What two of them share counts as outside, as it does where one lies within the other (XOR); programs
differ in this, so that it is told.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dicom_node.reading.contour_outlines import Outlines

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Outlines that come this close touch.
_TOUCH_MM = 0.05


def planes_with_crossings(polygons: Sequence[Floats], plane: Indices) -> int:
    """Number of planes on which two polygons cross.

    Parameters
    ----------
    polygons : sequence of (points, 2)
    plane : number of the plane of each
    """
    one, other = _meeting(polygons, plane)
    if len(one) == 0:
        return 0
    outlines = _outlines(polygons)
    sizes = np.array([len(polygons[number]) for number in one])
    points = np.concatenate([polygons[number] for number in one])
    pair = np.repeat(np.arange(len(one)), sizes)
    inside = outlines.contains(points, other[pair])
    far = outlines.distance_mm(points, other[pair], np.full(len(points), _TOUCH_MM)) >= _TOUCH_MM
    within, without = (
        np.bincount(pair, weights=far & side, minlength=len(one)) > 0 for side in (inside, ~inside)
    )
    return len(set(plane[one[within & without]].tolist()))


def _meeting(polygons: Sequence[Floats], plane: Indices) -> tuple[Indices, Indices]:
    """Pairs of polygons of one plane whose boxes overlap, each pair both ways."""
    low = np.array([polygon.min(axis=0) for polygon in polygons])
    high = np.array([polygon.max(axis=0) for polygon in polygons])
    pairs = [np.zeros((0, 2), dtype=np.intp)]
    for number in np.flatnonzero(np.bincount(plane) > 1):
        members = np.flatnonzero(plane == number)
        below = (low[members, None] < high[None, members]).all(axis=2)
        meet = below & below.T & ~np.eye(len(members), dtype=bool)
        pairs.append(members[np.argwhere(meet)])
    found = np.concatenate(pairs)
    return found[:, 0], found[:, 1]


def _outlines(polygons: Sequence[Floats]) -> Outlines:
    """Outlines with each polygon on a plane of its own."""
    sizes = [len(polygon) for polygon in polygons]
    return Outlines(
        start=np.concatenate(polygons),
        end=np.concatenate([np.roll(polygon, -1, axis=0) for polygon in polygons]),
        plane=np.repeat(np.arange(len(polygons)), sizes),
    )
