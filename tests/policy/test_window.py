"""Windows of a day, also those over midnight."""

from datetime import UTC, datetime, time

import pytest

from dicom_node.domain.route import TimeWindow
from dicom_node.policy.window import is_open, next_opening

NIGHT = TimeWindow(start=time(20), end=time(6))
NOON = TimeWindow(start=time(11, 30), end=time(13))


def at(hour: int, minute: int = 0, day: int = 5) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "moment", "opened"),
    [
        (NIGHT, at(20), True),
        (NIGHT, at(23, 59), True),
        (NIGHT, at(5, 59), True),
        (NIGHT, at(6), False),
        (NIGHT, at(19, 59), False),
        (NOON, at(11, 29), False),
        (NOON, at(11, 30), True),
        (NOON, at(13), False),
    ],
)
def test_a_window_holds_its_start_and_not_its_end(window, moment, opened):
    assert is_open(window, moment) is opened


def test_the_next_opening_is_now_today_or_tomorrow():
    assert next_opening(NIGHT, at(22)) == at(22)
    assert next_opening(NIGHT, at(12)) == at(20)
    assert next_opening(NOON, at(14)) == at(11, 30, day=6)


def test_a_window_without_length_is_refused():
    with pytest.raises(ValueError, match="starts and ends at 20:00"):
        TimeWindow(start=time(20), end=time(20))
