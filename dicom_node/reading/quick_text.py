"""Values of a scanned file without pydicom, wherever that is certain to give the same."""

from functools import cache
from struct import Struct

from pydicom.datadict import dictionary_VR, tag_for_keyword

from dicom_node.reading.scanned_file import ScannedFile

_PLAIN = frozenset({"AE", "AS", "CS", "DA", "DT", "TM", "UI"})
_NUMERALS = {"DS": float, "IS": int}
# In a character set of the data set; where all bytes are ASCII and none begins an escape sequence,
# all sets agree (PS3.5 6.1.2.3). A name may have further component groups after "=".
_WORDS = frozenset({"LO", "PN", "SH"})
_BINARY = {"FD": "d", "FL": "f", "SL": "l", "SS": "h", "UL": "L", "US": "H"}
_SIZES = {"FD": 8, "FL": 4, "SL": 4, "SS": 2, "UL": 4, "US": 2}
_PADDING = "\0 \t\r\n"


def quick_texts(source: ScannedFile, keyword: str) -> tuple[str, ...] | None:
    """All values as text, stripped; None where only pydicom can tell. Kept for the next time."""
    known = source.texts.get(keyword)
    if known is not None:
        return known
    vr, stored = _stored(source, keyword)
    found: tuple[str, ...] | None = None
    if stored is None:
        found = ()
    elif vr in _BINARY:
        numbers = _unpacked(stored, vr)
        found = None if numbers is None else tuple(str(one) for one in numbers)
    elif vr in _PLAIN or vr in _NUMERALS or vr in _WORDS:
        found = _words(stored, vr)
    if found is not None:
        source.texts[keyword] = found
    return found


def quick_numbers(source: ScannedFile, keyword: str) -> tuple[float, ...] | None:
    """All values of a numeric attribute as numbers; None where there are none or pydicom is due."""
    vr, stored = _stored(source, keyword)
    if not stored:
        return None
    try:
        if vr == "DS":
            return tuple([float(one) for one in stored.split(b"\\")])
        if vr in _BINARY:
            unpacked = _unpacked(stored, vr)
            return None if unpacked is None else tuple([float(one) for one in unpacked])
    except ValueError:
        pass  # padded with NUL, or no number: the general way decides
    return None


@cache
def _tag_and_vr(keyword: str) -> tuple[int, str]:
    tag = tag_for_keyword(keyword)
    return (-1, "") if tag is None else (tag, dictionary_VR(tag))


def _stored(source: ScannedFile, keyword: str) -> tuple[str, bytes | None]:
    tag, known_vr = _tag_and_vr(keyword)
    place = source.index.get(tag)
    if place is None:
        return known_vr, None
    vr, offset, length = place
    return vr or known_vr, source.head[offset : offset + length]


def _unpacked(stored: bytes, vr: str) -> tuple[float, ...] | None:
    count, odd = divmod(len(stored), _SIZES[vr])
    return None if odd else Struct(f"<{count}{_BINARY[vr]}").unpack(stored)


def _words(stored: bytes, vr: str) -> tuple[str, ...] | None:
    if vr in _WORDS and (b"\x1b" in stored or b"=" in stored):
        return None
    try:
        text = stored.decode("ascii").strip(_PADDING)
        if not text:
            return ()
        found = tuple([one.strip(_PADDING) for one in text.split("\\")])
        if vr in _NUMERALS:
            for one in found:
                _NUMERALS[vr](one)
    except ValueError:
        return None
    return found
