"""Numbers as coded measurements, and the 17 segments of the wall as regions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from algorithms.mpi_spect.found import Compared, Found
from algorithms.mpi_spect.polar import low_depth, low_share
from algorithms.mpi_spect.pose import VentricleNotFound
from algorithms.toolbox.brain_template import places_mm, sampled
from algorithms.toolbox.heart_segments import (
    SEGMENTS,
    Vessel,
    in_territory,
    segment_means,
    segment_number,
)
from dicom_node.domain import coding
from dicom_node.domain.coding import PRIVATE_SCHEME, Code
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Measurement, Region, Segment

# PS3.16 has no concept for the private ones.
RELATIVE_UPTAKE = Code("segmental-relative-uptake", PRIVATE_SCHEME, "Segmental relative uptake")
UPTAKE_DIFFERENCE = Code("rest-less-stress", PRIVATE_SCHEME, "Uptake at rest less stress")
SEGMENT_SCORE = Code("segment-score", PRIVATE_SCHEME, "Perfusion score of the segment, 0 to 4")
SUMMED_SCORE = Code("summed-score", PRIVATE_SCHEME, "Summed perfusion score")
DEFICIT = Code("total-perfusion-deficit", PRIVATE_SCHEME, "Total perfusion deficit")
EXTENT = Code("427751006", "SCT", "Extent of cardiac perfusion defect")
SEVERITY = Code("low-uptake-depth", PRIVATE_SCHEME, "Mean lack of uptake to the level")
DILATION = Code("volume-ratio-stress-rest", PRIVATE_SCHEME, "Cavity volume stress over rest")
EJECTION_FRACTION = Code("70822001", "SCT", "Cardiac ejection fraction")
END_DIASTOLIC = Code("8821-1", "LN", "Left Ventricular ED Volume")
END_SYSTOLIC = Code("8823-7", "LN", "Left Ventricular ES Volume")
CAVITY = Code("87878005", "SCT", "Left ventricle")
METHODS = {
    "stress": Code("432655005", "SCT", "Cardiac Stress State"),
    "rest": Code("128975004", "SCT", "Resting State"),
}
_FOREMOST = (SUMMED_SCORE, DEFICIT, EJECTION_FRACTION, DILATION)
_RGB = {Vessel.LAD: (213, 94, 0), Vessel.LCX: (0, 158, 115), Vessel.RCA: (86, 180, 233)}
_CAVITY_RGB = (240, 228, 66)  # a grey one cannot be seen on a grey image


def masks_of(found: Found, geometry: Geometry) -> tuple[NDArray[np.int_], NDArray[np.bool_]]:
    """Segment number of each voxel of the wall, 0 elsewhere, and the cavity, on a scan's grid."""
    places = places_mm(geometry)
    outlines = (found.posed.outline, *found.beside)
    wall = np.mean([sampled(one.wall, one.grid, places) for one in outlines], axis=0)
    cavity = np.mean([sampled(one.cavity, one.grid, places) for one in outlines], axis=0)
    solid = wall + cavity > 0.5
    muscle = solid & (wall > cavity)
    numbers = np.zeros(geometry.shape, dtype=int)
    numbers[muscle] = segment_number(*found.posed.axis.on_map(places[muscle]))
    return numbers, np.asarray(solid & ~muscle)


def segments_of(found: Found, geometry: Geometry) -> tuple[Segment, ...]:
    """The 17 segments under their numbers, and the cavity as number 18."""
    numbers, cavity = masks_of(found, geometry)
    missing = [s.name for s in SEGMENTS if not (numbers == s.number).any()]
    if missing or not cavity.any():
        raise VentricleNotFound(
            f"no voxel of the wall is in: {', '.join(missing) or 'the cavity'}; voxels of "
            f"{max(geometry.spacing_mm):.1f} mm may be too large"
        )
    wall = [
        Segment(
            number=one.number,
            label=f"{one.number} {one.name}",
            category=coding.ANATOMICAL_STRUCTURE,
            type=one.code,
            region=Region.from_mask(numbers == one.number),
            tracking_id=f"segment {one.number}",
            display_rgb=_shade(_RGB[one.vessel], one.number),
            site=one.code,
        )
        for one in SEGMENTS
    ]
    inside = Segment(
        number=len(wall) + 1,
        label="Cavity of the left ventricle",
        category=coding.ANATOMICAL_STRUCTURE,
        type=CAVITY,
        region=Region.from_mask(cavity),
        tracking_id="cavity",
        display_rgb=_CAVITY_RGB,
        site=CAVITY,
    )
    return (*wall, inside)


def _shade(rgb: tuple[int, int, int], number: int) -> tuple[int, int, int]:
    """Neighbouring segments of one vessel in different shades."""
    share = 0.25 * (number % 3)
    red, green, blue = (round(part + share * (255 - part)) for part in rgb)
    return red, green, blue


def measurements_of(
    found: Found, compared: Compared | None, *, low_percent: float, limits: str
) -> tuple[Measurement, ...]:
    """Numbers of each segment, then those of the ventricle, the scores and ejection first.

    Parameters
    ----------
    low_percent : uptake below which the wall counts as low
    limits : name of the normal limits
    """
    study = _of_ventricle(found, low_percent, limits)
    if compared is None:
        return (*_of_segments(found, limits), *_foremost_first(study))
    difference = segment_means(compared.difference)
    rest = segment_means(compared.rest_polar)
    told = "rest map scaled to the hottest quarter of the stress map"
    joined = [
        one
        for number in range(1, len(SEGMENTS) + 1)
        for one in (
            *(m for m in _of_segments(found, limits) if m.segment == number),
            _percent("Rest", RELATIVE_UPTAKE, rest[number - 1], number, source=told, state="rest"),
            _percent("Change", UPTAKE_DIFFERENCE, difference[number - 1], number, source=_CHANGE),
        )
    ]
    both = [*study, *_of_both(compared, low_percent, limits)]
    return (*joined, *_foremost_first(both))


def _foremost_first(values: Sequence[Measurement]) -> list[Measurement]:
    """What a reader asks for first in front; the page has no room for all of them."""
    rank = {name: number for number, name in enumerate(_FOREMOST)}
    return sorted(values, key=lambda one: rank.get(one.name, len(rank)))


_CHANGE = "rest less stress, percent points"
_UPTAKE = "mean over the segment of the highest counts across the wall, percent of the hottest part"


def _of_segments(found: Found, limits: str) -> list[Measurement]:
    name = found.state.capitalize()
    values = [
        _percent(name, RELATIVE_UPTAKE, value, number, source=_UPTAKE, state=found.state)
        for number, value in enumerate(found.segments, start=1)
    ]
    if found.scores is None:
        return values
    source = f"loss from the normal mean where half of the segment is below its limit: {limits}"
    for number, score in enumerate(found.scores.by_segment, start=1):
        values.append(
            Measurement(
                label=f"{name} score",
                name=SEGMENT_SCORE,
                value=float(score),
                unit=coding.COUNT,
                segment=number,
                method=METHODS.get(found.state),
                source=source,
            )
        )
    return values


def _of_ventricle(found: Found, low_percent: float, limits: str) -> list[Measurement]:
    """Extent and depth of low uptake, scores, volumes of one scan."""
    state = found.state
    below = f"share of the wall with less than {low_percent:g} % of the hottest"
    depth = f"mean percent points to {low_percent:g} %, 0 where it is reached"
    polar = found.polar
    share, lack = low_share(polar, low_percent), low_depth(polar, low_percent)
    values = [
        _percent(f"Low uptake, {state}", EXTENT, share, None, source=below),
        _percent(f"Depth, {state}", SEVERITY, lack, None, source=depth),
    ]
    for vessel in Vessel:
        share = low_share(polar, low_percent, in_territory(vessel))
        source = f"{below}, segments of the {vessel}"
        label = f"Low uptake {vessel}, {state}"
        values.append(_percent(label, EXTENT, share, None, source=source))
    if found.scores is not None:
        values += _of_scores(found, limits)
    values.append(_ml(f"Wall, {state}", coding.VOLUME, found.posed.wall_ml, "outlined"))
    values.append(_ml(f"Cavity, {state}", coding.VOLUME, found.posed.cavity_ml, "outlined"))
    if found.function is not None:
        source = f"course fitted to {len(found.function.volumes_ml)} gates"
        values += [
            _ml(f"EDV, {state}", END_DIASTOLIC, found.function.end_diastolic_ml, source),
            _ml(f"ESV, {state}", END_SYSTOLIC, found.function.end_systolic_ml, source),
            _percent(
                f"LVEF, {state}",
                EJECTION_FRACTION,
                found.function.ejection_percent,
                None,
                source="100 (EDV - ESV) / EDV",
            ),
        ]
    return values


def _of_scores(found: Found, limits: str) -> list[Measurement]:
    scores, state = found.scores, found.state
    assert scores is not None
    name = {"stress": "SSS", "rest": "SRS"}[state]
    source = f"sum of the scores of 17 segments, 0 to 68; {limits}"
    deficit = (
        "100 sum w s / (4 sum w), s 0 at the limit to 4 at a loss of 70 % (Slomka et al., J Nucl "
        f"Cardiol 2005;12:66, recalled); {limits}"
    )
    return [
        _count(name, SUMMED_SCORE, float(scores.total), source),
        _percent(f"TPD, {state}", DEFICIT, scores.deficit_percent, None, source=deficit),
    ]


def _of_both(compared: Compared, low_percent: float, limits: str) -> list[Measurement]:
    rest = _of_ventricle(compared.rest, low_percent, limits)
    dilation = Measurement(
        label="Volume ratio (TID)",
        name=DILATION,
        value=compared.dilation,
        unit=coding.RATIO,
        source="cavity over the whole beat, stress / rest; normal values depend on the protocol",
    )
    if compared.stress.scores is None or compared.rest.scores is None:
        return [*rest, dilation]
    apart = float(compared.stress.scores.total - compared.rest.scores.total)
    return [*rest, _count("SDS", SUMMED_SCORE, apart, "SSS - SRS"), dilation]


def _percent(
    label: str,
    name: Code,
    value: float,
    segment: int | None,
    *,
    source: str,
    state: str = "",
) -> Measurement:
    return Measurement(
        label=label,
        name=name,
        value=value,
        unit=coding.PERCENT,
        segment=segment,
        method=METHODS.get(state),
        source=source,
    )


def _ml(label: str, name: Code, value: float, source: str) -> Measurement:
    return Measurement(label=label, name=name, value=value, unit=coding.MILLILITRE, source=source)


def _count(label: str, name: Code, value: float, source: str) -> Measurement:
    return Measurement(label=label, name=name, value=value, unit=coding.COUNT, source=source)


def value_of(measurements: Sequence[Measurement], label: str) -> float | None:
    """Value of a measurement of the whole study by its label; None where there is none."""
    return next((m.value for m in measurements if m.label == label and m.segment is None), None)
