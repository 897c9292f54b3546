"""The left ventricle of one patient: its shape, its pose, and how both change over a beat."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from algorithms.toolbox.long_axis import LongAxis

Floats = NDArray[np.float64]
Range = tuple[float, float]

# Usual direction from base to apex (left, front, down); hearts turn about it.
_USUAL = np.array([0.64, -0.62, -0.45])
# Share of the length at which the ventricle begins to narrow to the apex.
_SHOULDER = 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartRange:
    """How hearts differ: (from, to), or standard deviations where the name says so.

    Sizes cover small and dilated ventricles: end-diastolic volumes of 45 to 250 ml.
    """

    turn_sd_deg: float = 11.0
    shift_sd_mm: float = 12.0
    radius_mm: Range = (18.0, 31.0)
    slenderness: Range = (2.5, 3.4)  # inner length over inner radius
    wall_mm: Range = (9.0, 12.5)
    apex_share: Range = (0.65, 1.0)  # thickness of the apical wall over that of the others
    septum_mm: Range = (6.0, 18.0)  # by which the septum begins later than the free wall
    roundness: Range = (0.9, 1.1)  # lateral over anterior radius
    ejection_sd: float = 0.09
    dilated_share: float = 0.15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ventricle:
    """A left ventricle at end-diastole.

    Parameters
    ----------
    base_mm : (3,)
        Centre of the valve plane, LPS millimetres.
    direction : (3,)
        From base to apex.
    radius_mm, length_mm : of the cavity
    ejection : stroke volume over end-diastolic volume
    """

    base_mm: Floats
    direction: Floats
    radius_mm: float
    length_mm: float
    wall_mm: float
    apex_share: float
    septum_mm: float
    roundness: float
    ejection: float

    @property
    def cavity_ml(self) -> float:
        """Volume of the cavity by its formula: a cylinder and half an ellipsoid."""
        return _bowl_ml(self.radius_mm, self.length_mm) * self.roundness

    @property
    def axis(self) -> LongAxis:
        """Long axis by construction."""
        return LongAxis(
            base_mm=self.base_mm,
            direction=self.direction,
            length_mm=self.length_mm + 0.5 * self.wall_mm * self.apex_share,
            radius_mm=self.radius_mm + 0.5 * self.wall_mm,
        )

    def at_volume(self, cavity_ml: float) -> "Ventricle":
        """The same ventricle squeezed to a volume: the muscle keeps its own, the apex its place."""
        scale = (cavity_ml / self.cavity_ml) ** (1 / 3)
        length, radius = self.length_mm * scale, self.radius_mm * scale
        muscle = _bowl_ml(self.radius_mm + self.wall_mm, self.length_mm + self.wall_mm)
        muscle -= _bowl_ml(self.radius_mm, self.length_mm)
        thin, thick = 0.0, 4.0 * self.wall_mm
        for _ in range(40):
            wall = 0.5 * (thin + thick)
            more = _bowl_ml(radius + wall, length + wall) - _bowl_ml(radius, length) > muscle
            thin, thick = (thin, wall) if more else (wall, thick)
        return replace(
            self,
            base_mm=self.base_mm + (self.length_mm - length) * self.direction,
            radius_mm=radius,
            length_mm=length,
            wall_mm=wall,
        )

    def shares(self, points_mm: Floats, edge_mm: float) -> tuple[Floats, Floats]:
        """Share of wall and of cavity at places, soft over the length of an edge.

        Parameters
        ----------
        points_mm : (..., 3)

        Returns
        -------
        wall, cavity : (...) each, 0 to 1
        """
        local = self.axis.local(points_mm)
        reach = self.wall_mm + edge_mm
        widest = (self.radius_mm + reach) * max(1.0, self.roundness)
        near = (np.abs(local[..., 1]) < widest) & (np.abs(local[..., 2]) < widest)
        near &= (local[..., 0] > -edge_mm) & (local[..., 0] < self.length_mm + reach)
        wall, cavity = np.zeros(local.shape[:-1]), np.zeros(local.shape[:-1])
        wall[near], cavity[near] = self._shares_near(local[near], edge_mm)
        return wall, cavity

    def _shares_near(self, local: Floats, edge_mm: float) -> tuple[Floats, Floats]:
        """Shares at places (n, 3) along the axis, anterior and lateral."""
        along, up, aside = local.T
        across = np.hypot(up, aside / self.roundness)
        inside = _depth(along, across, self.radius_mm, self.length_mm)
        outside = _depth(
            along,
            across,
            self.radius_mm + self.wall_mm,
            self.length_mm + self.wall_mm * self.apex_share,
        )
        septal = np.clip(-aside / np.maximum(across, 1.0), 0.0, 1.0) ** 2
        behind = along - self.septum_mm * septal
        cavity = _soft(np.minimum(inside, along), edge_mm)
        wall = _soft(np.minimum(np.minimum(outside, -inside), behind), edge_mm)
        return wall, cavity


def draw_ventricle(random: np.random.Generator, of: HeartRange) -> Ventricle:
    """One ventricle near the usual place; the middle of its cavity is about (0, 0, 0)."""
    turn = Rotation.from_euler("xyz", random.normal(0, of.turn_sd_deg, 3), degrees=True)
    direction = turn.as_matrix() @ (_USUAL / np.linalg.norm(_USUAL))
    radius = random.uniform(*of.radius_mm)
    if random.uniform() < of.dilated_share:
        radius *= random.uniform(1.1, 1.3)
    length = float(np.clip(radius * random.uniform(*of.slenderness), 50.0, 100.0))
    shift = random.normal(0, of.shift_sd_mm, 3)
    # The larger, the weaker: 0.68 at 22 mm of radius, 0.30 at 38 mm (our choice).
    usual = 0.68 - 0.024 * (radius - 22.0)
    return Ventricle(
        base_mm=shift - 0.5 * length * direction,
        direction=direction,
        radius_mm=float(radius),
        length_mm=length,
        wall_mm=float(random.uniform(*of.wall_mm)),
        apex_share=float(random.uniform(*of.apex_share)),
        septum_mm=float(random.uniform(*of.septum_mm)),
        roundness=float(random.uniform(*of.roundness)),
        ejection=float(np.clip(random.normal(usual, of.ejection_sd), 0.15, 0.80)),
    )


def beat(ventricle: Ventricle, frames: int) -> tuple[Ventricle, ...]:
    """The ventricle in equal parts of the interval between two R waves.

    Ejection to 38 % of the interval, fast filling, a pause, and the last fifth by the atrium: the
    usual course, drawn by us. Volumes are those in the middle of each frame.
    """
    times = (np.arange(frames) + 0.5) / frames
    course = np.interp(times, (0, 0.06, 0.38, 0.62, 0.82, 1.0), (0, 0, 1, 0.25, 0.18, 0))
    stroke = ventricle.ejection * ventricle.cavity_ml
    return tuple(
        ventricle.at_volume(ventricle.cavity_ml - stroke * float(share)) for share in course
    )


def _bowl_ml(radius_mm: float, length_mm: float) -> float:
    """Cylinder to the shoulder, half an ellipsoid from there."""
    shoulder = _SHOULDER * length_mm
    return float(np.pi * radius_mm**2 * (shoulder + 2 / 3 * (length_mm - shoulder)) / 1000.0)


def _depth(along: Floats, across: Floats, radius_mm: float, length_mm: float) -> Floats:
    """Millimetres inside a bowl that is open at the valve plane, negative outside."""
    shoulder = _SHOULDER * length_mm
    beyond = np.maximum(along - shoulder, 0.0)
    apart = np.maximum(np.hypot(across / radius_mm, beyond / (length_mm - shoulder)), 1e-6)
    return np.asarray((1.0 - apart) / apart * np.hypot(across, beyond))


def _soft(depth_mm: Floats, edge_mm: float) -> Floats:
    return np.asarray(np.clip(0.5 + depth_mm / edge_mm, 0.0, 1.0))
