"""A region that is drawn on planes, as the voxels of a grid whose centres lie in it."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dicom_node.domain.errors import InputRejected
from dicom_node.domain.geometry import Geometry
from dicom_node.reading.contour_planes import ContourPlanes
from dicom_node.reading.contour_shape import contains
from dicom_node.reading.contour_spans import Spans
from dicom_node.reading.grid_region import GridRegion, region_of_box

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Voxels that are looked at together.
_AT_ONCE = 500_000
# Voxels this far beyond the outlines are looked at, too, in spite of rounding.
_MARGIN_MM = 0.02
# More voxels than these no patient has on any scanner: a contour has gone astray.
_MOST = 1e9


def solid_on_grid(
    contours: ContourPlanes, spans: Spans, usual_mm: float, grid: Geometry
) -> GridRegion:
    """Region on a grid, with the volume of the voxels that would lie beyond its ends.

    Raises
    ------
    InputRejected
        Where the contours span more than any patient.
    """
    first, last = _box(contours, spans, grid)
    inner = np.maximum(first, 0), np.minimum(last, np.array(grid.shape) - 1)
    size = np.maximum(inner[1] - inner[0] + 1, 0)
    mask = np.zeros([int(n) for n in size], dtype=bool)
    total = 0
    for index, points in _voxels(contours, first, last, grid):
        found = index[contains(contours, spans, points)]
        total += len(found)
        there = found - inner[0]
        a, b, c = there[((there >= 0) & (there < size)).all(axis=1)].T
        mask[a, b, c] = True
    region = region_of_box([int(one) for one in inner[0]], mask) if mask.size else None
    kept = 0 if region is None else region.voxels
    return GridRegion(
        region=region,
        lost_ml=(total - kept) * grid.voxel_volume_ml,
        # Where no centre is met there is a volume still, by the areas of the outlines.
        drawn_ml=total * grid.voxel_volume_ml or contours.area_mm2 * usual_mm / 1000.0,
    )


def _box(contours: ContourPlanes, spans: Spans, grid: Geometry) -> tuple[Indices, Indices]:
    """First and last (slice, row, column) of voxels that may lie in the region, in the grid or not.

    The grid goes on beyond its ends here.
    """
    edges = contours.outlines.start
    low = np.append(edges.min(axis=0), spans.low_mm[0]) - _MARGIN_MM
    high = np.append(edges.max(axis=0), spans.high_mm[-1]) + _MARGIN_MM
    corners = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1)
    index = grid.lps_to_index(corners.T @ contours.axes.matrix)
    return (
        np.ceil(index.min(axis=0)).astype(np.intp),
        np.floor(index.max(axis=0)).astype(np.intp),
    )


def _voxels(
    contours: ContourPlanes, first: Indices, last: Indices, grid: Geometry
) -> Iterator[tuple[Indices, Floats]]:
    """Voxels (n, 3) of a box and their centres in the axes of the planes, plane by plane.

    They come in the order of the axes of the planes: rows of rising coordinates, where the grid is
    parallel to them.
    """
    order = list(contours.axes.order)
    if np.prod((last - first + 1).clip(0), dtype=float) > _MOST:
        extent = " x ".join(f"{mm:.4g}" for mm in (last - first + 1) * np.array(grid.spacing_mm))
        raise InputRejected(f"contours span {extent} mm, more than any patient")
    to_axes = contours.axes.matrix @ grid.affine[:3, :3]
    origin = contours.axes.matrix @ grid.affine[:3, 3]
    size = [int(last[axis] - first[axis] + 1) for axis in order]
    if min(size) < 1:
        return
    thick = max(1, _AT_ONCE // (size[1] * size[2]))
    for start in range(0, size[0], thick):
        part = (min(thick, size[0] - start), size[1], size[2])
        turned = np.indices(part).reshape(3, -1)
        turned[0] += start
        index = np.empty_like(turned)
        index[order] = turned
        index += first[:, None]
        yield index.T, (to_axes @ index + origin[:, None]).T
