"""The administered radiopharmaceutical: activity, half-life, and when it was given.

PS3.3 C.8.9.2 (PET Isotope), C.8.4.10 (NM Isotope), C.8.22.4 (Enhanced PET Isotope).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from pydicom.datadict import tag_for_keyword

from dicom_node.domain.errors import MissingAttribute, NotCalibrated
from dicom_node.reading import times
from dicom_node.reading.header import Header, named
from dicom_node.reading.radionuclides import HALF_LIFE_TOLERANCE, RADIONUCLIDES
from dicom_node.reading.record import Record, common
from dicom_node.reading.scanned_file import ScannedFile

_SEQUENCE = "RadiopharmaceuticalInformationSequence"
_SAME_IN_ALL = (
    "RadionuclideHalfLife",
    "RadiopharmaceuticalStartDateTime",
    "RadiopharmaceuticalStartTime",
)
# Gates against wrong units and typing errors, wider than what is given. In the headers of 3433 PET
# series (survey of the IBSI manual on SUV computation, Vacha et al. 2026) doses of F-18 gather
# round 4e8, in Bq, and 4e2, in MBq.
_F18_DOSE_BQ = (20e6, 1e9)
# Any nuclide: below, the number is likely to be kBq; above, no diagnostic or therapeutic dose.
_ANY_DOSE_BQ = (5e6, 20e9)
# No dose in Bq is below, none in MBq above: 100 GBq.
_BQ_OR_MBQ = 1e5
# Up to this a number where Bq belongs may as well be mCi (Rb-82 is given with up to 60 mCi).
_MAY_BE_MCI = 60.0
# Beyond this the uptake may span days, and a time of day does not tell the day.
_HALF_LIFE_NEEDS_DATE_S = 4 * 3600.0
_MOST_HALF_LIVES = 6.0
# Two attributes for one moment may differ by what changes an SUV by 1 %.
SAME_MOMENT = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    """When a radiopharmaceutical was given, and how fast it decays.

    Parameters
    ----------
    start : datetime, time or None
        Local time; a `time` where the file gives no date, None where it gives neither.
    """

    half_life_s: float
    start: datetime | time | None

    def start_before(self, moment: datetime) -> datetime:
        """Moment of administration, by the midnight rule where the file gives no date.

        Raises
        ------
        MissingAttribute
            Without any start.
        NotCalibrated
            Where the half-life is so long that a time without date does not tell the day.
        """
        if isinstance(self.start, datetime):
            return self.start
        keyword = named("RadiopharmaceuticalStartDateTime")
        if self.start is None:
            raise MissingAttribute("start of administration is needed", keyword=keyword)
        if self.half_life_s > _HALF_LIFE_NEEDS_DATE_S:
            raise NotCalibrated(
                f"with a half-life of {self.half_life_s:g} s the uptake may span days, so that "
                "RadiopharmaceuticalStartTime alone does not tell the day",
                keyword=keyword,
                value=None,
            )
        return times.last_before(self.start, moment)

    def elapsed_s(self, start: datetime, moment: datetime) -> float:
        """Seconds from administration to a moment.

        Raises
        ------
        NotCalibrated
            Where the moment lies before the administration, or more than six half-lives after it:
            a date, a time or the half-life must be wrong.
        """
        elapsed = (moment - start).total_seconds()
        if not 0 <= elapsed <= _MOST_HALF_LIVES * self.half_life_s:
            raise NotCalibrated(
                f"{elapsed:.0f} s from administration ({start}) to the reference time ({moment}); "
                f"allowed: 0 to 6 half-lives of {self.half_life_s:g} s. A date or time was altered "
                "or is wrong"
            )
        return elapsed


def read_administration(
    frames: Sequence[Header],
    record: Record,
    *,
    compared: Sequence[str | None] = (),
    needs_half_life: bool = True,
) -> Administration:
    """Half-life and start of the one administration of a series.

    Parameters
    ----------
    compared : texts of DT values
        Moments that the start will be compared with, see `times.zone_of`.
    needs_half_life : bool
        False where only the start is asked for: NM images have no half-life, which is then
        infinite here.

    Raises
    ------
    MissingAttribute
        Without a half-life that is needed.
    NotCalibrated
        Where values differ within the series, contradict each other or are malformed.
    """
    items = _items(frames)
    for keyword in _SAME_IN_ALL:
        common((item.text(keyword) for item in items), named(keyword))
    half_life = _half_life_s(items[0], record, needed=needs_half_life)
    start = _start(items[0], frames[0], half_life, record, compared)
    return Administration(half_life_s=half_life, start=start)


def _items(frames: Sequence[Header]) -> list[Header]:
    """Item of every slice; one for all where the files hold the same bytes, as they mostly do."""
    tag = tag_for_keyword(_SEQUENCE)
    stored = [
        frame.source.stored(tag) if isinstance(frame.source, ScannedFile) and tag else None
        for frame in frames
    ]
    if stored[0] is not None and all(one == stored[0] for one in stored):
        return [_only_item(frames[0])]
    return [_only_item(frame) for frame in frames]


def _only_item(frame: Header) -> Header:
    """The one administration that the object tells of."""
    items = frame.items(_SEQUENCE)
    if not items:
        raise MissingAttribute("an item is needed", keyword=named(_SEQUENCE), value=None)
    if len(items) > 1:
        raise NotCalibrated(
            "activity of several administrations cannot be told apart",
            keyword=named(_SEQUENCE),
            value=f"{len(items)} items",
        )
    return items[0]


def _half_life_s(item: Header, record: Record, *, needed: bool) -> float:
    """RadionuclideHalfLife (0018,1075); that of the file, never one of a table."""
    keyword = "RadionuclideHalfLife"
    if item.text(keyword) is None and not needed:
        return math.inf
    half_life = item.need_number(keyword)
    if not 0 < half_life < math.inf:
        raise NotCalibrated("a half-life is > 0 s", keyword=named(keyword), value=half_life)
    record.note(keyword, half_life)
    return half_life


def administered_bq(
    frames: Sequence[Header], half_life_s: float, record: Record, *, in_mbq: bool
) -> float:
    """RadionuclideTotalDose (0018,1074) in Bq, whichever of Bq and MBq the number must be.

    It is the activity at the start of administration; what stays in the syringe is not in the file.

    Parameters
    ----------
    in_mbq : bool
        Whether the object gives MBq (NM, Enhanced PET) or Bq (PET).

    Raises
    ------
    MissingAttribute
        Where it is absent or 0.
    NotCalibrated
        Where it differs within the series, or is no credible dose.
    """
    items = _items(frames)
    keyword = named("RadionuclideTotalDose")
    common((item.text("RadionuclideTotalDose") for item in items), keyword)
    given = items[0].need_number("RadionuclideTotalDose")
    if given == 0:
        raise MissingAttribute("0 stands for not entered", keyword=keyword, value=given)
    is_mbq = 0 < given < _BQ_OR_MBQ
    if is_mbq and not in_mbq:
        if given <= _MAY_BE_MCI:
            raise NotCalibrated(
                "no dose in Bq, and MBq cannot be told from mCi", keyword=keyword, value=given
            )
        record.warn(f"RadionuclideTotalDose {given:g} was taken as MBq; this object gives Bq")
    if in_mbq and not is_mbq:
        record.warn(f"RadionuclideTotalDose {given:g} was taken as Bq; this object gives MBq")
    dose = given * 1e6 if is_mbq else given
    _require_credible(dose, given, half_life_s)
    record.note("RadionuclideTotalDose", dose)
    return dose


def _require_credible(dose_bq: float, given: float, half_life_s: float) -> None:
    """Refuse a dose that nobody gives: a wrong unit or a typing error."""
    f18 = RADIONUCLIDES["F-18"].half_life_s
    is_f18 = abs(half_life_s / f18 - 1.0) <= HALF_LIFE_TOLERANCE
    low, high = _F18_DOSE_BQ if is_f18 else _ANY_DOSE_BQ
    if not low <= dose_bq <= high:
        raise NotCalibrated(
            f"{dose_bq / 1e6:g} MBq is no credible dose; allowed: {low / 1e6:g} to "
            f"{high / 1e6:g} MBq for {'F-18' if is_f18 else 'this nuclide'}",
            keyword=named("RadionuclideTotalDose"),
            value=given,
        )


def _start(
    item: Header,
    header: Header,
    half_life_s: float,
    record: Record,
    compared: Sequence[str | None],
) -> datetime | time | None:
    """RadiopharmaceuticalStartDateTime (0018,1078), else RadiopharmaceuticalStartTime (0018,1072).

    The latter is older and has no date. Where both are there they must agree in the time of day.
    """
    clock = times.read(item, "RadiopharmaceuticalStartTime", times.parse_time)
    text = item.text("RadiopharmaceuticalStartDateTime")
    if text is None:
        if clock is not None:
            record.note("RadiopharmaceuticalStartTime", clock.isoformat())
        return clock
    zone = times.zone_of(header, [text, *compared] if compared else ())
    moment = _start_moment(text, clock, zone)
    record.note("RadiopharmaceuticalStartDateTime", moment.isoformat(sep=" "))
    if clock is not None:
        apart = times.clocks_apart_s(moment, datetime.combine(moment.date(), clock))
        if apart * math.log(2.0) > SAME_MOMENT * half_life_s:
            raise NotCalibrated(
                f"it and RadiopharmaceuticalStartTime (0018,1072) are {apart:.0f} s apart",
                keyword=named("RadiopharmaceuticalStartDateTime"),
                value=text,
            )
    return moment


def _start_moment(text: str, clock: time | None, zone: timedelta | None) -> datetime:
    """Local time of the start; an equal StartTime proves that its offset is the scanner's."""
    name = named("RadiopharmaceuticalStartDateTime")
    written, offset = times.clock_and_offset(text, name)
    proved = offset is not None and zone is None and written.time() == clock
    return written if proved else times.to_local(text, name, zone)
