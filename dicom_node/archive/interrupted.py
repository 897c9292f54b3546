"""Jobs whose run ended without an answer: queued again, or given up after too many runs."""

from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, Connection, select

from dicom_node.archive.tables import executors, jobs
from dicom_node.archive.transitions import change_state
from dicom_node.domain.job import JobState

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3


def requeue(
    connection: Connection,
    *also: ColumnElement[bool],
    now: datetime,
    reason: str,
    max_attempts: int = MAX_ATTEMPTS,
) -> int:
    """Queue again what is RUNNING, narrowed by further conditions; number of jobs queued.

    A job that has been tried too often may be what ends its process: it becomes FAILED instead.
    """
    requeued = 0
    query = select(jobs.c.job_id, jobs.c.attempts)
    query = query.where(jobs.c.state == str(JobState.RUNNING), *also)
    for job_id, attempts in connection.execute(query).all():
        if attempts >= max_attempts:
            new, told = JobState.FAILED, f"interrupted: {attempts} runs did not end"
        else:
            new, told = JobState.QUEUED, reason
            requeued += 1
        change_state(connection, job_id, new, reason=told, now=now)
        log.warning("job.interrupted", job=job_id, attempts=attempts, state=str(new))
    return requeued


def runs_nowhere() -> ColumnElement[bool]:
    """Condition: a job's executor is none of those that take part."""
    alive = select(executors.c.executor_id)
    return jobs.c.executor_id.is_(None) | jobs.c.executor_id.not_in(alive)
