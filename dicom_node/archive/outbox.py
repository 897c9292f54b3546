"""The outbox: every result object for every destination, until it is there or refused for good."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, and_, select, update

from dicom_node.archive.database import Database
from dicom_node.archive.entries import UnknownRecord
from dicom_node.archive.rows import AnyRow
from dicom_node.archive.tables import deliveries, jobs
from dicom_node.archive.transitions import change_state, state_of
from dicom_node.domain.delivery import Delivery, DeliveryState
from dicom_node.domain.forms import LABEL_MAP_SEGMENTATION_STORAGE
from dicom_node.domain.job import JobState

_C = deliveries.c
_SENDING = (str(JobState.ENCODED), str(JobState.UNDELIVERED))


class Outbox:
    """Deliveries and their states; the job's state follows in the same transaction.

    A job is DELIVERED when all of its deliveries are, COMMITTED when all are committed that are to
    be, and UNDELIVERED when none is pending and one is dead.

    Parameters
    ----------
    database : Database
    folder : Path
        The archive's folder; paths in it are stored relative to it.

    Raises
    ------
    UnknownRecord
        From every method that takes the id of a delivery that is not there.
    ArchiveError
        From every method, where the database fails.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder = database, folder

    def due(
        self, now: datetime, destination: str | None = None, *, limit: int = 1000
    ) -> tuple[Delivery, ...]:
        """Pending deliveries whose time has come, the oldest first."""
        query = select(deliveries).where(_is_due(now)).order_by(_C.delivery_id).limit(limit)
        if destination is not None:
            query = query.where(_C.destination == destination)
        with self._database.reading() as connection:
            return tuple(delivery_of(row, self._folder) for row in connection.execute(query))

    def candidate(self, destination: str) -> Delivery | None:
        """Pending delivery with which a silent destination is probed, due or not; None for none.

        The one that was tried least: an object may itself be what a destination dies of.
        """
        query = select(deliveries).where(
            _C.state == str(DeliveryState.PENDING), _C.destination == destination
        )
        with self._database.reading() as connection:
            row = connection.execute(query.order_by(_C.attempts, _C.delivery_id).limit(1)).first()
        return None if row is None else delivery_of(row, self._folder)

    def hasten(self, destination: str, now: datetime) -> None:
        """Make everything pending for a destination due, because it answers again."""
        pending = (_C.state == str(DeliveryState.PENDING), _C.destination == destination)
        later = _C.next_attempt_at > now
        with self._database.writing() as connection:
            statement = update(deliveries).where(*pending, later).values(next_attempt_at=now)
            connection.execute(statement)

    def destinations_due(self, now: datetime) -> tuple[str, ...]:
        """Destinations for which something is due, by name."""
        query = select(_C.destination).where(_is_due(now)).distinct().order_by(_C.destination)
        with self._database.reading() as connection:
            return tuple(connection.execute(query).scalars())

    def list(
        self,
        *,
        states: Collection[DeliveryState] = (),
        destination: str | None = None,
        job_id: str | None = None,
        limit: int = 1000,
    ) -> tuple[Delivery, ...]:
        """Deliveries, the oldest first; narrowed by what is given."""
        query = select(deliveries).order_by(_C.delivery_id).limit(limit)
        if states:
            query = query.where(_C.state.in_([str(state) for state in states]))
        if destination is not None:
            query = query.where(_C.destination == destination)
        if job_id is not None:
            query = query.where(_C.job_id == job_id)
        with self._database.reading() as connection:
            return tuple(delivery_of(row, self._folder) for row in connection.execute(query))

    def delivered(self, delivery_id: int, now: datetime, *, commitment: bool = False) -> None:
        """Record that the destination has the object; nothing where that is known.

        Parameters
        ----------
        commitment : bool
            Whether the destination is to commit it.
        """
        self._settle(delivery_id, DeliveryState.DELIVERED, None, now, commitment=commitment)

    def dead(self, delivery_id: int, error: str, now: datetime) -> None:
        """Record a refusal for good; nothing where the delivery is not pending.

        Where the job has spares for the refused form, these are due now, and stand in for it.
        """
        self._settle(delivery_id, DeliveryState.DEAD, error, now)

    def retry_at(self, delivery_id: int, when: datetime, error: str) -> None:
        """Record a failure that may pass, and when to try again."""
        with self._database.writing() as connection:
            _job_of(connection, delivery_id)
            connection.execute(
                update(deliveries)
                .where(_pending(delivery_id))
                .values(attempts=_C.attempts + 1, next_attempt_at=when, last_error=error)
            )

    def revive(
        self, *, now: datetime, destination: str | None = None, job_id: str | None = None
    ) -> int:
        """Make dead letters due again, of one destination, one job or all; their number.

        Their jobs go from UNDELIVERED back to ENCODED; those of a job that is held or was cancelled
        stay as they are.
        """
        sending = select(jobs.c.job_id).where(jobs.c.state.in_(_SENDING))
        wanted = and_(_C.state == str(DeliveryState.DEAD), _C.job_id.in_(sending))
        if destination is not None:
            wanted = and_(wanted, _C.destination == destination)
        if job_id is not None:
            wanted = and_(wanted, _C.job_id == job_id)
        pending = {"state": str(DeliveryState.PENDING), "next_attempt_at": now, "updated_at": now}
        with self._database.writing() as connection:
            found = connection.execute(select(_C.job_id).where(wanted).distinct()).scalars().all()
            revived = connection.execute(update(deliveries).where(wanted).values(pending)).rowcount
            for job in found:
                if state_of(connection, job) is JobState.UNDELIVERED:
                    reason = "dead letters are sent again"
                    change_state(connection, job, JobState.ENCODED, reason=reason, now=now)
        return revived

    def _settle(
        self,
        delivery_id: int,
        state: DeliveryState,
        error: str | None,
        now: datetime,
        *,
        commitment: bool = False,
    ) -> None:
        with self._database.writing() as connection:
            job_id = _job_of(connection, delivery_id)
            values: dict[str, object] = {
                "state": str(state),
                "attempts": _C.attempts + 1,
                "updated_at": now,
                "commitment_open": int(commitment),
                "transaction_uid": None,
            }
            if error is not None:
                values["last_error"] = error
            if state is DeliveryState.DEAD and replace_by_spares(connection, delivery_id, now):
                values["state"] = str(DeliveryState.REPLACED)
            statement = update(deliveries).where(_pending(delivery_id)).values(values)
            if connection.execute(statement).rowcount == 1:
                settle_job(connection, job_id, now)


def delivery_of(row: AnyRow, folder: Path) -> Delivery:
    """Delivery of a row of `deliveries`."""
    return Delivery(
        delivery_id=row.delivery_id,
        job_id=row.job_id,
        destination=row.destination,
        path=folder / row.path,
        sop_class_uid=row.sop_class_uid,
        sop_instance_uid=row.sop_instance_uid,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        last_error=row.last_error,
        commitment_open=bool(row.commitment_open),
    )


def _pending(delivery_id: int) -> ColumnElement[bool]:
    return and_(_C.delivery_id == delivery_id, _C.state == str(DeliveryState.PENDING))


def _is_due(now: datetime) -> ColumnElement[bool]:
    return and_(_C.state == str(DeliveryState.PENDING), _C.next_attempt_at <= now)


def _job_of(connection: Connection, delivery_id: int) -> str:
    job_id = connection.execute(select(_C.job_id).where(_C.delivery_id == delivery_id)).scalar()
    if job_id is None:
        raise UnknownRecord(f"there is no delivery {delivery_id}")
    return str(job_id)


def replace_by_spares(connection: Connection, delivery_id: int, now: datetime) -> bool:
    """Make the spares of a refused object due; whether there are any, due before or now.

    A spare stands in for objects of another SOP class and of the same job and destination: only
    Label Map Segmentations have one, so that it is enough to look at what was refused.
    """
    refused = connection.execute(
        select(_C.job_id, _C.destination, _C.sop_class_uid).where(_pending(delivery_id))
    ).first()
    if refused is None or refused.sop_class_uid != LABEL_MAP_SEGMENTATION_STORAGE:
        return False
    mine = (_C.job_id == refused.job_id, _C.destination == refused.destination)
    spare = and_(*mine, _C.state == str(DeliveryState.SPARE))
    pending = {"state": str(DeliveryState.PENDING), "next_attempt_at": now, "updated_at": now}
    if connection.execute(update(deliveries).where(spare).values(pending)).rowcount:
        return True
    query = select(_C.delivery_id).where(*mine, _C.state == str(DeliveryState.REPLACED))
    return connection.execute(query.limit(1)).first() is not None


def settle_job(connection: Connection, job_id: str, now: datetime) -> None:
    """Let a job follow its deliveries; one that is held or was cancelled stays as it is."""
    state = state_of(connection, job_id)
    if state in (JobState.HELD, JobState.CANCELLED):
        return
    query = select(_C.state, _C.destination, _C.commitment_open).where(_C.job_id == job_id)
    found = connection.execute(query.distinct()).all()
    states = {DeliveryState(row.state) for row in found} - {DeliveryState.SPARE}
    refusing = sorted({row.destination for row in found if row.state == DeliveryState.DEAD})
    reason = None
    if DeliveryState.PENDING in states:
        new, reason = JobState.ENCODED, "sent again: the destination has not kept all of it"
    elif refusing:
        new, reason = JobState.UNDELIVERED, f"refused by {', '.join(refusing)}"
    elif DeliveryState.COMMITTED in states and not any(row.commitment_open for row in found):
        new = JobState.COMMITTED
    else:
        new = JobState.DELIVERED
    if new is not JobState.ENCODED and DeliveryState.REPLACED in states:
        replaced = sorted({one.destination for one in found if one.state == DeliveryState.REPLACED})
        told = f"{', '.join(replaced)} refused a form and took its spare"
        reason = told if reason is None else f"{reason}; {told}"
    if new is JobState.COMMITTED and state is JobState.ENCODED:
        change_state(connection, job_id, JobState.DELIVERED, reason=None, now=now)
        state = JobState.DELIVERED
    if new is not state:
        change_state(connection, job_id, new, reason=reason, now=now)
