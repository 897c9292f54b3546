"""Worlds: which hearts, defects, chests and cameras a cohort is drawn from.

`training` is learnt from; `held-out` has the same ranges and other patients; `other camera` has
other resolution, noise, voxels, walls, poses and gut, and no training sees it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from algorithms.simulation.heart.chest import ChestRange
from algorithms.simulation.heart.perfusion import PerfusionRange
from algorithms.simulation.heart.ventricle import HeartRange
from dicom_node.domain.errors import ConfigError

VERSION = "1.0.0"  # of the simulation; a change of any number is a new version, and so new UIDs
Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraRange:
    """From to of what differs between scans.

    Parameters
    ----------
    resolution_mm, filter_mm : full width at half maximum, before and after the noise; together 11
        to 15 mm
    counts_per_ml : of a normal wall, all frames together
    breathing_mm : standard deviation of the way along the body
    depth_loss : share of counts lost per 200 mm of depth where nothing corrects attenuation
    corrected : share of scans with attenuation correction
    voxels_mm : cubes, one of them is drawn
    """

    resolution_mm: Range = (8.0, 12.0)
    filter_mm: Range = (7.0, 10.0)
    counts_per_ml: Range = (60.0, 420.0)
    breathing_mm: Range = (1.0, 4.5)
    depth_loss: Range = (0.1, 0.45)
    corrected: float = 0.4
    voxels_mm: tuple[float, ...] = (4.0, 4.42, 4.8, 5.2, 5.9, 6.4, 6.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where patients are drawn from; the seed is the first part of every patient's."""

    name: str
    seed: int
    heart: HeartRange = field(default_factory=HeartRange)
    perfusion: PerfusionRange = field(default_factory=PerfusionRange)
    chest: ChestRange = field(default_factory=ChestRange)
    camera: CameraRange = field(default_factory=CameraRange)


_TRAINING = World(name="training", seed=71)
_OTHER = World(
    name="other camera",
    seed=73,
    heart=HeartRange(
        turn_sd_deg=15.0,
        shift_sd_mm=16.0,
        radius_mm=(17.0, 33.0),
        slenderness=(2.3, 3.6),
        wall_mm=(8.5, 14.5),
        septum_mm=(4.0, 22.0),
        roundness=(0.85, 1.15),
    ),
    perfusion=PerfusionRange(
        severity=(0.15, 0.8), inferior=(0.08, 0.28), anterior=(0.08, 0.25), patchiness=(0.0, 0.06)
    ),
    chest=ChestRange(
        body=(0.08, 0.2),
        liver=(0.3, 1.4),
        liver_gap_mm=(-10.0, 20.0),
        gut_share=0.7,
        gut=(0.4, 2.2),
    ),
    camera=CameraRange(
        resolution_mm=(10.0, 14.0),
        filter_mm=(8.0, 12.0),
        counts_per_ml=(35.0, 160.0),
        breathing_mm=(2.0, 6.5),
        corrected=0.2,
        voxels_mm=(4.2, 5.5, 6.2, 6.6),
    ),
)
_WORLDS: Mapping[str, World] = MappingProxyType(
    {one.name: one for one in (_TRAINING, replace(_TRAINING, name="held-out", seed=72), _OTHER)}
)
WORLD_NAMES = tuple(_WORLDS)


def world(name: str) -> World:
    """A world by its name; a ConfigError where there is none."""
    if name not in _WORLDS:
        raise ConfigError(
            file="simulated hearts", key="world", value=name, allowed=", ".join(WORLD_NAMES)
        )
    return _WORLDS[name]
