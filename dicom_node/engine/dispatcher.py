"""Makes jobs of routed series, and lets them wait for their companions."""

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from dicom_node.domain.algorithm import CONTOURS
from dicom_node.domain.errors import ConfigError, InputRejected
from dicom_node.domain.job import Job, JobState
from dicom_node.domain.records import JobRecord
from dicom_node.domain.route import IfMissing, Route
from dicom_node.domain.series import Reason, Series, SeriesKey
from dicom_node.engine.seams import JobQueue, SeriesIndex
from dicom_node.engine.series_cache import SeriesCache
from dicom_node.planning import plan
from dicom_node.policy.assembly import Assembly, why_no_volume
from dicom_node.policy.contoured import contours_on, is_drawn_on, jobs_wanted
from dicom_node.registry import Registry

log = structlog.get_logger(__name__)


class Dispatcher:
    """Creates each job once; knows which companions are there, on their way, or overdue."""

    def __init__(
        self,
        *,
        index: SeriesIndex,
        jobs: JobQueue,
        cache: SeriesCache,
        registry: Registry,
        routes: tuple[Route, ...],
    ) -> None:
        self._index, self._jobs, self._cache, self._registry = index, jobs, cache, registry
        self._routes = {route.name: route for route in routes}

    def dispatch(
        self, primary: Series, route: Route, now: datetime, *, arrived: Series | None = None
    ) -> None:
        """Create the jobs of a route on a series, each once: rejected, waiting or queued.

        There is one, or one for each SEG and RTSTRUCT that was drawn on the series, as the route
        says.

        Parameters
        ----------
        arrived : Series or None
            Contours that are being decided on right now.
        """
        try:
            spec = self._registry.spec_of(route)
        except ConfigError as cause:
            log.error("route.broken", route=route.name, cause=str(cause))
            return
        study = self._complete_series(primary.key)
        study += [] if arrived is None else [arrived]
        for contours in jobs_wanted(route, contours_on(primary, study)):
            job = plan(primary, study, route=route, spec=spec, created_at=now, contours=contours)
            self._create(job, primary, route, now)

    def drawn_on(self, contours: Series) -> list[Series]:
        """Decided series of the study that contours were drawn on."""
        if not contours.drawn_on:
            return []
        return [one for one in self._complete_series(contours.key) if is_drawn_on(contours, one)]

    def _create(self, job: Job, primary: Series, route: Route, now: datetime) -> None:
        flaw = why_no_volume(primary)
        missing = self._missing_roles(job, route)
        wait_s = max((route.companions[role].wait_s for role in missing), default=0.0)
        not_before: datetime | None = None
        state, reason = _verdict(flaw, missing, route)
        if flaw is None and missing and (wait_s > 0 or state is JobState.HELD):
            state = JobState.WAITING
            reason = f"waits for {', '.join(missing)}, at most {wait_s:g} s"
            not_before = now + timedelta(seconds=wait_s)
        job = replace(job, predecessor=self._predecessor(job, primary.key))
        if self._jobs.create(job, state, not_before=not_before, reason=reason):
            log.info(
                "job.created",
                job=job.job_id,
                route=route.name,
                algorithm=job.algorithm,
                state=str(state),
                reason=reason,
            )

    def _predecessor(self, job: Job, key: SeriesKey) -> str | None:
        """Job on an earlier state of the series; what somebody drew takes the place of nothing."""
        earlier = self._jobs.latest_on(job.route, key)
        if earlier is None or earlier == job.job_id or CONTOURS in job.inputs:
            return None
        return None if CONTOURS in self._jobs.get(earlier).inputs else earlier

    def release_waiting(self, now: datetime) -> None:
        """Queue the waiting jobs whose companions have come, or whose wait is over.

        One that is held because its companion did not come goes on, too, when it comes after all.
        """
        for record in self._jobs.waiting():
            route = self._routes.get(record.route)
            if route is None:
                reason = f"route {record.route} is no longer configured"
                self._jobs.step(record.job_id, JobState.REJECTED, reason=reason, now=now)
                continue
            self._release(record, route, now)

    def _release(self, record: JobRecord, route: Route, now: datetime) -> None:
        primary_instances = next(iter(record.input_instances.values()))
        try:
            primary = self._cache.series_of(primary_instances[0].key, primary_instances)
        except InputRejected as cause:
            refusal = f"{cause.code}: {cause}"
            self._jobs.step(record.job_id, JobState.REJECTED, reason=refusal, now=now)
            return
        try:
            job = self._planned(primary, route, record)
        except ConfigError as cause:
            refusal = f"{cause.code}: {cause}"
            self._jobs.step(record.job_id, JobState.REJECTED, reason=refusal, now=now)
            return
        missing = self._missing_roles(job, route)
        by_hand = record.state is JobState.WAITING and record.not_before is None
        if missing and not by_hand:
            overdue = record.not_before is not None and now >= record.not_before
            if not overdue or self._on_their_way(primary.key, route, missing):
                return
        state, reason = _verdict(None, missing, route)
        if by_hand and state is JobState.HELD:
            state, reason = JobState.QUEUED, f"released by hand: runs without {', '.join(missing)}"
        if state is JobState.REJECTED:
            self._jobs.step(record.job_id, state, reason=reason, now=now)
        elif state is JobState.HELD:
            self._jobs.hold_for_companion(record.job_id, reason=str(reason), now=now)
        else:
            self._jobs.resolve_waiting(job, reason=reason, now=now)
        log.info("job.released", job=record.job_id, state=str(state), reason=reason)

    def _planned(self, primary: Series, route: Route, record: JobRecord) -> Job:
        """A waiting job with the companions that have come by now."""
        contours = record.input_instances.get(CONTOURS)
        job = plan(
            primary,
            self._complete_series(primary.key),
            route=route,
            spec=self._registry.spec_of(route),
            created_at=record.created_at,
            contours=None if contours is None else contours[0],
        )
        return replace(job, job_id=record.job_id)

    def _missing_roles(self, job: Job, route: Route) -> tuple[str, ...]:
        return tuple(role for role in route.companions if role not in job.inputs)

    def _complete_series(self, primary: SeriesKey) -> list[Series]:
        """Series of the study that are decided and whole."""
        whole = []
        for key in self._index.series_of_study(primary.study_instance_uid):
            status = self._index.status(key)
            if key == primary or status is None:
                continue
            if status.state in (Assembly.RECEIVING, Assembly.INCOMPLETE):
                continue
            try:
                whole.append(self._cache.series_of(key, self._index.instances_of(key)))
            except InputRejected:  # refused when it was decided; it has its reason there
                continue
        return whole

    def _on_their_way(self, primary: SeriesKey, route: Route, missing: tuple[str, ...]) -> bool:
        """Whether a series that could be one of the companions is being received right now."""
        wanted = {route.companions[role].modality for role in missing}
        for key in self._index.series_of_study(primary.study_instance_uid):
            status = self._index.status(key)
            if key == primary or (status is not None and status.state != Assembly.RECEIVING):
                continue
            try:
                series = self._cache.series_of(key, self._index.instances_of(key))
            except InputRejected:
                continue
            if series.modality in wanted:
                return True
        return False


def _verdict(
    flaw: Reason | None, missing: tuple[str, ...], route: Route
) -> tuple[JobState, str | None]:
    """How a job goes on when nothing more is waited for, and why."""
    needed = _with_rule(IfMissing.REJECT, missing, route)
    wished = _with_rule(IfMissing.HOLD, missing, route)
    if flaw is not None:
        return JobState.REJECTED, f"{flaw.code}: {flaw.message}"
    if needed:
        reason = f"companion-missing: {', '.join(needed)} did not come; the route requires it"
        return JobState.REJECTED, reason
    if wished:
        return JobState.HELD, f"companion-missing: {', '.join(wished)} did not come"
    return JobState.QUEUED, f"runs without {', '.join(missing)}" if missing else None


def _with_rule(rule: IfMissing, missing: tuple[str, ...], route: Route) -> list[str]:
    return [role for role in missing if route.companions[role].if_missing is rule]
