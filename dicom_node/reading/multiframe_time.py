"""The moment to which frames of Enhanced PET and of NM are decay corrected."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from dicom_node.domain.errors import MissingAttribute, NotCalibrated
from dicom_node.reading import times
from dicom_node.reading.decay import average_time_s
from dicom_node.reading.frame_times import frame_duration_s
from dicom_node.reading.header import Header, named
from dicom_node.reading.record import Record, common_text
from dicom_node.reading.reference_time import Reference, acquisition_starts


def of_enhanced(frames: Sequence[Header], half_life_s: float, record: Record) -> Reference:
    """Reference times of Enhanced PET (PS3.3 C.8.22, C.7.6.16.2.2).

    DecayCorrectionDateTime (0018,9701) where DecayCorrected (0018,9758) is YES. Where it is NO, the
    FrameReferenceDateTime (0018,9151) of each frame, else the time of mean activity.

    Raises
    ------
    MissingAttribute, NotCalibrated
        Where that attribute is absent, or DecayCorrected is neither YES nor NO.
    """
    corrected = common_text(frames, "DecayCorrected")
    record.note("DecayCorrected", str(corrected))
    zone = times.zone_of(frames[0], _texts(frames))
    if corrected == "YES":
        common_text(frames, "DecayCorrectionDateTime")
        moment = times.local_datetime(frames[0], "DecayCorrectionDateTime", zone)
        if moment is None:
            raise MissingAttribute("a value is needed", keyword=named("DecayCorrectionDateTime"))
        return _stated(moment, frames, "DecayCorrected YES")
    if corrected != "NO":
        keyword = named("DecayCorrected")
        raise NotCalibrated("allowed: YES, NO", keyword=keyword, value=corrected)
    return _of_each_frame(frames, half_life_s, zone)


def _texts(frames: Sequence[Header]) -> list[str | None]:
    """DT values that are compared with the start of administration, and that start."""
    item = frames[0].item("RadiopharmaceuticalInformationSequence")
    given = None if item is None else item.text("RadiopharmaceuticalStartDateTime")
    keywords = ("DecayCorrectionDateTime", "FrameReferenceDateTime", "FrameAcquisitionDateTime")
    return [given, *(frame.text(keyword) for frame in frames for keyword in keywords)]


def _of_each_frame(
    frames: Sequence[Header], half_life_s: float, zone: timedelta | None
) -> Reference:
    """Times of frames that are not decay corrected."""
    moments = []
    for frame in frames:
        moment = times.local_datetime(frame, "FrameReferenceDateTime", zone)
        if moment is None:
            start = times.local_datetime(frame, "FrameAcquisitionDateTime", zone)
            duration = frame_duration_s(frame)
            if start is None or duration is None:
                raise MissingAttribute(
                    "it, or FrameAcquisitionDateTime and FrameAcquisitionDuration, are needed",
                    keyword=named("FrameReferenceDateTime"),
                )
            moment = start + timedelta(seconds=average_time_s(duration, half_life_s))
        moments.append(moment)
    return Reference(times=tuple(moments), rule="DecayCorrected NO, time of each frame")


def of_nm(frames: Sequence[Header], correction: str) -> Reference:
    """Reference time of a quantitative NM image whose DecayCorrection is not ADMIN.

    DecayCorrectionDateTime (0018,9701) where it is there, else the start of the acquisition, which
    is what START means by the standard (PS3.3 C.8.9.1.1.5).

    Raises
    ------
    NotCalibrated
        With DecayCorrection NONE: when a reconstruction from projections was acquired, on average,
        is not told.
    """
    if correction != "START":
        raise NotCalibrated(
            "allowed for NM: START, ADMIN", keyword=named("DecayCorrection"), value=correction
        )
    zone = times.zone_of(frames[0])
    stated = times.local_datetime(frames[0], "DecayCorrectionDateTime", zone)
    if stated is not None:
        return _stated(stated, frames, "DecayCorrection START")
    rule = "DecayCorrection START, reference time = start of acquisition"
    return Reference(times=tuple(acquisition_starts(frames)), rule=rule)


def _stated(moment: datetime, frames: Sequence[Header], correction: str) -> Reference:
    """The reference time that an attribute states, for all frames."""
    rule = f"{correction}, reference time = DecayCorrectionDateTime (0018,9701)"
    return Reference(times=(moment,) * len(frames), rule=rule)
