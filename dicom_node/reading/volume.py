"""A series to volumes: geometry, decoded values in the wanted unit, and where each came from."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import MissingAttribute, UnsupportedObject
from dicom_node.domain.series import ExamKind
from dicom_node.domain.volume import FrameSource, UnitProvenance, Volume
from dicom_node.reading.acquisition import acquisition_facts
from dicom_node.reading.arrangement import stacks_of
from dicom_node.reading.header import Header, named
from dicom_node.reading.patient import patient_facts
from dicom_node.reading.pixel_format import FORMAT_KEYWORDS, PixelFormat, format_of
from dicom_node.reading.pixels import scaled_values
from dicom_node.reading.plane import Plane
from dicom_node.reading.rescale import scales_of
from dicom_node.reading.series import ReadSeries, acquired_at
from dicom_node.reading.stack import Stack
from dicom_node.reading.stored_pixels import require_pixel_data
from dicom_node.reading.tracer import require_agreeing_half_life
from dicom_node.reading.units import convert
from dicom_node.reading.uptake import has_window, uptake_time_min, uptake_warning

# Type 1 in PET and CT (PS3.3 C.7.4.1); NM images may have none.
_FRAME_NEEDED = frozenset({"PT", "CT"})
_EMISSION = frozenset({"PT", "NM"})
_NO_VOLUMES = frozenset({ExamKind.PROJECTION, ExamKind.PLANAR})


def read_volume(read: ReadSeries, unit: Unit | None, *, gated: bool = False) -> Volume:
    """The one volume of a series.

    Parameters
    ----------
    unit : Unit or None
        What values are converted to; None keeps the stored unit.
    gated : bool
        Whether a gated series is taken, as the sum of its gates.

    Returns
    -------
    Volume
        Values are (stored x slope + intercept) x factor, computed in float64. Slices are in the
        order of position along the normal (row x column direction); columns of the affine are
        slice step, row step (along the column direction) and column step, in LPS mm. Where the
        source tells no orientation, `geometry.placed` is False.

    Raises
    ------
    UnsupportedObject
        For a dynamic or gated series (see `read_volumes`), and for what is no volume.
    InputRejected
        Where data are unfit, by the subclass and the sentence that tells why: geometry, pixel data,
        unit.
    """
    stacks = _stacks(read)
    if gated and read.series.exam.kind is ExamKind.GATED:
        return _sum_of_gates(read, stacks, unit)
    if len(stacks) > 1:
        raise UnsupportedObject(
            f"{len(stacks)} volumes in one series, which is {read.series.exam.kind.value}: one "
            "static volume is needed"
        )
    return _volume(read, stacks[0], unit)


def read_volumes(read: ReadSeries, unit: Unit | None) -> tuple[Volume, ...]:
    """All volumes of a series in order of time or gate; parameters and errors as `read_volume`."""
    return tuple(_volume(read, stack, unit) for stack in _stacks(read))


def _sum_of_gates(read: ReadSeries, stacks: Sequence[Stack], unit: Unit | None) -> Volume:
    """Sum of the gates of one R-R interval; several intervals are another kind of study."""
    intervals = read.headers[0].whole("NumberOfRRIntervals")
    if intervals is not None and intervals > 1:
        raise UnsupportedObject(
            "beats of one length are needed: the gates of one interval",
            keyword=named("NumberOfRRIntervals"),
            value=intervals,
        )
    gates = [_volume(read, stack, unit) for stack in stacks]
    arrays = tuple(gate.array for gate in gates)
    return replace(gates[0], array=np.sum(arrays, axis=0), gates=arrays)


def check_readable(read: ReadSeries) -> None:
    """Refuse what reading a volume would refuse, as far as that shows without decoding pixels.

    Raises
    ------
    InputRejected
        As `read_volumes`.
    """
    formats: dict[tuple[object, ...], PixelFormat] = {}
    stacks = _stacks(read)
    for stack in stacks:
        scales_of(stack.planes)
    for header in {id(plane.header): plane.header for s in stacks for plane in s.planes}.values():
        layout = header.stored(FORMAT_KEYWORDS)
        if layout not in formats:
            formats[layout] = format_of(header)
        require_pixel_data(header, formats[layout])


def factors_by_position(read: ReadSeries, provenance: UnitProvenance) -> tuple[float, ...]:
    """Factors of a conversion in the order of volume and position: one, or one per slice.

    Instances are converted in that order, frames of one object as they are stored.
    """
    if len(provenance.factors) <= 1 or not read.stacks:
        return provenance.factors
    planes = [plane for stack in read.stacks for plane in stack.planes]
    headers = list({id(plane.header): plane.header for plane in planes}.values())
    return tuple(_factors(planes, headers, provenance))


def _stacks(read: ReadSeries) -> tuple[Stack, ...]:
    if read.series.exam.kind in _NO_VOLUMES:
        raise UnsupportedObject(f"the series is {read.series.exam.kind.value} and no volume")
    if read.series.modality in _FRAME_NEEDED and read.series.frame_of_reference_uid is None:
        keyword = named("FrameOfReferenceUID")
        raise MissingAttribute("without it no result can be placed", keyword=keyword)
    return read.stacks or stacks_of(read.headers)


def _volume(read: ReadSeries, stack: Stack, unit: Unit | None) -> Volume:
    headers = list({id(plane.header): plane.header for plane in stack.planes}.values())
    converted, provenance = convert(headers, unit)
    if "RadionuclideHalfLife" in provenance.values:
        # `explain` tells the factor that such a header gives, and why nothing runs; here it counts.
        require_agreeing_half_life(headers[0])
    factors = _factors(stack.planes, headers, provenance)
    scales = [
        scale.times(factor) for scale, factor in zip(scales_of(stack.planes), factors, strict=True)
    ]
    return Volume(
        array=scaled_values(stack.planes, scales),
        geometry=stack.geometry,
        unit=converted,
        tracer=read.series.tracer,
        key=read.series.key,
        frames=tuple(_source(plane) for plane in stack.planes),
        unit_provenance=_with_warnings(provenance, stack.planes, _uptake_warnings(read)),
        acquired_at=acquired_at(headers),
        patient=patient_facts(headers[0]),
        exam=read.series.exam,
        acquisition=acquisition_facts(read),
    )


def _factors(
    planes: Sequence[Plane], headers: Sequence[Header], provenance: UnitProvenance
) -> list[float]:
    """Factor of each plane: a common one, or one per instance or frame in the order of headers."""
    factors = provenance.factors
    if len(factors) <= 1:
        return [factors[0] if factors else 1.0] * len(planes)
    if planes[0].frame_number is None:
        return list(factors)
    before: dict[int, int] = {}
    frames = 0
    for header in headers:
        before[id(header)] = frames
        frames += len(header.items("PerFrameFunctionalGroupsSequence")) or 1
    return [factors[before[id(plane.header)] + (plane.frame_number or 1) - 1] for plane in planes]


def _source(plane: Plane) -> FrameSource:
    return FrameSource(
        sop_class_uid=plane.header.need_text("SOPClassUID"),
        sop_instance_uid=plane.header.need_text("SOPInstanceUID"),
        frame_number=plane.frame_number,
    )


def _uptake_warnings(read: ReadSeries) -> tuple[str, ...]:
    """What is to be known of the uptake time of a series: one sentence, or none."""
    tracer, exam = read.series.tracer.tracer, read.series.exam
    if read.series.modality not in _EMISSION or not has_window(tracer, exam):
        return ()
    found = uptake_warning(uptake_time_min(read.headers), tracer, exam)
    return () if found is None else (found,)


def _with_warnings(
    provenance: UnitProvenance, planes: Sequence[Plane], others: Sequence[str]
) -> UnitProvenance:
    """Provenance with what was noticed about the planes and the series, each sentence once."""
    noticed = dict.fromkeys(warning for plane in planes for warning in plane.warnings)
    return replace(provenance, warnings=(*provenance.warnings, *noticed, *others))
