"""Jobs and their history: every method is one transaction, every step a legal one."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import Connection, and_, or_, select
from sqlalchemy.dialects.sqlite import insert

from dicom_node.archive.database import Database
from dicom_node.archive.entries import IllegalStep, UnknownRecord
from dicom_node.archive.job_rows import (
    all_jobs,
    read_jobs,
    stored_path,
    values_of_job,
    values_of_outcome,
    write_inputs,
    write_objects,
)
from dicom_node.archive.tables import deliveries, job_events, jobs
from dicom_node.archive.transitions import change_state, record_event, state_of
from dicom_node.domain.delivery import DeliveryState
from dicom_node.domain.job import Job, JobOutcome, JobState
from dicom_node.domain.records import JobEvent, JobRecord

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3
_FIRST_STATES = (JobState.WAITING, JobState.QUEUED, JobState.REJECTED)


class JobStore:
    """The job tables.

    Parameters
    ----------
    database : Database
    folder : Path
        The archive's folder; paths in it are stored relative to it.

    Raises
    ------
    UnknownRecord
        From every method that takes the id of a job that is not there.
    IllegalStep
        From every method that steps, where `domain.job.may_step` forbids the step.
    ArchiveError
        From every method, where the database fails.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder = database, folder

    def create(
        self,
        job: Job,
        state: JobState,
        *,
        not_before: datetime | None = None,
        reason: str | None = None,
    ) -> bool:
        """Add a job; False, and nothing changed, where its id is known.

        Parameters
        ----------
        state : JobState
            WAITING, QUEUED or REJECTED.
        not_before : datetime or None
            WAITING: when the wait is over. QUEUED: when it may start.
        """
        if state not in _FIRST_STATES:
            raise IllegalStep(f"job {job.job_id} cannot begin as {state}")
        row = values_of_job(job) | {"state": str(state), "reason": reason, "not_before": not_before}
        with self._database.writing() as connection:
            statement = insert(jobs).on_conflict_do_nothing(index_elements=["job_id"])
            if connection.execute(statement, row).rowcount == 0:
                return False
            write_inputs(connection, job, self._folder)
            at = job.created_at
            record_event(connection, job.job_id, old=None, new=state, reason=reason, at=at)
        return True

    def step(self, job_id: str, new: JobState, *, reason: str | None = None, now: datetime) -> None:
        """Go to another state; a time not to start before is forgotten."""
        with self._database.writing() as connection:
            change_state(connection, job_id, new, reason=reason, now=now, not_before=None)

    def resolve_waiting(self, job: Job, *, reason: str | None = None, now: datetime) -> None:
        """WAITING to QUEUED, with the inputs and the result id that the job has now."""
        with self._database.writing() as connection:
            state = state_of(connection, job.job_id)
            if state is not JobState.WAITING:
                raise IllegalStep(f"job {job.job_id} is {state}; it waits for no companion")
            change_state(
                connection,
                job.job_id,
                JobState.QUEUED,
                reason=reason,
                now=now,
                not_before=None,
                result_id=job.result_id,
            )
            write_inputs(connection, job, self._folder)

    def claim_next(self, now: datetime) -> JobRecord | None:
        """The oldest queued job whose time has come, RUNNING now and no one else's; or None."""
        startable = and_(
            jobs.c.state == str(JobState.QUEUED),
            or_(jobs.c.not_before.is_(None), jobs.c.not_before <= now),
        )
        oldest = select(jobs.c.job_id).where(startable).order_by(jobs.c.number).limit(1)
        with self._database.reading() as connection:
            if connection.execute(oldest).scalar() is None:
                return None  # most calls end here, without taking the turn to write
        with self._database.writing() as connection:
            job_id = connection.execute(oldest).scalar()
            if job_id is None:
                return None
            attempts = jobs.c.attempts + 1
            change_state(
                connection, job_id, JobState.RUNNING, reason=None, now=now, attempts=attempts
            )
            return self._one(connection, job_id)

    def finish(
        self, job_id: str, outcome: JobOutcome, *, destinations: Sequence[str], now: datetime
    ) -> None:
        """Record how a run ended, with its objects and a delivery of each to each destination.

        A result without destinations, or without objects, has nowhere to go: it is DELIVERED at
        once, so that ENCODED always means that something is still to be sent.
        """
        with self._database.writing() as connection:
            change_state(
                connection,
                job_id,
                outcome.state,
                reason=outcome.reason,
                now=now,
                **values_of_outcome(outcome),
            )
            if outcome.state is not JobState.ENCODED:
                return
            write_objects(connection, job_id, outcome.objects, self._folder)
            rows = _pending_rows(job_id, outcome, destinations, folder=self._folder, now=now)
            if rows:
                connection.execute(deliveries.insert(), rows)
                return
            what = "objects" if destinations else "destinations"
            reason = f"there are no {what}: nothing is to be sent"
            change_state(connection, job_id, JobState.DELIVERED, reason=reason, now=now)

    def requeue_interrupted(self, now: datetime, *, max_attempts: int = MAX_ATTEMPTS) -> int:
        """Queue again what was RUNNING when the node ended; number of jobs.

        To be called at the start, when nothing runs. A job that has been tried too often may be
        what ends the node: it becomes FAILED instead.
        """
        requeued = 0
        query = select(jobs.c.job_id, jobs.c.attempts).where(jobs.c.state == str(JobState.RUNNING))
        with self._database.writing() as connection:
            for job_id, attempts in connection.execute(query).all():
                if attempts >= max_attempts:
                    new, reason = JobState.FAILED, f"interrupted: {attempts} runs did not end"
                else:
                    new, reason = JobState.QUEUED, "the node ended while the job ran"
                    requeued += 1
                change_state(connection, job_id, new, reason=reason, now=now)
                log.warning("job.interrupted", job=job_id, attempts=attempts, state=str(new))
        return requeued

    def get(self, job_id: str) -> JobRecord:
        """One job."""
        with self._database.reading() as connection:
            return self._one(connection, job_id)

    def list(self, *, limit: int = 100, state: JobState | None = None) -> tuple[JobRecord, ...]:
        """Jobs, the newest first."""
        query = all_jobs().order_by(jobs.c.number.desc()).limit(limit)
        if state is not None:
            query = query.where(jobs.c.state == str(state))
        with self._database.reading() as connection:
            return read_jobs(connection, query, self._folder)

    def waiting(self) -> tuple[JobRecord, ...]:
        """Jobs that wait for a companion, the oldest first."""
        query = all_jobs().where(jobs.c.state == str(JobState.WAITING)).order_by(jobs.c.number)
        with self._database.reading() as connection:
            return read_jobs(connection, query, self._folder)

    def events(self, job_id: str) -> tuple[JobEvent, ...]:
        """History of a job, the oldest step first."""
        query = select(job_events).where(job_events.c.job_id == job_id).order_by(job_events.c.id)
        with self._database.reading() as connection:
            state_of(connection, job_id)
            return tuple(
                JobEvent(
                    at=row.at,
                    old=None if row.old_state is None else JobState(row.old_state),
                    new=JobState(row.new_state),
                    reason=row.reason,
                )
                for row in connection.execute(query)
            )

    def _one(self, connection: Connection, job_id: str) -> JobRecord:
        found = read_jobs(connection, all_jobs().where(jobs.c.job_id == job_id), self._folder)
        if not found:
            raise UnknownRecord(f"there is no job {job_id}")
        return found[0]


def _pending_rows(
    job_id: str,
    outcome: JobOutcome,
    destinations: Sequence[str],
    *,
    folder: Path,
    now: datetime,
) -> list[dict[str, object]]:
    return [
        {
            "job_id": job_id,
            "destination": destination,
            "path": stored_path(made.path, folder),
            "sop_class_uid": made.sop_class_uid,
            "sop_instance_uid": made.sop_instance_uid,
            "state": str(DeliveryState.PENDING),
            "attempts": 0,
            "next_attempt_at": now,
            "updated_at": now,
        }
        for destination in dict.fromkeys(destinations)
        for made in outcome.objects
    ]
