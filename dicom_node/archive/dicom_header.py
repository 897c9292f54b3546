"""The four UIDs that identify an encoded data set, read without decoding the rest of it."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dicom_node.archive.header_layout import HeaderLayouts, Span
from dicom_node.domain.errors import UnreadableInstance
from dicom_node.domain.series import SeriesKey

_NAMES = {
    (0x0008, 0x0016): "SOPClassUID (0008,0016)",
    (0x0008, 0x0018): "SOPInstanceUID (0008,0018)",
    (0x0020, 0x000D): "StudyInstanceUID (0020,000D)",
    (0x0020, 0x000E): "SeriesInstanceUID (0020,000E)",
}
_IMPLICIT_LITTLE = frozenset({"1.2.840.10008.1.2", "1.2.840.113619.5.2"})  # PS3.5 A.1; GE private
_EXPLICIT_BIG = "1.2.840.10008.1.2.2"
# The whole data set is one deflate stream: PS3.5 A.5 and the two JPIP deflate syntaxes.
_DEFLATED = frozenset(
    {"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"}
)
# How much of a deflated data set is unpacked: enough for nearly all, then for large private blocks.
_INFLATED_BYTES = (1 << 18, 1 << 24)
_GROUPS = frozenset({0x0008, 0x0020})
_INFLATE_STEP = 1 << 16
_MAX_ELEMENTS = 200_000
_MAX_UID_BYTES = 1024  # PS3.5 9.1 allows 64; longer ones are seen, but not this long
_UNDEFINED = 0xFFFFFFFF
# PS3.5 table 7.1-2: a length of 2 bytes
_SHORT_FORM = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG_FORM = frozenset(  # PS3.5 table 7.1-1: 2 reserved bytes and a length of 4
    {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What an instance says that it is."""

    sop_class_uid: str
    sop_instance_uid: str
    key: SeriesKey


@dataclass(frozen=True, slots=True)
class _Encoding:
    """How elements begin: tag, VR and 2-byte length, or (implicit) tag and 4-byte length."""

    explicit: bool
    start: struct.Struct
    length: struct.Struct


_IMPLICIT_LE = _Encoding(explicit=False, start=struct.Struct("<HHL"), length=struct.Struct("<L"))
_EXPLICIT_LE = _Encoding(explicit=True, start=struct.Struct("<HH2sH"), length=struct.Struct("<L"))
_EXPLICIT_BE = _Encoding(explicit=True, start=struct.Struct(">HH2sH"), length=struct.Struct(">L"))


def read_identity(
    dataset: bytes, transfer_syntax_uid: str, layouts: HeaderLayouts | None = None
) -> Identity:
    """UIDs of an encoded data set (without File Meta Information).

    Memory is bounded by the size of `dataset` plus 16 MiB, whatever a deflate stream holds; time
    by the number of elements.

    Parameters
    ----------
    layouts : HeaderLayouts, optional
        Of data sets that were read before: it changes nothing but the time.

    Raises
    ------
    UnreadableInstance
        Where one of the UIDs is absent, empty, or cannot be reached.
    """
    if transfer_syntax_uid not in _DEFLATED:
        return _identity(dataset, transfer_syntax_uid, layouts)
    for limit in _INFLATED_BYTES:
        head = _inflated_head(dataset, limit)
        try:
            return _identity(head, transfer_syntax_uid)
        except UnreadableInstance:
            if len(head) < limit or limit == _INFLATED_BYTES[-1]:
                raise
    raise AssertionError("the last limit returns or raises")


def _encoding(dataset: bytes, transfer_syntax_uid: str) -> _Encoding:
    """Every syntax but the three oldest is Explicit VR Little Endian (PS3.5 A.4).

    Some senders announce the one and send the other of the little endian ones; the first element
    shows which it is, and pydicom, with which the file is read later, goes by that, too.
    """
    if transfer_syntax_uid == _EXPLICIT_BIG:
        return _EXPLICIT_BE
    vr = dataset[4:6]
    if transfer_syntax_uid in _IMPLICIT_LITTLE:
        return _EXPLICIT_LE if vr in _SHORT_FORM or vr in _LONG_FORM else _IMPLICIT_LE
    return _EXPLICIT_LE if vr.isalpha() and vr.isupper() else _IMPLICIT_LE


def _inflated_head(deflated: bytes, limit: int) -> bytes:
    """At most `limit` bytes of a raw deflate stream; fed in steps, so that nothing is copied."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    head = bytearray()
    try:
        for start in range(0, len(deflated), _INFLATE_STEP):
            step = deflated[start : start + _INFLATE_STEP]
            head += engine.decompress(step, limit - len(head))
            if len(head) == limit or engine.eof:
                break
    except zlib.error as cause:
        raise UnreadableInstance("the data set is no valid deflate stream") from cause
    return bytes(head)


def _identity(
    dataset: bytes, transfer_syntax_uid: str, layouts: HeaderLayouts | None = None
) -> Identity:
    if layouts is not None:
        spans = layouts.find(dataset, transfer_syntax_uid)
        uids = () if spans is None else [_uid_at(dataset, *span) for span in spans]
        if uids and all(uids):  # the walk goes on beyond an empty one
            return _identity_of(uids)
    found: dict[tuple[int, int], str] = {}
    spans_read, wanted = list[Span](), list[Span]()
    encoding = _encoding(dataset, transfer_syntax_uid)
    for tag, start, length in _wanted_elements(dataset, encoding, spans_read):
        if length > _MAX_UID_BYTES:
            raise UnreadableInstance(
                f"{_NAMES[tag]} has {length} bytes; allowed: 64, read: {_MAX_UID_BYTES}"
            )
        uid = _uid_at(dataset, start, start + length)
        wanted.append((start, start + length))
        if uid and start + length <= len(dataset):
            found.setdefault(tag, uid)
        if len(found) == len(_NAMES):
            break
    missing = [name for tag, name in _NAMES.items() if tag not in found]
    if missing:
        raise UnreadableInstance(f"{', '.join(missing)}: absent, empty or out of reach")
    # Each once and in order, as nearly always: the next one may be alike.
    if layouts is not None and len(wanted) == len(_NAMES) and list(found) == list(_NAMES):
        layouts.remember(dataset, transfer_syntax_uid, spans_read, wanted)
    return _identity_of([found[tag] for tag in _NAMES])


def _uid_at(dataset: bytes, start: int, end: int) -> str:
    return clean_text(dataset[start:end].decode("ascii", "backslashreplace"))


def _identity_of(uids: Sequence[str]) -> Identity:
    """Identity of UIDs in the order of `_NAMES`."""
    sop_class, sop_instance, study, series = uids
    key = SeriesKey(study_instance_uid=study, series_instance_uid=series)
    return Identity(sop_class_uid=sop_class, sop_instance_uid=sop_instance, key=key)


def clean_text(text: str) -> str:
    """A UID or AE title without its padding (PS3.5 6.2), in ASCII whatever a sender put there."""
    stripped = text.strip("\0 ")
    if stripped.isascii():
        return stripped
    return stripped.encode("ascii", "backslashreplace").decode("ascii")


def _wanted_elements(
    data: bytes, encoding: _Encoding, spans_read: list[Span]
) -> Iterator[tuple[tuple[int, int], int, int]]:
    """Tag, offset and length of the wanted elements of the top level.

    Sequences of known length are stepped over; those of undefined length (PS3.5 7.5.2) are walked
    without recursion, remembering the encoding to return to.

    Parameters
    ----------
    spans_read : list
        Gets everything that decides where the walk goes.
    """
    offset, end, outer = 0, len(data) - 8, list[_Encoding]()
    for _ in range(_MAX_ELEMENTS):
        if offset > end:
            return
        if encoding.explicit:
            group, number, vr, length = encoding.start.unpack_from(data, offset)
        else:
            group, number, length = encoding.start.unpack_from(data, offset)
            vr = b"UI"  # of any whose length is known by now
        spans_read.append((offset, offset + 8))
        offset += 8
        if group == 0xFFFE:
            (length,) = encoding.length.unpack_from(data, offset - 4)
            if number != 0xE000:  # a delimiter ends what it stands in; a stray one ends nothing
                encoding = outer.pop() if outer else encoding
                continue
        elif vr not in _SHORT_FORM:
            length, value_at = _long_length(data, offset, vr, encoding)
            if value_at > offset:
                spans_read.append((offset, value_at))
                offset = value_at
        if length == _UNDEFINED:
            outer.append(encoding)
            # PS3.5 6.2.2, note on UN: its items are Implicit VR Little Endian
            encoding = _IMPLICIT_LE if vr == b"UN" and group != 0xFFFE else encoding
            continue
        if group in _GROUPS and not outer and (group, number) in _NAMES:
            yield (group, number), offset, length
        offset += length
    raise UnreadableInstance(f"the UIDs are not among the first {_MAX_ELEMENTS} elements")


def _long_length(data: bytes, offset: int, vr: bytes, encoding: _Encoding) -> tuple[int, int]:
    """Length and offset of a value whose VR is not of the short form."""
    if vr not in _LONG_FORM:
        if not (vr.isalpha() and vr.isupper()):
            raise UnreadableInstance(f"byte {offset - 8} of the data set starts no element")
        # Not in the standard: read as its oldest form, as other readers do.
        return int(encoding.start.unpack_from(data, offset - 8)[3]), offset
    if offset + 4 > len(data):
        raise UnreadableInstance("the data set ends within an element")
    return int(encoding.length.unpack_from(data, offset)[0]), offset + 4
