"""Data elements in Explicit VR Little Endian (PS3.5 7.1.2), encoded as they are made.

A report has some ten thousand elements, a segmentation as many. As objects of pydicom each is
checked, copied and encoded one by one, which takes seconds; here a sequence is bytes from the
start, and pydicom decodes it only where somebody asks for it.
"""

import struct
from collections.abc import Iterable
from io import BytesIO

from pydicom.charset import convert_encodings
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filewriter import correct_ambiguous_vr
from pydicom.tag import Tag

from dicom_node.encoding.patient_study import CHARACTER_SET

_ITEM = b"\xfe\xff\x00\xe0"  # (FFFE,E000)
_LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "UC", "UN", "UR", "UT"})
_MOST_SHORT = 0xFFFE  # an even length in 16 bits


def element(tag: int, vr: str, value: bytes) -> bytes:
    """One element; the value is padded to an even length (PS3.5 6.2).

    Raises
    ------
    ValueError
        Where the value is too long for its representation.
    """
    if len(value) % 2:
        value += b"\0" if vr in ("UI", "OB", "UN") else b" "
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    if vr in _LONG:
        return head + struct.pack("<HI", 0, len(value)) + value
    if len(value) > _MOST_SHORT:
        raise ValueError(f"{Tag(tag)} has {len(value)} bytes; allowed for {vr}: {_MOST_SHORT}")
    return head + struct.pack("<H", len(value)) + value


def text(tag: int, vr: str, value: str) -> bytes:
    """One element of text, in the character set of all results."""
    return element(tag, vr, value.encode())


def sequence(tag: int, items: Iterable[bytes]) -> bytes:
    """One sequence of items, each given as its elements in the order of their tags."""
    return element(tag, "SQ", joined(items))


def joined(items: Iterable[bytes]) -> bytes:
    """Items with their headers: the value of a sequence."""
    return b"".join(_ITEM + struct.pack("<I", len(item)) + item for item in items)


def put_sequences(dataset: Dataset, **sequences: Iterable[bytes]) -> None:
    """Give a data set sequences that are encoded already, by keyword; the last that is done to it.

    From here on pydicom writes what it holds as it is, so that whatever it would decide on writing
    is decided first.
    """
    correct_ambiguous_vr(dataset, True)
    dataset.set_original_encoding(
        is_implicit_vr=False,
        is_little_endian=True,
        character_encoding=convert_encodings(CHARACTER_SET),
    )
    for keyword, items in sequences.items():
        tag = tag_for_keyword(keyword)
        if tag is None or dictionary_VR(tag) != "SQ":
            raise ValueError(f"{keyword} is no sequence")
        value = joined(items)
        dataset[tag] = RawDataElement(Tag(tag), "SQ", len(value), value, 0, False, True)


def file_of(dataset: Dataset) -> bytes:
    """PS3.10 file of a data set."""
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
