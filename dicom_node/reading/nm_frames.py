"""The planes of an NM reconstruction: geometry of a detector item, frames by index vectors."""

import re
from collections.abc import Sequence

import numpy as np
from pydicom.datadict import keyword_for_tag

from dicom_node.domain.errors import InconsistentGeometry, MissingAttribute, UnsupportedObject
from dicom_node.reading.header import Header, named
from dicom_node.reading.plane import Plane, Vector, layout_of, need_numbers

_VOLUMES = ("RECON TOMO", "RECON GATED TOMO")
# Directions for an object that tells none: an axial grid by convention, with `placed` False.
_NO_ORIENTATION = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_NO_POSITION = (0.0, 0.0, 0.0)
_FROM_THICKNESS = (
    "SpacingBetweenSlices (0018,0088) is absent; SliceThickness (0018,0050) was taken in its place "
    "and slices were taken to follow each other along the normal"
)


def nm_planes(header: Header) -> list[Plane]:
    """Planes of a RECON TOMO or RECON GATED TOMO image, in stored order (PS3.3 C.8.4.8, C.8.4.15).

    The frame of slice number k (Slice Vector (0054,0080), from 1) lies at the position of the
    first frame + (k - 1) times Spacing Between Slices (0018,0088) along the normal, the cross
    product of row and column cosines; a negative spacing goes against the normal.

    Raises
    ------
    UnsupportedObject
        For projections and planar images.
    MissingAttribute, InconsistentGeometry
        Where spacing or index vectors are absent or contradict the number of frames.
    """
    _refuse_projection(header)
    vectors = _index_vectors(header)
    orientation, first, placed = _detector(header)
    layout = layout_of(header, orientation)
    spacing, warnings = _signed_spacing(header)
    step = spacing * np.cross(orientation[:3], orientation[3:])
    slices = vectors.pop("SliceVector")
    return [
        Plane(
            header=header,
            frame_number=index + 1,
            layout=layout,
            position_mm=_moved(first, step, number - 1),
            group=tuple(vector[index] for vector in vectors.values()),
            step_mm=abs(spacing),
            placed=placed,
            warnings=warnings,
        )
        for index, number in enumerate(slices)
    ]


def _moved(first: Sequence[float], step: np.ndarray, times: float) -> Vector:
    x, y, z = (float(start + times * by) for start, by in zip(first, step, strict=True))
    return x, y, z


def _refuse_projection(header: Header) -> None:
    """Value 3 of Image Type tells what frames are (PS3.3 C.8.4.9.1.1)."""
    kinds = header.texts("ImageType")[2:3]
    if not kinds or kinds[0] not in _VOLUMES:
        raise UnsupportedObject(
            f"projections and planar images are no volume; allowed: {', '.join(_VOLUMES)}",
            keyword=f"{named('ImageType')} value 3",
            value=kinds[0] if kinds else None,
        )


def _index_vectors(header: Header) -> dict[str, tuple[float, ...]]:
    """Vectors that Frame Increment Pointer (0028,0009) names, the last one fastest.

    Each has one number per frame (PS3.3 C.8.4.8.1); the Slice Vector must be among them.
    """
    keywords = [_keyword(text) for text in header.texts("FrameIncrementPointer")]
    if "SliceVector" not in keywords:
        raise MissingAttribute(
            "it must point to SliceVector (0054,0080), which tells the order of slices",
            keyword=named("FrameIncrementPointer"),
            value=", ".join(keywords) or None,
        )
    frames = header.whole("NumberOfFrames")
    found = {keyword: header.numbers(keyword) or () for keyword in keywords}
    for keyword, vector in found.items():
        if len(vector) != frames:
            raise InconsistentGeometry(
                f"one number is needed for each of {frames} frames",
                keyword=named(keyword),
                value=f"{len(vector)} numbers",
            )
    return found


def _keyword(tag_text: str) -> str:
    """Keyword of a tag as pydicom writes it, ``(0054,0080)``."""
    return keyword_for_tag(int(re.sub("[^0-9A-Fa-f]", "", tag_text), 16))


def _detector(header: Header) -> tuple[tuple[float, ...], Sequence[float], bool]:
    """Orientation, position of the first frame, and whether the object tells both.

    Detector Information Sequence (0054,0022) has them as Type 2: they may be empty.
    """
    detector = header.item("DetectorInformationSequence")
    if detector is None or not detector.texts("ImageOrientationPatient"):
        return _NO_ORIENTATION, _NO_POSITION, False
    orientation = need_numbers(detector, "ImageOrientationPatient", 6)
    if not detector.texts("ImagePositionPatient"):
        return orientation, _NO_POSITION, False
    return orientation, need_numbers(detector, "ImagePositionPatient", 3), True


def _signed_spacing(header: Header) -> tuple[float, tuple[str, ...]]:
    """Signed distance of slices in mm, with a warning where the thickness stands in."""
    spacing = header.number("SpacingBetweenSlices")
    if spacing:
        return spacing, ()
    if header.text("SpacingBetweenSlices") is None and (header.number("SliceThickness") or 0) > 0:
        return header.need_number("SliceThickness"), (_FROM_THICKNESS,)
    raise MissingAttribute(
        "a distance of slices that is not 0 is needed",
        keyword=named("SpacingBetweenSlices"),
        value=header.text("SpacingBetweenSlices"),
    )
