"""Isocontours of uptake: at a fixed value, and at a fraction of a hot spot's own maximum."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation  # type: ignore[attr-defined]  # filled at run time

from algorithms.toolbox.components import (
    NEIGHBOURS_26,
    Index,
    Mask,
    connected_regions,
    grow,
    padded_box,
    paint_into,
)
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

# Distances come in single precision; what differs by less is as near to the one as to the other.
SAME_DISTANCE_MM = 1e-3

Image = NDArray[np.float32]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Isocontour:
    """A region with at least a level of uptake.

    Parameters
    ----------
    level : float
        In the unit of the image.
    closed : bool
        Whether the contour ends where the uptake falls below the level; False where only its bound
        ended it, so that its volume says more of the bound than of the uptake.
    """

    region: Region
    level: float
    closed: bool


def at_fixed_level(
    image: Image, geometry: Geometry, *, level: float, min_volume_ml: float = 0.0
) -> tuple[Region, ...]:
    """26-connected regions in which the image is at least the level, small ones left out."""
    return connected_regions(image >= np.float32(level), geometry, min_volume_ml=min_volume_ml)


def at_fraction_of_maximum(
    image: Image,
    geometry: Geometry,
    region: Region,
    *,
    fraction: float,
    others: Iterable[Region],
    margin_mm: float,
) -> Isocontour:
    """Voxels of at least a fraction of a hot spot's maximum, 26-connected to its hottest voxel.

    The contour leaves the hot spot where the fraction lies below the value that made the hot spot.
    There it is bounded: it stays within a margin of the hot spot, and nearer to it than to any
    other (a voxel as near to two belongs to neither), so that it swallows no neighbour and does
    not run out into tissue which itself takes up more than the level.

    Parameters
    ----------
    region : Region
        The hot spot.
    fraction : float
        0.41 (EANM, Boellaard et al., Eur J Nucl Med Mol Imaging 2015;42:328) or 0.5.
    others : iterable of Region
        The other hot spots.
    margin_mm : float
        Farthest distance from the hot spot.
    """
    if not 0 < fraction <= 1 or margin_mm <= 0:
        raise ValueError(f"no contour at {fraction} of the maximum within {margin_mm} mm")
    seed = hottest_voxel(image, geometry, region)
    level = fraction * float(image[seed])
    near = padded_box(region, (1, 1, 1), image.shape)
    grown = _grown(image[near] >= level, seed, near)
    if not (grown & ~_painted([region], near)).any():
        return Isocontour(region=_as_region(grown, near), level=level, closed=True)
    wide = padded_box(region, _reach(margin_mm, geometry), image.shape)
    hot = image[wide] >= level
    cell = _cell(region, others, wide, geometry.spacing_mm, margin_mm)
    bounded = _grown(hot & cell, seed, wide)
    beyond = binary_dilation(bounded, structure=NEIGHBOURS_26) & hot & ~cell
    return Isocontour(region=_as_region(bounded, wide), level=level, closed=not bool(beyond.any()))


def hottest_voxel(image: Image, geometry: Geometry, region: Region) -> Index:
    """Index of a region's maximum; of equal ones that nearest to the middle of them.

    Where that does not decide, the lowest, then foremost, then rightmost: the rule speaks of the
    patient, not of the array, so that the order of slices decides nothing.
    """
    values = np.where(region.mask, image[region.slices], np.float32(-np.inf))
    places = np.argwhere(values == values.max()) + np.array(region.origin)
    points = geometry.index_to_lps(places)
    off = np.linalg.norm(points - points.mean(axis=0), axis=1)
    # Rounded to micrometres, lest the last bit of a float decide.
    a, b, c = places[np.lexsort(np.round([*points.T, off], 3))[0]]
    return int(a), int(b), int(c)


def _reach(margin_mm: float, geometry: Geometry) -> Index:
    """Voxels on each side that can matter: a rival of a voxel at the margin is as far again."""
    a, b, c = (math.ceil(2.0 * margin_mm / step) for step in geometry.spacing_mm)
    return a, b, c


def _cell(
    region: Region,
    others: Iterable[Region],
    box: Box,
    spacing_mm: tuple[float, float, float],
    margin_mm: float,
) -> Mask:
    """Voxels of a box within the margin of the region and nearer to it than to any other."""
    own = _distance_mm(_painted([region], box), spacing_mm)
    cell = own <= margin_mm + SAME_DISTANCE_MM
    rivals = _painted(others, box)
    if rivals.any():
        cell &= own < _distance_mm(rivals, spacing_mm) - SAME_DISTANCE_MM
    return np.asarray(cell)


def _distance_mm(mask: Mask, spacing_mm: tuple[float, float, float]) -> Image:
    """Distance of each voxel from the nearest voxel of a mask; 0 or less within it.

    ITK's map takes a tenth of the memory of SciPy's, which matters for uptake of a whole body.
    """
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(tuple(reversed(spacing_mm)))
    distance = SimpleITK.SignedMaurerDistanceMap(
        image, insideIsPositive=False, squaredDistance=False, useImageSpacing=True
    )
    return np.asarray(SimpleITK.GetArrayFromImage(distance), dtype=np.float32)


def _painted(regions: Iterable[Region], box: Box) -> Mask:
    a, b, c = (part.stop - part.start for part in box)
    painted = np.zeros((a, b, c), dtype=bool)
    for region in regions:
        paint_into(region, painted, box)
    return painted


def _grown(allowed: Mask, seed: Index, box: Box) -> Mask:
    a, b, c = (place - part.start for place, part in zip(seed, box, strict=True))
    return grow(allowed, (a, b, c))


def _as_region(mask: Mask, box: Box) -> Region:
    tight = Region.from_mask(mask)
    a, b, c = (place + part.start for place, part in zip(tight.origin, box, strict=True))
    return Region(origin=(a, b, c), mask=tight.mask)
