"""A reference region that was placed by a rule: its voxels, and what they measure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (  # type: ignore[attr-defined]  # SciPy fills the module at run time
    binary_dilation,
    gaussian_filter,
)

from algorithms.toolbox.components import NEIGHBOURS_26
from algorithms.toolbox.lesion_net.grid import SPACING_MM, BodyGrid, Image, to_grid
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class UptakeRange:
    """SUVbw between which the mean of an organ lies with a tracer."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceRegion:
    """Where it is on the grid of the PET (LPS mm); mean and standard deviation in SUVbw."""

    region: Region
    centre_mm: tuple[float, float, float]
    mean: float
    sd: float


def voxels_near(
    geometry: Geometry,
    centre_mm: tuple[float, float, float],
    reach_mm: float,
    within: Callable[[Points], NDArray[np.bool_]],
) -> NDArray[np.bool_]:
    """Mask (slices, rows, columns) of the voxels whose way from the centre is within a shape.

    Parameters
    ----------
    reach_mm : no part of the shape is farther from its centre
    within : given ways (..., 3) from the centre in LPS mm, tells which are inside
    """
    half = [int(np.ceil(reach_mm / step)) + 1 for step in geometry.spacing_mm]
    middle = np.rint(geometry.lps_to_index(centre_mm)).astype(int)
    spans = [
        np.arange(max(0, m - h), min(size, m + h + 1))
        for m, h, size in zip(middle, half, geometry.shape, strict=True)
    ]
    index = np.stack(np.meshgrid(*spans, indexing="ij"), axis=-1)
    mask = np.zeros(geometry.shape, dtype=bool)
    mask[tuple(index[within(geometry.index_to_lps(index) - np.array(centre_mm))].T)] = True
    return mask


def even_region(
    suv: Image, mask: NDArray[np.bool_], centre_mm: tuple[float, float, float], most_cv: float
) -> ReferenceRegion | None:
    """The region of a mask; None where it is empty or varies by more than `most_cv` of its mean."""
    if not mask.any():
        return None
    values = suv[mask].astype(np.float64)
    mean, sd = float(values.mean()), float(values.std())
    if mean <= 0 or sd > most_cv * mean:
        return None
    return ReferenceRegion(region=Region.from_mask(mask), centre_mm=centre_mm, mean=mean, sd=sd)


def ball_at(
    suv: Image,
    geometry: Geometry,
    centre_mm: tuple[float, float, float],
    radius_mm: float,
    *,
    lesions: Sequence[Region],
    most_cv: float,
) -> ReferenceRegion | None:
    """The voxels of a ball; None where they are uneven or one of them is of a lesion."""
    mask = voxels_near(
        geometry, centre_mm, radius_mm, lambda away: np.linalg.norm(away, axis=-1) <= radius_mm
    )
    taken = np.zeros(geometry.shape, dtype=bool)
    for lesion in lesions:
        lesion.paint(taken, True)
    return None if (taken & mask).any() else even_region(suv, mask, centre_mm, most_cv)


def lesions_on_grid(
    lesions: Sequence[Region], geometry: Geometry, grid: BodyGrid, *, wider: int
) -> NDArray[np.bool_]:
    """Lesions on the body's grid, wider by a number of its voxels."""
    if not lesions:
        return np.zeros(grid.shape, dtype=bool)
    painted = np.zeros(geometry.shape, dtype=np.float32)
    for lesion in lesions:
        lesion.paint(painted, 1)
    inside = to_grid(painted, geometry, grid, outside=0.0) > 0.05
    return np.asarray(binary_dilation(inside, structure=NEIGHBOURS_26, iterations=wider))


def top_mm(geometry: Geometry) -> float:
    """Height (LPS z) of the uppermost voxel centre."""
    ends = np.array(np.meshgrid(*((0, size - 1) for size in geometry.shape))).reshape(3, -1).T
    return float(geometry.index_to_lps(ends)[:, 2].max())


def between_heights(grid: BodyGrid, low_mm: float, high_mm: float) -> BodyGrid | None:
    """The slices of a body's grid between two heights (LPS z); None where there is none."""
    x, y, bottom = grid.origin_mm
    first = max(0, int(np.ceil((low_mm - bottom) / SPACING_MM)))
    last = min(grid.shape[0], int(np.floor((high_mm - bottom) / SPACING_MM)) + 1)
    if first >= last:
        return None
    return BodyGrid((x, y, bottom + first * SPACING_MM), (last - first, *grid.shape[1:]))


def warm_and_even(
    suv: Image, limits: UptakeRange, *, smooth_mm: float, most_cv: float
) -> NDArray[np.bool_]:
    """Voxels of the body's grid whose surroundings are even and, on the mean, within limits."""
    sigma = smooth_mm / SPACING_MM
    mean = gaussian_filter(suv, sigma)
    variance = np.maximum(gaussian_filter(suv**2, sigma) - mean**2, 0)
    even = np.sqrt(variance) < most_cv * mean
    return np.asarray((mean > limits.low) & (mean < limits.high) & even)


def middles_of(body: NDArray[np.bool_], axis: int) -> NDArray[np.float64]:
    """Index of the middle of the body along rows (1) or columns (2), of each slice."""
    across = body.sum(axis=3 - axis)
    count = np.maximum(across.sum(axis=1), 1)
    return np.asarray((across * np.arange(body.shape[axis])).sum(axis=1) / count)
