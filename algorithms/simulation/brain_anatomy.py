"""One head: the MNI152 brain, turned, stretched and bent, with striata of its own build."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from algorithms.simulation.brain_uptake import DatUptake
from algorithms.toolbox.brain_template import BrainTemplate, sampled
from algorithms.toolbox.striatum import Build, Nucleus, Side, back_weight, share

Floats = NDArray[np.float64]

# About the middle of the striata, LPS mm in MNI space: heads turn about it.
_PIVOT_MM = np.array([0.0, 18.0, 8.0])
_WAVES = 5
_WAVE_MM = (70.0, 160.0)
# Binding elsewhere (serotonin transporters): centre, half axes in LPS mm, specific binding ratio.
_ELSEWHERE = (
    ((0.0, 20.0, -12.0), (10.0, 8.0, 9.0), 0.35),
    ((11.0, 18.0, 8.0), (8.0, 12.0, 8.0), 0.25),
    ((-11.0, 18.0, 8.0), (8.0, 12.0, 8.0), 0.25),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tissue:
    """Unspecific concentration of each tissue; the occipital region comes out near 0.9."""

    grey: float = 0.95
    white: float = 0.83
    fluid: float = 0.30
    scalp: float = 0.35
    inside: float = 0.0  # scatter in the head that was not corrected


@dataclass(frozen=True, slots=True, kw_only=True)
class Variety:
    """How far heads differ: standard deviations."""

    turn_deg: tuple[float, float, float] = (7.0, 4.0, 5.0)
    shift_mm: tuple[float, float, float] = (4.0, 7.0, 8.0)
    scale: float = 0.035
    bend_mm: tuple[float, float] = (0.6, 1.6)  # from, to: root mean square of the bending
    thickness: float = 0.04
    length: float = 0.03
    aside_mm: float = 0.7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Head:
    """Where the template lies in the scanner, and how the striata are built.

    Parameters
    ----------
    inverse : (3, 3), offset_mm : (3,)
        Scanner LPS millimetres to MNI ones, before bending.
    waves : (n, 7)
        Wave vector, amplitude vector and phase of each bending wave, of MNI millimetres.
    """

    inverse: Floats
    offset_mm: Floats
    waves: Floats
    builds: Mapping[Side, Build]

    def to_template(self, points_mm: Floats) -> Floats:
        """MNI millimetres (..., 3) of scanner millimetres (..., 3)."""
        straight = points_mm @ self.inverse.T + self.offset_mm
        bent = straight.copy()
        for wave in self.waves:
            bent += np.sin(straight @ wave[:3] + wave[6])[..., None] * wave[3:6]
        return np.asarray(bent)


def draw_head(random: np.random.Generator, variety: Variety) -> Head:
    """One head near the middle of the scanner."""
    turn = Rotation.from_euler("xyz", random.normal(0, variety.turn_deg), degrees=True)
    forward = turn.as_matrix() @ np.diag(1 + random.normal(0, variety.scale, 3))
    inverse = np.linalg.inv(forward)
    shift = random.normal(0, variety.shift_mm)
    return Head(
        inverse=inverse,
        offset_mm=_PIVOT_MM - inverse @ (_PIVOT_MM + shift),
        waves=_draw_waves(random, float(random.uniform(*variety.bend_mm))),
        builds={
            side: Build(
                thickness=float(1 + random.normal(0, variety.thickness)),
                length=float(1 + random.normal(0, variety.length)),
                aside_mm=float(random.normal(0, variety.aside_mm)),
            )
            for side in Side
        },
    )


def activity(
    head: Head, uptake: DatUptake, tissue: Tissue, template: BrainTemplate, points_mm: Floats
) -> Floats:
    """Concentration at places of the scanner, unspecific grey matter about 1.

    Parameters
    ----------
    points_mm : (slices, rows, columns, 3)
        LPS millimetres of a grid of about 2.5 mm.
    """
    places = head.to_template(points_mm)
    unspecific = sampled(_unspecific(template, tissue), template.geometry, places)
    reference = reference_level(template, tissue)
    total = unspecific.astype(np.float64)
    for centre, half, ratio in _ELSEWHERE:
        inside = np.sum(((places - centre) / half) ** 2, axis=-1) <= 1.0
        total[inside] += ratio * reference
    for side, binding in uptake.binding.items():
        back = back_weight(places)
        putamen = binding.putamen_front * (1 - back) + binding.putamen_back * back
        level: dict[Nucleus, float | Floats] = {
            Nucleus.CAUDATE: binding.caudate,
            Nucleus.PUTAMEN: putamen,
            Nucleus.VENTRAL: 0.8 * binding.caudate,
        }
        for nucleus, ratio_there in level.items():
            part = share(nucleus, side, places, build=head.builds[side], edge_mm=2.5)
            total += part * (reference * (1 + ratio_there) - unspecific)
    return np.asarray(total + tissue.inside * (unspecific > 0))


def reference_level(template: BrainTemplate, tissue: Tissue) -> float:
    """Unspecific concentration of the occipital region, which binding is counted by."""
    image = _unspecific(template, tissue)
    return float(np.average(image, weights=template.occipital))


def _unspecific(template: BrainTemplate, tissue: Tissue) -> NDArray[np.float32]:
    fluid = np.clip(template.brain - template.grey - template.white, 0.0, 1.0)
    return np.asarray(
        tissue.grey * template.grey
        + tissue.white * template.white
        + tissue.fluid * fluid
        + tissue.scalp * template.scalp,
        dtype=np.float32,
    )


def _draw_waves(random: np.random.Generator, rms_mm: float) -> Floats:
    """Waves of random direction whose sum has a root mean square along each axis."""
    direction = random.normal(size=(_WAVES, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    length_mm = random.uniform(*_WAVE_MM, size=(_WAVES, 1))
    amplitude = random.normal(size=(_WAVES, 3))
    amplitude *= rms_mm / np.sqrt((amplitude**2).sum(axis=0) / 2)
    phase = random.uniform(0, 2 * np.pi, size=(_WAVES, 1))
    return np.hstack((direction * 2 * np.pi / length_mm, amplitude, phase))
