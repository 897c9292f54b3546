"""Real-world value maps of multi-frame objects (PS3.3 C.7.6.16.2.11): what a stored value means.

A single-frame PET image has Units and its own rescaling; a map in it says the same once more, often
in another unit, and is not used, so that no value is scaled twice.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import NotCalibrated
from dicom_node.reading.frame_headers import frame_headers
from dicom_node.reading.header import Header, named

_SEQUENCE = "RealWorldValueMappingSequence"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueMap:
    """Real-world value = stored value x slope + intercept, in a unit."""

    unit: Unit
    slope: float
    intercept: float


def value_maps(headers: Sequence[Header]) -> tuple[ValueMap, ...] | None:
    """Map of every frame, in stored order, all to one unit; None where no frame has a map.

    Raises
    ------
    NotCalibrated
        Where frames lack a map that others have, the unit is not known to this node, frames differ
        in it, two maps of a frame to one unit differ, or a map is a table of values.
    """
    frames = frame_headers(headers)
    if not any(frame.items(_SEQUENCE) for frame in frames):
        return None
    chosen: dict[int, ValueMap] = {}
    maps = []
    for frame in frames:
        place = id(frame.value(_SEQUENCE))  # a shared map is one object, read once
        if place not in chosen:
            chosen[place] = _first(frame)
        maps.append(chosen[place])
    if len({one.unit for one in maps}) > 1:
        shown = ", ".join(sorted({one.unit.value for one in maps}))
        raise NotCalibrated("all frames must have one unit", keyword=named(_SEQUENCE), value=shown)
    return tuple(maps)


def _first(frame: Header) -> ValueMap:
    """First map of a frame, as the rescaling takes it; others may say the same in another unit."""
    items = frame.items(_SEQUENCE)
    codes = [_unit_code(item) for item in items]
    if not items or codes[0] not in set(Unit):
        raise NotCalibrated(
            "the first map leads to no unit that this node knows (PS3.16 CID 84)",
            keyword=named("MeasurementUnitsCodeSequence"),
            value=", ".join(codes) or None,
        )
    found = _map(items[0], Unit(codes[0]))
    for item, code in zip(items[1:], codes[1:], strict=True):
        if code == codes[0] and _map(item, found.unit) != found:
            raise NotCalibrated(
                "several different maps to one unit", keyword=named(_SEQUENCE), value=code
            )
    return found


def _unit_code(item: Header) -> str:
    """UCUM code of the unit; mL is another spelling of ml (UCUM 4.1)."""
    code = item.item("MeasurementUnitsCodeSequence")
    if code is None or code.text("CodingSchemeDesignator") != "UCUM":
        return "absent"
    return (code.text("CodeValue") or "absent").replace("mL", "ml")


def _map(item: Header, unit: Unit) -> ValueMap:
    """Slope and intercept of a map."""
    slope = item.number("RealWorldValueSlope")
    intercept = item.number("RealWorldValueIntercept")
    if slope is None or intercept is None or not math.isfinite(slope * intercept):
        raise NotCalibrated(
            "a map needs a slope and an intercept; tables of values are not read",
            keyword=named("RealWorldValueSlope"),
            value=slope,
        )
    return ValueMap(unit=unit, slope=slope, intercept=intercept)
