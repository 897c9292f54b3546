"""One header per frame of a multi-frame object, as if each frame were an image of its own.

Enhanced and Legacy Converted Enhanced objects keep attributes in functional groups (PS3.3
C.7.6.16), and what a converter could not place in the "unassigned" groups (C.7.6.16.2). With
them laid out flat, one rule serves single-frame and multi-frame objects.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset

from dicom_node.reading.header import BROKEN, Header

Elements = dict[int, DataElement | RawDataElement]

_SHARED = tag_for_keyword("SharedFunctionalGroupsSequence")
_PER_FRAME = tag_for_keyword("PerFrameFunctionalGroupsSequence")
# Several items mean something in a value map, so that it stays a sequence.
_VALUE_MAPS = tag_for_keyword("RealWorldValueMappingSequence")
_PIXELS = 0x7FE0


def frame_headers(headers: Sequence[Header]) -> tuple[Header, ...]:
    """Headers of all frames in stored order; an object without functional groups is one frame.

    The attribute of a frame goes before the shared one, and that before the one of the object.
    """
    found: list[Header] = []
    for header in headers:
        frames = header.items("PerFrameFunctionalGroupsSequence")
        found += _frames_of(header, frames) if frames else [header]
    return tuple(found)


def _frames_of(header: Header, frames: Sequence[Header]) -> list[Header]:
    """Headers of the frames of one object."""
    common = _plain(header)
    for group in header.items("SharedFunctionalGroupsSequence"):
        common = _over(common, _flat(group))
    return [Header(_dataset(_over(common, _flat(frame))), header.path) for frame in frames]


def _over(common: Elements, own: Elements) -> Elements:
    """Elements with those of a frame over them; a private group is replaced as a whole.

    Its creators tell what its elements mean (PS3.5 7.8.1), so that groups must not be mixed.
    """
    private = {tag >> 16 for tag in own if tag >> 16 & 1}
    kept = {tag: one for tag, one in common.items() if tag >> 16 not in private}
    return (kept if private else common) | own


def _plain(header: Header) -> Elements:
    """Elements of the object outside functional groups and pixels, not decoded, none deferred."""
    kept: Elements = {}
    for tag in header.dataset.keys():  # noqa: SIM118  # iterating a Dataset decodes every value
        element = header.dataset.get_item(tag, keep_deferred=True)
        if tag.group == _PIXELS or tag in {_SHARED, _PER_FRAME}:
            continue
        # A raw value that is None lies in the file still: a long one, and none is needed here.
        if isinstance(element, DataElement | RawDataElement) and element.value is not None:
            kept[tag] = element
    return kept


def _flat(group: Header) -> Elements:
    """Elements of the macros in one item of a functional group sequence."""
    found: Elements = {}
    for macro in _readable(group.dataset):
        if macro.VR == "SQ" and macro.tag != _VALUE_MAPS and len(macro.value) == 1:
            found |= {element.tag: element for element in _readable(macro.value[0])}
        else:
            found[macro.tag] = macro
    return found


def _readable(dataset: Dataset) -> Iterator[DataElement]:
    """Elements that can be decoded; a broken one is none, and whoever needs it says so by name."""
    for tag in dataset.keys():  # noqa: SIM118  # iterating a Dataset stops at a broken value
        with suppress(*BROKEN):
            yield dataset[tag]


def _dataset(elements: Elements) -> Dataset:
    """Data set of the elements."""
    made = Dataset()
    for tag, element in elements.items():
        made[tag] = element
    return made
