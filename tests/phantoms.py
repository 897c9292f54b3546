"""Truth by formula: arrays whose value at a voxel follows from its place in the patient."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


def axes_mm(
    *, spacing_mm: Sequence[float], origin_mm: Sequence[float], orientation: Sequence[float]
) -> FloatArray:
    """Affine (4, 4) of (slice, row, column) to LPS mm: slices go along row x column cosines.

    `spacing_mm` is that of slices (a negative one stacks against the normal), rows and columns.
    """
    row, column = np.array(orientation[:3], float), np.array(orientation[3:], float)
    affine = np.eye(4)
    affine[:3, 0] = spacing_mm[0] * np.cross(row, column)
    affine[:3, 1] = spacing_mm[1] * column
    affine[:3, 2] = spacing_mm[2] * row
    affine[:3, 3] = origin_mm
    return affine


def points_mm(shape: Sequence[int], affine: ArrayLike) -> FloatArray:
    """LPS millimetres (slices, rows, columns, 3) of every voxel centre."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
    matrix = np.asarray(affine, float)
    return np.asarray(index @ matrix[:3, :3].T + matrix[:3, 3])


def gradient(points: ArrayLike) -> FloatArray:
    """Linear in x, y and z with three different slopes, so that any swap or flip is seen."""
    return np.asarray(points) @ np.array([3.0, 7.0, 13.0]) + 5000.0


def sphere(points: ArrayLike, *, centre_mm: Sequence[float], radius_mm: float) -> NDArray[np.bool_]:
    """Whether a voxel centre lies in a sphere."""
    apart = np.linalg.norm(np.asarray(points) - np.asarray(centre_mm, float), axis=-1)
    return np.asarray(apart <= radius_mm)


def sphere_volume_ml(radius_mm: float) -> float:
    """Volume of a sphere, 4/3 pi r^3."""
    return float(4.0 / 3.0 * np.pi * radius_mm**3 / 1000.0)


def soft_sphere(
    points: ArrayLike, *, centre_mm: Sequence[float], radius_mm: float, peak: float
) -> FloatArray:
    """Hottest at the centre, half of it at the radius, nothing beyond 1.41 radii: 1 - (d/r)^2/2."""
    apart = np.linalg.norm(np.asarray(points) - np.asarray(centre_mm, float), axis=-1)
    return peak * np.clip(1.0 - 0.5 * (apart / radius_mm) ** 2, 0.0, None)
