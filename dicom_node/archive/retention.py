"""Removes what was kept long enough and no unfinished job needs, and records what it removed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, Select, delete, exists, func, or_, select

from dicom_node.archive.instances import InstanceStore
from dicom_node.archive.removing import Removing, unwitnessed
from dicom_node.archive.rows import key_of
from dicom_node.archive.tables import (
    deliveries,
    instances,
    job_inputs,
    jobs,
    remote_series,
    removed,
    series_status,
    set_aside,
)
from dicom_node.domain.audit import AuditedFile
from dicom_node.domain.job import ENDED, JobState
from dicom_node.domain.records import RemovedSeries
from dicom_node.domain.series import SeriesKey

log = structlog.get_logger(__name__)

_NEEDS_NO_INPUT = ENDED - {JobState.UNDELIVERED}
_SERIES = (instances.c.study_instance_uid, instances.c.series_instance_uid)


def sweep(
    store: InstanceStore, *, keep_days: float, now: datetime, removing: Removing = unwitnessed
) -> tuple[RemovedSeries, ...]:
    """Remove the instances of every series that is old and not needed.

    Old: its last instance came more than `keep_days` ago. Needed: it is an input of a job that has
    not ended (`domain.job.ENDED`), or whose result is still to be delivered or committed. What was
    set aside goes by its age alone. Rows go before files: where the process ends in between, the
    next recovery finds the files again and the next sweep removes them.

    Parameters
    ----------
    removing : callable
        Told of the files before they go, and again when they went.

    Returns
    -------
    tuple of RemovedSeries
        What was removed, as it now stands in the table `removed`.

    Raises
    ------
    ArchiveError
        Where the database fails.
    """
    received_before = now - timedelta(days=keep_days)
    query = _removable(received_before)
    with store.index.database.reading() as connection:
        keys = [key_of(row) for row in connection.execute(query)]
    found = []
    for key in keys:
        told = removing(_files_of(store, key))
        done = _remove(store, key, received_before, now)
        if done is not None:
            found.append(done)
            told()
    _remove_set_aside(store, received_before, removing)
    return tuple(found)


def removed_series(store: InstanceStore, *, limit: int = 100) -> tuple[RemovedSeries, ...]:
    """What was removed, the newest first."""
    query = select(removed).order_by(removed.c.id.desc()).limit(limit)
    with store.index.database.reading() as connection:
        return tuple(
            RemovedSeries(
                key=key_of(row),
                instances=row.instances,
                size=row.size,
                first_received_at=row.first_received_at,
                last_received_at=row.last_received_at,
                removed_at=row.removed_at,
            )
            for row in connection.execute(query)
        )


def _files_of(store: InstanceStore, key: SeriesKey) -> Sequence[AuditedFile]:
    return [
        AuditedFile(path=one.path, sop_class_uid=one.sop_class_uid, alike=key.series_instance_uid)
        for one in store.index.instances_of(key)
    ]


def _removable(received_before: datetime) -> "Select[tuple[str, str]]":
    uncommitted = select(deliveries.c.job_id).where(deliveries.c.commitment_open == 1)
    needed = (
        exists()
        .where(job_inputs.c.study_instance_uid == instances.c.study_instance_uid)
        .where(job_inputs.c.series_instance_uid == instances.c.series_instance_uid)
        .where(job_inputs.c.job_id == jobs.c.job_id)
        .where(
            or_(
                jobs.c.state.not_in([str(state) for state in _NEEDS_NO_INPUT]),
                jobs.c.job_id.in_(uncommitted),
            )
        )
    )
    return (
        select(*_SERIES)
        .where(~needed)
        .group_by(*_SERIES)
        .having(func.max(instances.c.received_at) < received_before)
    )


def _remove(
    store: InstanceStore, key: SeriesKey, received_before: datetime, now: datetime
) -> RemovedSeries | None:
    # Without storing in between: an instance that comes again must not be taken for held by its
    # row or its file and then lose it.
    with store.exclusively():
        with store.index.database.writing() as connection:
            query = _removable(received_before).where(_SERIES[0] == key.study_instance_uid)
            query = query.where(_SERIES[1] == key.series_instance_uid)
            if connection.execute(query).one_or_none() is None:
                return None  # a late instance or a new job since it was chosen
            done, paths = _forget(connection, key, now)
        store.remove_files(paths)
    log.info("archive.removed", series=key.series_instance_uid, instances=done.instances)
    return done


def _forget(
    connection: Connection, key: SeriesKey, now: datetime
) -> tuple[RemovedSeries, Sequence[str]]:
    """Take the rows of a series away and record it; gives the paths of its files."""
    of_series = (
        _SERIES[0] == key.study_instance_uid,
        _SERIES[1] == key.series_instance_uid,
    )
    rows = connection.execute(
        select(instances.c.path, instances.c.size, instances.c.received_at).where(*of_series)
    ).all()
    done = RemovedSeries(
        key=key,
        instances=len(rows),
        size=sum(row.size for row in rows),
        first_received_at=min(row.received_at for row in rows),
        last_received_at=max(row.received_at for row in rows),
        removed_at=now,
    )
    connection.execute(delete(instances).where(*of_series))
    for table in (series_status, remote_series):
        connection.execute(
            delete(table).where(
                table.c.study_instance_uid == key.study_instance_uid,
                table.c.series_instance_uid == key.series_instance_uid,
            )
        )
    connection.execute(
        removed.insert().values(
            study_instance_uid=key.study_instance_uid,
            series_instance_uid=key.series_instance_uid,
            instances=done.instances,
            size=done.size,
            first_received_at=done.first_received_at,
            last_received_at=done.last_received_at,
            removed_at=now,
        )
    )
    return done, [row.path for row in rows]


def _remove_set_aside(store: InstanceStore, received_before: datetime, removing: Removing) -> None:
    old = set_aside.c.received_at < received_before
    with store.index.database.reading() as connection:
        rows = connection.execute(select(set_aside.c.path, set_aside.c.sop_class_uid).where(old))
        files = [
            AuditedFile(
                path=store.index.folder / row.path,
                sop_class_uid=row.sop_class_uid,
                alike=row.path,
            )
            for row in rows
        ]
    told = removing(files)
    with store.exclusively():
        statement = delete(set_aside).where(old)
        with store.index.database.writing() as connection:
            paths = connection.execute(statement.returning(set_aside.c.path)).scalars().all()
        store.remove_files(paths)
    if paths:
        log.info("archive.removed_set_aside", files=len(paths))
        told()
