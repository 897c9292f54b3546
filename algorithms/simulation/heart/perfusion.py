"""What the muscle takes up: defects by territory, and what looks like one and is none."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algorithms.toolbox.heart_segments import Vessel, segment_number, segments_of

Floats = NDArray[np.float64]
Range = tuple[float, float]

# Where the middle of a defect lies: radius and angle on the map.
_MIDDLES: Mapping[Vessel, tuple[Range, Range]] = {
    Vessel.LAD: ((0.05, 0.70), (-65.0, 20.0)),
    Vessel.LCX: ((0.40, 0.80), (70.0, 130.0)),
    Vessel.RCA: ((0.40, 0.85), (170.0, 230.0)),
}
_BEYOND = 0.25  # share of a defect that is left outside of its vessel's territory


@dataclass(frozen=True, slots=True, kw_only=True)
class PerfusionRange:
    """How patients differ. Shares and depths are our choice, not drawn from statistics.

    Parameters
    ----------
    diseased : share of patients with a defect
    vessels : shares of one, two and three vessels among them
    severity : depth of a defect in the middle, at stress
    reversible : share of defects that are filled at rest; the same share is fixed, others partly
    inferior, anterior : depth of attenuation by diaphragm and breast, where there is any
    """

    diseased: float = 0.6
    vessels: tuple[float, float, float] = (0.65, 0.27, 0.08)
    severity: Range = (0.18, 0.75)
    reversible: float = 0.35
    inferior: Range = (0.05, 0.22)
    inferior_share: float = 0.45
    anterior: Range = (0.05, 0.20)
    anterior_share: float = 0.30
    apical: Range = (0.0, 0.12)
    lateral: Range = (0.0, 0.10)
    patchiness: Range = (0.0, 0.045)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One region that takes up less.

    Parameters
    ----------
    severity : loss in the middle at stress, 0 to 1
    fixed : share of the loss that stays at rest
    """

    vessel: Vessel
    radius: float
    angle_deg: float
    extent: float
    width_deg: float
    severity: float
    fixed: float

    def loss(self, radius: Floats, angle_deg: Floats, *, stress: bool) -> Floats:
        """Loss at places of the map."""
        apart = (angle_deg - self.angle_deg + 180.0) % 360.0 - 180.0
        # Near the apex an angle is a short way.
        across = apart * np.minimum(1.0, radius / 0.5) / self.width_deg
        course = np.exp(-0.5 * ((radius - self.radius) / self.extent) ** 4 - 0.5 * across**4)
        own = [segment.number for segment in segments_of(self.vessel)]
        inside = np.isin(segment_number(radius, angle_deg), own)
        depth = self.severity * (1.0 if stress else self.fixed)
        return np.asarray(depth * course * np.where(inside, 1.0, _BEYOND))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """Attenuation that lowers a part of the wall, at rest as at stress."""

    angle_deg: float
    width_deg: float
    depth: float

    def loss(self, radius: Floats, angle_deg: Floats) -> Floats:
        """Loss at places of the map; little near the apex."""
        apart = (angle_deg - self.angle_deg + 180.0) % 360.0 - 180.0
        course = np.exp(-0.5 * (apart / self.width_deg) ** 2) * np.clip(1.5 * radius, 0.3, 1.0)
        return np.asarray(self.depth * course)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Perfusion:
    """Uptake of one patient's wall.

    Parameters
    ----------
    waves : (n, 4)
        Slow patchiness: waves per radius, waves round the heart, phase, amplitude.
    """

    defects: tuple[Defect, ...]
    shadows: tuple[Shadow, ...]
    apical_thinning: float
    lateral_gain: float
    waves: Floats

    def diseased(self, vessel: Vessel) -> bool:
        """Whether the vessel has a defect."""
        return any(defect.vessel is vessel for defect in self.defects)

    def uptake(self, radius: Floats, angle_deg: Floats, *, stress: bool) -> Floats:
        """Uptake at places of the map; 1 is a normal wall."""
        level = np.ones_like(radius)
        for defect in self.defects:
            level *= 1 - defect.loss(radius, angle_deg, stress=stress)
        for shadow in self.shadows:
            level *= 1 - shadow.loss(radius, angle_deg)
        level *= 1 - self.apical_thinning * np.exp(-0.5 * (radius / 0.12) ** 2)
        aside = (angle_deg - 100.0 + 180.0) % 360.0 - 180.0
        level *= 1 + self.lateral_gain * np.exp(-0.5 * (aside / 50.0) ** 2)
        for along, around, phase, amplitude in self.waves:
            turn = np.radians(angle_deg) * around
            # Round the heart a wave must fit, and die out where all angles meet.
            level *= 1 + amplitude * np.cos(2 * np.pi * along * radius + turn + phase) * np.minimum(
                1.0, 3 * radius
            )
        return np.asarray(level)


def draw_perfusion(random: np.random.Generator, of: PerfusionRange) -> Perfusion:
    """Uptake of one patient."""
    defects: tuple[Defect, ...] = ()
    if random.uniform() < of.diseased:
        count = int(random.choice((1, 2, 3), p=of.vessels))
        chosen = random.choice(len(Vessel), size=count, replace=False)
        defects = tuple(_draw_defect(random, tuple(Vessel)[int(one)], of) for one in chosen)
    shadows = []
    if random.uniform() < of.inferior_share:
        shadows.append(Shadow(angle_deg=180.0, width_deg=45.0, depth=random.uniform(*of.inferior)))
    if random.uniform() < of.anterior_share:
        middle = random.uniform(-30.0, 20.0)
        shadows.append(Shadow(angle_deg=middle, width_deg=40.0, depth=random.uniform(*of.anterior)))
    strength = random.uniform(*of.patchiness)
    waves = [
        (
            random.uniform(0.5, 2.0),
            float(random.integers(0, 4)),
            random.uniform(0, 2 * np.pi),
            random.normal(0, strength),
        )
        for _ in range(4)
    ]
    return Perfusion(
        defects=defects,
        shadows=tuple(shadows),
        apical_thinning=float(random.uniform(*of.apical)),
        lateral_gain=float(random.uniform(*of.lateral)),
        waves=np.array(waves),
    )


def _draw_defect(random: np.random.Generator, vessel: Vessel, of: PerfusionRange) -> Defect:
    radius, angle = _MIDDLES[vessel]
    kind = random.uniform()
    if kind < of.reversible:
        fixed = 0.0
    else:
        fixed = 1.0 if kind < 2 * of.reversible else random.uniform(0.3, 0.8)
    return Defect(
        vessel=vessel,
        radius=float(random.uniform(*radius)),
        angle_deg=float(random.uniform(*angle)),
        extent=float(random.uniform(0.14, 0.38)),
        width_deg=float(random.uniform(24.0, 55.0)),
        severity=float(random.uniform(*of.severity)),
        fixed=float(fixed),
    )
