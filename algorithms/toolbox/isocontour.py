"""Isocontours of uptake: at a fixed value, and at a fraction of a hot spot's own maximum."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_dilation  # type: ignore[attr-defined]  # filled at run time

from algorithms.toolbox.components import (
    NEIGHBOURS_26,
    Index,
    connected_regions,
    padded_box,
)
from algorithms.toolbox.ground import Ground, Image, ground_of, painted
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region


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
    others: Sequence[Region],
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
    others : sequence of Region
        The other hot spots.
    margin_mm : float
        Farthest distance from the hot spot.
    """
    if not 0 < fraction <= 1 or margin_mm <= 0:
        raise ValueError(f"no contour at {fraction} of the maximum within {margin_mm} mm")
    seed = hottest_voxel(image, geometry, region)
    level = fraction * float(image[seed])
    box = padded_box(region, (1, 1, 1), geometry.shape)
    inside = Ground(box=box, cell=painted([region], box))
    within = at_level(image, inside, seed, level)
    if within.closed:
        return within
    return at_level(image, ground_of(region, others, geometry, margin_mm), seed, level)


def at_level(image: Image, ground: Ground, seed: Index, level: float) -> Isocontour:
    """Voxels of a hot spot's ground of at least a level, 26-connected to its hottest voxel.

    Parameters
    ----------
    seed : (slice, row, column)
        Of the whole grid; in the ground, with at least the level.
    """
    hot = image[ground.box] >= level
    grown = ground.grown(hot & ground.cell, seed)
    beyond = binary_dilation(grown, structure=NEIGHBOURS_26) & hot & ~ground.cell
    return Isocontour(region=ground.region(grown), level=level, closed=not bool(beyond.any()))


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
