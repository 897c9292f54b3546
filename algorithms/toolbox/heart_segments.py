"""The 17 segments of the left ventricle on a polar map, and the vessels they are told for.

Rings and sectors: AHA, Circulation 2002;105:539 (recalled); codes: PS3.16 CID 3717.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from dicom_node.domain.coding import Code

Floats = NDArray[np.float64]
RINGS, SECTORS = 20, 36  # of a polar map: (rings from apex to base, sectors from anterior)


class Vessel(StrEnum):
    """Coronary arteries whose usual territories are told apart."""

    LAD = "LAD"
    LCX = "LCX"
    RCA = "RCA"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartSegment:
    """One segment.

    Parameters
    ----------
    ring : from, to: radius on the map
    middle_deg, width_deg : angle of its middle, and how far it goes round
    """

    number: int
    name: str
    code: Code
    vessel: Vessel
    ring: tuple[float, float]
    middle_deg: float
    width_deg: float


_BASAL, _MID, _APICAL, _APEX = (0.75, 1.0), (0.5, 0.75), (0.25, 0.5), (0.0, 0.25)
_SIX = ("anterior", "anteroseptal", "inferoseptal", "inferior", "inferolateral", "anterolateral")
_FOUR = ("anterior", "septal", "inferior", "lateral")
_CODES = {
    1: ("264850008", "Left ventricle basal anterior segment"),
    2: ("396482007", "Left ventricle basal anteroseptal segment"),
    3: ("396646008", "Left ventricle basal inferoseptal segment"),
    4: ("264846001", "Left ventricle basal inferior segment"),
    5: ("396652009", "Left ventricle basal inferolateral segment"),
    6: ("396654005", "Left ventricle basal anterolateral segment"),
    7: ("264848000", "Left ventricle mid anterior segment"),
    8: ("396647004", "Left ventricle mid anteroseptal segment"),
    9: ("396649001", "Left ventricle mid inferoseptal segment"),
    10: ("264847005", "Left ventricle mid inferior segment"),
    11: ("396655006", "Left ventricle mid inferolateral segment"),
    12: ("396656007", "Left ventricle mid anterolateral segment"),
    13: ("264844003", "Left ventricle apical anterior segment"),
    14: ("264845002", "Left ventricle apical septal segment"),
    15: ("264849008", "Left ventricle apical inferior segment"),
    16: ("264853005", "Left ventricle apical lateral segment"),
    17: ("128564006", "Apex of left ventricle"),
}
_VESSELS = {
    Vessel.LAD: (1, 2, 7, 8, 13, 14, 17),
    Vessel.RCA: (3, 4, 9, 10, 15),
    Vessel.LCX: (5, 6, 11, 12, 16),
}


def _segment(number: int) -> HeartSegment:
    """One of the 17 by its number."""
    if number == 17:
        name, ring, middle, width = "apex", _APEX, 0.0, 360.0
    elif number > 12:
        name = f"apical {_FOUR[number - 13]}"
        ring, middle, width = _APICAL, -90.0 * (number - 13) % 360, 90.0
    else:
        place = (number - 1) % 6
        ring = _BASAL if number < 7 else _MID
        name = f"{'basal' if number < 7 else 'mid'} {_SIX[place]}"
        middle, width = -60.0 * place % 360, 60.0
    value, meaning = _CODES[number]
    return HeartSegment(
        number=number,
        name=name,
        code=Code(value, "SCT", meaning),
        vessel=next(vessel for vessel, of_it in _VESSELS.items() if number in of_it),
        ring=ring,
        middle_deg=middle,
        width_deg=width,
    )


SEGMENTS = tuple(_segment(number) for number in range(1, 18))


def segment_number(radius: Floats, angle_deg: Floats) -> NDArray[np.int_]:
    """Segment of places on the map; places behind the valve plane go to the basal ring."""
    radius, angle = np.broadcast_arrays(np.asarray(radius, float), np.asarray(angle_deg, float))
    of_six = np.round(-angle / 60.0).astype(int) % 6
    of_four = np.round(-angle / 90.0).astype(int) % 4
    numbers = np.where(radius >= _BASAL[0], 1 + of_six, 7 + of_six)
    numbers = np.where(radius < _MID[0], 13 + of_four, numbers)
    return np.where(radius < _APICAL[0], 17, numbers)


def map_places() -> tuple[Floats, Floats]:
    """Radius and angle of every sample of a polar map, (rings, sectors) each."""
    radius = (np.arange(RINGS) + 0.5) / RINGS
    angle = np.arange(SECTORS) * 360.0 / SECTORS
    both = np.meshgrid(radius, angle, indexing="ij")
    return both[0], both[1]


def map_weights() -> Floats:
    """Share of the myocardium that a sample of the map stands for, (rings, sectors), sum 1.

    Sectors of the cap are narrower the nearer the apex; those of the wall are alike.
    """
    radius, _ = map_places()
    tilt = np.where(radius < 0.25, radius / 0.25 * 36, 36 + (radius - 0.25) / 0.25 * 54)
    share = np.where(radius < 0.5, np.sin(np.radians(np.minimum(tilt, 90.0))), 1.0)
    return np.asarray(share / share.sum())


def segment_means(polar: Floats) -> tuple[float, ...]:
    """Mean of each of the 17 segments of a map (rings, sectors), by the share of wall."""
    numbers, weights = segment_number(*map_places()), map_weights()
    return tuple(
        float(np.average(polar[numbers == s.number], weights=weights[numbers == s.number]))
        for s in SEGMENTS
    )


def in_territory(vessel: Vessel) -> NDArray[np.bool_]:
    """Samples of the map that belong to a vessel's segments, (rings, sectors)."""
    return np.isin(segment_number(*map_places()), [s.number for s in segments_of(vessel)])


def segments_of(vessel: Vessel) -> Sequence[HeartSegment]:
    """Segments of a vessel's usual territory."""
    return [segment for segment in SEGMENTS if segment.vessel is vessel]
