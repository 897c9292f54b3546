"""From stored values to real-world values: one line per plane, by one rule per kind of object."""

from collections.abc import Sequence
from typing import NamedTuple

from pydicom.uid import CTImageStorage, PositronEmissionTomographyImageStorage

from dicom_node.domain.errors import MissingAttribute, NotCalibrated
from dicom_node.reading.frame_headers import frame_headers
from dicom_node.reading.header import Header, named
from dicom_node.reading.plane import Plane, instance_of
from dicom_node.reading.real_world import value_maps

_RESCALE_NEEDED = frozenset({CTImageStorage, PositronEmissionTomographyImageStorage})


class Scale(NamedTuple):
    """Real-world value = stored value x slope + intercept."""

    slope: float
    intercept: float

    def times(self, factor: float) -> "Scale":
        """The scale after which values are multiplied by a factor."""
        return Scale(self.slope * factor, self.intercept * factor)


def scales_of(planes: Sequence[Plane]) -> tuple[Scale, ...]:
    """Scale of each plane.

    Raises
    ------
    MissingAttribute
        Where an object that must have a slope and intercept lacks one.
    NotCalibrated
        Where a real-world value map cannot be used.
    """
    frames_of: dict[int, tuple[Scale, ...]] = {}
    found = []
    for plane in planes:
        if plane.frame_number is None:
            found.append(rescale_of(plane.header))
            continue
        frames = frames_of.get(id(plane.header))
        if frames is None:
            frames = frames_of[id(plane.header)] = _frame_scales(plane.header)
        found.append(frames[0] if len(frames) == 1 else frames[plane.frame_number - 1])
    return tuple(found)


def rescale_of(header: Header) -> Scale:
    """Rescale Slope and Intercept (0028,1053) (0028,1052) of an instance or of a frame.

    PET and CT images must have both (Type 1, PS3.3 C.8.9.4 and C.8.2.1); so must every frame of an
    object with a Pixel Value Transformation (PS3.3 C.7.6.16.2.9). Where neither is there, as in NM
    and MR images, stored values are the values.

    Raises
    ------
    MissingAttribute, NotCalibrated
    """
    slope, intercept = header.number("RescaleSlope"), header.number("RescaleIntercept")
    if slope is not None and intercept is not None:
        _check_slope(header, slope)
        return Scale(slope, intercept)
    given = header.texts("RescaleSlope") or header.texts("RescaleIntercept")
    if not given and header.text("SOPClassUID") not in _RESCALE_NEEDED:
        return Scale(1.0, 0.0)
    missing = "RescaleSlope" if slope is None else "RescaleIntercept"
    raise MissingAttribute(
        f"slope and intercept are needed ({instance_of(header)})",
        keyword=named(missing),
        value=header.text(missing),
    )


def _check_slope(header: Header, slope: float) -> None:
    """Refuse a slope that makes every value the same, or activity negative."""
    negative = slope < 0 and header.text("Modality") == "PT"
    if slope == 0 or negative:
        raise NotCalibrated(
            f"allowed: greater than 0 ({instance_of(header)})",
            keyword=named("RescaleSlope"),
            value=slope,
        )


def _frame_scales(header: Header) -> tuple[Scale, ...]:
    """Scales of the frames of a multi-frame object; one where all share it.

    NM (quantitative SPECT) and Enhanced PET without Units (0054,1001) tell their unit in a Real
    World Value Mapping (PS3.3 C.7.6.16.2.11), whose line is the scale then. `units` chooses the
    unit by the same rule and the same maps.
    """
    frames = frame_headers([header])
    modality = header.text("Modality")
    told_by_map = modality == "NM" or (modality == "PT" and frames[0].text("Units") is None)
    maps = value_maps(frames) if told_by_map else None
    if maps is not None:
        return tuple(Scale(one.slope, one.intercept) for one in maps)
    return tuple(rescale_of(frame) for frame in frames)
