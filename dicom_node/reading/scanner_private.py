"""Private elements of PET scanners that quantification needs, addressed by their creator.

GE writes the date-time to which a scan is decay corrected, Siemens likewise, Philips the factors
that bring its counts to Bq/ml and to SUVbw. Some software drops the private creator elements and
keeps the values; they are taken from block 0x10 only where the creator of that block is absent and
Manufacturer (0008,0070) names the maker.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydicom.dataset import Dataset

from dicom_node.domain.errors import NotCalibrated
from dicom_node.reading import times
from dicom_node.reading.header import Header
from dicom_node.reading.record import Record, common
from dicom_node.reading.scanned_file import ScannedFile

_FIRST_BLOCK = 0x10
_LAST_CREATOR = 0x100  # elements below it name the creators of blocks (PS3.5 7.8.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateElement:
    """A private element and the makers whose elements it is known from."""

    group: int
    element: int
    creator: str
    maker: str  # regular expression for Manufacturer
    meaning: str

    @property
    def name(self) -> str:
        """Meaning with tag and creator, for messages and records."""
        return f"{self.meaning} ({self.group:04X},xx{self.element:02X}) {self.creator}"


GE_SCAN_START = PrivateElement(
    group=0x0009,
    element=0x0D,
    creator="GEMS_PETD_01",
    maker=r"\bGE(\b|MS|HC)|GENERAL ELECTRIC",
    meaning="scan date-time",
)
SIEMENS_DECAY_REFERENCE = PrivateElement(
    group=0x0071,
    element=0x22,
    creator="SIEMENS MED PT",
    maker=r"SIEMENS|\bCPS\b|\bCTI\b",
    meaning="decay correction date-time",
)
PHILIPS_SUV_FACTOR = PrivateElement(
    group=0x7053,
    element=0x00,
    creator="Philips PET Private Group",
    maker=r"PHILIPS",
    meaning="SUV scale factor",
)
PHILIPS_ACTIVITY_FACTOR = PrivateElement(
    group=0x7053,
    element=0x09,
    creator="Philips PET Private Group",
    maker=r"PHILIPS",
    meaning="activity concentration scale factor",
)


def is_made_by(frame: Header, element: PrivateElement) -> bool:
    """Whether Manufacturer (0008,0070) names a maker of the element."""
    maker = (frame.text("Manufacturer") or "").upper()
    return re.search(element.maker, maker) is not None


def text_of(frame: Header, element: PrivateElement) -> str | None:
    """Value as text; None where it is absent or empty."""
    source = frame.source
    if isinstance(source, ScannedFile):
        found: object | None = _scanned(source, frame, element)
    else:
        found = frame.private(element.group, element.creator, element.element)
        if found is None and is_made_by(frame, element):
            found = _without_creator(source, element)
    if isinstance(found, bytes):
        found = found.decode("ascii", errors="replace")
    shown = "" if found is None else str(found).strip(" \0")
    return shown or None


def _without_creator(dataset: Dataset, element: PrivateElement) -> object | None:
    """Value in block 0x10 of a group whose creator element is absent."""
    if (element.group, _FIRST_BLOCK) in dataset:
        return None
    found = dataset.get((element.group, _FIRST_BLOCK << 8 | element.element))
    return None if found is None else found.value  # type: ignore[no-any-return]  # untyped


def _scanned(source: ScannedFile, frame: Header, element: PrivateElement) -> bytes | None:
    """The same from the bytes of a scanned file, which spares a data set for every slice."""
    group = [tag & 0xFFFF for tag in source.index if tag >> 16 == element.group]
    if not group:
        return None
    base = element.group << 16
    for block in (number for number in group if number < _LAST_CREATOR):
        creator = source.stored(base | block) or b""
        if creator.strip(b" \0") == element.creator.encode():
            return source.stored(base | block << 8 | element.element)
    if _FIRST_BLOCK in group or not is_made_by(frame, element):
        return None
    return source.stored(base | _FIRST_BLOCK << 8 | element.element)


def factors(
    frames: Sequence[Header], element: PrivateElement, record: Record
) -> tuple[float, ...] | None:
    """Factor of each slice; None where all lack it or have 0, which Philips writes for "none".

    Raises
    ------
    NotCalibrated
        Where only some slices have one, or a value is no positive number.
    """
    texts = [text_of(frame, element) for frame in frames]
    numbers = [_number(text, element) for text in texts]
    if not any(numbers):
        return None
    if not all(numbers):
        raise NotCalibrated("some slices have no factor", keyword=element.name, value=0)
    record.note(element.name, numbers[0])
    return tuple(numbers)


def _number(text: str | None, element: PrivateElement) -> float:
    """Number that is not negative; 0 for an absent one."""
    try:
        number = float(text or 0)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise NotCalibrated("a factor is a number > 0", keyword=element.name, value=text)
    return number


def decay_reference(frames: Sequence[Header]) -> tuple[datetime, PrivateElement] | None:
    """Local date-time of a GE or Siemens scanner to which the whole series is decay corrected.

    Raises
    ------
    NotCalibrated
        Where slices differ or the value is no date-time.
    """
    for element in (GE_SCAN_START, SIEMENS_DECAY_REFERENCE):
        text = common((text_of(frame, element) for frame in frames), element.name)
        if text is not None:
            return times.to_local(text, element.name, times.zone_of(frames[0])), element
    return None
