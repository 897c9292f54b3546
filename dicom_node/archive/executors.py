"""The processes that share the work: who lives, what each holds, and what the dead leave behind."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from dicom_node.archive.database import Database
from dicom_node.archive.interrupted import requeue, runs_nowhere
from dicom_node.archive.tables import executors, leases, open_associations
from dicom_node.archive.upsert import insert_on

_E = executors.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What an executor finds when it tells that it lives.

    Parameters
    ----------
    beats : mapping
        Executor to its number of beats, of every one that takes part.
    held : frozenset of str
        Names of the leases that it has.
    """

    beats: Mapping[str, int]
    held: frozenset[str]


class ExecutorStore:
    """Executors, their leases and open associations; every method is one transaction.

    Raises
    ------
    ArchiveError
        From every method, where the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def join(self, executor_id: str, role: str, now: datetime) -> int:
        """Take part, as one that has nothing; number of jobs that were queued again for it.

        Where one of the same id was there, it has ended: its jobs and leases are free.
        """
        row = {"executor_id": executor_id, "role": role, "beat": 1}
        with self._database.writing() as connection:
            requeued = _remove(connection, executor_id, now, "the node ended while the job ran")
            connection.execute(executors.insert(), row | {"started_at": now, "beat_at": now})
        return requeued

    def leave(self, executor_id: str, now: datetime) -> None:
        """Take part no more."""
        with self._database.writing() as connection:
            _remove(connection, executor_id, now, "the node was stopped while the job ran")

    def pulse(self, executor_id: str, wanted: Collection[str], now: datetime) -> Pulse | None:
        """Tell that an executor lives, and take those of the wanted leases that are free.

        Returns
        -------
        Pulse or None
            None where it was given up and takes part no more.
        """
        with self._database.writing() as connection:
            beat = {"beat": _E.beat + 1, "beat_at": now}
            mine = update(executors).where(_E.executor_id == executor_id).values(beat)
            if connection.execute(mine).rowcount == 0:
                return None
            for name in sorted(wanted):
                take = insert_on(connection, leases).on_conflict_do_nothing()
                connection.execute(take, {"name": name, "executor_id": executor_id})
            held = select(leases.c.name).where(leases.c.executor_id == executor_id)
            beats = connection.execute(select(_E.executor_id, _E.beat)).all()
            return Pulse(
                beats={row.executor_id: row.beat for row in beats},
                held=frozenset(connection.execute(held).scalars()),
            )

    def give_up(self, executor_id: str, beat: int, now: datetime) -> int | None:
        """Remove an executor that has been silent since a beat; number of jobs queued again.

        None, and nothing changed, where it has told since that it lives, or is gone.
        """
        with self._database.writing() as connection:
            query = select(_E.beat).where(_E.executor_id == executor_id)
            if connection.execute(query).scalar() != beat:
                return None
            return _remove(connection, executor_id, now, f"{executor_id} was silent while it ran")

    def association_opened(self, association_id: str, executor_id: str) -> None:
        """Record that images may still come over an association."""
        with self._database.writing() as connection:
            row = {"association_id": association_id, "executor_id": executor_id}
            connection.execute(
                insert_on(connection, open_associations).on_conflict_do_nothing(), row
            )

    def association_ended(self, association_id: str) -> None:
        """Record that nothing more comes over an association."""
        mine = open_associations.c.association_id == association_id
        with self._database.writing() as connection:
            connection.execute(delete(open_associations).where(mine))

    def open_associations(self) -> frozenset[str]:
        """Associations that are open at any executor."""
        with self._database.reading() as connection:
            query = select(open_associations.c.association_id)
            return frozenset(connection.execute(query).scalars())


def _remove(connection: Connection, executor_id: str, now: datetime, reason: str) -> int:
    """Remove an executor with its leases and associations, and free every job that runs nowhere."""
    connection.execute(delete(executors).where(_E.executor_id == executor_id))
    return requeue(connection, runs_nowhere(), now=now, reason=reason)
