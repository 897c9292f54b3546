"""A mask on a grid of its own to the voxels of another grid, by the rule of the voxel centre.

A voxel of the grid belongs to the region where its centre lies in a voxel of the mask. It is the
rule by which an expert's contours become his mask (see `contour_outlines`), and it is exact, voxel
by voxel, wherever the centres of both grids coincide, whatever order or direction their axes have.
Elsewhere an edge moves by half a voxel of the mask at most, and volumes are right in the mean:
spheres of 6, 16 and 30 mm, drawn on 1 x 1 x 3.3 mm and taken to 5.5 x 5.5 x 3.3 mm, keep theirs, a
single one to 50, 9 and 2 % (standard deviation over random places). "At least half of the voxel",
the other rule in use, loses 47, 7 and 1 % in the mean, and so small lesions first.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicom_node.domain.geometry import Geometry
from dicom_node.reading.grid_region import GridRegion, region_of_box

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# A centre this close (in voxels) to the border of two voxels of the mask is taken to the second,
# so that the rounding of decimal strings does not decide.
_ON_BORDER = 1e-4
# Contribution of an axis, over its whole length in voxels, that changes no index.
_NO_CONTRIBUTION = 1e-3
# Voxel centres this close (in voxels) coincide.
_SAME_CENTRE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlacedMask:
    """A mask with its place in the patient.

    Parameters
    ----------
    mask : (slices, rows, columns) bool
    affine : (4, 4) float64
        Maps its (slice, row, column, 1) to LPS mm.
    """

    mask: NDArray[np.bool_]
    affine: Floats

    @property
    def voxel_ml(self) -> float:
        """Volume of one of its voxels."""
        return abs(float(np.linalg.det(self.affine[:3, :3]))) / 1000.0


def on_grid(placed: PlacedMask, grid: Geometry) -> GridRegion:
    """Region of a mask on a grid, with the volume of mask voxels whose centres lie outside."""
    to_grid: Floats = np.linalg.inv(grid.affine) @ placed.affine
    first, last = _box(to_grid, placed.mask.shape)
    lost = 0
    if (first < 0).any() or (last >= grid.shape).any():
        lost = _outside(placed.mask, to_grid, grid.shape)
    first, last = np.maximum(first, 0), np.minimum(last, np.array(grid.shape) - 1)
    region = None
    if (first <= last).all():
        found = _sampled(placed.mask, np.asarray(np.linalg.inv(to_grid)), first, last)
        region = region_of_box([int(one) for one in first], found)
    return GridRegion(
        region=region,
        lost_ml=lost * placed.voxel_ml,
        drawn_ml=int(np.count_nonzero(placed.mask)) * placed.voxel_ml,
    )


def same_voxels(affine: Floats, shape: tuple[int, ...], grid: Geometry) -> bool:
    """Whether the voxels of a mask are voxels of the grid, in any order of axes, inside or not."""
    to_grid: Floats = np.linalg.inv(grid.affine) @ affine
    turn = to_grid[:3, :3]
    whole = np.rint(turn)
    is_turn = bool(
        (np.abs(whole).sum(axis=0) == 1).all() and (np.abs(whole).sum(axis=1) == 1).all()
    )
    off = np.abs(turn - whole) @ (np.array(shape) - 1)
    return is_turn and bool(
        (off + np.abs(to_grid[:3, 3] - np.rint(to_grid[:3, 3])) <= _SAME_CENTRE).all()
    )


def _box(to_grid: Floats, shape: tuple[int, ...]) -> tuple[Indices, Indices]:
    """First and last index of grid voxels whose centres the mask's box can hold."""
    ends = np.array([(-0.5, size - 0.5) for size in shape])
    corners = np.array(np.meshgrid(*ends)).reshape(3, -1)
    there = to_grid[:3, :3] @ corners + to_grid[:3, 3:]
    low = np.ceil(there.min(axis=1) - _ON_BORDER).astype(np.intp)
    high = np.floor(there.max(axis=1) + _ON_BORDER).astype(np.intp)
    return low, high


def _sampled(
    mask: NDArray[np.bool_], to_mask: Floats, first: Indices, last: Indices
) -> NDArray[np.bool_]:
    """Value of the mask at the centres of a box of grid voxels."""
    size = [int(n) for n in last - first + 1]
    found = np.zeros(size, dtype=bool)
    for number in range(size[0]):
        start = np.array([first[0] + number, first[1], first[2]])
        indices = list(_mask_indices(to_mask, start, (size[1], size[2])))
        inside = np.ones((1, 1), dtype=bool)
        for axis, index in enumerate(indices):
            inside = inside & (index >= 0) & (index < mask.shape[axis])
        a, b, c = (np.clip(index, 0, mask.shape[axis] - 1) for axis, index in enumerate(indices))
        found[number] = mask[a, b, c] & inside
    return found


def _mask_indices(to_mask: Floats, start: Indices, size: tuple[int, int]) -> Iterator[Indices]:
    """Indices into each axis of the mask for one slice of grid voxels, as small as they can be.

    Where an axis of the mask runs along one of the grid, they are a row or a column that numpy
    broadcasts.
    """
    origin = to_mask[:3, :3] @ start + to_mask[:3, 3]
    for axis in range(3):
        places = np.full((1, 1), origin[axis])
        if abs(to_mask[axis, 1]) * size[0] > _NO_CONTRIBUTION:
            places = places + to_mask[axis, 1] * np.arange(size[0])[:, None]
        if abs(to_mask[axis, 2]) * size[1] > _NO_CONTRIBUTION:
            places = places + to_mask[axis, 2] * np.arange(size[1])[None, :]
        yield np.floor(places + (0.5 + _ON_BORDER)).astype(np.intp)


def _outside(mask: NDArray[np.bool_], to_grid: Floats, shape: tuple[int, int, int]) -> int:
    """Number of mask voxels whose centres lie outside the grid."""
    count = 0
    upper = np.array(shape) - (0.5 - _ON_BORDER)
    for number, plane in enumerate(mask):
        rows, columns = np.nonzero(plane)
        index = np.stack([np.full(len(rows), number), rows, columns])
        there = to_grid[:3, :3] @ index + to_grid[:3, 3:]
        inside = (there >= -(0.5 + _ON_BORDER)) & (there <= upper[:, None])
        count += int(np.count_nonzero(~inside.all(axis=0)))
    return count
