"""What an RT Structure Set says of its regions, and their points (PS3.3 C.8.8.5 to C.8.8.8)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicom_node.domain.coding import Code
from dicom_node.domain.errors import InputRejected, MissingAttribute, UnsupportedObject
from dicom_node.domain.result import AlgorithmType
from dicom_node.reading.header import Header, named, tag_of
from dicom_node.reading.segment_items import algorithm_type, code_of, today

Floats = NDArray[np.float64]

_KIND, _DATA = "ContourGeometricType", "ContourData"
_COUNT, _OFFSET = "NumberOfContourPoints", "ContourOffsetVector"
# No scanner is as large; further points are broken numbers.
_FARTHEST_MM = 1e5
CLOSED = frozenset({"CLOSED_PLANAR", "CLOSEDPLANAR_XOR"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RoiFacts:
    """A region of interest by Structure Set ROI and RT ROI Observations.

    Parameters
    ----------
    frame_of_reference_uid : str or None
        Its own, else the only one that the object names.
    contours : tuple of Header
        Items of its Contour Sequence.
    """

    number: int
    name: str
    frame_of_reference_uid: str | None
    algorithm_type: AlgorithmType | None
    interpreted_type: str | None
    category: Code | None
    type: Code | None
    site: Code | None
    contours: tuple[Header, ...]


def rois_of(header: Header) -> tuple[RoiFacts, ...]:
    """Regions of interest in the order of Structure Set ROI Sequence (3006,0020).

    Raises
    ------
    MissingAttribute
        Without any, or where one has no number.
    InputRejected
        Where two have one number, or contours belong to none.
    """
    items = header.items("StructureSetROISequence")
    if not items:
        keyword = named("StructureSetROISequence")
        raise MissingAttribute("an item is needed", keyword=keyword, value=None)
    numbers = [_number(item, "ROINumber") for item in items]
    if len(set(numbers)) < len(numbers):
        shown = ", ".join(str(number) for number in numbers)
        raise InputRejected(
            "regions have different numbers", keyword=named("ROINumber"), value=shown
        )
    contours = _by_number(header.items("ROIContourSequence"))
    observations = _by_number(header.items("RTROIObservationsSequence"))
    unknown = sorted(set(contours) - set(numbers))
    if unknown:
        raise InputRejected(
            "contours belong to no region of StructureSetROISequence",
            keyword=named("ReferencedROINumber"),
            value=unknown[0],
        )
    only = _only_frame(header)
    return tuple(
        _facts(item, number, contours.get(number), observations.get(number), only)
        for item, number in zip(items, numbers, strict=True)
    )


def _number(item: Header, keyword: str) -> int:
    found = item.whole(keyword)
    if found is None:
        raise MissingAttribute(
            "a whole number is needed", keyword=named(keyword), value=item.text(keyword)
        )
    return found


def _by_number(items: Sequence[Header]) -> dict[int, Header]:
    """Items by the region that they are about; of several the first."""
    found: dict[int, Header] = {}
    for item in items:
        found.setdefault(_number(item, "ReferencedROINumber"), item)
    return found


def _only_frame(header: Header) -> str | None:
    """Frame of reference of an object that names one only."""
    items = header.items("ReferencedFrameOfReferenceSequence")
    found = {item.text("FrameOfReferenceUID") for item in items}
    return found.pop() if len(found) == 1 else None


def _facts(
    item: Header,
    number: int,
    contours: Header | None,
    observation: Header | None,
    only_frame: str | None,
) -> RoiFacts:
    seen = observation or item  # an observation is not there for every region
    return RoiFacts(
        number=number,
        name=item.text("ROIName") or "",
        frame_of_reference_uid=item.text("ReferencedFrameOfReferenceUID") or only_frame,
        algorithm_type=algorithm_type(item.text("ROIGenerationAlgorithm")),
        interpreted_type=seen.text("RTROIInterpretedType"),
        category=today(code_of(seen, "SegmentedPropertyCategoryCodeSequence")),
        type=code_of(seen, "RTROIIdentificationCodeSequence"),
        site=code_of(seen, "AnatomicRegionSequence"),
        contours=() if contours is None else contours.items("ContourSequence"),
    )


def kind_of(contour: Header) -> str:
    """Contour Geometric Type (3006,0042); MissingAttribute without one."""
    found = _stored(contour, _KIND)
    return found.decode("ascii", "replace") if found else contour.need_text(_KIND)


def polygon_of(contour: Header, number: int) -> Floats:
    """Points (n, 3) of a contour in LPS mm; `number` is for messages.

    Raises
    ------
    MissingAttribute
        Without points.
    InputRejected
        Where values are no numbers, or not three for each point that is told.
    UnsupportedObject
        With a Contour Offset Vector (3006,0045), which is retired, other than zero.
    """
    values = _numbers(contour, number)
    told = _count(contour)
    points, odd = divmod(len(values), 3)
    if odd or (told is not None and told != points):
        raise InputRejected(
            f"three for each of {points if told is None else told} points are needed "
            f"(contour {number})",
            keyword=named(_DATA),
            value=f"{len(values)} numbers",
        )
    if not np.abs(values).max() <= _FARTHEST_MM:
        raise InputRejected(
            f"a point lies nowhere in a patient (contour {number})", keyword=named(_DATA)
        )
    if _OFFSET in contour.dataset and any(contour.numbers(_OFFSET) or ()):
        raise UnsupportedObject(
            f"contours that are shifted are not read (contour {number})",
            keyword=named(_OFFSET),
            value="\\".join(contour.texts(_OFFSET)),
        )
    return values.reshape(-1, 3)


def _numbers(contour: Header, number: int) -> Floats:
    """All values of Contour Data (3006,0050), of which an object has millions."""
    stored = _stored(contour, _DATA)
    try:
        several = contour.texts(_DATA) if stored is None else stored.split(b"\\")
        values = np.array(several, dtype=np.float64)
    except ValueError as cause:
        raise InputRejected(
            f"a value is no number (contour {number})", keyword=named(_DATA)
        ) from cause
    if len(values) == 0:
        raise MissingAttribute(f"points are needed (contour {number})", keyword=named(_DATA))
    return values


def _count(contour: Header) -> int | None:
    """Number of Contour Points (3006,0046)."""
    stored = _stored(contour, _COUNT)
    return int(stored) if stored is not None and stored.isdigit() else contour.whole(_COUNT)


def _stored(contour: Header, keyword: str) -> bytes | None:
    """Bytes of a text in the file, which spares most of the time; None where it was decoded."""
    element = contour.dataset.get_item(tag_of(keyword))
    value = None if element is None else element.value
    return value.strip(b"\0 ") or None if isinstance(value, bytes) else None
