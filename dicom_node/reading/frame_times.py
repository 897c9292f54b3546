"""When a frame starts and how long it lasts, counted from the reference time of its series."""

import math
from collections.abc import Sequence

from dicom_node.domain.errors import MissingAttribute, NotCalibrated
from dicom_node.reading import scanner_private
from dicom_node.reading.administration import SAME_MOMENT
from dicom_node.reading.decay import average_time_s, decay_constant_per_s
from dicom_node.reading.header import Header, named

_A_DAY_MS = 86_400_000.0
_ONE_SECOND_S = 1.0


def frame_starts_s(frames: Sequence[Header], half_life_s: float) -> tuple[list[float], str]:
    """Seconds from the reference time to the start of each frame, and how they were read.

    FrameReferenceTime (0054,1300) is the time of the mean activity by the standard (PS3.3
    C.8.9.4.1.5); GE writes the start of the frame. DecayFactor (0054,1321), where it says more than
    1, decides; else the maker, and that no frame starts before the reference time.
    """
    given = [_frame_reference_s(frame) for frame in frames]
    average = _average_times_s(frames, half_life_s)
    told = _told_by_decay_factor(frames, average, half_life_s)
    if told:
        return _as_told(given, average, told, half_life_s)
    if is_of_ge(frames) or (None not in average and min(_less(given, average)) < -_ONE_SECOND_S):
        return given, "frame start"
    for frame in frames:
        need_frame_duration_s(frame)
    return _less(given, average), "time of mean activity"


def is_of_ge(frames: Sequence[Header]) -> bool:
    """Whether a GE scanner made all frames: it writes their start as FrameReferenceTime."""
    return all(scanner_private.is_made_by(one, scanner_private.GE_SCAN_START) for one in frames)


def _frame_reference_s(frame: Header) -> float:
    """FrameReferenceTime (0054,1300), in ms, as seconds of one day at most."""
    milliseconds = frame.need_number("FrameReferenceTime")
    if not abs(milliseconds) <= _A_DAY_MS:
        raise NotCalibrated(
            "allowed: a day at most, in ms",
            keyword=named("FrameReferenceTime"),
            value=milliseconds,
        )
    return milliseconds / 1000.0


def frame_duration_s(frame: Header) -> float | None:
    """ActualFrameDuration (0018,1242) or FrameAcquisitionDuration (0018,9220), both in ms.

    None where neither gives a duration above 0 and of one day at most.
    """
    milliseconds = frame.number("ActualFrameDuration")
    if milliseconds is None:
        milliseconds = frame.number("FrameAcquisitionDuration")
    if milliseconds is None or not 0 < milliseconds <= _A_DAY_MS:
        return None
    return milliseconds / 1000.0


def need_frame_duration_s(frame: Header) -> float:
    """Duration of a frame; MissingAttribute where `frame_duration_s` knows none."""
    duration = frame_duration_s(frame)
    if duration is None:
        raise MissingAttribute(
            "a duration above 0 and of a day at most is needed to know the reference time",
            keyword=named("ActualFrameDuration"),
            value=frame.text("ActualFrameDuration"),
        )
    return duration


def _average_times_s(frames: Sequence[Header], half_life_s: float) -> list[float | None]:
    """Time of the mean activity after the start of each frame; None without a duration."""
    durations = [frame_duration_s(frame) for frame in frames]
    return [None if one is None else average_time_s(one, half_life_s) for one in durations]


def _less(given: Sequence[float], average: Sequence[float | None]) -> list[float]:
    """Reference times less the times of mean activity, for frames that have a duration."""
    return [one - mean for one, mean in zip(given, average, strict=True) if mean is not None]


def _told_by_decay_factor(
    frames: Sequence[Header], average: Sequence[float | None], half_life_s: float
) -> list[float]:
    """Seconds from reference time to frame start by DecayFactor; empty where it tells nothing.

    The factor undoes the decay from the reference time to the time of mean activity. A factor of 1
    is written by software that does not know it.
    """
    factors = [frame.number("DecayFactor") for frame in frames]
    found = [
        math.log(factor) / decay_constant_per_s(half_life_s) - mean
        for factor, mean in zip(factors, average, strict=True)
        if factor is not None and factor > 1 and mean is not None
    ]
    return found if len(found) == len(frames) else []


def _as_told(
    given: Sequence[float],
    average: Sequence[float | None],
    told: Sequence[float],
    half_life_s: float,
) -> tuple[list[float], str]:
    """The reading of FrameReferenceTime that agrees with DecayFactor, or a refusal."""
    readings = {"frame start": list(given), "time of mean activity": _less(given, average)}
    apart = {
        name: max(abs(one - two) for one, two in zip(starts, told, strict=True))
        for name, starts in readings.items()
    }
    best = min(apart, key=lambda name: apart[name])
    if apart[best] * decay_constant_per_s(half_life_s) > SAME_MOMENT:
        raise NotCalibrated(
            f"it and FrameReferenceTime (0054,1300) tell frame starts that are {apart[best]:.0f} s "
            "apart, so that the reference time cannot be computed",
            keyword=named("DecayFactor"),
            value="contradiction",
        )
    return readings[best], f"{best}, by DecayFactor"
