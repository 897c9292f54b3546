"""Transactions of storage commitment: opened before they are asked, closed by their report."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select, update

from dicom_node.archive.database import Database
from dicom_node.archive.outbox import delivery_of, settle_job
from dicom_node.archive.rows import AnyRow
from dicom_node.archive.tables import commitments, deliveries, jobs
from dicom_node.archive.transitions import record_event, state_of
from dicom_node.domain.commitment import (
    CommitmentReport,
    UnknownTransaction,
    failure_text,
    transaction_uid_of,
)
from dicom_node.domain.delivery import Delivery, DeliveryState, Transaction
from dicom_node.domain.job import JobState

_D, _T = deliveries.c, commitments.c

MOST_ATTEMPTS = 3  # transactions for one object: then it stays overdue, or becomes a dead letter


class CommitmentStore:
    """What was delivered and is to be committed; a delivery belongs to its last transaction.

    Parameters
    ----------
    database : Database
    folder : Path
        The archive's folder; paths in it are stored relative to it.

    Raises
    ------
    ArchiveError
        From every method, where the database fails.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder = database, folder

    def open_new(self, destination: str, now: datetime) -> int:
        """Open a transaction for each job all of whose objects the destination has; their number.

        Durable before anything is asked: a report may come before the answer to the request.
        """
        query = select(_D.job_id).where(_to_be_asked(destination)).distinct()
        with self._database.reading() as connection:
            if connection.execute(query).first() is None:
                return 0
        with self._database.writing() as connection:
            found = connection.execute(query).scalars().all()
            for job_id in found:
                self._open(connection, job_id, destination, now)
        return len(found)

    def due(
        self, destination: str, now: datetime
    ) -> tuple[tuple[Transaction, tuple[Delivery, ...]], ...]:
        """Transactions that are to be asked now, each with its deliveries."""
        query = (
            select(commitments)
            .where(_T.destination == destination, _T.next_attempt_at <= now)
            .where(_T.reported_at.is_(None), _T.asked_at.is_(None))
            .order_by(_T.next_attempt_at)
        )
        with self._database.reading() as connection:
            return tuple(
                (_transaction(row), self._deliveries(connection, row.transaction_uid))
                for row in connection.execute(query).all()
            )

    def asked(self, transaction_uid: str, now: datetime) -> None:
        """Record that the destination took the request; its report is waited for."""
        self._change(transaction_uid, asked_at=now, last_error=None)

    def ask_again_at(self, transaction_uid: str, when: datetime, error: str) -> None:
        """Record that the destination did not take the request, and when to ask it again."""
        self._change(transaction_uid, next_attempt_at=when, last_error=error, tries=_T.tries + 1)

    def take(self, report: CommitmentReport, now: datetime) -> None:
        """Record a report; one that comes again changes nothing.

        Failed objects are due again, under a transaction of their own later; after
        MOST_ATTEMPTS transactions they are dead letters. Objects that are told of in no report
        stay as they are.

        Raises
        ------
        UnknownTransaction
            Where this node never asked for it.
        """
        uid = report.transaction_uid
        with self._database.writing() as connection:
            query = select(commitments).where(_T.transaction_uid == uid)
            row = connection.execute(query).one_or_none()
            if row is None:
                raise UnknownTransaction(uid)
            connection.execute(
                update(commitments).where(_T.transaction_uid == uid).values(reported_at=now)
            )
            changed = _note_committed(connection, row, report.committed, now)
            for instance, reason in report.failed.items():
                changed += _note_failed(connection, row, instance, reason, now)
            if changed:
                settle_job(connection, row.job_id, now)

    def note_overdue(self, destination: str, asked_before: datetime, now: datetime) -> int:
        """Note what was asked long ago and not committed, and open a new transaction for it.

        The report of an overdue transaction is still taken. After MOST_ATTEMPTS none is opened.

        Returns
        -------
        int
            Number of transactions that are overdue now and were not before.
        """
        waiting = exists().where(
            _D.transaction_uid == _T.transaction_uid, _D.state == str(DeliveryState.DELIVERED)
        )
        query = select(commitments).where(
            _T.destination == destination,
            _T.asked_at < asked_before,
            _T.overdue_at.is_(None),
            waiting,
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            with self._database.writing() as connection:
                _mark_overdue(connection, row, now)
        return len(rows)

    def of_job(self, job_id: str) -> tuple[Transaction, ...]:
        """Transactions of a job, the oldest first."""
        query = select(commitments).where(_T.job_id == job_id)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(_T.destination, _T.attempt)).all()
        return tuple(_transaction(row) for row in rows)

    def _open(self, connection: Connection, job_id: str, destination: str, now: datetime) -> None:
        attempt = _attempts(connection, job_id, destination) + 1
        uid = transaction_uid_of(job_id=job_id, destination=destination, attempt=attempt)
        connection.execute(
            commitments.insert().values(
                transaction_uid=uid,
                job_id=job_id,
                destination=destination,
                attempt=attempt,
                next_attempt_at=now,
                tries=0,
            )
        )
        mine = and_(_to_be_asked(destination), _D.job_id == job_id)
        connection.execute(update(deliveries).where(mine).values(transaction_uid=uid))

    def _deliveries(self, connection: Connection, uid: str) -> tuple[Delivery, ...]:
        query = select(deliveries).where(_D.transaction_uid == uid).order_by(_D.delivery_id)
        return tuple(delivery_of(row, self._folder) for row in connection.execute(query))

    def _change(self, transaction_uid: str, **values: object) -> None:
        statement = update(commitments).where(_T.transaction_uid == transaction_uid)
        with self._database.writing() as connection:
            connection.execute(statement.values(**values))


def _to_be_asked(destination: str) -> ColumnElement[bool]:
    """Deliveries that demand commitment, are in no transaction, and whose job is all there."""
    other = deliveries.alias()
    pending = exists().where(
        other.c.job_id == _D.job_id,
        other.c.destination == _D.destination,
        other.c.state == str(DeliveryState.PENDING),
    )
    return and_(
        _D.commitment_open == 1,
        _D.destination == destination,
        _D.state == str(DeliveryState.DELIVERED),
        _D.transaction_uid.is_(None),
        ~pending,
    )


def _attempts(connection: Connection, job_id: str, destination: str) -> int:
    mine = (_T.job_id == job_id, _T.destination == destination)
    return connection.execute(select(func.count()).where(*mine)).scalar_one()


def _note_committed(
    connection: Connection, row: AnyRow, instances: Sequence[str], now: datetime
) -> int:
    """Take the report's word for objects of the job, whichever transaction they are in now."""
    mine = and_(
        _D.job_id == row.job_id,
        _D.destination == row.destination,
        _D.sop_instance_uid.in_(instances),
        _D.state == str(DeliveryState.DELIVERED),
    )
    values = {"state": str(DeliveryState.COMMITTED), "commitment_open": 0, "updated_at": now}
    return connection.execute(update(deliveries).where(mine).values(values)).rowcount


def _note_failed(
    connection: Connection, row: AnyRow, instance: str, reason: int, now: datetime
) -> int:
    mine = and_(
        _D.transaction_uid == row.transaction_uid,
        _D.sop_instance_uid == instance,
        _D.state == str(DeliveryState.DELIVERED),
    )
    error = f"not committed: 0x{reason:04X} ({failure_text(reason)})"
    values: dict[str, object] = {"last_error": error, "transaction_uid": None, "updated_at": now}
    if row.attempt >= MOST_ATTEMPTS:
        values |= {"state": str(DeliveryState.DEAD), "commitment_open": 0}
    elif state_of(connection, row.job_id) is JobState.CANCELLED:
        return 0  # nothing of it is sent any more
    else:
        values |= {"state": str(DeliveryState.PENDING), "next_attempt_at": now}
    return connection.execute(update(deliveries).where(mine).values(values)).rowcount


def _mark_overdue(connection: Connection, row: AnyRow, now: datetime) -> None:
    uid = row.transaction_uid
    connection.execute(update(commitments).where(_T.transaction_uid == uid).values(overdue_at=now))
    again = _attempts(connection, row.job_id, row.destination) < MOST_ATTEMPTS
    if again:
        left = and_(_D.transaction_uid == uid, _D.state == str(DeliveryState.DELIVERED))
        connection.execute(update(deliveries).where(left).values(transaction_uid=None))
    state = state_of(connection, row.job_id)
    then = "asked again" if again else "not asked again; a late report still counts"
    reason = f"commitment overdue: {row.destination} has not reported; {then}"
    if state in (JobState.DELIVERED, JobState.UNDELIVERED):
        connection.execute(update(jobs).where(jobs.c.job_id == row.job_id).values(reason=reason))
    record_event(connection, row.job_id, old=state, new=state, reason=reason, at=now)


def _transaction(row: AnyRow) -> Transaction:
    return Transaction(
        transaction_uid=row.transaction_uid,
        job_id=row.job_id,
        destination=row.destination,
        attempt=row.attempt,
        tries=row.tries,
        next_attempt_at=row.next_attempt_at,
        asked_at=row.asked_at,
        reported_at=row.reported_at,
        overdue_at=row.overdue_at,
        last_error=row.last_error,
    )
