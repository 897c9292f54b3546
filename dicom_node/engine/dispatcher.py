"""Makes jobs of routed series, and lets them wait for their companions."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from dicom_node.domain.algorithm import CONTOURS
from dicom_node.domain.errors import ConfigError, IncompleteSeries, InputRejected
from dicom_node.domain.job import Job, JobState
from dicom_node.domain.records import JobRecord
from dicom_node.domain.route import ContourUse, IfMissing, Route
from dicom_node.domain.series import Reason, Series, SeriesKey
from dicom_node.engine.archive_seams import FetchBook
from dicom_node.engine.fetch_desk import FetchDesk, asks_archives
from dicom_node.engine.seams import JobQueue, SeriesIndex
from dicom_node.engine.series_cache import SeriesCache
from dicom_node.planning import plan
from dicom_node.policy.assembly import Assembly, why_no_volume
from dicom_node.policy.contoured import CONTOUR_MODALITIES, contours_on, is_drawn_on, jobs_wanted
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
        fetches: FetchBook,
    ) -> None:
        self._index, self._jobs, self._cache, self._registry = index, jobs, cache, registry
        self._desk = FetchDesk(fetches, index)
        self._routes = {route.name: route for route in routes}

    def dispatch(
        self,
        primary: Series,
        route: Route,
        now: datetime,
        *,
        arrived: Series | None = None,
        short: str | None = None,
    ) -> None:
        """Create the jobs of a route on a series, each once: rejected, waiting or queued.

        There is one, or one for each SEG and RTSTRUCT that was drawn on the series, as the route
        says.

        Parameters
        ----------
        arrived : Series or None
            Contours that are being decided on right now.
        short : str or None
            What an archive has more of the series, in words.
        """
        try:
            spec = self._registry.spec_of(route)
        except ConfigError as cause:
            log.error("route.broken", route=route.name, cause=str(cause))
            return
        study = self._complete_series(primary.key) + self._earlier_series(primary, route)
        study += [] if arrived is None else [arrived]
        for contours in jobs_wanted(route, contours_on(primary, study)):
            job = plan(primary, study, route=route, spec=spec, created_at=now, contours=contours)
            self._create(job, primary, route, now, short)

    def drawn_on(self, contours: Series) -> list[Series]:
        """Decided series of the study that contours were drawn on."""
        if not contours.drawn_on:
            return []
        return [one for one in self._complete_series(contours.key) if is_drawn_on(contours, one)]

    def _create(
        self, job: Job, primary: Series, route: Route, now: datetime, short: str | None
    ) -> None:
        flaw = why_no_volume(primary)
        if flaw is None and short is not None:
            flaw = Reason(code=IncompleteSeries.code, message=short)
        missing = self._missing_roles(job, route)
        asked = [role for role in route.companions if asks_archives(route, role, job)]
        wait_s = max((route.companions[role].wait_s for role in missing), default=0.0)
        not_before: datetime | None = None
        state, reason = _verdict(flaw, missing, route)
        if flaw is None and (asked or (missing and (wait_s > 0 or state is JobState.HELD))):
            state = JobState.WAITING
            reason = _waits_for(route, missing, asked, wait_s)
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
        if not by_hand and self._is_to_wait(record, job, route, missing, now):
            return
        state, reason = _verdict(None, missing, route, self._desk.told(job, route, missing))
        if by_hand and state is JobState.HELD:
            state, reason = JobState.QUEUED, f"released by hand: runs without {', '.join(missing)}"
        if state is JobState.REJECTED:
            self._jobs.step(record.job_id, state, reason=reason, now=now)
        elif state is JobState.HELD:
            self._jobs.hold_for_companion(record.job_id, reason=str(reason), now=now)
        else:
            self._jobs.resolve_waiting(job, reason=reason, now=now)
        self._desk.close(job, route)
        log.info("job.released", job=record.job_id, state=str(state), reason=reason)

    def _planned(self, primary: Series, route: Route, record: JobRecord) -> Job:
        """A waiting job with the companions that have come by now."""
        contours = record.input_instances.get(CONTOURS)
        job = plan(
            primary,
            self._complete_series(primary.key) + self._earlier_series(primary, route),
            route=route,
            spec=self._registry.spec_of(route),
            created_at=record.created_at,
            contours=None if contours is None else contours[0],
        )
        return replace(job, job_id=record.job_id)

    def _is_to_wait(
        self,
        record: JobRecord,
        job: Job,
        route: Route,
        missing: tuple[str, ...],
        now: datetime,
    ) -> bool:
        """Whether a companion may still come: by itself, or from an archive that is asked."""
        primary = next(iter(job.inputs.values()))[0].key
        coming = bool(missing) and self._on_their_way(primary, route, missing)
        if record.state is JobState.WAITING and self._desk.pending(
            job, route, on_their_way=coming, now=now
        ):
            return True
        overdue = record.not_before is not None and now >= record.not_before
        return bool(missing) and (not overdue or coming)

    def _missing_roles(self, job: Job, route: Route) -> tuple[str, ...]:
        return tuple(role for role in route.companions if role not in job.inputs)

    def _complete_series(self, primary: SeriesKey) -> list[Series]:
        """Series of the study that are decided and whole."""
        return self._whole(self._index.series_of_study(primary.study_instance_uid), primary)

    def _earlier_series(self, primary: Series, route: Route) -> list[Series]:
        """Series of the patient's other studies that may be the priors of a route."""
        wanted = {rule.modality for rule in route.companions.values() if rule.prior is not None}
        if wanted and route.contours is not ContourUse.IGNORED:
            wanted |= set(CONTOUR_MODALITIES)  # drawn on the prior, to be compared with
        found = [
            key
            for modality in sorted(wanted)
            for key in self._index.series_of_patient(primary.patient_digest, modality)
            if key.study_instance_uid != primary.key.study_instance_uid
        ]
        return self._whole(found, primary.key)

    def _whole(self, keys: Iterable[SeriesKey], primary: SeriesKey) -> list[Series]:
        whole = []
        for key in keys:
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
        rules = [route.companions[role] for role in missing]
        wanted = {rule.modality for rule in rules if rule.prior is None}
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


def _waits_for(route: Route, missing: Sequence[str], asked: Sequence[str], wait_s: float) -> str:
    """What a new job waits for, in words."""
    told = [f"waits for {', '.join(missing)}, at most {wait_s:g} s"] if missing else []
    for role in asked:
        rule = route.companions[role]
        told.append(f"asks {', then '.join(rule.fetch)} for {role} after {rule.fetch_after_s:g} s")
    return "; ".join(told)


def _verdict(
    flaw: Reason | None, missing: tuple[str, ...], route: Route, told: str = ""
) -> tuple[JobState, str | None]:
    """How a job goes on when nothing more is waited for, and why.

    Parameters
    ----------
    told : str
        What archives said that were asked for what is missing.
    """
    why = f" ({told})" if told else ""
    needed = _with_rule(IfMissing.REJECT, missing, route)
    wished = _with_rule(IfMissing.HOLD, missing, route)
    if flaw is not None:
        return JobState.REJECTED, f"{flaw.code}: {flaw.message}"
    if needed:
        what = f"{', '.join(needed)} did not come{why}; the route requires it"
        reason = f"companion-missing: {what}"
        return JobState.REJECTED, reason
    if wished:
        return JobState.HELD, f"companion-missing: {', '.join(wished)} did not come{why}"
    return JobState.QUEUED, f"runs without {', '.join(missing)}{why}" if missing else None


def _with_rule(rule: IfMissing, missing: tuple[str, ...], route: Route) -> list[str]:
    return [role for role in missing if route.companions[role].if_missing is rule]
