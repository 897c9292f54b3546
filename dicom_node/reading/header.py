"""One instance's attributes, read once, with typed access that never guesses."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from pathlib import Path
from struct import error as StructError  # noqa: N812  # as all exceptions are written

import pydicom
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.tag import Tag
from pydicom.valuerep import PersonName

from dicom_node.domain.errors import MissingAttribute, UnreadableInstance
from dicom_node.reading.quick_text import quick_numbers, quick_texts
from dicom_node.reading.scan import scan_file
from dicom_node.reading.scanned_file import ScannedFile

# Values longer than this stay in the file until they are asked for: pixel data, overlays, private
# blobs. A header is some ten kilobytes.
_DEFERRED_BYTES = 4096
# What pydicom raises, as far as is known, where a value or a whole file is broken.
BROKEN = (
    AttributeError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RecursionError,
    StructError,
    TypeError,
    ValueError,
)
_SIZED = (str, bytes, Sequence, PersonName)
_IDENTITY = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")


@cache
def named(keyword: str) -> str:
    """Keyword with its tag, as messages show it: ``PatientWeight (0010,1030)``."""
    tag = tag_for_keyword(keyword)
    return keyword if tag is None else f"{keyword} {Tag(tag)}".replace(", ", ",")


@cache
def tag_of(keyword: str) -> int:
    """Tag of a keyword; -1, which no element has, where there is none."""
    tag = tag_for_keyword(keyword)
    return -1 if tag is None else tag


@dataclass(frozen=True, slots=True)
class Header:
    """Attributes of one data set or sequence item.

    A value that is absent, empty or cannot be converted is None; `need_*` raise MissingAttribute
    instead. Nothing is ever replaced by a default.

    Parameters
    ----------
    source : pydicom.Dataset or ScannedFile
        A data set, or the scan of a file, from which a data set is made only when it is needed.
    path : Path or None
        The file; None for a sequence item or a made-up header.
    """

    source: Dataset | ScannedFile
    path: Path | None = None

    @property
    def dataset(self) -> Dataset:
        """The attributes as a pydicom data set; pixel data stay in the file until asked for."""
        return self.source.dataset if isinstance(self.source, ScannedFile) else self.source

    def stored(self, keywords: Sequence[str]) -> tuple[object, ...]:
        """Values as they are stored: equal ones mean the same, different ones may do so, too.

        A key to find what many headers share without decoding it in each.
        """
        if isinstance(self.source, ScannedFile):
            return tuple([self.source.stored(tag_of(keyword)) for keyword in keywords])
        return tuple([self.texts(keyword) for keyword in keywords])

    def value(self, keyword: str) -> object | None:
        """Raw value of an attribute; None where it is absent, empty or not convertible."""
        try:
            found = self.dataset.get(keyword)
        except BROKEN:
            return None  # a broken value is no value; whoever needs it says so by name
        if found is None or (isinstance(found, _SIZED) and len(found) == 0):
            return None
        return found  # type: ignore[no-any-return]  # pydicom values are untyped

    def texts(self, keyword: str) -> tuple[str, ...]:
        """All values as text, stripped."""
        if isinstance(self.source, ScannedFile):
            quick = quick_texts(self.source, keyword)
            if quick is not None:
                return quick
        found = self.value(keyword)
        if found is None:
            return ()
        several = found if isinstance(found, Sequence) and not isinstance(found, str) else (found,)
        return tuple(str(one).strip() for one in several)

    def text(self, keyword: str) -> str | None:
        """First value as text, or None."""
        for one in self.texts(keyword):
            if one:
                return one
        return None

    def numbers(self, keyword: str) -> tuple[float, ...] | None:
        """All values as finite numbers; None where one of them is none."""
        found: tuple[float, ...] | None = None
        if isinstance(self.source, ScannedFile):
            found = quick_numbers(self.source, keyword)
        if found is None:
            try:
                found = tuple(float(one) for one in self.texts(keyword)) or None
            except ValueError:
                return None
        return found if found is not None and all(map(isfinite, found)) else None

    def number(self, keyword: str) -> float | None:
        """First value as a number, or None."""
        found = self.numbers(keyword)
        return None if found is None else found[0]

    def whole(self, keyword: str) -> int | None:
        """First value as a whole number, or None."""
        found = self.number(keyword)
        return int(found) if found is not None and found.is_integer() else None

    def items(self, keyword: str) -> "tuple[Header, ...]":
        """Items of a sequence."""
        if isinstance(self.source, ScannedFile) and self.source.lacks(keyword):
            return ()  # as most headers lack most sequences: no data set is made to learn that
        found = self.value(keyword)
        if not isinstance(found, pydicom.Sequence):
            return ()
        return tuple(Header(item) for item in found)

    def item(self, keyword: str) -> "Header | None":
        """First item of a sequence, or None."""
        return next(iter(self.items(keyword)), None)

    def private(self, group: int, creator: str, element: int) -> object | None:
        """Value of a private element, addressed by its creator (PS3.5 7.8.1), or None."""
        try:
            found = self.dataset.private_block(group, creator)[element].value
        except BROKEN:
            return None
        return found if found not in (None, "", b"") else None

    def need_text(self, keyword: str) -> str:
        """First value as text; MissingAttribute where there is none."""
        found = self.text(keyword)
        if found is None:
            raise MissingAttribute("a value is needed", keyword=named(keyword), value=None)
        return found

    def need_number(self, keyword: str) -> float:
        """First value as a number; MissingAttribute where there is none."""
        found = self.number(keyword)
        if found is None:
            shown = self.text(keyword)
            raise MissingAttribute("a number is needed", keyword=named(keyword), value=shown)
        return found


def read_header(path: Path) -> Header:
    """Header of a DICOM file, preamble or not.

    Raises
    ------
    UnreadableInstance
        Where the file is no DICOM instance of a series, or is cut off within its header.
    """
    try:
        source = scan_file(path) or pydicom.dcmread(path, force=True, defer_size=_DEFERRED_BYTES)
    except BROKEN as cause:
        raise UnreadableInstance(f"not readable as DICOM: {type(cause).__name__}") from cause
    header = Header(source, path)
    absent = [named(keyword) for keyword in _IDENTITY if header.text(keyword) is None]
    if len(absent) == len(_IDENTITY) and not _has_prefix(source):
        raise UnreadableInstance("no DICOM file: neither its prefix DICM nor any UID is there")
    if absent:
        raise UnreadableInstance(f"not an instance of a series: {absent[0]} is absent")
    return header


def _has_prefix(source: Dataset | ScannedFile) -> bool:
    """Whether the file begins with a preamble and DICM (PS3.10 7.1), as old ones do not."""
    return isinstance(source, ScannedFile) or getattr(source, "preamble", None) is not None
