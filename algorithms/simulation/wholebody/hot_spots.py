"""Physiological and benign uptake that mimics lesions, drawn per patient, in reference millimetres.

How often each appears is our choice near published rates; the source stands beside the number.
"""

from dataclasses import dataclass

import numpy as np

from algorithms.simulation.parts import SIDES
from algorithms.simulation.shapes import Capsule, Ellipsoid, Point, blend, tube
from algorithms.simulation.skeleton import spine_point
from algorithms.simulation.wholebody.organs import Organ
from algorithms.simulation.wholebody.viscera import Rough


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpotRates:
    """Share of patients, or mean number per patient, with each kind.

    Parameters
    ----------
    brown_fat : 3.6 % of 15,109 scans (Br J Radiol, PMC5594988), 8.6 % of 848 (Mol Imaging Biol
        2011;13:1029) [read]
    ureter_blobs : mean number per side
    muscle : share with one or more strained muscles
    benign_bone : mean number of foci
    ganglia : share with visible ones, 98.5 % for PSMA-11 (J Nucl Med 2018;59:1406) [read]
    injection_site : share with visible paravasation
    urethra : share with urine in the urethra
    """

    brown_fat: float = 0.06
    ureter_blobs: float = 2.0
    muscle: float = 0.35
    benign_bone: float = 0.5
    ganglia: float = 0.0
    injection_site: float = 0.2
    urethra: float = 0.12


FDG_RATES = HotSpotRates()
PSMA_RATES = HotSpotRates(
    brown_fat=0.0, muscle=0.0, benign_bone=0.8, ganglia=0.95, injection_site=0.08
)

_URETER_Z = (-858.0, -810.0, -760.0, -700.0, -625.0)
_URETER_XY = ((18.0, -2.0), (48.0, 22.0), (42.0, 6.0), (38.0, 10.0), (42.0, 30.0))


def glands() -> list[tuple[Organ, Ellipsoid]]:
    """Glands and mucosa of head and throat, which turn with the head."""
    one = [
        (Organ.NASOPHARYNX, Ellipsoid(centre_mm=(0, -56, -166), radii_mm=(15, 6, 9))),
        (Organ.LARYNX, Ellipsoid(centre_mm=(0, -38, -246), radii_mm=(9, 9, 4))),
    ]
    two = (
        (Organ.SALIVARY_GLAND, (56, -22, -172), (9, 14, 22)),
        (Organ.SUBMANDIBULAR, (34, -60, -216), (8, 12, 11)),
        (Organ.SUBLINGUAL, (13, -88, -206), (6, 12, 5)),
        (Organ.TONSIL, (17, -46, -190), (5.5, 7, 10)),
        (Organ.LACRIMAL, (42, -98, -108), (5, 5, 7)),
        (Organ.EYE_MUSCLE, (24, -84, -116), (3, 13, 3)),
    )
    paired = [
        (organ, Ellipsoid(centre_mm=(s * x, y, z), radii_mm=radii))
        for organ, (x, y, z), radii in two
        for s in SIDES
    ]
    return one + paired


def thyroid(random: np.random.Generator) -> list[Rough]:
    """Two lobes beside the windpipe; diffusely hot in a few (thyroiditis)."""
    gain = float(random.uniform(2, 5)) if random.random() < 0.04 else 1.0
    size = float(np.exp(0.15 * random.standard_normal()))
    return [
        (
            Organ.THYROID,
            Ellipsoid(centre_mm=(s * 17, -22, -270), radii_mm=(8 * size, 8 * size, 20 * size)),
            gain,
        )
        for s in SIDES
    ]


def urine(rates: HotSpotRates, random: np.random.Generator) -> list[Rough]:
    """Blobs of urine along both ureters, and in some the urethra."""
    out: list[Rough] = []
    for side in SIDES:
        for _ in range(int(random.poisson(rates.ureter_blobs))):
            top = float(random.uniform(-850, -640))
            length = float(random.uniform(4, 45))
            path = [_ureter(side, z) for z in np.linspace(top, max(top - length, -858), 3)]
            radius, gain = float(random.uniform(1.8, 4.0)), float(random.uniform(0.4, 1.3))
            out += [(Organ.URETER, leg, gain) for leg in tube(path, radius)]
    if random.random() < rates.urethra:
        legs = tube(((0, -30, -915), (0, -50, -928), (0, -58, -940)), 3.5)
        out += [(Organ.URETER, leg, float(random.uniform(0.3, 1.0))) for leg in legs]
    return out


def _ureter(side: float, z_mm: float) -> Point:
    x, y = blend(_URETER_Z, _URETER_XY, np.array([z_mm]))[0]
    return side * float(x), float(y), float(z_mm)


def brown_fat(rates: HotSpotRates, random: np.random.Generator) -> list[Rough]:
    """Lumps above the collar bones and beside the spine, much the same on both sides."""
    if random.random() >= rates.brown_fat:
        return []
    out: list[Rough] = []
    lumps = [(float(random.uniform(40, 105)), float(random.uniform(-5, 22))) for _ in range(7)]
    for side in SIDES:
        for x, y in lumps:
            z = -288 - 0.25 * (x - 40) + float(random.normal(0, 5))
            radii = (float(random.uniform(5, 14)), float(random.uniform(4, 8)), 6.0)
            lump = Ellipsoid(centre_mm=(side * x, y, z), radii_mm=radii)
            out.append((Organ.BROWN_FAT, lump, float(random.uniform(0.5, 1.3))))
        for z in np.arange(-340, -340 - 24 * int(random.integers(0, 9)), -24.0):
            _, y, _ = spine_point(float(z))
            lump = Ellipsoid(centre_mm=(side * 24, y + 4, float(z)), radii_mm=(6, 6, 5))
            out.append((Organ.BROWN_FAT, lump, float(random.uniform(0.3, 0.9))))
    return out


_MUSCLES: tuple[tuple[tuple[Point, ...], float], ...] = (
    (((48, -2, -205), (30, -26, -255), (16, -44, -300)), 7.0),  # sternocleidomastoid
    (((26, 34, -230), (60, 46, -270), (120, 56, -305)), 9.0),  # trapezius
    (((30, 14, -240), (44, 14, -275)), 6.0),  # scaleni
    (((34, 62, -420), (36, 66, -520), (34, 60, -640)), 13.0),  # beside the spine
    (((108, -50, -420), (70, -66, -400)), 8.0),  # pectoral
    (((78, 60, -830), (110, 70, -880)), 22.0),  # gluteal
    (((60, 0, -930), (70, 10, -1050)), 16.0),  # adductors
    (((36, 34, -590), (48, 16, -720), (72, -10, -850)), 17.0),  # psoas
)


def muscles(rates: HotSpotRates, random: np.random.Generator) -> list[Rough]:
    """Muscles that worked: on both sides, or on one."""
    out: list[Rough] = []
    if random.random() < rates.muscle:
        for number in random.choice(len(_MUSCLES), size=int(random.integers(1, 4)), replace=False):
            path, radius = _MUSCLES[int(number)]
            sides = SIDES if random.random() < 0.75 else (float(random.choice(SIDES)),)
            size, gain = radius * float(random.uniform(0.6, 1.1)), float(random.uniform(0.5, 1.6))
            for side in sides:
                legs = tube([(side * x, y, z) for x, y, z in path], size)
                out += [(Organ.ACTIVE_MUSCLE, leg, gain) for leg in legs]
    return out


def ganglia(rates: HotSpotRates, random: np.random.Generator) -> list[Rough]:
    """Bands at neck, coeliac trunk and sacrum: 92, 89 and 46 % (J Nucl Med 2018;59:1406) [read]."""
    if random.random() >= rates.ganglia:
        return []
    out: list[Rough] = []
    bands = (
        (0.92, (23, -4, -228), (22, 0, -246), 2.6, 0.8),
        (0.65, (20, 22, -300), (22, 26, -312), 2.8, 0.75),
        (0.89, (15, 2, -566), (24, 8, -578), 2.8, 1.0),
        (0.46, (22, 38, -800), (20, 44, -815), 2.4, 0.6),
    )
    for share, start, end, radius, gain in bands:
        for side in SIDES:
            if random.random() < np.sqrt(share):
                wander = random.normal(0, 3, 3)
                ends = [
                    (side * p[0] + wander[0], p[1] + wander[1], p[2] + wander[2])
                    for p in (start, end)
                ]
                band = Capsule(start_mm=ends[0], end_mm=ends[1], radius_mm=radius)
                out.append((Organ.GANGLION, band, gain * float(random.uniform(0.7, 1.3))))
    return out


def joints(rates: HotSpotRates, random: np.random.Generator) -> list[Rough]:
    """Benign foci of bone: ribs, spine, shoulders, hips."""
    out: list[Rough] = []
    for _ in range(int(random.poisson(rates.benign_bone))):
        side = float(random.choice(SIDES))
        kind = int(random.integers(4))
        if kind == 0:  # beside a vertebra
            z = float(random.uniform(-720, -260))
            _, y, _ = spine_point(z)
            place: Point = (side * 18, y + 22, z)
        elif kind == 1:  # a rib at the side of the chest
            place = (side * float(random.uniform(112, 126)), 0, float(random.uniform(-560, -420)))
        elif kind == 2:
            place = (side * 140, 20, -318)
        else:
            place = (side * 90, 0, -850)
        radius = float(random.uniform(3, 8))
        lump = Ellipsoid(centre_mm=place, radii_mm=(radius, radius, radius * 1.2))
        out.append((Organ.BENIGN_BONE, lump, float(random.uniform(0.6, 1.3))))
    return out
