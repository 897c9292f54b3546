"""Analytic solids in LPS millimetres, painted on a voxel grid with sub-voxel soft edges."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from dicom_node.domain.geometry import Geometry

Point = tuple[float, float, float]  # x (left), y (back), z (head), millimetres
Floats = NDArray[np.float32]
_TINY = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """Voxel centres of an axial grid along the patient's own directions, in millimetres."""

    x_mm: Floats
    y_mm: Floats
    z_mm: Floats

    @property
    def edge_mm(self) -> float:
        """Side of the cube that has the volume of a voxel: the width of a soft edge."""
        steps = [float(abs(a[1] - a[0])) for a in (self.x_mm, self.y_mm, self.z_mm)]
        return float(np.cbrt(np.prod(steps)))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        return len(self.z_mm), len(self.y_mm), len(self.x_mm)


def axes_of(geometry: Geometry) -> Axes:
    """Axes of an axial grid whose slices go up, rows go back and columns go left.

    Raises
    ------
    ValueError
        Where the grid is oblique or runs the other way.
    """
    steps = np.array(geometry.affine[:3, :3])
    turned = steps[::-1]  # LPS rows to the (z, y, x) order of the index
    if np.any(np.diag(turned) <= 0) or np.abs(turned - np.diag(np.diag(turned))).max() > _TINY:
        raise ValueError("the phantom is painted on axial grids with rising z, y and x only")
    slices, rows, columns = (np.arange(n) for n in geometry.shape)
    x, y, z = geometry.affine[:3, 3]
    return Axes(
        (x + steps[0, 2] * columns).astype(np.float32),
        (y + steps[1, 1] * rows).astype(np.float32),
        (z + steps[2, 0] * slices).astype(np.float32),
    )


class Solid(Protocol):
    """A closed surface in space."""

    def bounds_mm(self) -> tuple[Point, Point]:
        """Lowest and highest corner of a box that holds the solid."""
        ...

    def depth_mm(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """Distance inside the surface, negative outside, exact to first order near the surface.

        The arguments broadcast to (slices, rows, columns).
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ellipsoid:
    """A superellipsoid: |x/a|^p + |y/b|^p + |z/c|^p = 1, turned about z, then y, then x.

    Parameters
    ----------
    radii_mm : along the solid's own x, y, z
    turn_deg : angles about the patient's x, y and z axis
    exponent : 2 is an ellipsoid, larger is boxier
    """

    centre_mm: Point
    radii_mm: Point
    turn_deg: Point = (0.0, 0.0, 0.0)
    exponent: float = 2.0

    @property
    def axes(self) -> NDArray[np.float64]:
        """Rotation matrix, its columns are the directions of the three radii."""
        a, b, c = np.radians(self.turn_deg)
        about_x = [[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]]
        about_y = [[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]]
        about_z = [[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]]
        return np.array(about_x) @ np.array(about_y) @ np.array(about_z)

    def bounds_mm(self) -> tuple[Point, Point]:
        """Box of the turned block that the radii span."""
        reach = np.abs(self.axes) @ np.array(self.radii_mm)
        if self.exponent <= 2:  # the turned ellipsoid itself is smaller than its block
            reach = np.sqrt((self.axes**2) @ np.array(self.radii_mm) ** 2)
        return _box(np.array(self.centre_mm) - reach, np.array(self.centre_mm) + reach)

    def depth_mm(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """First-order distance (1 - F) / |grad F| with F the p-norm of the scaled position."""
        dx, dy, dz = (q - np.float32(c) for q, c in zip((x, y, z), self.centre_mm, strict=True))
        power, total, slope = np.float32(self.exponent), np.float32(0), np.float32(0)
        for axis, radius in zip(self.axes.T.astype(np.float32), self.radii_mm, strict=True):
            w = np.abs(axis[0] * dx + axis[1] * dy + axis[2] * dz) / np.float32(radius) + _TINY
            raised = w ** (power - 1)
            total = total + raised * w
            slope = slope + (raised / np.float32(radius)) ** 2
        norm = total ** (1 / power)
        return np.asarray((1 - norm) * norm ** (power - 1) / np.sqrt(slope), dtype=np.float32)


def sphere(centre_mm: Point, radius_mm: float) -> Ellipsoid:
    """Ball of a radius in millimetres."""
    return Ellipsoid(centre_mm=centre_mm, radii_mm=(radius_mm,) * 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capsule:
    """A cylinder with round ends between two points."""

    start_mm: Point
    end_mm: Point
    radius_mm: float

    def bounds_mm(self) -> tuple[Point, Point]:
        """Box of both end balls."""
        ends = np.array([self.start_mm, self.end_mm])
        return _box(ends.min(axis=0) - self.radius_mm, ends.max(axis=0) + self.radius_mm)

    def depth_mm(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """Exact distance to the surface."""
        start = np.array(self.start_mm, dtype=np.float32)
        along = np.array(self.end_mm, dtype=np.float32) - start
        dx, dy, dz = x - start[0], y - start[1], z - start[2]
        length2 = max(float(along @ along), _TINY)
        t = np.clip((dx * along[0] + dy * along[1] + dz * along[2]) / np.float32(length2), 0, 1)
        away = (dx - t * along[0]) ** 2 + (dy - t * along[1]) ** 2 + (dz - t * along[2]) ** 2
        return np.asarray(np.float32(self.radius_mm) - np.sqrt(away), dtype=np.float32)


def tube(points_mm: Sequence[Point], radius_mm: float) -> tuple[Capsule, ...]:
    """Capsules along a path, one per leg, so that each keeps a small box."""
    pairs = itertools.pairwise(points_mm)
    return tuple(Capsule(start_mm=a, end_mm=b, radius_mm=radius_mm) for a, b in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One cross-section of a loft: a superellipse at a height."""

    z_mm: float
    centre_mm: tuple[float, float]
    radii_mm: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loft:
    """A stack of superellipses |x/a|^p + |y/b|^p = 1 that blend smoothly along z.

    Its ends are flat, soft over one voxel. The edge is softened within the slice only.
    """

    levels: tuple[Level, ...]
    exponent: float = 2.0

    def __post_init__(self) -> None:
        heights = [level.z_mm for level in self.levels]
        if len(heights) < 2 or np.any(np.diff(heights) <= 0):
            raise ValueError(f"a loft needs two or more levels of rising z, not {heights}")

    def shrunk(self, by_mm: float) -> "Loft":
        """The loft with every cross-section smaller by a thickness; its ends stay."""
        inner = (
            replace(level, radii_mm=(level.radii_mm[0] - by_mm, level.radii_mm[1] - by_mm))
            for level in self.levels
        )
        return replace(self, levels=tuple(inner))

    def bounds_mm(self) -> tuple[Point, Point]:
        """Box of all levels; the blend stays between neighbouring levels (PCHIP is monotone)."""
        centres = np.array([level.centre_mm for level in self.levels])
        radii = np.array([level.radii_mm for level in self.levels])
        reach = radii.max(axis=0)
        low, high = centres.min(axis=0) - reach, centres.max(axis=0) + reach
        return _box((*low, self.levels[0].z_mm), (*high, self.levels[-1].z_mm))

    def depth_mm(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """First-order distance (1 - S) / |grad S| within the slice, S = |x/a|^p + |y/b|^p."""
        cx, cy, a, b = self._sections(z)
        p = np.float32(self.exponent)
        u, v = np.abs((x - cx) / a) + _TINY, np.abs((y - cy) / b) + _TINY
        # Powers are taken of (slices, columns) and (slices, rows) only; the rest is sums.
        raised_u, raised_v = u ** (p - 1), v ** (p - 1)
        total = raised_u * u + raised_v * v
        slope = p * np.sqrt((raised_u / a) ** 2 + (raised_v / b) ** 2)
        ends = np.minimum(z - self.levels[0].z_mm, self.levels[-1].z_mm - z)
        return np.asarray(np.minimum((1 - total) / slope, ends), dtype=np.float32)

    def _sections(self, z: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Centre and radii of the superellipse at each height, in the shape of z."""
        heights = [level.z_mm for level in self.levels]
        rows = [(*level.centre_mm, *level.radii_mm) for level in self.levels]
        inside = np.clip(z, heights[0], heights[-1])
        found = blend(heights, rows, inside.ravel()).astype(np.float32)
        cx, cy, a, b = (found[:, column].reshape(z.shape) for column in range(4))
        return cx, cy, np.maximum(a, _TINY), np.maximum(b, _TINY)


def blend(
    knots: Sequence[float], values: Sequence[Sequence[float]], at: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Smooth curve through values that keeps to the range of its neighbours (PCHIP).

    Returns
    -------
    (len(at), values per knot)
    """
    curve = PchipInterpolator(knots, np.array(values), axis=0)  # type: ignore[no-untyped-call]
    return np.asarray(curve(at), dtype=np.float64)  # scipy is not typed


Box = tuple[slice, slice, slice]


def paint(image: Floats, axes: Axes, solid: Solid, value: float, *, fine: int = 1) -> None:
    """Set a solid's value in an image; a voxel on its edge gets its share.

    Parameters
    ----------
    image : (slices, rows, columns) float32, changed in place
    axes : of the same grid
    fine : samples per voxel and direction
    """
    covered = cover(axes, solid, fine=fine)
    if covered is not None:
        where, share = covered
        box = image[where]
        box += share * (np.float32(value) - box)


def cover(axes: Axes, solid: Solid, *, fine: int = 1) -> tuple[Box, Floats] | None:
    """Share of each voxel that lies in a solid, and the box of voxels it is told for.

    The share is a linear ramp over one voxel along the normal. It is exact for flat surfaces and
    makes a ball of radius r larger by the fraction (edge / 2 r)^2; finer sampling divides the edge.

    Returns
    -------
    None where the solid lies outside the grid.
    """
    low, high = solid.bounds_mm()
    edge = axes.edge_mm
    spans = [
        slice(*np.searchsorted(a, (start - edge, stop + edge)))
        for a, start, stop in zip((axes.x_mm, axes.y_mm, axes.z_mm), low, high, strict=True)
    ]
    if any(span.start >= span.stop for span in spans):
        return None
    x, y, z = (
        _finer(a, span, fine)
        for a, span in zip((axes.x_mm, axes.y_mm, axes.z_mm), spans, strict=True)
    )
    depth = solid.depth_mm(x[None, None, :], y[None, :, None], z[:, None, None])
    share = np.clip(np.float32(0.5) + depth / np.float32(edge / fine), 0, 1)
    if fine > 1:
        slices, rows, columns = (span.stop - span.start for span in reversed(spans))
        share = share.reshape(slices, fine, rows, fine, columns, fine).mean(axis=(1, 3, 5))
    return (spans[2], spans[1], spans[0]), share


def _finer(axis: Floats, span: slice, fine: int) -> Floats:
    """Sample positions within the voxels of a span."""
    step = axis[1] - axis[0]
    within = ((np.arange(fine) + 0.5) / fine - 0.5) * step
    return np.asarray((axis[span, None] + within).ravel(), dtype=np.float32)


def _box(low: Sequence[float], high: Sequence[float]) -> tuple[Point, Point]:
    x0, y0, z0 = (float(v) for v in low)
    x1, y1, z1 = (float(v) for v in high)
    return (x0, y0, z0), (x1, y1, z1)
