"""What a segmentation says of its segments (PS3.3 C.8.20.4): number, label, codes, algorithm."""

from dataclasses import dataclass

from dicom_node.domain.coding import ANATOMICAL_STRUCTURE, MORPHOLOGICALLY_ABNORMAL, TISSUE, Code
from dicom_node.domain.errors import InputRejected, MissingAttribute
from dicom_node.domain.result import AlgorithmType
from dicom_node.reading.header import Header, named

BACKGROUND = Code("125040", "DCM", "Background")
_CODE_VALUES = ("CodeValue", "LongCodeValue", "URNCodeValue")
# Former spellings of categories (CID 7150): SNOMED-RT values, and the concept Body structure, which
# older versions of dcmqi and 3D Slicer wrote for Anatomical Structure.
_CATEGORIES = {
    ("T-D000A", "SRT"): ANATOMICAL_STRUCTURE,
    ("T-D000A", "SNM3"): ANATOMICAL_STRUCTURE,
    ("T-D000A", "99SDM"): ANATOMICAL_STRUCTURE,
    ("123037004", "SCT"): ANATOMICAL_STRUCTURE,
    ("M-01000", "SRT"): MORPHOLOGICALLY_ABNORMAL,
    ("M-01000", "SNM3"): MORPHOLOGICALLY_ABNORMAL,
    ("M-01000", "99SDM"): MORPHOLOGICALLY_ABNORMAL,
    ("T-D0050", "SRT"): TISSUE,
    ("T-D0050", "SNM3"): TISSUE,
    ("T-D0050", "99SDM"): TISSUE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFacts:
    """Item of Segment Sequence (0062,0002)."""

    number: int
    label: str
    category: Code | None
    type: Code | None
    site: Code | None
    laterality: Code | None
    algorithm_type: AlgorithmType | None
    tracking_id: str | None
    tracking_uid: str | None


def segments_of(header: Header) -> tuple[SegmentFacts, ...]:
    """Segments of a segmentation, without the background of a label map.

    Raises
    ------
    MissingAttribute
        Without segments, or where one has no number.
    InputRejected
        Where two have one number.
    """
    items = header.items("SegmentSequence")
    if not items:
        raise MissingAttribute("an item is needed", keyword=named("SegmentSequence"), value=None)
    segments = [_segment(item) for item in items]
    numbers = [segment.number for segment in segments]
    if len(set(numbers)) < len(numbers):
        shown = ", ".join(str(number) for number in numbers)
        raise InputRejected(
            "segments have different numbers", keyword=named("SegmentNumber"), value=shown
        )
    # Number 0 is allowed for the background of a label map alone.
    return tuple(one for one in segments if one.number > 0 and one.type != BACKGROUND)


def _segment(item: Header) -> SegmentFacts:
    number = item.whole("SegmentNumber")
    if number is None or number < 0:
        raise MissingAttribute(
            "a whole number is needed",
            keyword=named("SegmentNumber"),
            value=item.text("SegmentNumber"),
        )
    site = item.item("AnatomicRegionSequence")
    kind = item.item("SegmentedPropertyTypeCodeSequence")
    return SegmentFacts(
        number=number,
        label=item.text("SegmentLabel") or "",
        category=today(code_of(item, "SegmentedPropertyCategoryCodeSequence")),
        type=code_of(item, "SegmentedPropertyTypeCodeSequence"),
        site=code_of(item, "AnatomicRegionSequence"),
        laterality=_laterality(site, kind),
        algorithm_type=algorithm_type(item.text("SegmentAlgorithmType")),
        tracking_id=item.text("TrackingID"),
        tracking_uid=item.text("TrackingUID"),
    )


def _laterality(site: Header | None, kind: Header | None) -> Code | None:
    """Side of the site, else of the structure itself."""
    found = None if site is None else code_of(site, "AnatomicRegionModifierSequence")
    if found is None and kind is not None:
        return code_of(kind, "SegmentedPropertyTypeModifierCodeSequence")
    return found


def code_of(header: Header, keyword: str) -> Code | None:
    """Concept of the first item of a code sequence (PS3.3 8.8); None where it is incomplete."""
    item = header.item(keyword)
    if item is None:
        return None
    value = next((text for one in _CODE_VALUES if (text := item.text(one)) is not None), None)
    scheme = item.text("CodingSchemeDesignator")
    if value is None or scheme is None:
        return None
    return Code(value, scheme, item.text("CodeMeaning") or "")


def today(category: Code | None) -> Code | None:
    """A category in its spelling of today."""
    if category is None:
        return None
    return _CATEGORIES.get((category.value, category.scheme), category)


def algorithm_type(text: str | None) -> AlgorithmType | None:
    """Kind of algorithm by its defined term; None for any other."""
    return AlgorithmType.__members__.get(text or "")
