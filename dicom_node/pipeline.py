"""The spine: a job, as `planning.plan` made it of a series, becomes DICOM objects."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dicom_node.domain.algorithm import (
    CONTOURS,
    AlgorithmCard,
    AlgorithmSpec,
    InputSpec,
    contours_role,
)
from dicom_node.domain.contour import ContourSet
from dicom_node.domain.errors import (
    AlgorithmFailed,
    EncodingFailed,
    InputRejected,
    MemoryLimit,
    WeightsError,
)
from dicom_node.domain.job import (
    ClassificationRow,
    JobOutcome,
    JobState,
    MeasurementRow,
)
from dicom_node.domain.report import Report
from dicom_node.domain.result import Result
from dicom_node.domain.series import Instance
from dicom_node.domain.volume import Volume
from dicom_node.encoding.encode import encode_report, write_objects
from dicom_node.planning import JobRequest
from dicom_node.reading.contours import read_contours
from dicom_node.reading.header import read_header
from dicom_node.reading.series import read_series
from dicom_node.reading.site_tracers import SiteTracers
from dicom_node.reading.volume import read_volume


def process(request: JobRequest, spec: AlgorithmSpec) -> JobOutcome:
    """Run one job from files to files; unfit data and failures end in a state with its reason."""
    try:
        volumes, notes = _read_inputs(request, spec)
        contours = _read_contours(request, spec, volumes)
        result = _run(spec, volumes, contours)
        card = spec.card_of(contours.get(spec.primary.role))
        report = _report(request, spec, volumes, _noted(result, notes), card)
        encoded = encode_report(report, request.equipment, request.forms)
        objects = write_objects(encoded, request.folder)
    except InputRejected as cause:
        return JobOutcome(state=JobState.REJECTED, reason=f"{cause.code}: {cause}")
    except (AlgorithmFailed, EncodingFailed) as cause:
        reason = f"{cause.code}: {cause}"
        return JobOutcome(state=JobState.FAILED, reason=reason, may_pass=cause.may_pass)
    return JobOutcome(
        state=JobState.ENCODED,
        objects=objects,
        measurements=_measurement_rows(report.result),
        classifications=_classification_rows(report.result),
        warnings=(*report.source.unit_provenance.warnings, *report.result.warnings),
    )


def _read_inputs(
    request: JobRequest, spec: AlgorithmSpec
) -> tuple[dict[str, Volume], tuple[str, ...]]:
    """Volumes by role, and a note for each optional one that could not be used."""
    volumes: dict[str, Volume] = {}
    notes: list[str] = []
    for wanted in spec.inputs:
        instances = request.job.inputs.get(wanted.role)
        if instances is None:
            if wanted.required:
                raise InputRejected(f"{spec.card.name} needs the input {wanted.role!r}")
            continue
        try:
            volumes[wanted.role] = _read_input(wanted, instances, request.site_tracers)
        except InputRejected as cause:
            if wanted.required:
                raise
            notes.append(f"{wanted.role} was not used: {cause}")
    return volumes, tuple(notes)


def _read_input(
    wanted: InputSpec, instances: Sequence[Instance], site_tracers: SiteTracers
) -> Volume:
    read = read_series([read_header(one.path) for one in instances], site_tracers)
    series = read.series
    if series.modality not in wanted.modalities:
        raise InputRejected(
            f"input {wanted.role!r} takes {' or '.join(wanted.modalities)}",
            keyword="Modality (0008,0060)",
            value=series.modality,
        )
    if wanted.tracers and series.tracer.tracer not in wanted.tracers:
        raise InputRejected(
            f"input {wanted.role!r} takes {' or '.join(wanted.tracers)}; {series.tracer.evidence}",
            keyword="tracer",
            value=series.tracer.tracer,
        )
    if wanted.phase is not None and series.exam.phase != wanted.phase:
        raise InputRejected(
            f"input {wanted.role!r} takes {wanted.phase}", keyword="phase", value=series.exam.phase
        )
    return read_volume(read, wanted.unit, gated=wanted.gated)


def _read_contours(
    request: JobRequest, spec: AlgorithmSpec, volumes: Mapping[str, Volume]
) -> dict[str, ContourSet]:
    """Contours of the job by the role of the input that they were drawn on, on its grid."""
    found: dict[str, ContourSet] = {}
    for role, volume in volumes.items():
        instances = request.job.inputs.get(_contours_on(role, spec), ())
        if len(instances) > 1:
            raise InputRejected(
                f"{len(instances)} SEG or RTSTRUCT objects were drawn on the input {role!r}; "
                f"{spec.card.name} needs one, or one of the modality and description of the other"
            )
        if instances:
            found[role] = read_contours(read_header(instances[0].path), volume.geometry)
    return found


def _contours_on(role: str, spec: AlgorithmSpec) -> str:
    """Role of the contours of an input among the inputs of a job."""
    return CONTOURS if role == spec.primary.role else contours_role(role)


def _run(
    spec: AlgorithmSpec, volumes: Mapping[str, Volume], contours: Mapping[str, ContourSet]
) -> Result:
    """Result of the algorithm, on exactly the grid of one of its inputs."""
    name, version = spec.card.name, spec.card.version
    try:
        result: object = _called(spec, volumes, contours)  # foreign code may give anything
    except (InputRejected, AlgorithmFailed):
        raise
    except MemoryError as cause:
        limit = f"more than {spec.memory_limit_mib} MiB of address space"
        raise MemoryLimit(name=name, version=version, cause=limit) from cause
    except Exception as cause:  # foreign code: whatever it raises is this job's failure only
        text = f"{type(cause).__name__}: {cause}"
        raise AlgorithmFailed(name=name, version=version, cause=text) from cause
    if not isinstance(result, Result):
        text = f"gave {type(result).__name__}, not a Result"
        raise AlgorithmFailed(name=name, version=version, cause=text)
    if result.segmentation is not None:
        source = volumes.get(result.segmentation.role)
        if source is None or not source.geometry.same_grid(result.segmentation.geometry):
            text = f"the segmentation is not on the grid of input {result.segmentation.role!r}"
            raise AlgorithmFailed(name=name, version=version, cause=text)
    return result


def _called(
    spec: AlgorithmSpec, volumes: Mapping[str, Volume], contours: Mapping[str, ContourSet]
) -> Result:
    """What the algorithm says of the volumes, or of contours that somebody drew on them."""
    if spec.load_comparing is not None:
        for wanted in spec.inputs:
            if wanted.required and wanted.role not in contours:
                raise InputRejected(
                    f"{spec.card.name} needs a SEG or RTSTRUCT that was drawn on the input "
                    f"{wanted.role!r}"
                )
        return spec.load_comparing()(volumes, contours)
    drawn = contours.get(spec.primary.role)
    if drawn is None:
        if spec.lacks is not None:
            name, version = spec.card.name, spec.card.version
            raise WeightsError(name=name, version=version, cause=spec.lacks)
        return spec.load()(volumes)
    if spec.load_contoured is None:
        raise InputRejected(f"{spec.card.name} measures no contours of others")
    return spec.load_contoured()(volumes, drawn)


def _noted(result: Result, notes: tuple[str, ...]) -> Result:
    return replace(result, warnings=(*result.warnings, *notes))


def _report(
    request: JobRequest,
    spec: AlgorithmSpec,
    volumes: Mapping[str, Volume],
    result: Result,
    card: AlgorithmCard,
) -> Report:
    role = result.segmentation.role if result.segmentation is not None else spec.primary.role
    drawn = [_contours_on(name, spec) for name in volumes]
    used = [name for name in (*volumes, *drawn) if name != role]
    others = [one for name in used for one in request.job.inputs.get(name, ())]
    return Report(
        result_id=request.job.result_id,
        card=card,
        result=result,
        source=volumes[role],
        source_instances=request.job.inputs[role],
        companions=tuple(others),
        created_at=request.job.created_at.astimezone(),  # studies are dated in local time
        predecessor=request.predecessor,
    )


def _measurement_rows(result: Result) -> tuple[MeasurementRow, ...]:
    return tuple(
        MeasurementRow(name=m.label, value=m.value, unit=m.unit.value, segment=m.segment)
        for m in result.measurements
    )


def _classification_rows(result: Result) -> tuple[ClassificationRow, ...]:
    return tuple(
        ClassificationRow(name=c.name.meaning, value=c.value.meaning, probability=c.probability)
        for c in result.classifications
    )
