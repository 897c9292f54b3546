"""Who lies on the couch: sex, size, pose; and where a point of the reference man is in them.

Frame, muscle, fat and organs grow differently with weight: bones hardly, organs a little, the belly
more, the skin most. The exponents are our choice; they keep the volume of the body at the weight
(see the README) and a rib inside the skin at any build.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation

from algorithms.simulation.parts import Part
from algorithms.simulation.shapes import Capsule, Ellipsoid, Level, Loft, Point, Solid

REFERENCE_HEIGHT_M = 1.76
REFERENCE_BMI = 77.0 / 1.76**2
_FRAME, _BELLY, MUSCLE, SKIN = 0.12, 0.30, 0.25, 0.50  # powers of the body mass index
_NECK: Point = (0.0, -10.0, -215.0)  # about which the head turns
_SPINE_Y = 35.0  # a growing belly pushes forward of this, not back
# Width of a woman's frame over a man's of the same height, by height below the vertex.
_WOMAN_Z = (-1120.0, -860.0, -760.0, -620.0, -450.0, -330.0, -250.0, 0.0)
_WOMAN_X = (1.0, 1.03, 1.0, 0.93, 0.90, 0.88, 0.88, 0.95)
_SWAY_Z = (-1000.0, -800.0, -600.0, -400.0, -250.0)
_BELLY_Z = (-1120.0, -880.0, -800.0, -640.0, -540.0, -460.0, 0.0)
_BELLY_SHARE = (0.0, 0.0, 0.7, 1.0, 0.8, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habitus:
    """Build and pose of a patient.

    Parameters
    ----------
    sex : ``M`` or ``F``
    arms_up : beside the head, or along the trunk
    head_turn_deg : about the patient's x, y, z at the neck
    sway_mm : shift of the mid-line to the left, at five heights from thighs to neck
    centre_mm : x and y of the mid-line on the couch
    belly_fat : share of the fat that sits at the belly, 0.5 for as many there as elsewhere
    """

    sex: str
    age_years: int
    height_m: float
    weight_kg: float
    arms_up: bool
    head_turn_deg: Point = (0.0, 0.0, 0.0)
    sway_mm: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
    centre_mm: tuple[float, float] = (0.0, 0.0)
    belly_fat: float = 0.5

    @property
    def tall(self) -> float:
        """Height over that of the reference man."""
        return self.height_m / REFERENCE_HEIGHT_M

    @property
    def stout(self) -> float:
        """Body mass index over that of the reference man."""
        return self.weight_kg / self.height_m**2 / REFERENCE_BMI

    def widths(self, z_mm: float, power: float) -> float:
        """Factor of the reference man's x and y at one of his heights, for a layer of the body."""
        woman = 1.0
        if self.sex == "F":
            woman = float(np.interp(z_mm, _WOMAN_Z, _WOMAN_X))
        return float(self.tall * woman * self.stout**power)

    def skin_widths(self, z_mm: float) -> tuple[float, float]:
        """Factors of x and y of the skin: fat goes to belly or hips."""
        belly = float(np.interp(z_mm, _BELLY_Z, _BELLY_SHARE))
        extra = self.stout ** (0.25 * (self.belly_fat - 0.5) * (1 if belly > 0.3 else -1))
        wide = 1.03 * self.widths(z_mm, SKIN) * extra
        return wide, wide * self.stout ** (0.06 * belly)

    def _inner_power(self, z_mm: float) -> float:
        return _FRAME + (_BELLY - _FRAME) * float(np.interp(z_mm, _BELLY_Z, _BELLY_SHARE))

    def sway(self, z_mm: float) -> float:
        """Shift of the mid-line to the left at one of the reference man's heights."""
        # Linear, because a smooth curve costs more time than all painting.
        return float(np.interp(z_mm, _SWAY_Z, self.sway_mm))

    def place(self, point: Point) -> Point:
        """Patient millimetres of a point of the reference man's trunk."""
        x, y, z = point
        wide = self.widths(z, self._inner_power(z))
        return (
            x * wide + self.sway(z) + self.centre_mm[0],
            _SPINE_Y * self.tall + (y - _SPINE_Y) * wide + self.centre_mm[1],
            z * self.tall,
        )

    def place_in_head(self, point: Point) -> Point:
        """Patient millimetres of a point of the reference man's head, which grows with height."""
        scale = self._head_scale()
        neck = np.array(self.place(_NECK))
        turned = self._head_rotation().apply((np.array(point) - np.array(_NECK)) * scale) + neck
        return float(turned[0]), float(turned[1]), float(turned[2])

    def _head_scale(self) -> float:
        return float(self.tall**0.4) * (0.97 if self.sex == "F" else 1.0)

    def _head_rotation(self) -> Rotation:
        turn: Rotation = Rotation.from_euler("XYZ", self.head_turn_deg, degrees=True)
        return turn

    def fit(self, part: Part) -> Solid:
        """A solid of the reference man as this patient has it."""
        return self.fit_head(part.solid) if part.in_head else self.fit_trunk(part.solid)

    def fit_head(self, solid: Solid) -> Solid:
        """A solid of the reference man's head as this patient has it."""
        return _moved(solid, self.place_in_head, self._head_scale(), self._head_rotation())

    def fit_trunk(self, solid: Solid) -> Solid:
        """A solid of the reference man's trunk as this patient has it."""
        if isinstance(solid, Loft):
            return self._fit_loft(solid)
        z = _height_of(solid)
        return _moved(solid, self.place, self.widths(z, self._inner_power(z)), None)

    def _fit_loft(self, loft: Loft) -> Loft:
        levels = []
        for level in loft.levels:
            wide = self.widths(level.z_mm, self._inner_power(level.z_mm))
            x, y, z = self.place((*level.centre_mm, level.z_mm))
            radii = (level.radii_mm[0] * wide, level.radii_mm[1] * wide)
            levels.append(Level(z_mm=z, centre_mm=(x, y), radii_mm=radii))
        return replace(loft, levels=tuple(levels))


def _height_of(solid: Solid) -> float:
    low, high = solid.bounds_mm()
    return (low[2] + high[2]) / 2


def _moved(
    solid: Solid, place: Callable[[Point], Point], scale: float, turn: Rotation | None
) -> Solid:
    """Ellipsoid or capsule at its new place, as large as its surroundings."""
    if isinstance(solid, Capsule):
        return Capsule(
            start_mm=place(solid.start_mm),
            end_mm=place(solid.end_mm),
            radius_mm=solid.radius_mm * scale,
        )
    if not isinstance(solid, Ellipsoid):
        raise TypeError(f"{type(solid).__name__} cannot be moved; only ellipsoids and capsules can")
    a, b, c = solid.radii_mm
    turn_deg = solid.turn_deg
    if turn is not None:
        angles = (turn * Rotation.from_matrix(solid.axes)).as_euler("XYZ", degrees=True)
        turn_deg = (float(angles[0]), float(angles[1]), float(angles[2]))
    return replace(
        solid,
        centre_mm=place(solid.centre_mm),
        radii_mm=(a * scale, b * scale, c * scale),
        turn_deg=turn_deg,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HabitusRange:
    """Who comes to a world: ranges of size and pose.

    Parameters
    ----------
    height_m : mean and standard deviation of men; women are 0.13 m smaller
    bmi : median, standard deviation of the logarithm, lowest, highest
    weight_kg : lowest and highest; the body mass index gives way
    arms_up : share of patients
    head_turn_deg : standard deviation about x, y, z
    sway_mm : standard deviation
    """

    height_m: tuple[float, float] = (1.75, 0.07)
    bmi: tuple[float, float, float, float] = (26.0, 0.19, 16.0, 44.0)
    weight_kg: tuple[float, float] = (40.0, 130.0)
    arms_up: float = 0.8
    head_turn_deg: Point = (7.0, 4.0, 9.0)
    sway_mm: float = 4.0


def draw_habitus(
    limits: HabitusRange, sexes: tuple[str, ...], random: np.random.Generator
) -> Habitus:
    """One patient's build and pose."""
    sex = sexes[int(random.integers(len(sexes)))]
    z = np.clip(random.standard_normal(14), -2.2, 2.2)
    height = limits.height_m[0] + limits.height_m[1] * float(z[0]) - (0.13 if sex == "F" else 0.0)
    median, spread, low, high = limits.bmi
    bmi = min(max(median * float(np.exp(spread * z[1])), low), high)
    weight = min(max(bmi * height**2, limits.weight_kg[0]), limits.weight_kg[1])
    turn = tuple(float(sd * v) for sd, v in zip(limits.head_turn_deg, z[2:5], strict=True))
    return Habitus(
        sex=sex,
        age_years=int(random.integers(50 if sexes == ("M",) else 20, 88)),
        height_m=round(height, 2),
        weight_kg=round(weight, 1),
        arms_up=bool(random.random() < limits.arms_up),
        head_turn_deg=(turn[0], turn[1], turn[2]),
        sway_mm=tuple(float(limits.sway_mm * v) for v in z[5:10]),
        centre_mm=(float(6 * z[10]), float(8 * z[11])),
        belly_fat=min(max(0.5 + 0.2 * float(z[12]) + (0.1 if sex == "M" else -0.1), 0.0), 1.0),
    )
