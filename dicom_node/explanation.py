"""What the node thinks of series it has read, and why: the content of `dicom-node explain`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import ConfigError, InputRejected
from dicom_node.domain.route import ContourUse, Route
from dicom_node.domain.series import Reason, Series
from dicom_node.domain.volume import UnitProvenance
from dicom_node.policy.assembly import missing_instances, why_no_volume
from dicom_node.policy.contoured import is_drawn_on
from dicom_node.policy.routing import Arrived, decide_routes, find_companion, why_barred
from dicom_node.reading.series import ReadSeries
from dicom_node.reading.units import convert
from dicom_node.reading.uptake import uptake_time_min, uptake_warning
from dicom_node.reading.volume import check_readable, factors_by_position
from dicom_node.registry import Registry

# Modalities whose voxels may be an activity concentration.
_EMISSION_MODALITIES = ("PT", "NM")
_VOLUME_MODALITIES = ("PT", "NM", "CT", "MR")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesExplanation:
    """One series: what it is, whether it is whole, its unit, and who takes it or why nobody does.

    Parameters
    ----------
    suv : UnitProvenance or None
        How stored values become SUVbw; None where they do not.
    routes : tuple of str
        Routes that would run on it.
    reasons : tuple of Reason
        Why others do not, and what a reader should know.
    uptake_time_min : float or None
        From administration to the first acquisition; None where the headers do not tell it.
    warnings : tuple of str
        What a reader of the numbers should know.
    """

    series: Series
    complete: bool
    suv: UnitProvenance | None
    routes: tuple[str, ...]
    reasons: tuple[Reason, ...]
    uptake_time_min: float | None = None
    warnings: tuple[str, ...] = ()


def explain(
    reads: Sequence[ReadSeries], *, routes: Sequence[Route], registry: Registry
) -> tuple[SeriesExplanation, ...]:
    """Explanation of every series, in the order given."""
    alone = [_explain_alone(read, routes=routes, registry=registry) for read in reads]
    taken = _companions(alone, routes)
    return tuple(
        _with_companion(one, taken.get(one.series.key.series_instance_uid)) for one in alone
    )


def _explain_alone(
    read: ReadSeries, *, routes: Sequence[Route], registry: Registry
) -> SeriesExplanation:
    series = read.series
    flaw = why_no_volume(series) or _unreadable(read)
    reasons = [] if flaw is None else [flaw]
    suv, refusal = _suv(read)
    if refusal is not None:
        reasons.append(refusal)
    decision = decide_routes(Arrived(series=series), routes)
    running: list[str] = []
    for route in decision.routes:
        obstacle = _obstacle(series, route, registry, has_suv=suv is not None)
        if obstacle is None and flaw is None:
            running.append(route.name)
        elif obstacle is not None:
            reasons.append(obstacle)
    minutes, warnings = _uptake(read)
    return SeriesExplanation(
        series=series,
        uptake_time_min=minutes,
        warnings=(*(() if suv is None else suv.warnings), *warnings),
        complete=missing_instances(series) is None,
        suv=suv,
        routes=tuple(running),
        reasons=(*reasons, *decision.reasons),
    )


def _unreadable(read: ReadSeries) -> Reason | None:
    """Why the slices cannot be read, where they are to be a volume at all."""
    if read.series.modality not in _VOLUME_MODALITIES or why_barred(read.series) is not None:
        return None
    try:
        check_readable(read)
    except InputRejected as cause:
        return Reason(code=cause.code, message=str(cause))
    return None


def _suv(read: ReadSeries) -> tuple[UnitProvenance | None, Reason | None]:
    if read.series.modality not in _EMISSION_MODALITIES:
        return None, None
    try:
        provenance = convert(read.headers, Unit.SUVBW)[1]
        factors = factors_by_position(read, provenance)
        return replace(provenance, factors=factors), None
    except InputRejected as cause:
        return None, Reason(code=cause.code, message=str(cause))


def _uptake(read: ReadSeries) -> tuple[float | None, tuple[str, ...]]:
    """Uptake time, and the warning that it deserves."""
    series = read.series
    if series.modality not in _EMISSION_MODALITIES:
        return None, ()
    minutes = uptake_time_min(read.headers)
    warning = uptake_warning(minutes, series.tracer.tracer, series.exam)
    return minutes, () if warning is None else (warning,)


def _obstacle(series: Series, route: Route, registry: Registry, *, has_suv: bool) -> Reason | None:
    """Why a route that matches would be rejected all the same."""
    try:
        primary = registry.spec_of(route).primary
    except ConfigError as cause:
        return Reason(code=cause.code, message=f"route {route.name}: {cause}")
    if primary.unit is Unit.SUVBW and not has_suv:
        message = f"route {route.name}: {route.algorithm} needs SUVbw"
        return Reason(code="needs-suv", message=message)
    if primary.tracers and series.tracer.tracer not in primary.tracers:
        message = f"route {route.name}: {route.algorithm} takes {', '.join(primary.tracers)} only"
        return Reason(code="tracer", message=message)
    return None


def _companions(
    explanations: Sequence[SeriesExplanation], routes: Sequence[Route]
) -> dict[str, Reason]:
    """Series that a route takes along beside its primary one, and contours that it measures."""
    series = [one.series for one in explanations]
    by_name = {route.name: route for route in routes}
    found: dict[str, Reason] = {}
    for one in explanations:
        for name in one.routes:
            found |= _measured_contours(one.series, series, by_name[name])
            for role, rule in by_name[name].companions.items():
                companion = find_companion(one.series, series, rule)
                if companion is not None:
                    found[companion.key.series_instance_uid] = Reason(
                        code="companion",
                        message=f"route {name} takes it along as {role} of series "
                        f"{one.series.key.series_instance_uid}",
                    )
    return found


def _measured_contours(primary: Series, study: Sequence[Series], route: Route) -> dict[str, Reason]:
    """Contours of others that a route measures on a series."""
    if route.contours is ContourUse.IGNORED:
        return {}
    uid = primary.key.series_instance_uid
    message = f"route {route.name} measures them on series {uid}"
    return {
        one.key.series_instance_uid: Reason(code="contours", message=message)
        for one in study
        if is_drawn_on(one, primary)
    }


def _with_companion(one: SeriesExplanation, reason: Reason | None) -> SeriesExplanation:
    if reason is None:
        return one
    return replace(one, reasons=(reason, *one.reasons))
