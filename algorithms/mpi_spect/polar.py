"""The polar map: brightest place of the wall along rays from the long axis, in percent."""

import numpy as np
from numpy.typing import NDArray

from algorithms.mpi_spect.pose import Posed
from algorithms.toolbox.brain_template import sampled
from algorithms.toolbox.heart_segments import map_places, map_weights
from algorithms.toolbox.long_axis import LongAxis
from dicom_node.domain.geometry import Geometry

Floats = NDArray[np.float64]
Image = NDArray[np.float32]

_STEPS = np.arange(0.0, 78.0, 2.0)  # along a ray, mm
_IN_WALL = 0.3  # least share of wall where the brightest place is looked for
_FEW = 1.5  # sum of shares along a ray below which it has no wall of its own
_NEAR_MM = 4.0


def polar_map(image: Image, geometry: Geometry, found: Posed) -> Floats:
    """Counts of the wall, (rings from apex to base, sectors from anterior by lateral)."""
    places = ray_places(found.axis)
    counts = np.asarray(sampled(image, geometry, places), dtype=np.float64)
    wall = np.asarray(sampled(found.outline.wall, found.outline.grid, places), dtype=np.float64)
    middle = _middle_of_wall(wall)
    looked = (wall > _IN_WALL) | (np.abs(_STEPS - middle[..., None]) <= _NEAR_MM)
    return np.asarray(np.where(looked, counts, 0.0).max(axis=-1))


def ray_places(axis: LongAxis) -> Floats:
    """Places along the rays of a map, (rings, sectors, steps, 3) LPS millimetres."""
    starts, ways = axis.rays(*map_places())
    return np.asarray(starts[..., None, :] + _STEPS[:, None] * ways[..., None, :])


def _middle_of_wall(wall: Floats) -> Floats:
    """Distance from the axis of the middle of the wall; where there is none, that of its ring."""
    total = wall.sum(axis=-1)
    own = (wall * _STEPS).sum(axis=-1) / np.maximum(total, 1e-6)
    own[total < _FEW] = np.nan
    if np.isnan(own).all():
        return np.full(own.shape, 30.0)
    everywhere = float(np.nanmedian(own))
    ring = np.array([np.nanmedian(r) if np.isfinite(r).any() else everywhere for r in own])
    return np.where(np.isnan(own), ring[:, None], own)


def percent(counts: Floats, *, hottest_percent: float) -> Floats:
    """Map as percent of the mean of its hottest part, by share of the wall."""
    weights = map_weights().ravel()
    order = np.argsort(counts.ravel())[::-1]
    reach = np.cumsum(weights[order])
    count = int(np.searchsorted(reach, hottest_percent / 100.0)) + 1
    top = float(np.average(counts.ravel()[order[:count]], weights=weights[order[:count]]))
    return np.asarray(100.0 * counts / max(top, 1e-9))


def matched(rest: Floats, stress: Floats) -> Floats:
    """Rest map scaled to the stress map where that takes up most.

    Its hottest quarter is where a defect of stress is least likely; each map's own maximum may lie
    in a place that differs.
    """
    best = stress >= np.percentile(stress, 75.0)
    weights = map_weights()[best]
    ratio = np.average(stress[best], weights=weights) / np.average(rest[best], weights=weights)
    return np.asarray(rest * ratio)


def low_share(polar: Floats, below_percent: float, where: NDArray[np.bool_] | None = None) -> float:
    """Percent of the wall, or of a part, whose uptake is below a level."""
    part = np.ones(polar.shape, dtype=bool) if where is None else where
    return 100.0 * float(np.average(polar[part] < below_percent, weights=map_weights()[part]))


def low_depth(polar: Floats, below_percent: float, where: NDArray[np.bool_] | None = None) -> float:
    """Mean percent points that the wall, or a part, lacks to a level; 0 where it reaches it."""
    part = np.ones(polar.shape, dtype=bool) if where is None else where
    lack = np.maximum(below_percent - polar[part], 0.0)
    return float(np.average(lack, weights=map_weights()[part]))
