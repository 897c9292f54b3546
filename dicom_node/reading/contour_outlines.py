"""Closed outlines of a region, plane by plane: which points lie in them, how far from their edges.

Points lie in the region where a ray crosses the outlines an odd number of times, so that an
outline within another is a hole (XOR), as is the inner part of one that is led in and out through
a keyhole (PS3.3 C.8.8.6.3 has both). Of the points on an outline those on its lower sides belong to
the region and those on its upper sides do not, so that two regions with a common edge share none.

With voxel centres as points, the contours of six sarcomas (MIM, on PET slices) give exactly the
masks of the same expert, every voxel of them; see ``tests/reading/test_contours_sarcoma.py``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]

# Rows of points this close are one row. By as much points are moved up, so that the rounding of
# decimals does not decide on which side of an outline those on it lie.
_TINY_MM = 1e-6
# Pairs of a point and an edge whose distances are computed at once.
_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outlines:
    """Edges of the closed polygons of all planes, in the two coordinates of a plane, in mm.

    Parameters
    ----------
    start, end : (edges, 2)
        In the order of the planes.
    plane : (edges,)
        Number of the plane of each.
    """

    start: Floats
    end: Floats
    plane: Indices

    def contains(self, points: Floats, plane: Indices) -> Bools:
        """Whether points (n, 2) lie in the region on the plane that is told for each.

        Every plane gets a band of rows of its own, so that one search serves all of them.
        """
        if len(points) == 0:
            return np.zeros(0, dtype=np.bool_)
        heights = np.concatenate((self.start[:, 1], points[:, 1]))
        bottom = float(heights.min())
        band = float(heights.max()) - bottom + 1.0
        rows = _Rows.of(points[:, 0], points[:, 1] - bottom + plane * band)
        lift = self.plane * band - bottom
        ends = np.searchsorted(rows.height, (self.start[:, 1] + lift, self.end[:, 1] + lift))
        first, last = ends.min(axis=0), ends.max(axis=0)
        count = last - first  # rows that an edge crosses: with its lower end, without its upper one
        edge = np.repeat(np.arange(len(count)), count)
        row = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count - first, count)
        start = self.start[edge]
        along = self.end[edge] - start
        above = rows.height[row] - lift[edge] - start[:, 1]
        index = rows.before(row, start[:, 0] + above / along[:, 1] * along[:, 0])
        crossings = np.bincount(index, minlength=len(points) + 1)[: len(points)]
        return rows.as_given(np.cumsum(crossings) % 2 == 1)

    def distance_mm(self, points: Floats, plane: Indices, most_mm: Floats) -> Floats:
        """Distance of points (n, 2) from the nearest edge on their planes, up to a most for each.

        Only edges within that distance along the second coordinate are looked at.
        """
        if len(points) == 0:
            return most_mm.copy()
        along = self.end - self.start
        middle = self.start[:, 1] + along[:, 1] / 2.0
        reach = most_mm + float(np.abs(along[:, 1]).max()) / 2.0
        bottom = float(min(middle.min(), (points[:, 1] - reach).min()))
        band = float(max(middle.max(), (points[:, 1] + reach).max())) - bottom + 1.0
        key = middle - bottom + self.plane * band
        order = np.argsort(key, kind="stable")
        own = points[:, 1] - bottom + plane * band
        first = np.searchsorted(key[order], own - reach)
        count = np.searchsorted(key[order], own + reach) - first
        found = most_mm.copy()
        for some in _shares(count, _AT_ONCE):
            n = count[some]
            begin = np.cumsum(n) - n
            edge = order[np.arange(int(n.sum())) + np.repeat(first[some] - begin, n)]
            squared = _squared_mm2(
                np.repeat(points[some], n, axis=0) - self.start[edge], along[edge]
            )
            nearest = np.sqrt(np.minimum.reduceat(squared, begin))
            found[some] = np.minimum(nearest, most_mm[some])
        return found


def _shares(count: Indices, most: int) -> Iterator[Indices]:
    """Indices of numbers above 0, in shares whose sums are about `most`."""
    there = np.flatnonzero(count)
    share = np.cumsum(count[there]) // most
    yield from np.split(there, np.flatnonzero(np.diff(share)) + 1) if len(there) else ()


def _squared_mm2(from_start: Floats, along: Floats) -> Floats:
    """Squared distances of points, given from the starts of edges, to these edges."""
    length = np.maximum((along**2).sum(axis=1), np.finfo(float).tiny)
    part = np.clip((from_start * along).sum(axis=1) / length, 0.0, 1.0)
    off = from_start - part[:, None] * along
    return np.asarray((off**2).sum(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Points in rows of one second coordinate, within a row by the first one.

    Parameters
    ----------
    order : indices or None
        Which points were taken in turn; None where they came in order.
    place : (points,)
        Number of the row x `pitch` + first coordinate - `left`: increasing, so that one search
        finds places in any row.
    height : (rows,)
        Second coordinate of each row, increasing.
    """

    order: Indices | None
    place: Floats
    height: Floats
    left: float
    pitch: float

    @classmethod
    def of(cls, across: Floats, height: Floats) -> "_Rows":
        """Rows of points, one at least, by their two coordinates."""
        across = across + _TINY_MM
        level = np.rint(height / _TINY_MM) + 1.0
        order = None
        up = np.diff(level)
        if not ((up > 0) | ((up == 0) & (np.diff(across) >= 0))).all():
            order = np.lexsort((across, level))
            across, level = across[order], level[order]
            up = np.diff(level)
        row = np.concatenate(([0], np.cumsum(up > 0)))
        heights = level[np.concatenate(([True], up > 0))] * _TINY_MM
        left = float(across.min()) - 1.0
        pitch = float(across.max()) - left + 1.0
        return cls(order, row * pitch + (across - left), heights, left, pitch)

    def before(self, row: Indices, across: Floats) -> Indices:
        """Number of points, of all rows, before a first coordinate in a row."""
        within = np.clip(across - self.left, 0.0, self.pitch - 0.5)
        return np.searchsorted(self.place, row * self.pitch + within)

    def as_given(self, found: Bools) -> Bools:
        """What was found for the points in rows, in the order in which they were given."""
        if self.order is None:
            return found
        given = np.empty_like(found)
        given[self.order] = found
        return given
