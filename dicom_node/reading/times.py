"""Dates and times of DICOM (PS3.5 6.2: DA, TM, DT) as local times of the scanner.

Every result is a datetime without time zone: DA and TM have none, and a DT with an offset from UTC
is brought to the local time that TimezoneOffsetFromUTC (0008,0201) declares (PS3.3 C.12.1.1.8).
"""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from dicom_node.domain.errors import NotCalibrated
from dicom_node.reading.header import Header, named

# ACR-NEMA wrote YYYY.MM.DD and HH:MM:SS; PS3.5 6.2 wants readers to understand both.
_DATE = re.compile(r"(\d{4})(\.?)(\d{2})\2(\d{2})")
_TIME = re.compile(r"(\d{2})(:?)(\d{2})(?:\2(\d{2})(?:\.(\d+))?)?")
_DATETIME = re.compile(r"(\d{8})(\d{4}(?:\d{2}(?:\.\d+)?)?)([+-]\d{4})?")
_OFFSET = re.compile(r"([+-])(\d{2})([0-5]\d)")
_DAY = timedelta(days=1)
_FIRST_YEAR, _LAST_YEAR = 1800, 2999  # de-identification writes years from 1800 on

Parsed = TypeVar("Parsed")


def parse_date(text: str) -> date:
    """Date of a DA value; ValueError where it is none, or of no century that scans are dated in."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        raise ValueError("a date is YYYYMMDD")
    if not _FIRST_YEAR <= int(found[1]) <= _LAST_YEAR:
        raise ValueError(f"a year is {_FIRST_YEAR} to {_LAST_YEAR}")
    return date(int(found[1]), int(found[3]), int(found[4]))


def parse_time(text: str) -> time:
    """Time of a TM value with hours and minutes at least; ValueError where it is none.

    A value of hours alone leaves the minutes unknown (PS3.5 6.2), which is no time to compute with.
    The leap second 60 is taken as 59; fractions beyond microseconds are dropped.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError("a time is HHMM, HHMMSS or HHMMSS.FFFFFF")
    second = int(found[4] or 0)
    fraction = (found[5] or "0")[:6].ljust(6, "0")
    return time(int(found[1]), int(found[3]), 59 if second == 60 else second, int(fraction))


def parse_utc_offset(text: str) -> timedelta:
    """Offset of +HHMM or -HHMM from UTC; ValueError outside -1200 to +1400."""
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        raise ValueError("an offset from UTC is +HHMM or -HHMM")
    size = timedelta(hours=int(found[2]), minutes=int(found[3]))
    offset = -size if found[1] == "-" else size
    if not timedelta(hours=-12) <= offset <= timedelta(hours=14):
        raise ValueError("an offset from UTC lies between -1200 and +1400")
    return offset


def parse_datetime(text: str) -> tuple[datetime, timedelta | None]:
    """Clock reading of a DT value and its offset from UTC, None where it gives none.

    The value must reach to the minutes; a coarser one raises ValueError, as `parse_time` does.
    """
    found = _DATETIME.fullmatch(text.strip())
    if found is None:
        raise ValueError("a date-time is YYYYMMDDHHMM[SS[.FFFFFF]][+HHMM]")
    clock = datetime.combine(parse_date(found[1]), parse_time(found[2]))
    return clock, parse_utc_offset(found[3]) if found[3] else None


def read(header: Header, keyword: str, parse: Callable[[str], Parsed]) -> Parsed | None:
    """Value of an attribute, parsed; None where it is absent or empty.

    Raises
    ------
    NotCalibrated
        Where a value is there and is malformed.
    """
    text = header.text(keyword)
    return None if text is None else _parsed(text, named(keyword), parse)


def _parsed(text: str, name: str, parse: Callable[[str], Parsed]) -> Parsed:
    """Parse, with a refusal that names the attribute."""
    try:
        return parse(text)
    except (ValueError, OverflowError) as cause:
        raise NotCalibrated(f"no valid value: {cause}", keyword=name, value=text) from cause


def zone_of(header: Header, others: Iterable[str | None] = ()) -> timedelta | None:
    """Offset of the scanner's local time from UTC, or None where it is not known.

    Parameters
    ----------
    header : Header
        Of the whole object (TimezoneOffsetFromUTC lies in its SOP Common Module).
    others : texts of DT values that will be compared with each other
        Where all of them give an offset, any of these serves as local time.
    """
    declared = read(header, "TimezoneOffsetFromUTC", parse_utc_offset)
    if declared is not None:
        return declared
    offsets = [clock_and_offset(text, "date-time")[1] for text in others if text]
    return offsets[0] if offsets and all(one is not None for one in offsets) else None


def clock_and_offset(text: str, name: str) -> tuple[datetime, timedelta | None]:
    """`parse_datetime` with a refusal, NotCalibrated, that names the attribute."""
    return _parsed(text, name, parse_datetime)


def to_local(text: str, name: str, zone: timedelta | None) -> datetime:
    """Local time of a DT value.

    Raises
    ------
    NotCalibrated
        Where the value is malformed, or gives an offset from UTC while the local one is not known.
    """
    clock, offset = clock_and_offset(text, name)
    if offset is None:
        return clock
    if zone is None:
        raise NotCalibrated(
            "it gives an offset from UTC, but TimezoneOffsetFromUTC (0008,0201) is absent, so that "
            "it cannot be compared with local times",
            keyword=name,
            value=text,
        )
    return clock - offset + zone


def local_datetime(header: Header, keyword: str, zone: timedelta | None) -> datetime | None:
    """Local time of a DT attribute; None where it is absent. Raises as `to_local`."""
    text = header.text(keyword)
    return None if text is None else to_local(text, named(keyword), zone)


def date_and_time(header: Header, date_keyword: str, time_keyword: str) -> datetime | None:
    """Moment of a DA and a TM attribute; None unless both are there."""
    day = read(header, date_keyword, parse_date)
    clock = read(header, time_keyword, parse_time)
    return None if day is None or clock is None else datetime.combine(day, clock)


def series_start(header: Header) -> datetime | None:
    """SeriesDate and SeriesTime (0008,0021) (0008,0031)."""
    return date_and_time(header, "SeriesDate", "SeriesTime")


def acquisition_start(header: Header) -> datetime | None:
    """Start of the acquisition of an image or frame; None where no attribute tells.

    FrameAcquisitionDateTime (0018,9074) of a frame of a multi-frame object comes first, then
    AcquisitionDate and AcquisitionTime (0008,0022) (0008,0032), then AcquisitionDateTime
    (0008,002A).
    """
    zone = zone_of(header)
    return (
        local_datetime(header, "FrameAcquisitionDateTime", zone)
        or date_and_time(header, "AcquisitionDate", "AcquisitionTime")
        or local_datetime(header, "AcquisitionDateTime", zone)
    )


def last_before(clock: time, moment: datetime) -> datetime:
    """Latest moment at which a clock showed a time and that is not after `moment`.

    The midnight rule for a time without date: 23:30 before 00:20 is of the day before.
    """
    same_day = datetime.combine(moment.date(), clock)
    return same_day if same_day <= moment else same_day - _DAY


def clocks_apart_s(one: datetime, other: datetime) -> float:
    """Seconds between two times of day, the shorter way round midnight, whatever their dates."""
    apart = abs((one - other).total_seconds()) % _DAY.total_seconds()
    return min(apart, _DAY.total_seconds() - apart)
