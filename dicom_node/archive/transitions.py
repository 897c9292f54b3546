"""The one place where a job's state changes: checked, written and told in its history."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from dicom_node.archive.entries import IllegalStep, UnknownRecord
from dicom_node.archive.tables import deliveries, job_events, jobs
from dicom_node.domain.delivery import DeliveryState
from dicom_node.domain.job import JobState, may_step


def state_of(connection: Connection, job_id: str) -> JobState:
    """State of a job.

    Raises
    ------
    UnknownRecord
        Where there is no such job.
    """
    state = connection.execute(select(jobs.c.state).where(jobs.c.job_id == job_id)).scalar()
    if state is None:
        raise UnknownRecord(f"there is no job {job_id}")
    return JobState(state)


def change_state(
    connection: Connection,
    job_id: str,
    new: JobState,
    *,
    reason: str | None,
    now: datetime,
    **values: object,
) -> None:
    """Take a job to another state within the caller's transaction.

    Parameters
    ----------
    values
        Further columns of the job that change with the step.

    Raises
    ------
    IllegalStep
        Where `may_step` forbids it.
    UnknownRecord
        Where there is no such job.
    """
    old = state_of(connection, job_id)
    if not may_step(old, new):
        raise IllegalStep(f"job {job_id} is {old}; it cannot become {new}")
    if old is JobState.FAILED:
        values["attempts"] = 0  # somebody tries again by hand: the count of tries starts anew
    connection.execute(
        update(jobs)
        .where(jobs.c.job_id == job_id)
        .values(state=str(new), reason=reason, updated_at=now, **values)
    )
    record_event(connection, job_id, old=old, new=new, reason=reason, at=now)


def hold(
    connection: Connection, job_id: str, *, reason: str, now: datetime, **values: object
) -> None:
    """Take a job to HELD, with what it has to send, and remember from where."""
    old = state_of(connection, job_id)
    values["held_from"] = str(old)
    change_state(connection, job_id, JobState.HELD, reason=reason, now=now, **values)
    _move_deliveries(connection, job_id, DeliveryState.PENDING, DeliveryState.HELD, now)


def release(connection: Connection, job_id: str, *, reason: str, now: datetime) -> None:
    """Take a held job back to where it was; what it has to send is due now."""
    query = select(jobs.c.held_from).where(jobs.c.job_id == job_id)
    held_from = connection.execute(query).scalar()
    if state_of(connection, job_id) is not JobState.HELD or held_from is None:
        raise IllegalStep(f"job {job_id} is {state_of(connection, job_id)}, not held")
    back = JobState(held_from)
    change_state(connection, job_id, back, reason=reason, now=now, held_from=None)
    _move_deliveries(connection, job_id, DeliveryState.HELD, DeliveryState.PENDING, now)


def cancel(connection: Connection, job_id: str, *, reason: str, now: datetime) -> None:
    """End a job; what it has not sent yet is not sent."""
    change_state(connection, job_id, JobState.CANCELLED, reason=reason, now=now, held_from=None)
    for state in (DeliveryState.PENDING, DeliveryState.HELD):
        _move_deliveries(connection, job_id, state, DeliveryState.CANCELLED, now)


def _move_deliveries(
    connection: Connection, job_id: str, old: DeliveryState, new: DeliveryState, now: datetime
) -> None:
    values: dict[str, object] = {"state": str(new), "updated_at": now}
    if new is DeliveryState.PENDING:
        values["next_attempt_at"] = now
    mine = (deliveries.c.job_id == job_id, deliveries.c.state == str(old))
    connection.execute(update(deliveries).where(*mine).values(values))


def record_event(
    connection: Connection,
    job_id: str,
    *,
    old: JobState | None,
    new: JobState,
    reason: str | None,
    at: datetime,
) -> None:
    """Add a line to a job's history."""
    connection.execute(
        job_events.insert().values(
            job_id=job_id,
            at=at,
            old_state=None if old is None else str(old),
            new_state=str(new),
            reason=reason,
        )
    )
