"""Runs queued jobs one after the other in a worker process; tries again what may pass."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import structlog

from dicom_node.domain.equipment import Equipment
from dicom_node.domain.errors import ArchiveError, ConfigError
from dicom_node.domain.forms import ResultForms
from dicom_node.domain.job import Job, JobOutcome, JobState
from dicom_node.domain.records import JobRecord
from dicom_node.domain.route import Route
from dicom_node.domain.rules import TryRules
from dicom_node.encoding.uids import Role, instance_uid
from dicom_node.engine.result_file import read_outcome, write_outcome
from dicom_node.engine.seams import Clock, JobQueue
from dicom_node.planning import JobRequest
from dicom_node.policy.retry import next_attempt
from dicom_node.policy.window import is_open
from dicom_node.reading.site_tracers import SiteTracers
from dicom_node.registry import Registry
from dicom_node.worker import Worker

log = structlog.get_logger(__name__)


_LOOK_EVERY_S = 1.0  # whether somebody cancelled the job that runs


class JobRunner:
    """Takes the next queued job, runs it, records what it gave.

    Parameters
    ----------
    routes : sequence of Route
        Their windows say whose jobs may start; their options are the algorithm's.
    rules : TryRules
        How often, and when, a failure is tried again that may pass.
    stopping : callable
        Whether the node is stopping: a job that runs is then handed back.
    forms : mapping
        Name of a destination to the forms that suit it.
    on_start : callable
        Told of every job whose run begins.
    """

    def __init__(
        self,
        *,
        jobs: JobQueue,
        worker: Worker,
        registry: Registry,
        results_folder: Path,
        site_tracers: SiteTracers,
        equipment: Equipment,
        forms: Mapping[str, ResultForms],
        clock: Clock,
        on_result: Callable[[], None],
        routes: Sequence[Route],
        rules: TryRules,
        stopping: Callable[[], bool],
        chance: random.Random,
        on_start: Callable[[JobRecord], None] = lambda _: None,
    ) -> None:
        self._on_start = on_start
        self._jobs, self._worker, self._registry = jobs, worker, registry
        self._results_folder, self._site_tracers = results_folder, site_tracers
        self._equipment, self._forms = equipment, forms
        self._clock, self._on_result = clock, on_result
        self._options = {one.name: one.options for one in routes}
        self._windows = {one.name: one.window for one in routes if one.window is not None}
        self._rules, self._stopping, self._chance = rules, stopping, chance
        self._left: JobRecord | None = None  # claimed, and its end not recorded

    def tick(self) -> bool:
        """Run one job; whether there was one.

        An error of our own, or of the database, goes up to the loop, which tells it; the next tick
        takes the job up again.
        """
        self._take_up_what_was_left()
        started = self._clock()
        record = self._jobs.claim_next(started, closed_routes=self._closed_routes(started))
        if record is None:
            return False
        self._left = record
        self._run_to_its_end(record, started)
        self._left = None
        return True

    def _take_up_what_was_left(self) -> None:
        record = self._left
        if record is None:
            return
        if self._jobs.runs_here(record.job_id):
            reason = "internal-error: see the log of the node"
            outcome = JobOutcome(state=JobState.FAILED, reason=reason, may_pass=True)
            self._record(record, outcome)
        self._left = None

    def _run_to_its_end(self, record: JobRecord, started: datetime) -> None:
        log.info("job.started", job=record.job_id, algorithm=record.algorithm, route=record.route)
        self._on_start(record)
        outcome = self._run(record)
        if outcome is None:
            # Where somebody cancelled it, this does nothing.
            reason, now = "the node was stopped while the job ran", self._clock()
            self._jobs.hand_back(record.job_id, reason=reason, now=now, counts=False)
            log.info("job.stopped", job=record.job_id)
            return
        self._record(record, outcome)
        log.info(
            "job.ended",
            job=record.job_id,
            state=str(outcome.state),
            reason=outcome.reason,
            objects=len(outcome.objects),
            seconds=round((self._clock() - started).total_seconds(), 3),
        )
        self._on_result()

    def _record(self, record: JobRecord, outcome: JobOutcome) -> None:
        """Record what a run gave, or queue the job again where its failure may pass."""
        now = self._clock()
        if outcome.may_pass and record.attempts < self._rules.most_attempts:
            self._try_again(record, outcome, now)
        else:
            self._jobs.finish(record.job_id, outcome, destinations=record.destinations, now=now)

    def _closed_routes(self, now: datetime) -> tuple[str, ...]:
        local = now.astimezone()
        return tuple(name for name, one in self._windows.items() if not is_open(one, local))

    def _try_again(self, record: JobRecord, outcome: JobOutcome, now: datetime) -> None:
        pauses = self._rules.pauses
        when = next_attempt(attempts=record.attempts, now=now, rules=pauses, chance=self._chance)
        reason = f"try {record.attempts} of {self._rules.most_attempts}: {outcome.reason}"
        self._jobs.hand_back(record.job_id, reason=reason, now=now, not_before=when)
        log.warning("job.retry", job=record.job_id, reason=outcome.reason, at=when.isoformat())

    def _run(self, record: JobRecord) -> JobOutcome | None:
        """What the job gave; None where it was cancelled or the node is stopping."""
        options = self._options.get(record.route, {})
        try:
            spec = self._registry.spec(record.algorithm).with_options(options)
        except ConfigError as cause:
            return JobOutcome(state=JobState.FAILED, reason=f"{cause.code}: {cause}")
        folder = self._results_folder / record.job_id
        earlier = read_outcome(folder, record.result_id)
        if earlier is not None:
            log.info("job.result_found", job=record.job_id, objects=len(earlier.objects))
            return earlier
        request = JobRequest(
            job=job_of(record),
            folder=folder,
            site_tracers=self._site_tracers,
            equipment=self._equipment,
            predecessor=self._reported_before(record),
            # A destination that is no longer configured is named by its dead letters.
            forms={name: self._forms.get(name, ResultForms()) for name in record.destinations},
            options=options,
        )
        outcome = self._worker.run_while(self._wanted(record.job_id), request, spec)
        if outcome is not None and outcome.state is JobState.ENCODED:
            return _kept(folder, record.result_id, outcome)
        return outcome

    def _wanted(self, job_id: str) -> Callable[[], bool]:
        """Whether a job that runs should go on; the database is asked once a second."""
        look_at = time.monotonic() + _LOOK_EVERY_S

        def wanted() -> bool:
            nonlocal look_at
            if self._stopping():
                return False
            if time.monotonic() < look_at:
                return True
            look_at = time.monotonic() + _LOOK_EVERY_S
            return self._still_ours(job_id)

        return wanted

    def _still_ours(self, job_id: str) -> bool:
        """False where it was cancelled, or given to another process because this one was silent."""
        try:
            return self._jobs.runs_here(job_id)
        except ArchiveError as cause:  # a database that is away for a moment ends no long run
            log.warning("job.unknown_whether_wanted", job=job_id, reason=str(cause))
            return True

    def _reported_before(self, record: JobRecord) -> str | None:
        """Result id of the nearest predecessor that made a report."""
        earlier = record.predecessor
        while earlier is not None:
            before = self._jobs.get(earlier)
            report = instance_uid(before.result_id, Role.SR)
            if any(made.sop_instance_uid == report for made in before.objects):
                return before.result_id
            earlier = before.predecessor
        return None


def _kept(folder: Path, result_id: str, outcome: JobOutcome) -> JobOutcome:
    """The outcome, noted beside its objects; FAILED where there is no room for the note."""
    try:
        write_outcome(folder, result_id, outcome)
    except OSError as cause:
        reason = f"result-not-written: {cause.strerror or type(cause).__name__}"
        return JobOutcome(state=JobState.FAILED, reason=reason, may_pass=True)
    return outcome


def job_of(record: JobRecord) -> Job:
    """The job that a record holds."""
    return Job(
        job_id=record.job_id,
        result_id=record.result_id,
        route=record.route,
        algorithm=record.algorithm,
        version=record.version,
        inputs=record.input_instances,
        destinations=record.destinations,
        created_at=record.created_at,
        priority=record.priority,
        gate=record.gate,
        predecessor=record.predecessor,
    )
