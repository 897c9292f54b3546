"""Time from administration to scan, and the time at which a tracer is to be looked at."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from dicom_node.domain.errors import InputRejected
from dicom_node.domain.series import Exam, ExamKind
from dicom_node.reading import times
from dicom_node.reading.administration import read_administration
from dicom_node.reading.frame_headers import frame_headers
from dicom_node.reading.header import Header
from dicom_node.reading.record import Record
from dicom_node.reading.suv import compared_moments

# First and last minute after the administration at which a static scan is to begin, and who says
# so. Those of FDG, flutemetamol and ioflupane were recalled from their sources, not read again.
# They warn and refuse nothing.
_WINDOWS: Mapping[str, tuple[float, float, str]] = MappingProxyType(
    {
        "FDG": (55, 75, "EANM procedure guideline for tumour imaging, version 2.0 (2015)"),
        "FET": (20, 40, "static scan of glioma, Rahimpour et al."),
        "PIB": (50, 70, "Centiloid method, Klunk et al. 2015"),
        "FLORBETAPIR": (50, 60, "Navitsky et al. 2018"),
        "FLORBETABEN": (90, 110, "Rowe et al. 2017"),
        "FLUTEMETAMOL": (90, 110, "Battle et al. 2018"),
        "IOFLUPANE": (180, 360, "EANM/SNMMI guideline on dopaminergic imaging, 2020"),
    }
)
_STATIC = frozenset({ExamKind.STATIC, ExamKind.WHOLE_BODY})


def uptake_time_min(headers: Sequence[Header]) -> float | None:
    """Minutes from administration to the earliest start of acquisition; None where not told.

    For warnings only: what a header does not tell without doubt is None here, never an error.
    """
    try:
        frames = frame_headers(headers)
        starts = [start for start in map(times.acquisition_start, frames) if start is not None]
        given = read_administration(
            frames, Record(), compared=compared_moments(frames), needs_half_life=False
        )
        acquired = min(starts, default=None)
        if acquired is None:
            return None
        return given.elapsed_s(given.start_before(acquired), acquired) / 60.0
    except InputRejected:
        return None


def has_window(tracer: str | None, exam: Exam) -> bool:
    """Whether a scan is to be made at a known time after the administration.

    Only static and whole-body scans are: a dynamic one begins with the administration.
    """
    return tracer in _WINDOWS and exam.kind in _STATIC


def uptake_warning(minutes: float | None, tracer: str | None, exam: Exam) -> str | None:
    """What is to be known of the uptake time; None where nothing is, or `has_window` is false."""
    if minutes is None or tracer is None or not has_window(tracer, exam):
        return None
    first, last, source = _WINDOWS[tracer]
    if first <= minutes <= last:
        return None
    return (
        f"the scan began {minutes:.0f} min after the administration of {tracer}; usual: {first:g} "
        f"to {last:g} min ({source})"
    )
