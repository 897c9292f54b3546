"""Building blocks of the anatomy: a solid made of a tissue, and how patients differ."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from algorithms.simulation.shapes import Ellipsoid, Level, Loft, Point, Solid
from algorithms.simulation.tissues import Tissue

SIDES = (-1.0, 1.0)  # right, left: the sign of x in LPS


@dataclass(frozen=True, slots=True)
class Part:
    """A solid of one tissue; later parts of a phantom cover earlier ones.

    Coordinates are those of the reference man: 1.76 m, origin at the vertex of the head, mid-line
    of the body, LPS millimetres.

    Parameters
    ----------
    tissue : Tissue
    solid : Solid
    in_head : bool
        Belongs to head or throat, which do not widen with the patient's weight.
    """

    tissue: Tissue
    solid: Solid
    in_head: bool = False


def of(tissue: Tissue, solids: Iterable[Solid], *, in_head: bool = False) -> tuple[Part, ...]:
    """Parts of one tissue."""
    return tuple(Part(tissue, solid, in_head) for solid in solids)


def loft(
    *rows: tuple[float, tuple[float, float], tuple[float, float]], exponent: float = 2.0
) -> Loft:
    """Loft of rows (z, centre x y, radius x y), lowest first."""
    levels = tuple(Level(z_mm=z, centre_mm=centre, radii_mm=radii) for z, centre, radii in rows)
    return Loft(levels=levels, exponent=exponent)


@dataclass(frozen=True, slots=True)
class Organ:
    """How one organ of this patient differs from the reference man's: shifted and scaled."""

    shift_mm: Point
    scale: float

    def ellipsoid(
        self,
        centre_mm: Point,
        radii_mm: Point,
        turn_deg: Point = (0.0, 0.0, 0.0),
        exponent: float = 2.0,
    ) -> Ellipsoid:
        """Ellipsoid of the reference man as this patient has it."""
        x, y, z = (c + s for c, s in zip(centre_mm, self.shift_mm, strict=True))
        a, b, c = (radius * self.scale for radius in radii_mm)
        return Ellipsoid(
            centre_mm=(x, y, z), radii_mm=(a, b, c), turn_deg=turn_deg, exponent=exponent
        )


def draw_organ(random: np.random.Generator, *, shift_sd_mm: float, scale_sd: float) -> Organ:
    """An organ's difference from the reference man, cut at two standard deviations."""
    x, y, z, size = np.clip(random.standard_normal(4), -2, 2)
    shift = (float(x) * shift_sd_mm, float(y) * shift_sd_mm, float(z) * shift_sd_mm)
    return Organ(shift, 1 + float(size) * scale_sd)
