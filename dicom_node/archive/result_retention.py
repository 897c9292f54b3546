"""Removes results that were delivered long enough ago, and tells so in the history of their job."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import Connection, select, update

from dicom_node.archive.database import Database
from dicom_node.archive.removing import Removing, unwitnessed
from dicom_node.archive.tables import deliveries, job_objects, jobs
from dicom_node.archive.transitions import record_event, state_of
from dicom_node.domain.audit import AuditedFile
from dicom_node.domain.job import JobState

log = structlog.get_logger(__name__)

# Not UNDELIVERED and HELD: their results still have somewhere to go.
_DONE = (
    JobState.DELIVERED,
    JobState.COMMITTED,
    JobState.CANCELLED,
    JobState.REJECTED,
    JobState.FAILED,
)


def sweep_results(
    database: Database,
    folder: Path,
    *,
    keep_days: float,
    now: datetime,
    removing: Removing = unwitnessed,
) -> int:
    """Remove the result files of jobs that ended more than `keep_days` ago; number of jobs.

    The rows stay: what the job gave, measurements included, can be read for ever. Files go before
    the note that they went; where the process ends in between, the next sweep does it again.

    Parameters
    ----------
    removing : callable
        Told of the files before they go, and again when they went.

    Raises
    ------
    ArchiveError
        Where the database fails.
    """
    uncommitted = select(deliveries.c.job_id).where(deliveries.c.commitment_open == 1)
    query = (
        select(jobs.c.job_id)
        .where(
            jobs.c.state.in_([str(state) for state in _DONE]),
            jobs.c.updated_at < now - timedelta(days=keep_days),
            jobs.c.results_removed_at.is_(None),
            jobs.c.job_id.in_(select(job_objects.c.job_id)),
            jobs.c.job_id.not_in(uncommitted),
        )
        .order_by(jobs.c.number)
    )
    with database.reading() as connection:
        ids = connection.execute(query).scalars().all()
    for job_id in ids:
        told = removing(_files_of(database, folder, job_id))
        with database.writing() as connection:
            _remove(connection, folder, job_id, now)
        told()
    if ids:
        log.info("archive.removed_results", jobs=len(ids))
    return len(ids)


def _files_of(database: Database, folder: Path, job_id: str) -> list[AuditedFile]:
    columns = (job_objects.c.path, job_objects.c.sop_class_uid)
    with database.reading() as connection:
        rows = connection.execute(select(*columns).where(job_objects.c.job_id == job_id)).all()
    return [
        AuditedFile(path=folder / row.path, sop_class_uid=row.sop_class_uid, alike=job_id)
        for row in rows
    ]


def _remove(connection: Connection, folder: Path, job_id: str, now: datetime) -> None:
    mine = select(job_objects.c.path).where(job_objects.c.job_id == job_id)
    paths = [folder / path for path in connection.execute(mine).scalars()]
    for path in paths:
        path.unlink(missing_ok=True)
    for parent in {path.parent for path in paths}:
        if folder in parent.parents:
            shutil.rmtree(parent, ignore_errors=True)  # with what was noted beside the objects
    changed = update(jobs).where(jobs.c.job_id == job_id).values(results_removed_at=now)
    connection.execute(changed)
    state = state_of(connection, job_id)
    reason = f"{len(paths)} result files were removed after their retention time"
    record_event(connection, job_id, old=state, new=state, reason=reason, at=now)
