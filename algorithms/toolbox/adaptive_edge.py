"""Edges of a hot spot that adapt to it: midway to its background, and where uptake falls steepest.

Both know nothing of scanner or tracer, and nothing in them was fitted to images.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy.ndimage import (  # type: ignore[attr-defined]  # filled at run time
    binary_dilation,
    binary_fill_holes,
)

from algorithms.toolbox.components import NEIGHBOURS_26, Index, Mask, grow, padded_box
from algorithms.toolbox.ground import Ground, Image, distance_mm, in_grid, painted
from algorithms.toolbox.isocontour import at_level
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

BACKGROUND_SOURCE = "median of the shell 10 to 20 mm beyond the contour"
MIDWAY_SOURCE = (
    "midway between the mean of the contour and its background, iterated (Ridler and Calvard, IEEE "
    "Trans Syst Man Cybern 1978;8:630; in PET: Prieto et al., Phys Med Biol 2012;57:3963)"
)
STEEPEST_SOURCE = (
    "watershed of the gradient between the mean of the contour midway to the background "
    "and the background (after Geets et al., Eur J Nucl Med Mol Imaging 2007;34:1427)"
)
# An edge blurred by 7 mm (FWHM) has spilled out less than 0.1 % at 10 mm.
SHELL_MM = (10.0, 20.0)
# Nestle et al., J Nucl Med 2005;46:1342, take the mean of what has 70 % of the maximum; it is where
# the iteration starts, from within, so that it ends at the first contour that agrees with itself.
START = 0.7
_SAME_LEVEL = 1e-3
_MOST_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edge:
    """A contour that adapts to its surroundings; cavities that it encloses belong to it.

    Parameters
    ----------
    level : least uptake that led to it; None where no single level did
    mean : of the voxels of at least the level, cavities left out
    background : in the unit of the image
    closed : False where only the bound of the ground ended it
    """

    region: Region
    level: float | None
    mean: float
    background: float
    closed: bool


def midway(mean: float, background: float) -> float:
    """Half the height over the background.

    A uniform object, blurred by the scanner, has its edge there; the mean stands for its height
    where uptake is uneven, as the maximum does not.
    """
    return (mean + background) / 2.0


def adapted_edge(
    image: Image,
    geometry: Geometry,
    ground: Ground,
    seed: Index,
    level_of: Callable[[float, float], float] = midway,
) -> Edge | None:
    """Contour at the level that follows from its own mean and the background around it.

    Parameters
    ----------
    seed : (slice, row, column)
        The hottest voxel of the hot spot.
    level_of : callable
        Level of a mean and a background.

    Returns
    -------
    Edge or None
        None where nothing around the seed is colder than it.
    """
    highest = float(image[seed])
    level = START * highest
    levels: list[float] = []
    while True:
        found = _edge_at(image, geometry, ground, seed, level)
        if found is None or found.background >= highest:
            return None
        levels.append(level)
        level = min(level_of(found.mean, found.background), highest)
        again = [old for old in levels if abs(old - level) <= _SAME_LEVEL * highest]
        if again or len(levels) >= _MOST_STEPS:
            break
    # Where levels go round in a circle, its highest is the contour that does not run out.
    circle = levels[levels.index(again[-1]) :] if again else levels[-1:]
    return _edge_at(image, geometry, ground, seed, max(circle))


def steepest_edge(
    image: Image, geometry: Geometry, ground: Ground, seed: Index, start: Edge
) -> Edge:
    """Contour along the ridge of the gradient: where uptake falls steepest.

    Parameters
    ----------
    start : Edge
        Of `adapted_edge`; what has its mean or more lies within, what has its background without.
    """
    box = padded_box(start.region, _voxels_of(SHELL_MM[1], geometry), geometry.shape)
    part, cell = image[box], ground.cell_in(box)
    a, b, c = (place - axis.start for place, axis in zip(seed, box, strict=True))
    # Rounding must not put the mean of a uniform object above its every voxel.
    hot = part >= np.float32(min(start.mean, float(image[seed])))
    inside = grow(painted([start.region], box) & hot, (a, b, c))
    cold = (part <= np.float32(start.background)) | ~cell
    steepness = np.sqrt(
        sum(np.square(slope) for slope in np.gradient(part, *geometry.spacing_mm))
    ).astype(np.float32)
    inside = grow(_watershed(steepness, inside, cold, geometry), (a, b, c))
    filled = _with_cavities(inside) & cell
    beyond = binary_dilation(filled, structure=NEIGHBOURS_26) & ~cell
    return Edge(
        region=in_grid(Region.from_mask(filled), box),
        level=None,
        mean=float(part[inside].mean(dtype=np.float64)),
        background=start.background,
        closed=not bool((beyond & (part > start.background)).any()),
    )


def _edge_at(
    image: Image, geometry: Geometry, ground: Ground, seed: Index, level: float
) -> Edge | None:
    found = at_level(image, ground, seed, level)
    box = padded_box(found.region, _voxels_of(SHELL_MM[1], geometry), geometry.shape)
    filled = _with_cavities(painted([found.region], box))
    away = distance_mm(filled, geometry.spacing_mm)
    shell = (away > SHELL_MM[0]) & (away <= SHELL_MM[1])
    if not shell.any():
        return None
    return Edge(
        region=in_grid(Region.from_mask(filled), box),
        level=level,
        mean=float(image[found.region.slices][found.region.mask].mean(dtype=np.float64)),
        background=float(np.median(image[box][shell])),
        closed=found.closed,
    )


def _watershed(
    steepness: Image, inside: Mask, outside: Mask, geometry: Geometry
) -> NDArray[np.bool_]:
    """Voxels whose basin, flooded from both markers, is that of the inside."""
    markers = np.where(inside, np.uint8(1), np.where(outside, np.uint8(2), np.uint8(0)))
    height = SimpleITK.GetImageFromArray(steepness)
    marked = SimpleITK.GetImageFromArray(markers)
    for made in (height, marked):
        made.SetSpacing(tuple(reversed(geometry.spacing_mm)))
    flooded = SimpleITK.MorphologicalWatershedFromMarkers(
        height, marked, markWatershedLine=False, fullyConnected=False
    )
    return np.asarray(SimpleITK.GetArrayFromImage(flooded) == 1)


def _with_cavities(mask: Mask) -> Mask:
    """The mask with what it encloses: a necrotic core is part of a tumour."""
    return np.asarray(binary_fill_holes(mask), dtype=bool)


def _voxels_of(length_mm: float, geometry: Geometry) -> Index:
    a, b, c = (int(np.ceil(length_mm / step)) + 1 for step in geometry.spacing_mm)
    return a, b, c
