"""Private elements of PET scanners that quantification needs, addressed by their creator.

GE writes the date-time to which a scan is decay corrected, Siemens likewise, Philips the factors
that bring its counts to Bq/ml and to SUVbw. Some software drops the private creator elements and
keeps the values; they are taken from block 0x10 only where the group has no creator at all and
Manufacturer (0008,0070) names the maker. The factors of Philips are taken from there, too, where
Manufacturer names no other maker of scanners: Units CNTS with them is written by Philips alone.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from dicom_node.domain.errors import NotCalibrated
from dicom_node.reading import times
from dicom_node.reading.header import BROKEN, Header
from dicom_node.reading.record import Record, common
from dicom_node.reading.scanned_file import ScannedFile

_FIRST_BLOCK = 0x10
_LAST_CREATOR = 0x100  # elements below it name the creators of blocks (PS3.5 7.8.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateElement:
    """A private element and the maker whose scanners write it.

    Parameters
    ----------
    maker, others : str
        Regular expressions for Manufacturer (0008,0070). Without a creator the value is believed
        where `maker` is named; with `others`, also where none of those is.
    """

    group: int
    element: int
    creator: str
    maker: str
    meaning: str
    others: str | None = None

    @property
    def name(self) -> str:
        """Meaning with tag and creator, for messages and records."""
        return f"{self.meaning} ({self.group:04X},xx{self.element:02X}) {self.creator}"


_GE = r"\bGE(\b|MS|HC)|GENERAL ELECTRIC"
_SIEMENS = r"SIEMENS|\bCPS\b|\bCTI\b"
_NOT_PHILIPS = rf"{_GE}|{_SIEMENS}|\bUIH\b|UNITED.?IMAGING|CANON|TOSHIBA|HITACHI|MEDISO|SHIMADZU"

GE_SCAN_START = PrivateElement(
    group=0x0009,
    element=0x0D,
    creator="GEMS_PETD_01",
    maker=_GE,
    meaning="scan date-time",
)
SIEMENS_DECAY_REFERENCE = PrivateElement(
    group=0x0071,
    element=0x22,
    creator="SIEMENS MED PT",
    maker=_SIEMENS,
    meaning="decay correction date-time",
)
PHILIPS_SUV_FACTOR = PrivateElement(
    group=0x7053,
    element=0x00,
    creator="Philips PET Private Group",
    maker=r"PHILIPS",
    others=_NOT_PHILIPS,
    meaning="SUV scale factor",
)
PHILIPS_ACTIVITY_FACTOR = PrivateElement(
    group=0x7053,
    element=0x09,
    creator="Philips PET Private Group",
    maker=r"PHILIPS",
    others=_NOT_PHILIPS,
    meaning="activity concentration scale factor",
)


def is_made_by(frame: Header, element: PrivateElement) -> bool:
    """Whether Manufacturer (0008,0070) names a maker of the element."""
    return re.search(element.maker, _manufacturer(frame)) is not None


def _manufacturer(frame: Header) -> str:
    return (frame.text("Manufacturer") or "").upper()


def text_of(frame: Header, element: PrivateElement) -> str | None:
    """Value as text; None where it is absent or empty."""
    block = _block_of(frame, element)
    if block is None:
        return None
    return _text(frame, element.group << 16 | block << 8 | element.element)


def _block_of(frame: Header, element: PrivateElement) -> int | None:
    """Block of the group that holds the element; None where none does (PS3.5 7.8.1)."""
    creators = _creators(frame, element.group)
    if creators:
        return next((one for one in creators if creators[one] == element.creator), None)
    return _FIRST_BLOCK if _believed_without_creator(frame, element) else None


def _believed_without_creator(frame: Header, element: PrivateElement) -> bool:
    if is_made_by(frame, element):
        return True
    return element.others is not None and not re.search(element.others, _manufacturer(frame))


def _creators(frame: Header, group: int) -> dict[int, str]:
    """Private creators of a group by the number of their block."""
    source = frame.source
    tags: Iterable[int] = source.index if isinstance(source, ScannedFile) else source.keys()
    blocks = [tag & 0xFFFF for tag in tags if tag >> 16 == group]
    return {
        block: _text(frame, group << 16 | block) or ""
        for block in sorted(blocks)
        if _FIRST_BLOCK <= block < _LAST_CREATOR
    }


def _text(frame: Header, tag: int) -> str | None:
    """Value of an element as text; None where it is absent, empty or broken."""
    source = frame.source
    found: object = None
    if isinstance(source, ScannedFile):
        found = source.stored(tag)  # which spares a data set for every slice
    elif tag in source:
        with suppress(*BROKEN):
            found = source[tag].value
    if isinstance(found, bytes):
        found = found.decode("ascii", errors="replace")
    shown = "" if found is None else str(found).strip(" \0")
    return shown or None


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
    if not all(_creators(frame, element.group) for frame in frames):
        record.warn(
            f"the private creator of group {element.group:04X} is absent; its element "
            f"({element.group:04X},10{element.element:02X}) was taken as {element.name}"
        )
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
