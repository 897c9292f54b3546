"""The quick way into a file: where each element before the pixel data lies, values left as bytes.

Reading headers is on the path of every job, and a general reader spends most of its time making
objects that nobody asks for. Here one pass notes tag, VR, offset and length (PS3.5 7.1); a value is
decoded when it is asked for, and the whole data set is handed to pydicom without a second pass
when something needs it. Whatever is not plain little endian in a Part 10 file is not scanned:
`scan_file` gives None, and the caller takes pydicom's general reader.
"""

import os
from pathlib import Path
from struct import Struct
from struct import error as StructError  # noqa: N812  # as all exceptions are written
from typing import BinaryIO

from pydicom.uid import ImplicitVRLittleEndian

from dicom_node.domain.errors import UnreadableInstance
from dicom_node.reading.deflated import DEFLATED, check_inflates
from dicom_node.reading.scanned_file import (
    PIXEL_TAGS,
    TRANSFER_SYNTAX,
    UNDEFINED,
    Index,
    Place,
    ScannedFile,
    uid_at,
)

__all__ = ["ScannedFile", "scan_file"]

_FIRST_READ = 16 * 1024
_LONGEST_HEADER = 16 * 1024 * 1024
_DEEPEST = 32  # sequences within sequences
_TAG_AND_LENGTH = 8  # bytes of the shortest element; fewer at the end of a file are padding
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_SHORT = "AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US"
_LONG = "OB OD OF OL OV OW SQ SV UC UN UR UT UV"  # 4 bytes of length, after 2 reserved ones
# PS3.5 Table 7.1-1 and 7.1-2, by the two letters as a little endian number.
_SHORT_VRS = {int.from_bytes(name.encode(), "little"): name for name in _SHORT.split()}
_LONG_VRS = {int.from_bytes(name.encode(), "little"): name for name in _LONG.split()}
_OTHER_ENCODINGS = DEFLATED | {"1.2.840.10008.1.2.2"}  # big endian
_explicit_at = Struct("<HHHH").unpack_from  # group, element, VR as a number, short length
_implicit_at = Struct("<HHL").unpack_from
_tag_at = Struct("<HH").unpack_from
_long_at = Struct("<L").unpack_from


class _NotPlainError(Exception):
    """The file is encoded in a way that is left to the general reader."""


class _ShortError(Exception):
    """More bytes of the file are needed, up to the offset."""

    def __init__(self, upto: int) -> None:
        super().__init__(upto)
        self.upto = upto


def scan_file(path: Path) -> ScannedFile | None:
    """Scan of a file; None where it is not a plain little endian Part 10 file.

    Raises
    ------
    UnreadableInstance
        Where the file ends within its header, or its deflated data set is too large to be read.
    """
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(_FIRST_READ)
        try:
            while True:
                try:
                    return _scanned(path, head, size)
                except _ShortError as short:
                    head = _longer(file, head, short.upto, size)
        except _NotPlainError:
            return None


def _longer(file: BinaryIO, head: bytes, upto: int, size: int) -> bytes:
    """More of the file, at least twice as much and up to the offset that is needed."""
    if upto > size or len(head) >= size:
        raise UnreadableInstance(f"cut off within its header, which goes on after {size} bytes")
    if upto > _LONGEST_HEADER:
        raise _NotPlainError
    return head + file.read(max(upto, 2 * len(head)) - len(head))


def _scanned(path: Path, head: bytes, size: int) -> ScannedFile:
    if head[128:132] != b"DICM":
        raise _NotPlainError
    try:
        start, meta = _meta_index(head)
        uid = uid_at(head, meta[TRANSFER_SYNTAX]) if TRANSFER_SYNTAX in meta else ""
        if uid in DEFLATED:
            check_inflates(path, start)
        if uid in _OTHER_ENCODINGS or not uid.startswith("1.2.840.10008.1.2"):
            raise _NotPlainError
        implicit = uid == ImplicitVRLittleEndian
        index = (_implicit_index if implicit else _explicit_index)(head, start, size)
    except StructError as cause:
        raise _ShortError(len(head) + 1) from cause
    return ScannedFile(
        path=path, head=head, meta=meta, index=index, implicit=implicit, file_size=size
    )


def _meta_index(head: bytes) -> tuple[int, Index]:
    """End and elements of the file meta information, always explicit VR (PS3.10 7.1)."""
    if _tag_at(head, 132) != (2, 0) or head[136:140] != b"UL\x04\x00":
        raise _NotPlainError
    end = 144 + int(_long_at(head, 140)[0])
    if end > len(head):
        raise _ShortError(end)
    index = _explicit_index(head[:end], 132, end)
    if any(tag >> 16 != 2 for tag in index):
        raise _NotPlainError
    return end, index


def _explicit_index(head: bytes, position: int, size: int) -> Index:
    """Places of the elements with explicit VR; the loop that nearly every file goes through."""
    index: Index = {}
    last = size - _TAG_AND_LENGTH
    while position <= last:
        group, element, code, length = _explicit_at(head, position)
        position += 8
        vr = _SHORT_VRS.get(code)
        if vr is not None:
            index[group << 16 | element] = (vr, position, length)
            position += length
            continue
        vr = _LONG_VRS.get(code)
        if vr is None:
            raise _NotPlainError
        (length,) = _long_at(head, position)
        position = _long_element(
            index, group << 16 | element, (vr, position + 4, length), head, explicit=True
        )
        if not position:
            return index
    _need_whole(head, position)
    return index


def _implicit_index(head: bytes, position: int, size: int) -> Index:
    """Places of the elements with implicit VR, where only a sequence has no defined length."""
    index: Index = {}
    last = size - _TAG_AND_LENGTH
    while position <= last:
        group, element, length = _implicit_at(head, position)
        place = (None, position + 8, length)
        position = _long_element(index, group << 16 | element, place, head, explicit=False)
        if not position:
            return index
    _need_whole(head, position)
    return index


def _long_element(index: Index, tag: int, place: Place, head: bytes, *, explicit: bool) -> int:
    """Note an element whose length has 4 bytes; where the next one begins, or 0 after the last."""
    vr, position, length = place
    index[tag] = place
    if tag in PIXEL_TAGS:
        return 0
    if length != UNDEFINED:
        return position + length
    end = _end_of_items(head, position, explicit=explicit, sequence=vr in ("SQ", None))
    index[tag] = ("SQ", position, end - position)
    return end + 8


def _need_whole(head: bytes, end: int) -> None:
    if end > len(head):
        raise _ShortError(end)


def _end_of_items(
    head: bytes, position: int, *, explicit: bool, sequence: bool, depth: int = 0
) -> int:
    """Offset of the Sequence Delimitation Item (PS3.5 7.5) of a value of undefined length."""
    if not sequence or depth > _DEEPEST:
        raise _NotPlainError
    while True:
        group, element, length = _implicit_at(head, position)
        tag = group << 16 | element
        if tag == _SEQUENCE_END:
            return position
        if tag != _ITEM:
            raise _NotPlainError
        position += 8
        if length == UNDEFINED:
            position = _end_of_item(head, position, explicit=explicit, depth=depth)
        else:
            position += int(length)


def _end_of_item(head: bytes, position: int, *, explicit: bool, depth: int) -> int:
    """Offset after the Item Delimitation Item of an item of undefined length."""
    while True:
        group, element, code, length = _explicit_at(head, position)
        if group << 16 | element == _ITEM_END:
            return position + 8
        sequence = True
        if not explicit:
            length, position = _long_at(head, position + 4)[0], position + 8
        elif code in _SHORT_VRS:
            position += 8
        elif code in _LONG_VRS:
            length, position = _long_at(head, position + 8)[0], position + 12
            sequence = _LONG_VRS[code] == "SQ"
        else:
            raise _NotPlainError
        if length == UNDEFINED:
            position = 8 + _end_of_items(
                head, position, explicit=explicit, sequence=sequence, depth=depth + 1
            )
        else:
            position += length
