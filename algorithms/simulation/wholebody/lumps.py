"""Shape of a lesion: an ellipsoid with a lumpy surface, and a cold core in some."""

from dataclasses import dataclass, replace

import numpy as np

from algorithms.simulation.shapes import Ellipsoid, Floats, Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Lump:
    """An ellipsoid whose surface is moved in and out by a few plane waves.

    Parameters
    ----------
    waves : (kx, ky, kz, phase) each, wave numbers per millimetre
    amplitude_mm : greatest way in or out of all waves together
    """

    ellipsoid: Ellipsoid
    waves: tuple[tuple[float, float, float, float], ...] = ()
    amplitude_mm: float = 0.0

    def bounds_mm(self) -> tuple[Point, Point]:
        """Box of the ellipsoid, widened by the amplitude."""
        low, high = self.ellipsoid.bounds_mm()
        r = self.amplitude_mm
        return (low[0] - r, low[1] - r, low[2] - r), (high[0] + r, high[1] + r, high[2] + r)

    def depth_mm(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """Depth in the ellipsoid plus the waves."""
        depth = self.ellipsoid.depth_mm(x, y, z)
        if not self.waves:
            return depth
        cx, cy, cz = self.ellipsoid.centre_mm
        ripple = sum(
            np.sin(
                np.float32(a) * (x - cx) + np.float32(b) * (y - cy) + np.float32(c) * (z - cz) + p
            )
            for a, b, c, p in self.waves
        )
        return np.asarray(
            depth + ripple * np.float32(self.amplitude_mm / len(self.waves)), dtype=np.float32
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesion:
    """A lesion as put into a patient.

    Parameters
    ----------
    site : name of the site class
    shape, core : the lesion and, or None, its necrotic middle
    radius_mm : of the ball of the ellipsoid's volume
    suv, core_suv : SUVbw
    hounsfield : CT number, or None where CT shows nothing
    """

    site: str
    shape: Lump
    radius_mm: float
    suv: float
    hounsfield: float | None
    core: Lump | None = None
    core_suv: float = 0.0

    @property
    def centre_mm(self) -> Point:
        """Centre of the ellipsoid, LPS millimetres."""
        return self.shape.ellipsoid.centre_mm


def draw_shape(centre_mm: Point, radius_mm: float, random: np.random.Generator) -> Lump:
    """A lump of about the volume of a ball; small ones are smooth."""
    stretch = np.exp(0.2 * np.clip(random.standard_normal(3), -2, 2))
    a, b, c = radius_mm * stretch / np.cbrt(np.prod(stretch))
    turn = random.uniform(-90, 90, 3)
    ellipsoid = Ellipsoid(
        centre_mm=centre_mm,
        radii_mm=(float(a), float(b), float(c)),
        turn_deg=(float(turn[0]), float(turn[1]), float(turn[2])),
    )
    waves = random.normal(0, 1, (5, 3)) * 2.2 / radius_mm
    phases = random.uniform(0, 2 * np.pi, 5)
    rough = float(random.uniform(0.1, 0.55))
    if radius_mm < 6:
        return Lump(ellipsoid=ellipsoid)
    rows = tuple(
        (float(w[0]), float(w[1]), float(w[2]), float(p))
        for w, p in zip(waves, phases, strict=True)
    )
    return Lump(ellipsoid=ellipsoid, waves=rows, amplitude_mm=rough * radius_mm)


def core_of(shape: Lump, share: float) -> Lump:
    """The same lump, smaller."""
    a, b, c = (radius * share for radius in shape.ellipsoid.radii_mm)
    return replace(
        shape,
        ellipsoid=replace(shape.ellipsoid, radii_mm=(a, b, c)),
        amplitude_mm=shape.amplitude_mm * share,
    )
