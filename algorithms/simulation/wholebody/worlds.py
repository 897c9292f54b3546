"""Worlds: which patients, tracers, lesions and scanners a simulated cohort is drawn from.

The network is trained in one world only, which is the usual one with more lesions a patient. The
others say how much of what it learnt is the world and how much is the task: `held-out` has wider
ranges of the same things, the two last change one side.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from algorithms.simulation.wholebody.fdg import FDG
from algorithms.simulation.wholebody.habitus import HabitusRange
from algorithms.simulation.wholebody.hot_spots import FDG_RATES, PSMA_RATES, HotSpotRates
from algorithms.simulation.wholebody.lesions import FDG_SITES, PSMA_SITES, LesionRange, Site
from algorithms.simulation.wholebody.psma import DCFPYL, PSMA_11, PSMA_1007
from algorithms.simulation.wholebody.scanner import ScannerRange
from algorithms.simulation.wholebody.tracers import TracerModel, UptakeWorld
from dicom_node.domain.errors import ConfigError

VERSION = "1.3.0"  # of the simulation; a change of any number is a new version, and so new UIDs

# Slice, row and column spacings of scanners (real headers of several makers [recalled]).
_CUBE = (4.0, 4.0, 4.0)
_SOME_VOXELS = (_CUBE, _CUBE, _CUBE, _CUBE, (3.27, 4.69, 4.69), (3.0, 4.07, 4.07))
_OTHER_VOXELS = ((3.27, 5.47, 5.47), (5.0, 4.07, 4.07), (2.78, 3.65, 3.65))
# A patient of the training has more lesions than patients have: each body then teaches more.
_MANY = (7.0, 0.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Where patients are drawn from.

    Parameters
    ----------
    seed : first part of every patient's seed, so that worlds share no patient
    tracers : one of them is drawn per patient
    stimulated_marrow, metformin : share of patients
    tops, bottoms : field of view: shares of scans from the vertex, the eyes, the chin; and to the
        thighs, the knees, the kidneys
    """

    name: str
    seed: int
    tracers: tuple[TracerModel, ...]
    habitus: HabitusRange
    uptake: UptakeWorld
    hot_spots: HotSpotRates
    sites: tuple[Site, ...]
    lesions: LesionRange
    scanner: ScannerRange
    stimulated_marrow: float = 0.06
    metformin: float = 0.08
    tops: tuple[float, float, float] = (0.6, 0.3, 0.1)
    bottoms: tuple[float, float, float] = (0.87, 0.05, 0.08)


_FDG_USUAL = World(
    name="usual",
    seed=1,
    tracers=(FDG,),
    habitus=HabitusRange(bmi=(26.0, 0.17, 18.5, 38.0), weight_kg=(48.0, 115.0)),
    uptake=UptakeWorld(),
    hot_spots=FDG_RATES,
    sites=FDG_SITES,
    lesions=LesionRange(),
    scanner=ScannerRange(voxels_mm=_SOME_VOXELS),
)
_PSMA_USUAL = replace(
    _FDG_USUAL,
    seed=11,
    tracers=(PSMA_11, PSMA_1007, DCFPYL),
    hot_spots=PSMA_RATES,
    sites=PSMA_SITES,
    lesions=LesionRange(number=(3.0, 1.0), radius_mm=(5.5, 0.45, 2.5, 28.0), bulky=0.03),
    stimulated_marrow=0.0,
    metformin=0.0,
)


def _training(usual: World, seed: int) -> World:
    """The patients that a network sees."""
    lesions = replace(usual.lesions, number=_MANY)
    return replace(usual, name="training", seed=seed, lesions=lesions)


def _held_out(usual: World, seed: int) -> World:
    """Patients of builds, uptake, lesions and voxels that the training never drew."""
    return replace(
        usual,
        name="held-out",
        seed=seed,
        habitus=HabitusRange(bmi=(26.5, 0.24, 16.0, 44.0), weight_kg=(40.0, 130.0), arms_up=0.65),
        uptake=UptakeWorld(spread=1.3, within_limits=False),
        lesions=replace(usual.lesions, uptake_factor=0.9),
        scanner=replace(usual.scanner, voxels_mm=(*_OTHER_VOXELS, _CUBE)),
    )


def _other_scanner(usual: World, seed: int) -> World:
    """Coarser or sharper, and noisier, than any scanner of the training."""
    return replace(
        usual,
        name="other scanner",
        seed=seed,
        scanner=ScannerRange(
            fwhm_mm=(7.0, 9.0),
            noise=(0.15, 0.25),
            grain_mm=(3.5, 5.5),
            overshoot=0.6,
            voxels_mm=_OTHER_VOXELS,
            bed_mm=(100.0, 160.0),
            breath_mm=10.0,
            mismatch_mm=12.0,
        ),
    )


def _other_biodistribution(usual: World, seed: int) -> World:
    """Every organ system shifted by up to a half, and all that is rare made frequent."""
    rates = usual.hot_spots
    return replace(
        usual,
        name="other biodistribution",
        seed=seed,
        uptake=UptakeWorld(spread=1.4, shift=(0.65, 1.55), within_limits=False),
        hot_spots=replace(
            rates,
            brown_fat=min(1.0, 5 * rates.brown_fat),
            ureter_blobs=3.5,
            muscle=min(1.0, 2 * rates.muscle),
            benign_bone=3 * rates.benign_bone,
            injection_site=0.5,
            urethra=0.4,
        ),
        stimulated_marrow=4 * usual.stimulated_marrow,
        metformin=4 * usual.metformin,
    )


def _family(usual: World, seed: int) -> Mapping[str, World]:
    worlds = (
        usual,
        _training(usual, seed + 4),
        _held_out(usual, seed + 1),
        _other_scanner(usual, seed + 2),
        _other_biodistribution(usual, seed + 3),
    )
    return MappingProxyType({world.name: world for world in worlds})


WORLDS: Mapping[str, Mapping[str, World]] = MappingProxyType(
    {"fdg": _family(_FDG_USUAL, 1), "psma": _family(_PSMA_USUAL, 11)}
)


def world(family: str, name: str) -> World:
    """A world by family (``fdg``, ``psma``) and name.

    Raises
    ------
    ConfigError
        Where there is no such world.
    """
    if family not in WORLDS or name not in WORLDS[family]:
        known = sorted(f"{f}/{n}" for f, worlds in WORLDS.items() for n in worlds)
        raise ConfigError(
            file="simulation", key="world", value=f"{family}/{name}", allowed=f"one of {known}"
        )
    return WORLDS[family][name]
