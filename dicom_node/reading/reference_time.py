"""The moment to which the activity of a PET slice is decay corrected.

PS3.3 C.8.9.1.1.5: DecayCorrection START means the start of the acquisition, ADMIN that of the
administration, NONE that nothing was corrected; all images of a series are corrected to one time.
Which attribute holds the start is not said; the order of evidence here is that of the QIBA
vendor-neutral pseudo-code (2018), with the back-computation of the IBSI manual on SUV computation
(Vacha et al. 2026) as the last.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dicom_node.domain.errors import MissingAttribute, NotCalibrated
from dicom_node.reading import scanner_private, times
from dicom_node.reading.administration import SAME_MOMENT
from dicom_node.reading.decay import average_time_s, decay_constant_per_s
from dicom_node.reading.header import Header, named
from dicom_node.reading.record import Record, common_text

# Writers give one moment with different fractions of a second.
_ROUNDING = timedelta(milliseconds=1)
_SCAN_LASTS_AT_MOST = timedelta(days=1)
_A_DAY_MS = 86_400_000.0
_ONE_SECOND_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Local reference time of each slice, and the rule that gave it.

    Parameters
    ----------
    stated : bool
        Whether an attribute states the time; False where it was computed from others.
    """

    times: tuple[datetime, ...]
    rule: str
    stated: bool = True


def at_start(frames: Sequence[Header], half_life_s: float, record: Record) -> Reference:
    """Reference times of a PET series with DecayCorrection START.

    1. SeriesDate and SeriesTime, where not after the earliest acquisition of the series;
    2. else the private date-time of GE or Siemens;
    3. else computed for each slice from AcquisitionTime and FrameReferenceTime.

    Raises
    ------
    MissingAttribute, NotCalibrated
        Where an attribute is absent, or two of them contradict each other by more than 1 % of SUV.
    """
    for keyword in ("SeriesDate", "SeriesTime"):
        common_text(frames, keyword)
    acquired = acquisition_starts(frames)
    series = times.series_start(frames[0])
    if series is not None and series <= min(acquired) + _ROUNDING:
        if min(acquired) - series > _SCAN_LASTS_AT_MOST:
            raise NotCalibrated(
                f"it is more than a day before the acquisition of {min(acquired)}; a date was "
                "altered or is wrong",
                keyword=named("SeriesDate"),
                value=str(series),
            )
        _check_by_private(frames, series, half_life_s, record)
        return _same_for_all(series, frames, "SeriesTime, not after the acquisition (QIBA 1)")
    private = scanner_private.decay_reference(frames)
    if private is not None:
        moment, element = private
        _belongs_to(moment, element, min(acquired))
        return _same_for_all(moment, frames, f"{element.name} (QIBA 2)")
    return _computed(frames, acquired, half_life_s, record)


def acquisition_starts(frames: Sequence[Header]) -> list[datetime]:
    """Start of the acquisition of every slice; MissingAttribute where one has none."""
    found = []
    for frame in frames:
        start = times.acquisition_start(frame)
        if start is None:
            keyword = "AcquisitionTime" if frame.text("AcquisitionDate") else "AcquisitionDate"
            raise MissingAttribute("start of acquisition is needed", keyword=named(keyword))
        found.append(start)
    return found


def _same_for_all(moment: datetime, frames: Sequence[Header], rule: str) -> Reference:
    """One reference time for the whole series."""
    return Reference(
        times=(moment,) * len(frames), rule=f"DecayCorrection START, reference time = {rule}"
    )


def _check_by_private(
    frames: Sequence[Header], series: datetime, half_life_s: float, record: Record
) -> None:
    """Refuse a SeriesTime that differs from the private reference time in the time of day.

    Dates are not compared: de-identification shifts those of the standard and leaves the private.
    """
    try:
        found = scanner_private.decay_reference(frames)
    except NotCalibrated as cause:
        record.warn(f"not compared with SeriesTime: {cause}")
        return
    if found is None:
        return
    private, element = found
    apart = times.clocks_apart_s(series, private)
    if apart * decay_constant_per_s(half_life_s) > SAME_MOMENT:
        raise NotCalibrated(
            f"it is {apart:.0f} s apart from SeriesTime (0008,0031) {series}, which is not after "
            "the acquisition; the reference time cannot be told",
            keyword=element.name,
            value=str(private),
        )


def _belongs_to(
    moment: datetime, element: scanner_private.PrivateElement, acquired: datetime
) -> None:
    """Refuse a private reference time that is not of this scan, or whose date was altered."""
    before = acquired + timedelta(seconds=_ONE_SECOND_S) - moment
    if not timedelta(0) <= before <= _SCAN_LASTS_AT_MOST:
        raise NotCalibrated(
            f"it does not belong to an acquisition of {acquired}; a date was altered or is wrong",
            keyword=element.name,
            value=str(moment),
        )


def _computed(
    frames: Sequence[Header], acquired: Sequence[datetime], half_life_s: float, record: Record
) -> Reference:
    """Acquisition start minus the time of the frame since the reference time (IBSI option B)."""
    offsets, convention = _frame_starts_s(frames, half_life_s)
    moments = tuple(
        start - timedelta(seconds=offset) for start, offset in zip(acquired, offsets, strict=True)
    )
    spread = (max(moments) - min(moments)).total_seconds()
    if spread * decay_constant_per_s(half_life_s) > SAME_MOMENT:
        raise NotCalibrated(
            f"SeriesTime (0008,0031) is absent or after the acquisition, and AcquisitionTime with "
            f"FrameReferenceTime give reference times that are {spread:.0f} s apart"
        )
    record.note("FrameReferenceTime", frames[0].need_number("FrameReferenceTime"))
    record.warn(
        "SeriesTime is absent or after the acquisition; the reference time of the decay "
        "correction was computed from AcquisitionTime and FrameReferenceTime"
    )
    rule = (
        "DecayCorrection START, reference time = AcquisitionTime less FrameReferenceTime "
        f"({convention}; IBSI B)"
    )
    return Reference(times=moments, rule=rule, stated=False)


def _frame_starts_s(frames: Sequence[Header], half_life_s: float) -> tuple[list[float], str]:
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
    is_ge = all(scanner_private.is_made_by(one, scanner_private.GE_SCAN_START) for one in frames)
    if is_ge or (None not in average and min(_less(given, average)) < -_ONE_SECOND_S):
        return given, "frame start"
    for frame in frames:
        need_frame_duration_s(frame)
    return _less(given, average), "time of mean activity"


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


def uncorrected(frames: Sequence[Header], half_life_s: float) -> Reference:
    """Times of mean activity of slices that are not decay corrected (DecayCorrection NONE).

    Raises
    ------
    MissingAttribute
        Without acquisition time or frame duration.
    NotCalibrated
        Where frames of different times share one AcquisitionTime, as some GE scanners write it.
    """
    acquired = acquisition_starts(frames)
    offsets = {frame.text("FrameReferenceTime") for frame in frames}
    if len(set(acquired)) == 1 and len(offsets) > 1:
        raise NotCalibrated(
            "slices have several FrameReferenceTimes, but one start of acquisition",
            keyword=named("AcquisitionTime"),
            value=str(acquired[0]),
        )
    moments = []
    for frame, start in zip(frames, acquired, strict=True):
        duration = need_frame_duration_s(frame)
        moments.append(start + timedelta(seconds=average_time_s(duration, half_life_s)))
    rule = "DecayCorrection NONE, time of mean activity of each frame"
    return Reference(times=tuple(moments), rule=rule)
