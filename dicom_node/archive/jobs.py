"""Jobs and their history: every method is one transaction, every step a legal one."""

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, and_, or_, select

from dicom_node.archive.database import Database
from dicom_node.archive.entries import IllegalStep, UnknownRecord
from dicom_node.archive.interrupted import requeue
from dicom_node.archive.job_rows import (
    all_jobs,
    pending_rows,
    read_jobs,
    values_of_job,
    values_of_outcome,
    write_inputs,
    write_objects,
)
from dicom_node.archive.tables import deliveries, executors, job_events, job_inputs, jobs
from dicom_node.archive.transitions import change_state, hold, record_event, state_of
from dicom_node.archive.upsert import insert_on
from dicom_node.domain.job import Job, JobOutcome, JobState
from dicom_node.domain.records import JobEvent, JobRecord
from dicom_node.domain.series import SeriesKey

GATE_REASON = "the route holds its results until they are released"
_FIRST_STATES = (JobState.WAITING, JobState.QUEUED, JobState.REJECTED)
# One that somebody held by hand while it waited keeps the time to which it waits.
_HELD = (jobs.c.state == str(JobState.HELD), jobs.c.held_from == str(JobState.WAITING))
_WAITS = or_(jobs.c.state == str(JobState.WAITING), and_(*_HELD, jobs.c.not_before.is_(None)))


class JobStore:
    """The job tables.

    Parameters
    ----------
    database : Database
    folder : Path
        The archive's folder; paths in it are stored relative to it.
    executor_id : str or None
        Of the process that claims jobs, where several share the work. Once others have given it
        up, it claims nothing, and what it says of jobs that were its own changes nothing.

    Raises
    ------
    UnknownRecord
        From every method that takes the id of a job that is not there.
    IllegalStep
        From every method that steps, where `domain.job.may_step` forbids the step.
    ArchiveError
        From every method, where the database fails.
    """

    def __init__(self, database: Database, folder: Path, *, executor_id: str | None = None) -> None:
        self._database, self._folder = database, folder
        self._executor_id = executor_id

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
            statement = insert_on(connection, jobs).on_conflict_do_nothing(
                index_elements=["job_id"]
            )
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
        """WAITING, or held for a companion, to QUEUED, with the inputs and result id it has now."""
        with self._database.writing() as connection:
            mine = select(jobs.c.job_id).where(jobs.c.job_id == job.job_id, _WAITS)
            if connection.execute(mine).first() is None:
                state = state_of(connection, job.job_id)
                raise IllegalStep(f"job {job.job_id} is {state}; it waits for no companion")
            change_state(
                connection,
                job.job_id,
                JobState.QUEUED,
                reason=reason,
                now=now,
                not_before=None,
                held_from=None,
                result_id=job.result_id,
            )
            write_inputs(connection, job, self._folder)

    def hold_for_companion(self, job_id: str, *, reason: str, now: datetime) -> None:
        """WAITING to HELD, until the companion comes after all or somebody releases the job."""
        with self._database.writing() as connection:
            hold(connection, job_id, reason=reason, now=now, not_before=None)

    def claim_next(self, now: datetime, *, closed_routes: Collection[str] = ()) -> JobRecord | None:
        """The queued job that is to run now, RUNNING then and no one else's; or None.

        Of those whose time has come: the oldest of the highest priority.

        Parameters
        ----------
        closed_routes : collection of str
            Routes whose jobs may not start now.
        """
        startable = and_(
            jobs.c.state == str(JobState.QUEUED),
            or_(jobs.c.not_before.is_(None), jobs.c.not_before <= now),
            jobs.c.route.not_in(closed_routes),
        )
        order = (jobs.c.priority.desc(), jobs.c.number)
        first = select(jobs.c.job_id).where(startable).order_by(*order).limit(1)
        with self._database.reading() as connection:
            if connection.execute(first).scalar() is None:
                return None  # most calls end here, without taking the turn to write
        with self._database.writing() as connection:
            job_id = connection.execute(first).scalar()
            if job_id is None or not self._takes_part(connection):
                return None
            values = {"attempts": jobs.c.attempts + 1, "executor_id": self._executor_id}
            change_state(connection, job_id, JobState.RUNNING, reason=None, now=now, **values)
            return self._one(connection, job_id)

    def finish(
        self, job_id: str, outcome: JobOutcome, *, destinations: Sequence[str], now: datetime
    ) -> None:
        """Record how a run ended, with its objects and their deliveries.

        Each object goes to each destination for which it was made.

        A result without destinations, or without objects, has nowhere to go: it is DELIVERED at
        once, so that ENCODED always means that something is still to be sent. One of a job with a
        gate is HELD. A job that was cancelled while it ran, or given to another process, stays so;
        this result is not recorded.
        """
        with self._database.writing() as connection:
            if not self._has(connection, job_id):
                return
            change_state(
                connection,
                job_id,
                outcome.state,
                reason=outcome.reason,
                now=now,
                results_removed_at=None,
                **values_of_outcome(outcome),
            )
            if outcome.state is not JobState.ENCODED:
                return
            write_objects(connection, job_id, outcome.objects, self._folder)
            rows = pending_rows(job_id, outcome, destinations, folder=self._folder, now=now)
            if rows:
                connection.execute(deliveries.insert(), rows)
                gate = select(jobs.c.gate).where(jobs.c.job_id == job_id)
                if connection.execute(gate).scalar_one():
                    hold(connection, job_id, reason=GATE_REASON, now=now)
                return
            what = "objects" if destinations else "destinations"
            reason = f"there are no {what}: nothing is to be sent"
            change_state(connection, job_id, JobState.DELIVERED, reason=reason, now=now)

    def hand_back(
        self,
        job_id: str,
        *,
        reason: str,
        now: datetime,
        not_before: datetime | None = None,
        counts: bool = True,
    ) -> None:
        """RUNNING to QUEUED, not to start before a time; nothing where it runs here no more.

        Parameters
        ----------
        counts : bool
            Whether this run counts as one of the tries that the job has.
        """
        attempts = jobs.c.attempts if counts else jobs.c.attempts - 1
        with self._database.writing() as connection:
            if not self._has(connection, job_id):
                return
            values = {"attempts": attempts, "not_before": not_before}
            change_state(connection, job_id, JobState.QUEUED, reason=reason, now=now, **values)

    def runs_here(self, job_id: str) -> bool:
        """Whether a job that this process claimed is still its own, for a look every second."""
        query = select(jobs.c.state, jobs.c.executor_id).where(jobs.c.job_id == job_id)
        with self._database.reading() as connection:
            state, executor_id = connection.execute(query).one()
        return bool(state == JobState.RUNNING and executor_id == self._executor_id)

    def latest_on(self, route: str, key: SeriesKey) -> str | None:
        """Id of the newest job of a route on a primary series; None where there was none."""
        query = (
            select(jobs.c.job_id)
            .join(job_inputs, job_inputs.c.job_id == jobs.c.job_id)
            .where(
                job_inputs.c.study_instance_uid == key.study_instance_uid,
                job_inputs.c.series_instance_uid == key.series_instance_uid,
                job_inputs.c.position == 0,
                jobs.c.route == route,
            )
            .order_by(jobs.c.number.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            return connection.execute(query).scalar()

    def requeue_interrupted(self, now: datetime) -> int:
        """Queue again what was RUNNING when the node ended; number of jobs.

        To be called at the start of a node that works alone, when nothing runs.
        """
        with self._database.writing() as connection:
            return requeue(connection, now=now, reason="the node ended while the job ran")

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
        """Jobs that wait or are held for a companion, the oldest first."""
        query = all_jobs().where(_WAITS).order_by(jobs.c.number)
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

    def _has(self, connection: Connection, job_id: str) -> bool:
        """Whether a run of this process may still say how it ended; not of a cancelled job."""
        if state_of(connection, job_id) is JobState.CANCELLED:
            return False
        if self._executor_id is None:
            return True
        query = select(jobs.c.state, jobs.c.executor_id).where(jobs.c.job_id == job_id)
        return tuple(connection.execute(query).one()) == (JobState.RUNNING, self._executor_id)

    def _takes_part(self, connection: Connection) -> bool:
        if self._executor_id is None:
            return True
        query = select(executors.c.beat).where(executors.c.executor_id == self._executor_id)
        return connection.execute(query).first() is not None

    def _one(self, connection: Connection, job_id: str) -> JobRecord:
        found = read_jobs(connection, all_jobs().where(jobs.c.job_id == job_id), self._folder)
        if not found:
            raise UnknownRecord(f"there is no job {job_id}")
        return found[0]
