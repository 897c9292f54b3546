"""Connected components of a mask: 26-connected regions, small ones left out, growth from a seed."""

import math

import numpy as np
from numpy.typing import NDArray

# SciPy fills this module at run time, where mypy does not see the names.
from scipy.ndimage import (  # type: ignore[attr-defined]
    find_objects,
    generate_binary_structure,
    label,
)

from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

Mask = NDArray[np.bool_]
Index = tuple[int, int, int]

# Voxels that share a face, an edge or a corner are neighbours.
NEIGHBOURS_26 = generate_binary_structure(3, 3)


def connected_regions(
    mask: Mask, geometry: Geometry, *, min_volume_ml: float = 0.0
) -> tuple[Region, ...]:
    """26-connected regions of a mask that have at least a volume.

    Parameters
    ----------
    mask : (slices, rows, columns) bool
        On the grid of `geometry`.
    min_volume_ml : float
        Regions of exactly this volume are kept.

    Returns
    -------
    tuple of Region
        In the order in which their first voxels lie in memory; the order means nothing.
    """
    if mask.shape != geometry.shape:
        raise ValueError(f"mask {mask.shape} on a grid {geometry.shape}")
    box = bounding_box(mask)
    if box is None:
        return ()
    inside = mask[box]
    labels, count = label(inside, structure=NEIGHBOURS_26)
    voxels = np.bincount(labels[inside], minlength=count + 1)
    enough = voxels >= _voxels_of(min_volume_ml, geometry)
    found = enumerate(find_objects(labels), start=1)
    return tuple(
        Region(origin=_origin(box, part), mask=labels[part] == mark)
        for mark, part in found
        if enough[mark]
    )


def remove_small(mask: Mask, geometry: Geometry, *, min_volume_ml: float) -> Mask:
    """Copy of a mask without its 26-connected regions below a volume."""
    kept = np.zeros(mask.shape, dtype=bool)
    for region in connected_regions(mask, geometry, min_volume_ml=min_volume_ml):
        region.paint(kept, True)
    return kept


def grow(allowed: Mask, seed: Index) -> Mask:
    """Voxels that a path of allowed neighbours (26) joins to the seed, which must be allowed.

    The bound of the growth is `allowed` itself: hand in a box or a cell, not the whole body.
    """
    if not allowed[seed]:
        raise ValueError(f"the seed {seed} is not in the allowed voxels")
    labels, _ = label(allowed, structure=NEIGHBOURS_26)
    return np.asarray(labels == labels[seed])


def bounding_box(mask: Mask) -> tuple[slice, slice, slice] | None:
    """Smallest box around the true voxels; None for an empty mask.

    Made of projections, because the index lists of ``np.nonzero`` need 24 bytes a true voxel.
    """
    spans = []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        where = np.flatnonzero(mask.any(axis=others))
        if where.size == 0:
            return None
        spans.append(slice(int(where[0]), int(where[-1]) + 1))
    return spans[0], spans[1], spans[2]


def padded_box(region: Region, margin: Index, shape: Index) -> tuple[slice, slice, slice]:
    """Box of a region, widened by a margin of voxels on both sides, cut at the grid."""
    a, b, c = (
        slice(max(0, axis.start - extra), min(size, axis.stop + extra))
        for axis, extra, size in zip(region.slices, margin, shape, strict=True)
    )
    return a, b, c


def paint_into(region: Region, target: Mask, box: tuple[slice, slice, slice]) -> None:
    """Set the voxels of a region in an array that covers only a box of the grid."""
    here, there = [], []
    for own, part in zip(region.slices, box, strict=True):
        start, stop = max(own.start, part.start), min(own.stop, part.stop)
        if start >= stop:
            return
        here.append(slice(start - own.start, stop - own.start))
        there.append(slice(start - part.start, stop - part.start))
    target[tuple(there)] |= region.mask[tuple(here)]


def _voxels_of(volume_ml: float, geometry: Geometry) -> int:
    # Spacings come from a square root: 0.5 mL of 5 mm cubes must stay 4 voxels, not become 5.
    return math.ceil(volume_ml / geometry.voxel_volume_ml - 1e-6)


def _origin(box: tuple[slice, slice, slice], part: tuple[slice, ...]) -> Index:
    a, b, c = (outer.start + inner.start for outer, inner in zip(box, part, strict=True))
    return a, b, c
