"""The same pipeline without a network: a folder of files in, result objects in a folder out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dicom_node.domain.algorithm import AlgorithmSpec
from dicom_node.domain.equipment import Equipment
from dicom_node.domain.job import Job, JobOutcome, JobState
from dicom_node.domain.route import (
    CompanionRule,
    Condition,
    ContourUse,
    IfMissing,
    PriorRule,
    Route,
)
from dicom_node.domain.series import Series
from dicom_node.planning import JobRequest, plan
from dicom_node.policy.assembly import why_no_volume
from dicom_node.policy.contoured import contours_on, jobs_wanted
from dicom_node.policy.routing import Arrived, decide_routes, why_barred
from dicom_node.reading.site_tracers import SiteTracers
from dicom_node.registry import Registry
from dicom_node.worker import Worker

MANUAL_ROUTE = "manual"  # route name of a job that was asked for by `--algorithm`


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineJob:
    """A job that ran from files, and what became of it."""

    job: Job
    outcome: JobOutcome


def planned_jobs(
    study_series: Sequence[Series],
    *,
    routes: Sequence[Route],
    registry: Registry,
    algorithm: str | None,
    created_at: datetime,
) -> Iterator[tuple[Job, Series]]:
    """Jobs for series read from a folder, each with its primary series.

    Parameters
    ----------
    algorithm : str or None
        Run this one on every series of its modality, whatever the routes say.
    """
    for series in study_series:
        for route in _routes_of(series, routes=routes, registry=registry, algorithm=algorithm):
            spec = registry.spec_of(route)
            for contours in jobs_wanted(route, contours_on(series, study_series)):
                job = plan(
                    series,
                    study_series,
                    route=route,
                    spec=spec,
                    created_at=created_at,
                    contours=contours,
                )
                yield job, series


def run_job(
    job: Job,
    primary: Series,
    *,
    worker: Worker,
    spec: AlgorithmSpec,
    out: Path,
    site_tracers: SiteTracers,
    equipment: Equipment,
    options: Mapping[str, str],
) -> OfflineJob:
    """Run a job; its objects go to `out/<job id>/`.

    Parameters
    ----------
    options : mapping
        Of the route of the job; `spec` is the specification with them.
    """
    flaw = why_no_volume(primary)
    if flaw is not None:
        reason = f"{flaw.code}: {flaw.message}"
        return OfflineJob(job=job, outcome=JobOutcome(state=JobState.REJECTED, reason=reason))
    request = JobRequest(
        job=job,
        folder=out / job.job_id,
        site_tracers=site_tracers,
        equipment=equipment,
        options=options,
    )
    return OfflineJob(job=job, outcome=worker.run(request, spec))


def _routes_of(
    series: Series, *, routes: Sequence[Route], registry: Registry, algorithm: str | None
) -> Sequence[Route]:
    if algorithm is None:
        return decide_routes(Arrived(series=series), routes).routes
    spec = registry.spec(algorithm)
    if series.modality not in spec.primary.modalities or why_barred(series) is not None:
        return ()
    return (_manual_route(spec),)


def _manual_route(spec: AlgorithmSpec) -> Route:
    companions = {
        wanted.role: CompanionRule(
            modality=wanted.modalities[0],
            if_missing=IfMissing.REJECT if wanted.required else IfMissing.RUN,
            same_frame_of_reference=wanted.phase is None,  # rest and stress are two scans
            phase=wanted.phase,
            prior=PriorRule() if wanted.earlier else None,
        )
        for wanted in spec.inputs[1:]
    }
    return Route(
        name=MANUAL_ROUTE,
        algorithm=spec.card.name,
        destinations=(),
        when=Condition(modality=spec.primary.modalities),
        companions=companions,
        contours=_contour_use(spec),
    )


def _contour_use(spec: AlgorithmSpec) -> ContourUse:
    """Contours in the folder are measured where the algorithm can; else it outlines itself."""
    if not spec.takes_contours:
        return ContourUse.IGNORED
    return ContourUse.TAKEN if spec.lacks is None else ContourUse.REQUIRED
