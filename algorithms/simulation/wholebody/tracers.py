"""A tracer as the whole-body simulation knows it, and the draw of one patient's uptake."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from algorithms.simulation.tissues import Uptake
from algorithms.simulation.wholebody.organs import Organ


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionUptake:
    """SUVbw of lesions: logarithmic normal, cut at both ends.

    Parameters
    ----------
    median, spread : of the lesions' own values; `spread` is the sd of the logarithm
    """

    median: float
    spread: float
    low: float
    high: float
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TracerModel:
    """How a tracer spreads over organs and lesions.

    Parameters
    ----------
    key : str
        Name of the tracer in the node's table of tracers.
    uptake : mapping
        SUVbw of each organ; those that are missing take up what muscle does.
    lesion : LesionUptake
    hot_suv, hot_per_liver : float
        Physiological uptake is "hot", that is, could be taken for a lesion, above the greater of
        this SUVbw and this multiple of the patient's liver.
    always : frozenset of Organ
        Organs whose whole is physiological uptake whatever their value.
    sexes : tuple of str
        ``M``, ``F``: who is examined.
    """

    key: str
    uptake: Mapping[Organ, Uptake]
    lesion: LesionUptake
    hot_suv: float
    hot_per_liver: float
    always: frozenset[Organ]
    sexes: tuple[str, ...]

    def hot_level(self, suv: Mapping[Organ, float]) -> float:
        """SUVbw above which physiological uptake of this patient is hot."""
        return max(self.hot_suv, self.hot_per_liver * suv[Organ.LIVER])


@dataclass(frozen=True, slots=True, kw_only=True)
class UptakeWorld:
    """How far patients of a world differ from the published values.

    Parameters
    ----------
    spread : factor on the published standard deviation
    shift : each organ system of a patient is multiplied by a number between these (log-uniform)
    within_limits : whether values are cut at the limits of the table
    """

    spread: float = 1.0
    shift: tuple[float, float] = (1.0, 1.0)
    within_limits: bool = True


def draw_uptake(
    model: TracerModel, world: UptakeWorld, random: np.random.Generator
) -> Mapping[Organ, float]:
    """SUVbw of every organ of one patient.

    Values are logarithmic normal with the table's mean and standard deviation; organs of one system
    vary together. The order of the draws is that of `Organ`, whatever the table holds, so that the
    same seed means the same patient in every world.
    """
    deviation = dict(zip(Organ, random.standard_normal(len(Organ)), strict=True))
    shift = dict(zip(Organ, random.uniform(0, 1, len(Organ)), strict=True))
    leader: dict[str, Organ] = {}
    drawn = {}
    for organ in Organ:
        found = model.uptake.get(organ, model.uptake[Organ.MUSCLE])
        first = leader.setdefault(found.organ_system or organ, organ)
        low, high = world.shift
        factor = low * (high / low) ** float(shift[first])
        value = factor * _log_normal(found, float(deviation[first]) * world.spread)
        limits = (found.low, found.high) if world.within_limits else (found.low / 2, found.high * 2)
        drawn[organ] = min(max(value, limits[0]), limits[1])
    return MappingProxyType(drawn)


def _log_normal(found: Uptake, deviation: float) -> float:
    """Value at so many standard deviations of the logarithm."""
    if found.mean <= 0:
        return 0.0
    variance = np.log1p((found.sd / found.mean) ** 2)
    return float(found.mean * np.exp(deviation * np.sqrt(variance) - variance / 2))
