"""One instance's attributes, read once, with typed access that never guesses."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.tag import Tag

from dicom_node.domain.errors import MissingAttribute, UnreadableInstance

# Values longer than this stay in the file until they are asked for: pixel data, overlays, private
# blobs. A header is some ten kilobytes.
_DEFERRED_BYTES = 4096


def named(keyword: str) -> str:
    """Keyword with its tag, as messages show it: ``PatientWeight (0010,1030)``."""
    tag = tag_for_keyword(keyword)
    return keyword if tag is None else f"{keyword} {Tag(tag)}".replace(", ", ",")


@dataclass(frozen=True, slots=True)
class Header:
    """Attributes of one data set or sequence item.

    A value that is absent, empty or cannot be converted is None; `need_*` raise MissingAttribute
    instead. Nothing is ever replaced by a default.

    Parameters
    ----------
    dataset : pydicom.Dataset
        With long values deferred (they are read from the file when they are asked for).
    path : Path or None
        The file; None for a sequence item or a made-up header.
    """

    dataset: Dataset
    path: Path | None = None

    def value(self, keyword: str) -> object | None:
        """Raw value of an attribute; None where it is absent, empty or not convertible."""
        try:
            found = self.dataset.get(keyword)
        except (ValueError, TypeError, NotImplementedError, OverflowError, LookupError, OSError):
            return None  # a broken value is no value; whoever needs it says so by name
        if found is None or (isinstance(found, str | bytes | Sequence) and len(found) == 0):
            return None
        return found  # type: ignore[no-any-return]  # pydicom values are untyped

    def texts(self, keyword: str) -> tuple[str, ...]:
        """All values as text, stripped."""
        found = self.value(keyword)
        if found is None:
            return ()
        several = found if isinstance(found, Sequence) and not isinstance(found, str) else (found,)
        return tuple(str(one).strip() for one in several)

    def text(self, keyword: str) -> str | None:
        """First value as text, or None."""
        return next((one for one in self.texts(keyword) if one), None)

    def numbers(self, keyword: str) -> tuple[float, ...] | None:
        """All values as numbers; None where one of them is none."""
        try:
            return tuple(float(one) for one in self.texts(keyword)) or None
        except ValueError:
            return None

    def number(self, keyword: str) -> float | None:
        """First value as a number, or None."""
        found = self.numbers(keyword)
        return None if found is None else found[0]

    def whole(self, keyword: str) -> int | None:
        """First value as a whole number, or None."""
        found = self.number(keyword)
        return None if found is None or found != int(found) else int(found)

    def items(self, keyword: str) -> "tuple[Header, ...]":
        """Items of a sequence."""
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
        except (KeyError, ValueError, TypeError):
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
        Where the file is no DICOM data set, or is cut off within its header.
    """
    try:
        dataset = pydicom.dcmread(path, force=True, defer_size=_DEFERRED_BYTES)
    except (InvalidDicomError, ValueError, EOFError, OSError, KeyError, TypeError) as cause:
        raise UnreadableInstance(f"not readable as DICOM: {type(cause).__name__}") from cause
    header = Header(dataset, path)
    if header.text("SOPClassUID") is None or header.text("SOPInstanceUID") is None:
        raise UnreadableInstance("not a DICOM instance: SOP Class or SOP Instance UID is absent")
    return header
