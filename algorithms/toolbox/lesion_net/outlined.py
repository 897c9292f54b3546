"""Contours of a network's lesions on the scanner's own voxels: the network finds, uptake outlines.

The network sees 4 mm, and its own features are half as fine: its border of a small lesion is a
voxel off. Where a lesion ends is better told by how uptake falls around it. The level is iterated
with the volume that it leads to, after Jentzen et al., J Nucl Med 2007;48:108 [recalled]; how the
two belong together follows from the blur alone (`edge_share`), and nothing is fitted to images.
"""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import (  # type: ignore[attr-defined]  # filled at run time
    binary_fill_holes,
    label,
)
from scipy.special import erf

from algorithms.toolbox.adaptive_edge import SHELL_MM, START
from algorithms.toolbox.components import NEIGHBOURS_26, Mask
from algorithms.toolbox.ground import Ground, Image, distance_mm, ground_of, painted
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

# The network's border is off by its own voxels and not by more: what lies further is not of it.
REACH_MM = 10.0
RESOLUTION_MM = 6.0  # FWHM of clinical PET as reconstructed: 5 to 7
_SIGMA_MM = RESOLUTION_MM / np.sqrt(8 * np.log(2))
_SHELLS = 64  # of a ball, whose mean is summed
_SAME_LEVEL = 1e-3  # of the hottest voxel
_MOST_STEPS = 60


def outlined(
    suv: Image, geometry: Geometry, regions: Sequence[Region], physiological: Mask
) -> tuple[Region, ...]:
    """The regions with the contours that their uptake gives them, in the same order.

    The level is that of `edge_share`. Background is what lies beyond the network's region, so that
    the rest of an uneven mass is not taken for it; every hot spot within belongs to the lesion, and
    what its contour encloses. A contour takes no voxel that
    the network calls physiological, none that is nearer to another region, and none beyond
    `REACH_MM`. What is no hotter than its surroundings keeps the border that the network gave it.

    Parameters
    ----------
    suv : (slices, rows, columns)
    regions : on that grid, apart from each other
    physiological : (slices, rows, columns)
    """
    found = []
    for region in regions:
        others = [other for other in regions if other is not region]
        cold = _background(suv, geometry, region, others, physiological)
        ground = _ground(geometry, region, others, physiological)
        found.append(region if cold is None else _adapted(suv, geometry, region, ground, cold))
    return tuple(found)


def _ground(
    geometry: Geometry, region: Region, others: Sequence[Region], physiological: Mask
) -> Ground:
    ground = ground_of(region, others, geometry, REACH_MM)
    normal = physiological[ground.box] & ~painted([region], ground.box)
    return Ground(box=ground.box, cell=ground.cell & ~normal)


def _background(
    suv: Image,
    geometry: Geometry,
    region: Region,
    others: Sequence[Region],
    physiological: Mask,
) -> float | None:
    """Median of the shell around a region, in what is neither hot nor another lesion."""
    ground = ground_of(region, (), geometry, SHELL_MM[1])
    away = distance_mm(painted([region], ground.box), geometry.spacing_mm)
    shell = (away > SHELL_MM[0]) & ground.cell
    shell &= ~painted(others, ground.box) & ~physiological[ground.box]
    return float(np.median(suv[ground.box][shell])) if shell.any() else None


def _adapted(
    suv: Image, geometry: Geometry, region: Region, ground: Ground, background: float
) -> Region:
    """Contour at the level that its own mean and volume lead to."""
    part, own = suv[ground.box], painted([region], ground.box)
    hottest = float(part[own].max())
    if hottest <= background:
        return region
    core = part[own & (part >= START * hottest)]
    # From without, as of a large ball: the first contour that agrees with itself is the widest, and
    # does not depend on the border that the network saw.
    mean, share, levels, found = float(core.mean(dtype=np.float64)), 0.5, list[float](), own
    while len(levels) < _MOST_STEPS:
        level = min(background + share * (mean - background), hottest)
        if any(abs(level - old) <= _SAME_LEVEL * hottest for old in levels):
            break
        levels.append(level)
        hot = _touching(own, (part >= level) & ground.cell)
        found = np.asarray(binary_fill_holes(hot)) & ground.cell
        mean = float(part[hot].mean(dtype=np.float64))
        share = edge_share(int(found.sum()) * geometry.voxel_volume_ml)
    return ground.region(found)


def edge_share(volume_ml: float) -> float:
    """Uptake at the edge of an even ball over its mean, background taken off, blurred by a scanner.

    0.5 for a large ball, and more for a small one, whose mean falls short of its height. The mean
    stands for the height, for where uptake is uneven the maximum does not.

    A ball of radius R that a Gaussian of sigma s blurs has, at the distance r from its centre, half
    of erf((R - r) / s sqrt 2) + erf((R + r) / s sqrt 2), less s / (r sqrt 2 pi) times
    exp(-(R - r)^2 / 2 s^2) - exp(-(R + r)^2 / 2 s^2).
    """
    radius = (3000.0 * volume_ml / (4.0 * np.pi)) ** (1 / 3)
    away = radius * np.arange(1, _SHELLS + 1) / _SHELLS
    near, far = (radius - away) / _SIGMA_MM, (radius + away) / _SIGMA_MM
    uptake = (erf(near / np.sqrt(2)) + erf(far / np.sqrt(2))) / 2
    tails = np.exp(-(near**2) / 2) - np.exp(-(far**2) / 2)
    uptake -= tails * _SIGMA_MM / away / np.sqrt(2 * np.pi)
    # Shells between the distances, by the trapezoidal rule; at the centre they have no volume.
    weight = away**2
    weight[-1] /= 2
    return float(uptake[-1] * weight.sum() / (uptake * weight).sum())


def _touching(own: Mask, hot: Mask) -> Mask:
    """Connected parts of what is hot that have a voxel of the region."""
    numbers, count = label(hot, structure=NEIGHBOURS_26)
    kept = np.zeros(count + 1, dtype=bool)
    kept[np.unique(numbers[own])] = True
    kept[0] = False
    return np.asarray(kept[numbers])
