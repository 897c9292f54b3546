"""Organs of chest, belly and pelvis in the reference man's millimetres, different in every patient.

Sizes are those of the analytic man (ICRP Publication 89 masses, see the README); the spread between
patients follows volumes known from CT, roughly: liver 20 %, spleen 35 %, kidneys 15 % [recalled].
"""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from algorithms.simulation.parts import SIDES, draw_organ, loft
from algorithms.simulation.parts import Organ as Drawn
from algorithms.simulation.shapes import Capsule, Ellipsoid, Loft, Point, Solid, tube
from algorithms.simulation.wholebody.organs import Organ

Rough = tuple[Organ, Solid, float]  # organ, solid of the reference man, gain
_LV_TURN = (25.0, 35.0, -35.0)  # apex to the left, front and below
KIDNEYS = ((-1.0, -622.0), (1.0, -608.0))  # side and height; the liver pushes the right one down
_LOOPS = ((-1, -665), (1, -650), (0, -690), (-1, -725), (1, -735), (0, -765), (0, -800))
_COLON: tuple[tuple[Point, ...], ...] = (
    ((-88, -20, -775), (-96, -12, -700), (-94, -20, -635)),
    ((-94, -20, -635), (-60, -62, -625), (0, -78, -645), (55, -66, -622), (92, -20, -590)),
    ((92, -20, -590), (102, 14, -640), (100, 8, -720), (88, -6, -775)),
    ((88, -6, -775), (50, 0, -812), (15, -20, -800), (-5, 20, -825)),
    ((-5, 20, -825), (0, 56, -850), (0, 50, -895)),
)


def _all(organ: Organ, solids: Sequence[Solid], gain: float = 1.0) -> list[Rough]:
    return [(organ, solid, gain) for solid in solids]


def heart(random: np.random.Generator) -> list[Rough]:
    """Chambers full of blood, and the left wall: hot all round, in part or in spots."""
    organ = draw_organ(random, shift_sd_mm=4.0, scale_sd=0.06)
    return [
        (Organ.BLOOD, organ.ellipsoid((10, -32, -448), (56, 44, 48)), 1.0),
        *_left_wall(organ, random),
        (Organ.BLOOD, organ.ellipsoid((30, -34, -455), (22, 22, 38), _LV_TURN), 1.0),
        (Organ.BLOOD, organ.ellipsoid((12, -4, -432), (30, 22, 24)), 1.0),
    ]


def _left_wall(organ: Drawn, random: np.random.Generator) -> list[Rough]:
    """The wall before its cavity is cut out of it.

    Even in half of the patients; in others one side is hotter, or spots are: papillary muscles, the
    lateral wall, the ring at the base (normal variants, frequencies our choice).
    """
    centre, radii = np.array((32.0, -38.0, -460.0)), (33.0, 33.0, 46.0)
    kind, rest = random.random(), float(random.uniform(0.25, 0.7))
    away = random.normal(0, 1, (3, 3))
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    spots = random.uniform((7.0, 0.6), (14.0, 1.3), (3, 2))
    wall = (Organ.MYOCARDIUM, organ.ellipsoid(_point(centre), radii, _LV_TURN))
    if kind < 0.5:
        return [(*wall, 1.0)]
    if kind < 0.8:
        part = organ.ellipsoid(_point(centre + 9 * away[0]), (26, 26, 37), _LV_TURN)
        return [(*wall, rest), (Organ.MYOCARDIUM, part, 1.0)]
    hot = int(random.integers(1, 4))
    return [
        (*wall, rest),
        *(
            (
                Organ.MYOCARDIUM,
                organ.ellipsoid(_point(centre + 28 * side), (size,) * 3),
                float(gain),
            )
            for side, (size, gain) in zip(away[:hot], spots[:hot].tolist(), strict=True)
        ),
    ]


def _point(place: NDArray[np.float64]) -> Point:
    x, y, z = (float(v) for v in place)
    return x, y, z


def belly_cavity() -> list[Rough]:
    """Fat of the belly, with the psoas muscles."""
    cavity = loft(
        (-880, (0, -5), (60, 50)),
        (-820, (0, -12), (98, 68)),
        (-740, (0, -28), (112, 72)),
        (-640, (0, -32), (116, 78)),
        (-560, (0, -22), (118, 86)),
        (-520, (0, -16), (110, 86)),
        (-480, (0, -10), (60, 60)),
        exponent=2.4,
    )
    psoas = [
        leg
        for s in SIDES
        for leg in tube(((s * 36, 34, -590), (s * 48, 16, -720), (s * 72, -10, -850)), 21)
    ]
    return [*_all(Organ.VISCERAL_FAT, (cavity,)), *_all(Organ.MUSCLE, psoas)]


def gut(random: np.random.Generator) -> list[Rough]:
    """Stomach, duodenum, loops of small bowel and the colon, each leg with its own uptake."""
    stomach = draw_organ(random, shift_sd_mm=6.0, scale_sd=0.10)
    full = float(random.uniform(0.45, 0.85))
    wall = stomach.ellipsoid((58, -28, -520), (34, 38, 46), (0, -25, 0))
    inside = stomach.ellipsoid((58, -28, -520), (34 * full, 38 * full, 46 * full), (0, -25, 0))
    duodenum = tube(
        ((-26, -45, -562), (-46, -18, -585), (-48, -5, -630), (-18, -4, -652), (24, -10, -632)),
        float(random.uniform(9, 13)),
    )
    gullet = tube(((0, 6, -310), (4, 24, -400), (8, 30, -470), (24, 0, -500)), 7.0)
    return [
        *_all(Organ.OESOPHAGUS, gullet),
        *_small_bowel(random),
        *_colon(random),
        *_all(Organ.DUODENUM, duodenum),
        (Organ.STOMACH, wall, 1.0),
        (Organ.STOMACH, inside, 0.45),
        *_all(Organ.AIR, (stomach.ellipsoid((56, -54, -512), (15, 8, 16)),)),
    ]


def _small_bowel(random: np.random.Generator) -> list[Rough]:
    """Loops that wander; those of the upper left (jejunum) take up more."""
    out: list[Rough] = []
    for side, height in _LOOPS:
        steps = np.cumsum(random.normal(0, 17, (8, 3)), axis=0)
        x, y, z = (steps - steps.mean(axis=0) + (side * 36, -40, height)).T
        path = zip(np.clip(x, -72, 72), np.clip(y, -78, -2), np.clip(z, -830, -640), strict=True)
        upper = 1.3 if height > -680 else 0.8
        gain = upper * float(np.exp(0.35 * random.standard_normal()))
        solids = tube([(float(a), float(b), float(c)) for a, b, c in path], 11.0)
        # Uptake changes along a loop, leg by leg.
        factors = np.exp(0.4 * random.standard_normal(len(solids)))
        out += [
            (Organ.BOWEL, solid, gain * float(f)) for solid, f in zip(solids, factors, strict=True)
        ]
    return out


def _colon(random: np.random.Generator) -> list[Rough]:
    out: list[Rough] = []
    for path in _COLON:
        gain = float(np.exp(0.45 * random.standard_normal()))
        wander = random.normal(0, 5, (len(path), 3))
        points = [tuple(float(v) for v in row) for row in np.array(path) + wander]
        radius = float(random.uniform(12, 21))
        for (start, end), wave in zip(
            itertools.pairwise(points), random.standard_normal(len(path) - 1), strict=True
        ):
            leg = Capsule(start_mm=start, end_mm=end, radius_mm=radius)  # type: ignore[arg-type]
            out.append((Organ.COLON, leg, gain * float(np.exp(0.35 * wave))))
            if random.random() < 0.3:
                core = Capsule(start_mm=start, end_mm=end, radius_mm=radius * 0.6)  # type: ignore[arg-type]
                out.append((Organ.AIR, core, 1.0))
    return out


def solid_organs(random: np.random.Generator) -> list[Rough]:
    """Liver, gallbladder, spleen, pancreas, adrenals and kidneys in their fat."""
    liver = draw_organ(random, shift_sd_mm=6.0, scale_sd=0.06)
    spleen = draw_organ(random, shift_sd_mm=4.0, scale_sd=0.11)
    long, left = (float(v) for v in 1 + 0.09 * np.clip(random.standard_normal(2), -2, 2))
    pancreas = tube(((-34, -20, -608), (0, -38, -586), (46, -16, -562), (78, 14, -542)), 10.0)
    adrenals = [
        Ellipsoid(centre_mm=(s * 36, 24, -548), radii_mm=(5, 12, 13), turn_deg=(0, 0, s * 20))
        for s in SIDES
    ]
    return [
        *_all(Organ.PANCREAS, pancreas),
        *_all(Organ.ADRENAL, adrenals),
        *_kidneys(random),
        *_all(
            Organ.LIVER,
            (
                _right_lobe(liver.scale, long, liver.shift_mm),
                liver.ellipsoid((8, -42, -508), (66 * left, 35, 33), (0, 12, 0)),
            ),
        ),
        (Organ.GALLBLADDER, liver.ellipsoid((-50, -62, -572), (13, 15, 27), (25, 0, 0)), 1.0),
        (Organ.SPLEEN, spleen.ellipsoid((93, 40, -524), (20, 36, 50), (-12, 8, 14)), 1.0),
    ]


_LOBE = (  # height, then centre and radii of the right lobe from its tip to its dome
    (-646, (-88, 4), (12, 18)),
    (-615, (-84, 2), (25, 41)),
    (-578, (-75, 0), (39, 59)),
    (-540, (-66, -4), (51, 69)),
    (-508, (-61, -6), (56, 72)),
    (-480, (-60, -6), (51, 64)),
    (-458, (-60, -8), (36, 44)),
    (-446, (-58, -8), (14, 17)),
)


def _right_lobe(size: float, long: float, shift_mm: Point) -> Loft:
    """Right lobe of the liver: broad below the diaphragm, thin at its lower edge."""
    x, y, z = shift_mm
    top = _LOBE[-1][0]
    return loft(
        *(
            (
                top + (height - top) * size * long + z,
                (centre[0] + x, centre[1] + y),
                (radii[0] * size, radii[1] * size),
            )
            for height, centre, radii in _LOBE
        ),
        exponent=2.4,
    )


def _kidneys(random: np.random.Generator) -> list[Rough]:
    """Kidneys in fat, with urine in pelvis and calyces, wide in some.

    They lie higher or lower, nearer to the spine or further, and turned, by 10 mm and 10 degrees;
    what the urine of one pelvis takes up, that of the other does for the most part.
    """
    out: list[Rough] = []
    filled = float(random.uniform(0.15, 1.1))
    for side, height in KIDNEYS:
        organ = draw_organ(random, shift_sd_mm=10.0, scale_sd=0.07)
        wide = float(np.exp(0.35 * random.standard_normal())) * 0.8
        turn = _point(random.normal((10.0, side * -10.0, side * 30.0), 10.0))
        bed = organ.ellipsoid((side * 64, 36, height), (40, 32, 64), exponent=2.3)
        out += [
            (Organ.VISCERAL_FAT, bed, 1.0),
            (Organ.KIDNEY, organ.ellipsoid((side * 62, 39, height), (29, 25, 54), turn), 1.0),
        ]
        # Calyces differ in number, place and how much urine they hold, and the pelvis may be empty.
        for _ in range(int(random.integers(2, 7))):
            place = random.uniform((46, 28, height - 40), (64, 44, height + 40))
            size = wide * float(random.uniform(3.0, 8.5))
            calyx = organ.ellipsoid(_point(place * (side, 1, 1)), (size, 0.9 * size, 1.1 * size))
            out.append((Organ.RENAL_PELVIS, calyx, float(np.exp(random.uniform(-1.4, 0.5)))))
        pelvis = organ.ellipsoid((side * 44, 31, height - 4), (8 * wide, 7 * wide, 11 * wide))
        held = filled * float(np.exp(0.4 * random.standard_normal()))
        out.append((Organ.RENAL_PELVIS, pelvis, held))
    return out


def pelvic(random: np.random.Generator, *, sex: str, prostate: bool) -> list[Rough]:
    """Bladder, full or not, and the organs below and behind it."""
    volume_ml = float(np.clip(150 * np.exp(0.6 * random.standard_normal()), 40, 600))
    size = float(np.cbrt(volume_ml / 137.0))
    across = float(random.normal(0, 4))
    bladder = Ellipsoid(
        centre_mm=(across, -22, -888 + 27 * size),
        radii_mm=(38 * size, 32 * size, 27 * size),
        exponent=2.3,
    )
    other = draw_organ(random, shift_sd_mm=4.0, scale_sd=0.12)
    out: list[Rough] = []
    if sex == "F":
        out.append((Organ.UTERUS, other.ellipsoid((0, 6, -842), (26, 22, 36), (35, 0, 0)), 1.0))
        out += _all(Organ.OVARY, [other.ellipsoid((s * 38, 8, -832), (11, 9, 14)) for s in SIDES])
    else:
        wide = float(np.exp(0.2 * random.standard_normal()))
        if prostate:
            gland = other.ellipsoid((0, -8, -903), (23 * wide, 17 * wide, 17 * wide))
            out.append((Organ.PROSTATE, gland, 1.0))
        out.append((Organ.MUSCLE, Ellipsoid(centre_mm=(0, -75, -948), radii_mm=(36, 28, 40)), 1.0))
        out += _all(
            Organ.TESTIS,
            [Ellipsoid(centre_mm=(s * 17, -76, -960), radii_mm=(11, 13, 19)) for s in SIDES],
        )
    return [*out, (Organ.BLADDER, bladder, 1.0)]
