"""Whether a part of the day is now, and when it begins again."""

from datetime import datetime, timedelta

from dicom_node.domain.route import TimeWindow


def is_open(window: TimeWindow, now: datetime) -> bool:
    """Whether a moment lies in the window; `now` is aware, and its own zone is the local time."""
    clock = now.time()
    if window.start < window.end:
        return window.start <= clock < window.end
    return clock >= window.start or clock < window.end


def next_opening(window: TimeWindow, now: datetime) -> datetime:
    """The moment from `now` on at which the window is open: now itself, or its next start."""
    if is_open(window, now):
        return now
    today = now.replace(hour=window.start.hour, minute=window.start.minute, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)
