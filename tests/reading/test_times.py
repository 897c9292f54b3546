"""Dates, times, offsets from UTC and the midnight rule."""
# ruff: noqa: DTZ001  # local times of a scanner have no zone

from datetime import date, datetime, time, timedelta

import pytest
from dicom_parts import item
from hypothesis import given
from hypothesis import strategies as st

from dicom_node.domain.errors import NotCalibrated
from dicom_node.reading import times
from dicom_node.reading.header import Header

MOMENTS = st.datetimes(datetime(1900, 1, 3), datetime(2200, 1, 1))


@pytest.mark.parametrize("text", ["20250131", "2025.01.31", " 20250131 "])
def test_a_date_is_read_in_both_forms(text: str) -> None:
    assert times.parse_date(text) == date(2025, 1, 31)


@pytest.mark.parametrize("text", ["20250231", "2025-01-31", "250131", "202501", "2025.0131", ""])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        times.parse_date(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("083045", time(8, 30, 45)),
        ("0830", time(8, 30)),
        ("08:30:45", time(8, 30, 45)),
        ("083045.5", time(8, 30, 45, 500_000)),
        ("083045.000001", time(8, 30, 45, 1)),
        ("123514.999995", time(12, 35, 14, 999_995)),
        ("095621.00 ", time(9, 56, 21)),
        ("083045.1234567", time(8, 30, 45, 123_456)),
        ("235960", time(23, 59, 59)),
    ],
)
def test_a_time_is_read_with_its_fraction(text: str, expected: time) -> None:
    assert times.parse_time(text) == expected


@pytest.mark.parametrize("text", ["08", "8:30", "083", "250000", "086000", "08:3045", "", "noon"])
def test_a_time_without_minutes_or_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        times.parse_time(text)


def test_a_date_time_keeps_its_offset_apart() -> None:
    clock = datetime(2025, 1, 1, 10, 0, 0, 250_000)
    assert times.parse_datetime("20250101100000.25") == (clock, None)
    assert times.parse_datetime("20250101100000.25+0530") == (
        clock,
        timedelta(hours=5, minutes=30),
    )
    assert times.parse_datetime("202501011000-0800") == (
        datetime(2025, 1, 1, 10),
        timedelta(hours=-8),
    )


@pytest.mark.parametrize("text", ["20250101", "2025010110", "20250101100000+2500", "20250101T1000"])
def test_a_date_time_that_does_not_reach_the_minutes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        times.parse_datetime(text)


@pytest.mark.parametrize("text", ["+1500", "-1300", "0100", "+01:00", "+0160"])
def test_what_is_no_offset_from_utc_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="offset"):
        times.parse_utc_offset(text)


def test_an_offset_is_brought_to_the_declared_local_time() -> None:
    header = Header(item(TimezoneOffsetFromUTC="+0200", AcquisitionDateTime="20250101100000+0000"))
    zone = times.zone_of(header)
    assert times.local_datetime(header, "AcquisitionDateTime", zone) == datetime(2025, 1, 1, 12)


def test_an_offset_without_a_declared_local_time_is_refused_by_name() -> None:
    header = Header(item(AcquisitionDateTime="20250101100000+0000"))
    with pytest.raises(NotCalibrated, match=r"AcquisitionDateTime.*TimezoneOffsetFromUTC"):
        times.local_datetime(header, "AcquisitionDateTime", times.zone_of(header))


def test_offsets_in_all_compared_values_stand_for_the_local_time() -> None:
    header = Header(item())
    both = ["20250101100000+0100", "20250101110000+0000"]
    zone = times.zone_of(header, both)
    one, two = (times.to_local(text, "x", zone) for text in both)
    assert two - one == timedelta(hours=2)
    assert times.zone_of(header, [*both, "20250101100000"]) is None


@pytest.mark.filterwarnings("ignore:Invalid value for VR:UserWarning")  # as wanted here
def test_a_malformed_value_is_refused_by_name_and_an_absent_one_is_none() -> None:
    header = Header(item(SeriesDate="20250101", SeriesTime=""))
    assert times.series_start(header) is None
    header.dataset.SeriesTime = "9 am"
    with pytest.raises(NotCalibrated, match=r"SeriesTime \(0008,0031\) is '9 am'"):
        times.series_start(header)


def test_the_start_of_a_frame_goes_before_that_of_the_image() -> None:
    header = Header(
        item(
            AcquisitionDate="20250101",
            AcquisitionTime="100000",
            AcquisitionDateTime="20250101090000",
        )
    )
    assert times.acquisition_start(header) == datetime(2025, 1, 1, 10)
    header.dataset.FrameAcquisitionDateTime = "20250101100300"
    assert times.acquisition_start(header) == datetime(2025, 1, 1, 10, 3)
    only = Header(item(AcquisitionDateTime="20250101090000"))
    assert times.acquisition_start(only) == datetime(2025, 1, 1, 9)
    assert times.acquisition_start(Header(item(AcquisitionTime="100000"))) is None


def test_a_time_after_the_moment_is_of_the_day_before() -> None:
    assert times.last_before(time(23, 30), datetime(2025, 1, 2, 0, 20)) == datetime(
        2025, 1, 1, 23, 30
    )
    assert times.last_before(time(8), datetime(2025, 1, 2, 9)) == datetime(2025, 1, 2, 8)


@given(moment=MOMENTS, clock=st.times())
def test_the_last_such_time_is_within_a_day_before(moment: datetime, clock: time) -> None:
    found = times.last_before(clock, moment)
    assert timedelta(0) <= moment - found < timedelta(days=1)
    assert found.time() == clock


@given(moment=MOMENTS)
def test_a_date_time_survives_its_text(moment: datetime) -> None:
    text = moment.strftime("%Y%m%d%H%M%S.%f").rjust(21, "0")
    assert times.parse_datetime(text) == (moment, None)
    assert times.parse_date(text[:8]) == moment.date()
    assert times.parse_time(text[8:]) == moment.time()


@given(one=MOMENTS, days=st.integers(0, 20_000), apart=st.integers(0, 43_200))
def test_clocks_are_compared_round_midnight_and_without_dates(
    one: datetime, days: int, apart: int
) -> None:
    other = one + timedelta(days=days, seconds=apart)
    assert times.clocks_apart_s(one, other) == pytest.approx(apart, abs=1e-5)
    assert times.clocks_apart_s(other, one) == pytest.approx(apart, abs=1e-5)
