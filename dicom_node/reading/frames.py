"""The planes of a series: single-frame slices, Enhanced frames; NM frames lie in `nm_frames`."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedCTImageStorage,
    EnhancedMRImageStorage,
    EnhancedPETImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
    LegacyConvertedEnhancedMRImageStorage,
    LegacyConvertedEnhancedPETImageStorage,
    MRImageStorage,
    NuclearMedicineImageStorage,
    PositronEmissionTomographyImageStorage,
)

from dicom_node.domain.errors import UnsupportedObject
from dicom_node.reading.frame_headers import frame_headers
from dicom_node.reading.header import Header, named
from dicom_node.reading.nm_frames import nm_planes
from dicom_node.reading.plane import (
    Layout,
    Plane,
    layout_of,
    need_numbers,
    step_of,
    vector_of,
)

SINGLE_FRAME = frozenset({PositronEmissionTomographyImageStorage, CTImageStorage, MRImageStorage})
ENHANCED = frozenset(
    {
        EnhancedPETImageStorage,
        EnhancedCTImageStorage,
        EnhancedMRImageStorage,
        LegacyConvertedEnhancedPETImageStorage,
        LegacyConvertedEnhancedCTImageStorage,
        LegacyConvertedEnhancedMRImageStorage,
    }
)
_ALLOWED = "allowed: PET, CT and MR images, their Enhanced forms, NM reconstructions"
# What decides the layout of a slice, and whether it is one.
_DECIDING = (
    "ImageOrientationPatient",
    "PixelSpacing",
    "Rows",
    "Columns",
    "FrameOfReferenceUID",
    "ImageType",
    "SeriesType",
    "NumberOfFrames",
)
# Two frames this close are at one position.
_SAME_PLACE_MM = 0.01


def planes_of(headers: Sequence[Header]) -> tuple[Plane, ...]:
    """All planes of the instances of one series, in stored order.

    Raises
    ------
    UnsupportedObject
        Where an instance is no part of a volume: another SOP class, projection, localizer.
    MissingAttribute, InconsistentGeometry
        Where an instance does not tell where it lies.
    """
    layouts: dict[tuple[object, ...], Layout] = {}
    planes: list[Plane] = []
    for header in headers:
        sop_class = header.need_text("SOPClassUID")
        if sop_class in SINGLE_FRAME:
            planes.append(_single_frame(header, layouts, alone=len(headers) == 1))
        elif sop_class in ENHANCED:
            planes += _enhanced(header)
        elif sop_class == NuclearMedicineImageStorage:
            planes += nm_planes(header)
        else:
            raise UnsupportedObject(f"{UID(sop_class).name} holds no volume; {_ALLOWED}")
    return _ungrouped(planes) if planes and planes[0].frame_number else tuple(planes)


def volumes_of(planes: Iterable[Plane]) -> tuple[tuple[Plane, ...], ...]:
    """Planes of each volume, volumes in order of time or gate."""
    groups: dict[tuple[float | str, ...], list[Plane]] = {}
    for plane in planes:
        groups.setdefault(plane.group, []).append(plane)
    return tuple(tuple(groups[key]) for key in sorted(groups))


def _single_frame(
    header: Header, layouts: dict[tuple[object, ...], Layout], *, alone: bool
) -> Plane:
    """Plane of one slice; what slices store alike is looked at once."""
    key = header.stored(_DECIDING)
    layout = layouts.get(key)
    if layout is None:
        _refuse_projection(header)
        layout = layout_of(header, need_numbers(header, "ImageOrientationPatient", 6))
        layouts[key] = layout
    return Plane(
        header=header,
        frame_number=None,
        layout=layout,
        position_mm=vector_of(header, "ImagePositionPatient"),
        group=_pet_group(header),
        step_mm=step_of(header) if alone else None,
    )


def _refuse_projection(header: Header) -> None:
    """Localizers (PS3.3 C.8.2.1.1.1) and reprojections (PS3.3 C.8.9.1.1.1) are no volumes."""
    if "LOCALIZER" in header.texts("ImageType"):
        raise UnsupportedObject(
            "a localizer is a projection and no slice",
            keyword=named("ImageType"),
            value="LOCALIZER",
        )
    if "REPROJECTION" in header.texts("SeriesType")[1:]:
        raise UnsupportedObject(
            "reprojections are no slices", keyword=named("SeriesType"), value="REPROJECTION"
        )
    if (header.whole("NumberOfFrames") or 1) > 1:
        raise UnsupportedObject(
            "an image of this SOP class has one frame",
            keyword=named("NumberOfFrames"),
            value=header.text("NumberOfFrames"),
        )


def _pet_group(header: Header) -> tuple[float | str, ...]:
    """Which volume of a dynamic or gated PET series a slice belongs to (PS3.3 C.8.9.1.1.1).

    DYNAMIC: by Frame Reference Time (0054,1300). GATED: by the RR interval, told by the window of
    accepted beats (0018,1081), then by Trigger Time (0018,1060).
    """
    kind = header.text("SeriesType")
    if kind == "DYNAMIC":
        return (header.need_number("FrameReferenceTime"),)
    if kind == "GATED":
        window = header.number("LowRRValue")
        return (0.0 if window is None else window, header.need_number("TriggerTime"))
    return ()


def _enhanced(header: Header) -> list[Plane]:
    """Planes of an object with functional groups (PS3.3 C.7.6.16)."""
    planes = []
    for number, frame in enumerate(frame_headers([header]), start=1):
        planes.append(
            Plane(
                header=header,
                frame_number=number,
                layout=layout_of(frame, need_numbers(frame, "ImageOrientationPatient", 6)),
                position_mm=vector_of(frame, "ImagePositionPatient"),
                group=_enhanced_group(frame),
                step_mm=step_of(frame),
            )
        )
    return planes


def _enhanced_group(frame: Header) -> tuple[float | str, ...]:
    """Stack, temporal position and delay after the trigger of the heart beat of a frame."""
    numbers = (
        frame.number(keyword)
        for keyword in ("TemporalPositionIndex", "NominalCardiacTriggerDelayTime")
    )
    return (frame.text("StackID") or "", *(0.0 if one is None else one for one in numbers))


def _ungrouped(planes: Sequence[Plane]) -> tuple[Plane, ...]:
    """The planes as one volume where no two lie at one place, whatever their indices say.

    A temporal index may also count beds of a whole-body scan.
    """
    places = {
        tuple(round(value / _SAME_PLACE_MM) for value in plane.position_mm) for plane in planes
    }
    if len(places) < len(planes):
        return tuple(planes)
    return tuple(replace(plane, group=()) for plane in planes)
