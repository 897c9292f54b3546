"""The planes that the closed contours of one region lie on: their normal, order and distances."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicom_node.domain.errors import InconsistentGeometry
from dicom_node.domain.geometry import Geometry
from dicom_node.reading.contour_crossings import planes_with_crossings
from dicom_node.reading.contour_outlines import Outlines
from dicom_node.reading.stack import Axes

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Points of a contour may lie this far off its plane, and planes this close are one: decimals.
_FLAT_MM = 0.1
# Polygons whose points are this close are one, given twice.
_SAME_POINT_MM = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlaneAxes:
    """Directions of contour planes, matched to the axes of a grid.

    Parameters
    ----------
    matrix : (3, 3) float64
        Rows are unit vectors in LPS: two in the plane, along the third and second of `order` as
        far as they lie in it, and the normal, towards growing indices of the first of `order`.
    order : three axes of the grid
        The one most along the normal, then the others.
    """

    matrix: Floats
    order: tuple[int, int, int]

    def place(self, along_mm: float) -> str:
        """Position along the normal as messages show it."""
        return Axes(*self.matrix).place(along_mm)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContourPlanes:
    """Planes of a region in order along the normal.

    Parameters
    ----------
    along_mm : (planes,)
        Place of each along the normal.
    outlines : Outlines
        Edges on each of them.
    area_mm2 : float
        Sum of the areas of all polygons.
    repeated : int
        Polygons that came more than once on a plane; each is taken once.
    crossed : int
        Planes on which outlines cross each other.
    """

    axes: PlaneAxes
    along_mm: Floats
    outlines: Outlines
    area_mm2: float
    repeated: int
    crossed: int

    @property
    def distances_mm(self) -> Floats:
        """Distances of neighbouring planes."""
        return np.diff(self.along_mm)


@dataclass(frozen=True, slots=True, eq=False)
class _Polygons:
    """Points of all polygons of a region in one array, so that each step is one for all of them.

    Parameters
    ----------
    points : (n, 3)
    starts : (polygons,)
        Index of the first point of each.
    following : (n,)
        Index of the next point of the same polygon.
    """

    points: Floats
    starts: Indices
    following: Indices

    @classmethod
    def of(cls, polygons: Sequence[Floats]) -> "_Polygons":
        sizes = np.array([len(polygon) for polygon in polygons])
        ends = np.cumsum(sizes)
        following = np.arange(1, ends[-1] + 1)
        following[ends - 1] = ends - sizes
        return cls(np.concatenate(polygons), ends - sizes, following)

    def spreads(self, direction: Floats) -> Floats:
        """Extent of each polygon along a direction."""
        along = self.points @ direction
        spread = np.maximum.reduceat(along, self.starts) - np.minimum.reduceat(along, self.starts)
        return np.asarray(spread)

    def area_vectors(self) -> Floats:
        """Normal of each polygon with its area as length (Newell)."""
        sizes = np.diff(np.append(self.starts, len(self.points)))
        centred = self.points - np.repeat(self.points[self.starts], sizes, axis=0)
        return np.add.reduceat(np.cross(centred, centred[self.following]), self.starts) / 2.0

    def polygon(self, number: int) -> Floats:
        """Points of one."""
        last = number + 1 == len(self.starts)
        end = len(self.points) if last else self.starts[number + 1]
        return self.points[self.starts[number] : end]

    def outlines(self, order: Indices, plane: Indices) -> Outlines:
        """Edges of polygons in an order, with the plane of each."""
        sizes = np.diff(np.append(self.starts, len(self.points)))[order]
        before = np.cumsum(sizes) - sizes
        point = np.arange(int(sizes.sum())) + np.repeat(self.starts[order] - before, sizes)
        flat = self.points[:, :2]
        return Outlines(
            start=flat[point], end=flat[self.following[point]], plane=np.repeat(plane, sizes)
        )


def planes_of_contours(polygons: Sequence[Floats], grid: Geometry) -> ContourPlanes:
    """Planes of closed planar contours.

    Parameters
    ----------
    polygons : sequence of (points, 3)
        LPS mm; at least one polygon, of at least one point.

    Raises
    ------
    InconsistentGeometry
        Where a contour is not flat, or contours are not parallel.
    """
    drawn = _Polygons.of(polygons)
    vectors = drawn.area_vectors()
    axes = _axes(_normal(drawn, vectors, grid), grid)
    turned = _Polygons(drawn.points @ axes.matrix.T, drawn.starts, drawn.following)
    order, plane = _by_plane(turned)
    order, plane, repeated = _without_copies(turned, order, plane)
    places = turned.points[turned.starts[order], 2]
    return ContourPlanes(
        axes=axes,
        along_mm=np.bincount(plane, weights=places) / np.bincount(plane),
        outlines=turned.outlines(order, plane),
        area_mm2=float(np.abs(vectors @ axes.matrix[2]).sum()),
        repeated=repeated,
        crossed=_crossings(turned, order, plane),
    )


def _normal(drawn: _Polygons, vectors: Floats, grid: Geometry) -> Floats:
    """Common normal: an axis of the grid where contours lie across it, else that of the largest."""
    for axis in range(3):
        direction = grid.affine[:3, axis] / grid.spacing_mm[axis]
        if (drawn.spreads(direction) <= _FLAT_MM).all():
            return np.asarray(direction)
    areas = np.linalg.norm(vectors, axis=1)
    largest = int(areas.argmax())
    normal = vectors[largest] / max(float(areas[largest]), np.finfo(float).tiny)
    leaving = np.flatnonzero(~(drawn.spreads(normal) <= _FLAT_MM))
    if len(leaving):
        first = int(leaving[0])
        own = vectors[first] / max(float(areas[first]), np.finfo(float).tiny)
        raise _not_flat(first + 1, float(drawn.spreads(own)[first]), abs(float(own @ normal)))
    return np.asarray(normal)


def _not_flat(number: int, spread_mm: float, cosine: float) -> InconsistentGeometry:
    """What is wrong with a contour that leaves the common plane."""
    if not spread_mm <= _FLAT_MM:
        return InconsistentGeometry(
            f"contour {number} is not flat: its points spread {spread_mm:.3g} mm across its plane; "
            f"allowed: {_FLAT_MM} mm"
        )
    degrees = float(np.degrees(np.arccos(min(cosine, 1.0))))
    return InconsistentGeometry(
        f"contours are not parallel: contour {number} is tilted by {degrees:.3g} degrees against "
        "the largest one"
    )


def _axes(normal: Floats, grid: Geometry) -> PlaneAxes:
    directions = grid.affine[:3, :3] / np.array(grid.spacing_mm)
    cosines = directions.T @ normal
    first = int(np.abs(cosines).argmax())
    second, third = (axis for axis in range(3) if axis != first)
    normal = normal * np.sign(cosines[first])
    down = directions[:, second] - (directions[:, second] @ normal) * normal
    down /= np.linalg.norm(down)
    across = np.cross(down, normal)
    across *= np.sign(across @ directions[:, third])
    return PlaneAxes(matrix=np.stack([across, down, normal]), order=(first, second, third))


def _by_plane(turned: _Polygons) -> tuple[Indices, Indices]:
    """Polygons in order along the normal, and the number of the plane of each."""
    along = turned.points[turned.starts, 2]
    order = np.argsort(along, kind="stable")
    plane = np.cumsum(np.insert(np.diff(along[order]) > _FLAT_MM, 0, False))
    return order, plane


def _without_copies(
    turned: _Polygons, order: Indices, plane: Indices
) -> tuple[Indices, Indices, int]:
    """Polygons without those that a plane has already: two would take each other away."""
    keep = np.ones(len(order), dtype=bool)
    seen: set[tuple[int, bytes]] = set()
    for place in np.flatnonzero(np.bincount(plane)[plane] > 1):
        rounded = np.rint(turned.polygon(order[place])[:, :2] / _SAME_POINT_MM)
        key = (int(plane[place]), rounded.tobytes())
        keep[place] = key not in seen
        seen.add(key)
    return order[keep], plane[keep], int(np.count_nonzero(~keep))


def _crossings(turned: _Polygons, order: Indices, plane: Indices) -> int:
    """Planes whose outlines cross each other."""
    several = np.flatnonzero(np.bincount(plane)[plane] > 1)
    polygons = [turned.polygon(number)[:, :2] for number in order[several]]
    return planes_with_crossings(polygons, plane[several]) if len(several) else 0
