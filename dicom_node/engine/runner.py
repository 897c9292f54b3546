"""Runs queued jobs one after the other in a worker process."""

from collections.abc import Callable
from pathlib import Path

import structlog

from dicom_node.domain.equipment import Equipment
from dicom_node.domain.errors import ConfigError
from dicom_node.domain.job import Job, JobOutcome, JobState
from dicom_node.domain.records import JobRecord
from dicom_node.engine.seams import Clock, JobQueue
from dicom_node.pipeline import JobRequest
from dicom_node.reading.site_tracers import SiteTracers
from dicom_node.registry import Registry
from dicom_node.worker import Worker

log = structlog.get_logger(__name__)


class JobRunner:
    """Takes the oldest queued job, runs it, records what it gave."""

    def __init__(
        self,
        *,
        jobs: JobQueue,
        worker: Worker,
        registry: Registry,
        results_folder: Path,
        site_tracers: SiteTracers,
        equipment: Equipment,
        clock: Clock,
        on_result: Callable[[], None],
    ) -> None:
        self._jobs, self._worker, self._registry = jobs, worker, registry
        self._results_folder, self._site_tracers = results_folder, site_tracers
        self._equipment, self._clock, self._on_result = equipment, clock, on_result

    def tick(self) -> bool:
        """Run one job; whether there was one."""
        record = self._jobs.claim_next(self._clock())
        if record is None:
            return False
        started = self._clock()
        log.info("job.started", job=record.job_id, algorithm=record.algorithm, route=record.route)
        outcome = self._run(record)
        now = self._clock()
        self._jobs.finish(record.job_id, outcome, destinations=record.destinations, now=now)
        log.info(
            "job.ended",
            job=record.job_id,
            state=str(outcome.state),
            reason=outcome.reason,
            objects=len(outcome.objects),
            seconds=round((now - started).total_seconds(), 3),
        )
        self._on_result()
        return True

    def _run(self, record: JobRecord) -> JobOutcome:
        try:
            spec = self._registry.spec(record.algorithm)
        except ConfigError as cause:
            return JobOutcome(state=JobState.FAILED, reason=f"{cause.code}: {cause}")
        request = JobRequest(
            job=job_of(record),
            folder=self._results_folder / record.job_id,
            site_tracers=self._site_tracers,
            equipment=self._equipment,
        )
        return self._worker.run(request, spec)


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
    )
