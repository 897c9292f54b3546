"""The moment to which the activity of a PET slice is decay corrected.

PS3.3 C.8.9.1.1.5: DecayCorrection START means the start of the acquisition, ADMIN that of the
administration, NONE that nothing was corrected; all images of a series are corrected to one time.
Which attribute holds the start is not said; the order of evidence here is that of the QIBA
vendor-neutral pseudo-code (2018), with the back-computation of the IBSI manual on SUV computation
(Vacha et al. 2026) as the last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dicom_node.domain.errors import InputRejected, MissingAttribute, NotCalibrated
from dicom_node.reading import scanner_private, times
from dicom_node.reading.administration import SAME_MOMENT
from dicom_node.reading.decay import average_time_s, decay_constant_per_s
from dicom_node.reading.frame_times import frame_starts_s, is_of_ge, need_frame_duration_s
from dicom_node.reading.header import Header, named
from dicom_node.reading.record import Record, common_text

# Writers give one moment with different fractions of a second.
_ROUNDING = timedelta(milliseconds=1)
_SCAN_LASTS_AT_MOST = timedelta(days=1)
_ONE_SECOND = timedelta(seconds=1)


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
        _compare_with_frames(frames, acquired, series, half_life_s, record)
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
    before = acquired + _ONE_SECOND - moment
    if not timedelta(0) <= before <= _SCAN_LASTS_AT_MOST:
        raise NotCalibrated(
            f"it does not belong to an acquisition of {acquired}; a date was altered or is wrong",
            keyword=element.name,
            value=str(moment),
        )


def _from_frames(
    frames: Sequence[Header], acquired: Sequence[datetime], half_life_s: float
) -> tuple[tuple[datetime, ...], str]:
    """Reference time by each frame, and how its FrameReferenceTime was read."""
    offsets, convention = frame_starts_s(frames, half_life_s)
    moments = [
        start - timedelta(seconds=offset) for start, offset in zip(acquired, offsets, strict=True)
    ]
    return tuple(moments), convention


def _compare_with_frames(
    frames: Sequence[Header],
    acquired: Sequence[datetime],
    series: datetime,
    half_life_s: float,
    record: Record,
) -> None:
    """Warn where the frames tell another reference time than SeriesTime, by more than 1 % of SUV.

    Not for GE, whose FrameReferenceTime is counted from other moments, too.
    """
    if is_of_ge(frames):
        return
    try:
        moments, _ = _from_frames(frames, acquired, half_life_s)
    except InputRejected:
        return  # SeriesTime needs no other attribute
    other = max(moments, key=lambda moment: abs(moment - series))
    apart = abs(other - series).total_seconds()
    if apart * decay_constant_per_s(half_life_s) > SAME_MOMENT:
        record.warn(
            f"SeriesTime (0008,0031) {series} was taken as the reference time of the decay "
            f"correction, but AcquisitionTime less FrameReferenceTime gives {other}, {apart:.0f} s "
            "apart"
        )


def _computed(
    frames: Sequence[Header], acquired: Sequence[datetime], half_life_s: float, record: Record
) -> Reference:
    """Acquisition start minus the time of the frame since the reference time (IBSI option B)."""
    moments, convention = _from_frames(frames, acquired, half_life_s)
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
