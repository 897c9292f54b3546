"""Attributes of an object, also where a conversion to multi-frame has put them.

A Legacy Converted Enhanced object keeps what its IOD has no place for, such as the PET Series and
PET Isotope Modules, in Unassigned Shared Converted Attributes (PS3.3 C.7.6.16.2.25).
"""

from collections.abc import Iterator

from dicom_node.reading.header import Header


def converted_texts(header: Header, keyword: str) -> tuple[str, ...]:
    """All values as text: of the object, else of the attributes that all frames share."""
    return header.texts(keyword) or next(
        (found for part in _shared(header) if (found := part.texts(keyword))), ()
    )


def converted_items(header: Header, keyword: str) -> tuple[Header, ...]:
    """Items of a sequence: of the object, else of the attributes that all frames share."""
    return header.items(keyword) or next(
        (found for part in _shared(header) if (found := part.items(keyword))), ()
    )


def _shared(header: Header) -> Iterator[Header]:
    for group in header.items("SharedFunctionalGroupsSequence"):
        yield from group.items("UnassignedSharedConvertedAttributesSequence")
