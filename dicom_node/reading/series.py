"""What the headers of one series say, put together: kind, completeness, order, and faults."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydicom.uid import PositronEmissionTomographyImageStorage

from dicom_node.domain.errors import (
    IncompleteSeries,
    InputRejected,
    NotCalibrated,
    UnsupportedObject,
)
from dicom_node.domain.series import Instance, Series, SeriesKey
from dicom_node.reading import times
from dicom_node.reading.arrangement import promised_slices, promised_volumes, stacks_of
from dicom_node.reading.drawn_on import series_drawn_on
from dicom_node.reading.exam import find_exam
from dicom_node.reading.frame_headers import frame_headers
from dicom_node.reading.frames import SINGLE_FRAME, planes_of
from dicom_node.reading.header import Header
from dicom_node.reading.identity import (
    all_alike,
    is_own_result,
    patient_digest,
    series_key_of,
    without_copies,
)
from dicom_node.reading.real_world import value_maps
from dicom_node.reading.record import common_text
from dicom_node.reading.site_tracers import SiteTracers
from dicom_node.reading.stack import Stack, in_order
from dicom_node.reading.tracer import find_tracer

_CONTOURS = ("SEG", "RTSTRUCT")
_ACQUISITION = ("AcquisitionDate", "AcquisitionTime", "AcquisitionDateTime")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSeries:
    """A series and the headers it was read from.

    Parameters
    ----------
    headers : tuple of Header
        Of single-frame slices: in order of volume, then of position along the normal. Else in order
        of instance number.
    stacks : tuple of Stack
        The volumes they form, so that these are found once; empty where they form none.
    """

    series: Series
    headers: tuple[Header, ...]
    stacks: tuple[Stack, ...] = ()


@dataclass(frozen=True, slots=True)
class _Order:
    """Headers in order, slices of a volume (0 where there is none), and what is wrong with them."""

    headers: tuple[Header, ...]
    slices: int
    stacked: bool
    fault: InputRejected | None
    stacks: tuple[Stack, ...] = ()


def group_by_series(headers: Iterable[Header]) -> dict[SeriesKey, list[Header]]:
    """Headers of each series, series and headers in the order in which they came.

    The same Series Instance UID in two studies is two series, as the standard makes it unique.

    Raises
    ------
    MissingAttribute
        Where a header has no Study or Series Instance UID; `read_header` lets none pass.
    """
    groups: dict[SeriesKey, list[Header]] = {}
    for header in headers:
        groups.setdefault(series_key_of(header), []).append(header)
    return groups


def read_series(headers: Sequence[Header], site: SiteTracers) -> ReadSeries:
    """Facts of one series from all its headers that have been read so far.

    What is wrong with the geometry, or with the instances as a set (several SOP classes or patients
    under one Series UID), is the `geometry_fault` of the series, so that it can be listed and told;
    reading a volume from it is refused with the same sentence. A copy of a file counts once.

    Parameters
    ----------
    headers : sequence of Header
        At least one, from files, all of one series.
    """
    key = _one_key(headers)
    order = _ordered(without_copies(headers))
    first = _representative(order.headers)
    series = Series(
        key=key,
        modality=first.text("Modality") or "",
        sop_class_uid=first.need_text("SOPClassUID"),
        tracer=find_tracer(first, site),
        exam=find_exam(first),
        instances=tuple(_instance(header, key) for header in order.headers),
        expected_instances=_expected_instances(first, len(order.headers)),
        geometry_fault=None if order.fault is None else str(order.fault),
        fault_code=None if order.fault is None else order.fault.code,
        stacked=order.stacked,
        slices=order.slices,
        image_type=first.texts("ImageType"),
        description=first.text("SeriesDescription") or "",
        frame_of_reference_uid=first.text("FrameOfReferenceUID"),
        unit=_unit(first),
        manufacturer=first.text("Manufacturer") or "",
        station_name=first.text("StationName") or "",
        acquired_at=acquired_at(order.headers),
        patient_digest=patient_digest(first),
        own_result=is_own_result(first),
        gap=isinstance(order.fault, IncompleteSeries),
        drawn_on=_drawn_on(order.headers),
    )
    return ReadSeries(series=series, headers=order.headers, stacks=order.stacks)


def _one_key(headers: Sequence[Header]) -> SeriesKey:
    if not headers:
        raise ValueError("a series has at least one header")
    if not all_alike(headers, ("StudyInstanceUID", "SeriesInstanceUID")):
        keys = {series_key_of(header) for header in headers}
        if len(keys) > 1:
            raise ValueError(f"headers of one series are needed, not of {len(keys)}")
    return series_key_of(headers[0])


def acquired_at(headers: Sequence[Header]) -> datetime | None:
    """Earliest start of acquisition, else start of the series; None where neither is told."""
    distinct = {header.stored(_ACQUISITION): header for header in headers}
    found = [_moment(header) for header in distinct.values()]
    return min((one for one in found if one is not None), default=None)


def _moment(header: Header) -> datetime | None:
    try:
        return times.acquisition_start(header) or times.series_start(header)
    except NotCalibrated:
        return None  # a malformed time tells nothing; conversions that need it refuse by name


def _representative(headers: Sequence[Header]) -> Header:
    """First header of the most frequent SOP class."""
    if all_alike(headers, ("SOPClassUID",)):
        return headers[0]
    classes = Counter(header.text("SOPClassUID") for header in headers)
    usual = classes.most_common(1)[0][0]
    return next(header for header in headers if header.text("SOPClassUID") == usual)


def _ordered(headers: Sequence[Header]) -> _Order:
    """Headers in order, by the volumes they form or as far as they form any."""
    single = _representative(headers).text("SOPClassUID") in SINGLE_FRAME
    try:
        stacks = stacks_of(headers)
    except UnsupportedObject:
        return _Order(_by_number(headers), slices=0, stacked=False, fault=None)
    except InputRejected as cause:
        ordered, slices = _ordered_in_spite(_by_number(headers))
        return _Order(ordered, slices=slices, stacked=single, fault=cause)
    ordered = tuple(
        {id(one.header): one.header for stack in stacks for one in stack.planes}.values()
    )
    return _Order(ordered, len(stacks[0].planes), stacked=single, fault=None, stacks=stacks)


def _by_number(headers: Sequence[Header]) -> tuple[Header, ...]:
    return tuple(sorted(headers, key=lambda one: one.number("InstanceNumber") or 0.0))


def _ordered_in_spite(headers: tuple[Header, ...]) -> tuple[tuple[Header, ...], int]:
    """Order of headers that form no volume, and how many slices they have."""
    try:
        planes = in_order(planes_of(headers))
    except UnsupportedObject:
        return headers, 0  # contours, documents: they would not be slices without the fault, either
    except InputRejected:
        return headers, len(headers)
    return tuple({id(one.header): one.header for one in planes}.values()), len(planes)


def _instance(header: Header, key: SeriesKey) -> Instance:
    if header.path is None:
        raise ValueError("headers of a series come from files")
    return Instance(
        key=key,
        sop_class_uid=header.need_text("SOPClassUID"),
        sop_instance_uid=header.need_text("SOPInstanceUID"),
        path=header.path,
    )


def _expected_instances(header: Header, found: int) -> int | None:
    """Number of instances that the headers promise; None where no attribute tells.

    PET slices: slices times volumes. Multi-frame objects and documents: the parts of a
    concatenation (PS3.3 C.7.6.16.2.2.4), else 1, as such an object is whole, unless more have come.
    Other single-frame images: nothing is promised.
    """
    if header.text("SOPClassUID") == PositronEmissionTomographyImageStorage:
        slices, volumes = promised_slices(header), promised_volumes(header)
        return None if slices is None or volumes is None else slices * volumes
    if header.text("Rows") is not None and header.text("NumberOfFrames") is None:
        return None
    parts = header.whole("InConcatenationTotalNumber")
    return parts or (1 if found == 1 else None)


def _drawn_on(headers: Sequence[Header]) -> tuple[str, ...]:
    """Series that contours name; of images nothing is asked."""
    if headers[0].text("Modality") not in _CONTOURS:
        return ()
    return tuple(dict.fromkeys(uid for one in headers for uid in series_drawn_on(one)))


def _unit(header: Header) -> str | None:
    """Units (0054,1001) as stored, else the unit of a real-world value map as UCUM code."""
    stored = header.text("Units")
    if stored is not None or header.text("SOPClassUID") in SINGLE_FRAME:
        return stored
    frames = frame_headers([header])
    try:
        converted = common_text(frames, "Units")  # of Legacy Converted objects
        if converted is not None:
            return converted
        maps = value_maps(frames)
    except NotCalibrated:
        return None
    return maps[0].unit.value if maps else None
