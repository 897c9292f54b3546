"""The ground of a hot spot: the voxels that a contour of it may take, and its neighbours' not."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from algorithms.toolbox.components import Index, Mask, grow, padded_box, paint_into
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

# Distances come in single precision; what differs by less is as near to the one as to the other.
SAME_DISTANCE_MM = 1e-3

Image = NDArray[np.float32]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """Voxels of a box of the grid that belong to one hot spot and to no other.

    Parameters
    ----------
    box : part of the grid
    cell : which voxels of the box a contour may take
    """

    box: Box
    cell: Mask

    def grown(self, allowed: Mask, seed: Index) -> Mask:
        """Voxels of the box that allowed ones (26 neighbours) join to a seed of the whole grid."""
        a, b, c = (place - part.start for place, part in zip(seed, self.box, strict=True))
        return grow(allowed, (a, b, c))

    def cell_in(self, box: Box) -> Mask:
        """The cell, on another box of the grid."""
        a, b, c = (part.start for part in self.box)
        return painted([Region(origin=(a, b, c), mask=self.cell)], box)

    def region(self, mask: Mask) -> Region:
        """Region on the whole grid of a mask of the box, which must not be empty."""
        return in_grid(Region.from_mask(mask), self.box)


def ground_of(
    region: Region, others: Sequence[Region], geometry: Geometry, margin_mm: float
) -> Ground:
    """Voxels within a margin of a region and nearer to it than to any other.

    A voxel as near to two regions belongs to neither. One layer of voxels round the margin is in
    the box as well, so that it can be told whether something goes on beyond.
    """
    wide = padded_box(region, _voxels(2.0 * margin_mm, geometry), geometry.shape)
    near = padded_box(region, _voxels(margin_mm, geometry, more=1), geometry.shape)
    rivals = painted(others, wide)
    box = wide if rivals.any() else near
    own = distance_mm(painted([region], box), geometry.spacing_mm)
    cell = own <= margin_mm + SAME_DISTANCE_MM
    if rivals.any():
        cell &= own < distance_mm(rivals, geometry.spacing_mm) - SAME_DISTANCE_MM
    a, b, c = (
        slice(part.start - whole.start, part.stop - whole.start)
        for part, whole in zip(near, box, strict=True)
    )
    return Ground(box=near, cell=np.ascontiguousarray(cell[a, b, c]))


def distance_mm(mask: Mask, spacing_mm: tuple[float, float, float]) -> Image:
    """Distance of each voxel from the nearest voxel of a mask; 0 or less within it.

    ITK's map takes a tenth of the memory of SciPy's, which matters for uptake of a whole body.
    """
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(tuple(reversed(spacing_mm)))
    distance = SimpleITK.SignedMaurerDistanceMap(
        image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True
    )
    return np.asarray(SimpleITK.GetArrayFromImage(distance), dtype=np.float32)


def painted(regions: Iterable[Region], box: Box) -> Mask:
    """Mask of a box with the voxels of the regions."""
    a, b, c = (part.stop - part.start for part in box)
    found = np.zeros((a, b, c), dtype=bool)
    for region in regions:
        paint_into(region, found, box)
    return found


def in_grid(region: Region, box: Box) -> Region:
    """Region on the whole grid of a region on a box of it."""
    a, b, c = (place + part.start for place, part in zip(region.origin, box, strict=True))
    return Region(origin=(a, b, c), mask=region.mask)


def _voxels(length_mm: float, geometry: Geometry, *, more: int = 0) -> Index:
    a, b, c = (math.ceil(length_mm / step) + more for step in geometry.spacing_mm)
    return a, b, c
