"""Organs of chest, belly and pelvis, each shifted and scaled a little from patient to patient.

Sizes give the masses of ICRP Publication 89 for the reference man: liver 1800 g, spleen 150 g,
kidney 155 g each, heart with blood 840 g (read in J Nucl Med, table of ICRP 89).
"""

import numpy as np

from algorithms.simulation.parts import SIDES, Organ, Part, draw_organ, loft, of
from algorithms.simulation.shapes import Capsule, Ellipsoid, Loft, Point, tube
from algorithms.simulation.tissues import Tissue


def _lung(side: float) -> Loft:
    return loft(
        (-552, (side * 72, 70), (36, 20)),
        (-530, (side * 70, 50), (48, 44)),
        (-505, (side * 69, 25), (53, 72)),
        (-470, (side * 68, 13), (55, 84)),
        (-430, (side * 67, 12), (53, 81)),
        (-390, (side * 64, 18), (49, 70)),
        (-350, (side * 59, 27), (42, 53)),
        (-318, (side * 53, 33), (32, 36)),
        (-296, (side * 48, 34), (17, 18)),
        exponent=2.3,
    )


def chest(random: np.random.Generator) -> tuple[Part, ...]:
    """Lungs, airway, great vessels and the heart."""
    organ = draw_organ(random, shift_sd_mm=3.0, scale_sd=0.03)
    return (*lungs_and_vessels(random), *_heart(organ))


def lungs_and_vessels(random: np.random.Generator) -> tuple[Part, ...]:
    """Lungs, mediastinal fat, airway, great vessels and those of the lungs."""
    airway = (
        *tube(((0, -16, -290), (0, 4, -340), (0, 14, -382)), 9.0),
        *tube(((0, 14, -382), (-38, 14, -410)), 7.0),
        *tube(((0, 14, -382), (40, 16, -415)), 6.5),
    )
    return (
        *of(Tissue.LUNG, (_lung(side) for side in SIDES)),
        *of(
            Tissue.VISCERAL_FAT,
            (
                loft(
                    (-500, (6, 0), (24, 62)),
                    (-430, (4, 2), (24, 62)),
                    (-360, (0, 6), (26, 50)),
                    (-300, (0, 6), (28, 30)),
                    exponent=2.5,
                ),
            ),
        ),
        *of(Tissue.AIR, airway),
        *of(Tissue.BLOOD, (*_vessels(), *_lung_vessels(random))),
    )


def _vessels() -> tuple[Capsule, ...]:
    """Aorta with its arch, caval veins, pulmonary arteries, carotids."""
    arch = ((4, -24, -430), (-2, -22, -385), (6, -6, -362), (18, 18, -360), (24, 36, -378))
    down = ((24, 36, -378), (22, 38, -470), (12, 22, -560), (4, 0, -650), (3, -4, -690))
    iliacs = tuple(
        leg
        for s in SIDES
        for leg in tube(((3, -4, -690), (s * 40, 5, -760), (s * 62, -40, -850)), 6.5)
    )
    carotids = tuple(
        leg
        for s in SIDES
        for leg in tube(((s * 8, -8, -350), (s * 20, -14, -285), (s * 30, -14, -200)), 4.5)
    )
    return (
        *tube(arch, 14.5),
        *tube(down, 11.5),
        *tube(((-20, -16, -320), (-24, -16, -420)), 9.5),
        *tube(((-22, -4, -510), (-22, 0, -600), (-18, 0, -690)), 11.0),
        *tube(((14, -22, -412), (-30, 0, -408)), 9.5),
        *tube(((14, -22, -412), (36, 4, -408)), 9.5),
        *iliacs,
        *carotids,
    )


def _lung_vessels(random: np.random.Generator) -> tuple[Capsule, ...]:
    """Vessels from each hilum toward the periphery, in three legs that thin out."""
    legs: list[Capsule] = []
    for side in SIDES:
        for height in np.linspace(-85, 60, 9):
            back = float(random.uniform(-45, 45))
            points = np.array(
                [
                    (side * 40, 6, -408 + 0.15 * height),
                    (side * 58, 8 + 0.35 * back, -408 + 0.5 * height),
                    (side * 76, 12 + 0.7 * back, -408 + 0.8 * height),
                    (side * 94, 16 + back, -408 + height),
                ]
            )
            points[1:] += random.normal(0, 5, (3, 3))
            path: list[Point] = [(float(x), float(y), float(z)) for x, y, z in points]
            for start, end, radius in zip(path, path[1:], (4.0, 2.8, 1.8), strict=False):
                legs.append(Capsule(start_mm=start, end_mm=end, radius_mm=radius))
    return tuple(legs)


def _heart(organ: Organ) -> tuple[Part, ...]:
    """Chambers full of blood, and the wall of the left ventricle, open at its base."""
    turn = (25.0, 35.0, -35.0)  # apex to the left, front and below
    return (
        *of(Tissue.BLOOD, (organ.ellipsoid((10, -32, -448), (56, 44, 48)),)),
        *of(Tissue.MYOCARDIUM, (organ.ellipsoid((32, -38, -460), (33, 33, 46), turn),)),
        *of(Tissue.BLOOD, (organ.ellipsoid((30, -34, -455), (22, 22, 38), turn),)),
        *of(Tissue.BLOOD, (organ.ellipsoid((12, -4, -432), (30, 22, 24)),)),
    )


def belly(random: np.random.Generator) -> tuple[Part, ...]:
    """Fat, muscles and bowel of the belly, then its solid organs."""
    liver, spleen, kidneys, stomach = (
        draw_organ(random, shift_sd_mm=shift, scale_sd=0.03) for shift in (4.0, 2.0, 3.0, 4.0)
    )
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
    psoas = tuple(
        leg
        for s in SIDES
        for leg in tube(((s * 36, 34, -590), (s * 48, 16, -720), (s * 72, -10, -850)), 21)
    )
    return (
        *of(Tissue.VISCERAL_FAT, (cavity, *_kidney_beds(kidneys))),
        *of(Tissue.MUSCLE, psoas),
        *of(Tissue.STOMACH, (stomach.ellipsoid((58, -28, -520), (34, 38, 42), (0, -25, 0)),)),
        *of(Tissue.AIR, (stomach.ellipsoid((56, -52, -512), (15, 8, 16)),)),
        *_bowel(random),
        *of(
            Tissue.LIVER,
            (
                liver.ellipsoid((-62, -3, -520), (57, 72, 75), exponent=2.3),
                liver.ellipsoid((8, -42, -508), (64, 35, 34), (0, 12, 0)),
            ),
        ),
        *of(Tissue.SPLEEN, (spleen.ellipsoid((93, 40, -524), (20, 36, 50), (-12, 8, 14)),)),
        *_kidneys(kidneys),
    )


_KIDNEYS = ((-1.0, -622.0), (1.0, -608.0))  # side and height; the liver pushes the right one down


def _kidney_beds(organ: Organ) -> tuple[Ellipsoid, ...]:
    """Fat round each kidney."""
    return tuple(
        organ.ellipsoid((side * 64, 38, z), (40, 32, 64), exponent=2.3) for side, z in _KIDNEYS
    )


def _kidneys(organ: Organ) -> tuple[Part, ...]:
    """Kidneys, with urine in the pelvis of each."""
    cortex, pelvis = [], []
    for side, z in _KIDNEYS:
        cortex.append(
            organ.ellipsoid((side * 62, 42, z), (29, 25, 54), (10, side * -10, side * 30))
        )
        pelvis.append(organ.ellipsoid((side * 52, 38, z), (9, 8, 21), (0, side * -8, 0)))
        pelvis.append(organ.ellipsoid((side * 43, 33, z - 4), (9, 7, 9)))
    return (
        *of(Tissue.KIDNEY, cortex),
        *of(Tissue.RENAL_PELVIS, pelvis),
    )


# Side and height about which each loop of small bowel wanders.
_LOOPS = ((-1, -665), (1, -660), (0, -690), (-1, -725), (1, -735), (0, -765), (0, -800))


def _bowel(random: np.random.Generator) -> tuple[Part, ...]:
    """The frame of the colon and loops of small bowel that wander within it."""
    colon: tuple[Point, ...] = (
        (-88, -20, -775), (-96, -12, -700), (-94, -20, -635), (-60, -62, -625), (0, -78, -645),
        (55, -66, -622), (92, -20, -590), (102, 14, -640), (100, 8, -720), (88, -6, -775),
        (50, 0, -812), (15, -20, -800), (-5, 20, -825), (0, 56, -850), (0, 50, -895),
    )  # fmt: skip
    gas = tube(((-30, -84, -632), (10, -90, -642), (40, -84, -630)), 9.0)
    loops: list[Capsule] = []
    for side, height in _LOOPS:
        steps = np.cumsum(random.normal(0, 17, (8, 3)), axis=0)
        x, y, z = (steps - steps.mean(axis=0) + (side * 36, -40, height)).T
        path = zip(np.clip(x, -72, 72), np.clip(y, -78, -2), np.clip(z, -830, -640), strict=True)
        loops += tube([(float(a), float(b), float(c)) for a, b, c in path], 11.5)
    return (
        *of(Tissue.BOWEL, (*loops, *tube(colon, 19.0))),
        *of(Tissue.AIR, gas),
    )


_PROSTATE = Capsule(start_mm=(-8, -8, -902), end_mm=(8, -8, -902), radius_mm=16)


def pelvis(random: np.random.Generator) -> tuple[Part, ...]:
    """The urinary bladder with some urine in one ureter, and the prostate."""
    bladder = draw_organ(random, shift_sd_mm=2.0, scale_sd=0.12)
    side = float(random.choice(SIDES))
    top = -float(random.uniform(670, 720))
    ureter = tube(((side * 38, 10, top), (side * 40, 8, top - 22)), 3.0)
    return (
        *of(Tissue.MUSCLE, (_PROSTATE,)),
        *of(Tissue.BLADDER, (bladder.ellipsoid((0, -22, -862), (38, 32, 27), exponent=2.3),)),
        *of(Tissue.RENAL_PELVIS, ureter),
    )
