"""The index of instance files: derived from the files, and rebuilt from them when it is lost."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, select

from dicom_node.archive.database import Database
from dicom_node.archive.entries import NO_SERIES, IndexEntry
from dicom_node.archive.group_commit import GroupCommit
from dicom_node.archive.plain_insert import PlainInsert
from dicom_node.archive.rows import entry_of, set_aside_of, values_of
from dicom_node.archive.series_status import SeriesStatuses
from dicom_node.archive.tables import instances, set_aside
from dicom_node.archive.upsert import Insert, insert_on
from dicom_node.domain.records import Arrival, SeriesStatus, SetAside
from dicom_node.domain.series import Instance, Reason, Series, SeriesKey

# Made once: building it costs as much as running it.
_FIND = select(instances).where(instances.c.sop_instance_uid == bindparam("uid"))
_CHUNK = 500  # below SQLite's oldest limit of 999 variables


class InstanceIndex:
    """Which instances there are, of which series, from whom and where.

    Parameters
    ----------
    database : Database
    folder : Path
        The archive's folder; paths are stored relative to it, so that it can be moved.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self._plain = PlainInsert(database) if database.is_sqlite else None
        self._additions = GroupCommit(self.add_all)
        self._statuses = SeriesStatuses(database)

    def add(self, entry: IndexEntry) -> IndexEntry:
        """The entry itself where its SOP Instance UID was new, else the one that is known.

        Durable when it returns; callers of several threads share one commit.
        """
        return self._additions.submit(entry)

    def add_all(self, entries: Sequence[IndexEntry]) -> tuple[IndexEntry, ...]:
        """Like `add` for many, in one transaction."""
        if self._plain is not None and self._plain.add_new(entries):
            return tuple(entries)
        with self.database.writing() as connection:
            statement = insert_on(connection, instances).on_conflict_do_nothing(
                index_elements=["sop_instance_uid"]
            )
            return tuple(_add(connection, statement, entry) for entry in entries)

    def adding(self, entries: Sequence[IndexEntry]) -> AbstractContextManager[Sequence[bool]]:
        """Of SQLite only: see `PlainInsert.adding`. Durable after `Database.settle`."""
        assert self._plain is not None
        return self._plain.adding(entries)

    def replace(self, entry: IndexEntry) -> None:
        """Put an entry in the place of the one with its SOP Instance UID, as a new arrival."""
        with self.database.writing() as connection:
            connection.execute(
                delete(instances).where(instances.c.sop_instance_uid == entry.sop_instance_uid)
            )
            connection.execute(instances.insert(), values_of(entry))

    def forget(self, paths: Sequence[str]) -> None:
        """Remove the rows of files that are gone."""
        with self.database.writing() as connection:
            for start in range(0, len(paths), _CHUNK):
                chunk = paths[start : start + _CHUNK]
                connection.execute(delete(instances).where(instances.c.path.in_(chunk)))

    def find(self, sop_instance_uid: str) -> IndexEntry | None:
        """The entry of an instance."""
        with self.database.reading() as connection:
            row = connection.execute(_FIND, {"uid": sop_instance_uid}).one_or_none()
        return None if row is None else entry_of(row)

    def changed_series(self, after_sequence: int) -> tuple[int, set[SeriesKey]]:
        """Series that got instances since a former call, and the number to hand in next time.

        Parameters
        ----------
        after_sequence : int
            0 for every series.
        """
        number = func.max(instances.c.sequence).label("last")
        columns = (instances.c.study_instance_uid, instances.c.series_instance_uid)
        query = select(*columns, number).where(instances.c.sequence > after_sequence)
        with self.database.reading() as connection:
            rows = connection.execute(query.group_by(*columns)).all()
        keys = {
            SeriesKey(study_instance_uid=study, series_instance_uid=series)
            for study, series, _ in rows
        }
        return max((last for *_, last in rows), default=after_sequence), keys

    def instances_of(self, key: SeriesKey) -> tuple[Instance, ...]:
        """Instances of a series in the order of their arrival; empty where it is unknown."""
        query = select(instances).where(_of_series(key)).order_by(instances.c.sequence)
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(
            Instance(
                key=key,
                sop_class_uid=row.sop_class_uid,
                sop_instance_uid=row.sop_instance_uid,
                path=self.folder / row.path,
            )
            for row in rows
        )

    def series_of_study(self, study_instance_uid: str) -> tuple[SeriesKey, ...]:
        """Series of a study that hold at least one instance."""
        series = instances.c.series_instance_uid
        query = select(series).where(instances.c.study_instance_uid == study_instance_uid)
        with self.database.reading() as connection:
            found = connection.execute(query.distinct().order_by(series)).scalars().all()
        return tuple(
            SeriesKey(study_instance_uid=study_instance_uid, series_instance_uid=one)
            for one in found
        )

    def arrival(self, key: SeriesKey) -> Arrival | None:
        """When and from whom a series came; None where it is unknown."""
        facts = (instances.c.calling_ae, instances.c.called_ae, instances.c.association_id)
        received = instances.c.received_at
        query = select(
            *facts,
            func.min(received).label("first"),
            func.max(received).label("last"),
            func.count().label("number"),
        )
        with self.database.reading() as connection:
            rows = connection.execute(query.where(_of_series(key)).group_by(*facts)).all()
        if not rows:
            return None
        return Arrival(
            first_received_at=min(row.first for row in rows),
            last_received_at=max(row.last for row in rows),
            count=sum(row.number for row in rows),
            calling_aes=frozenset(row.calling_ae for row in rows),
            called_aes=frozenset(row.called_ae for row in rows),
            association_ids=frozenset(row.association_id for row in rows if row.association_id),
        )

    def add_set_aside(self, entry: IndexEntry, reason: Reason) -> bool:
        """Record a file that is part of no series; False where it is recorded already."""
        values = values_of(entry) | {"code": reason.code, "message": reason.message}
        if entry.key == NO_SERIES:
            values |= {"study_instance_uid": None, "series_instance_uid": None}
        with self.database.writing() as connection:
            statement = insert_on(connection, set_aside).on_conflict_do_nothing()
            return connection.execute(statement, values).rowcount == 1

    def unreadable(self) -> tuple[SetAside, ...]:
        """Instances that could not be read, in the order of their arrival."""
        return self._set_aside(set_aside.c.code == "unreadable")

    def conflicts(self, key: SeriesKey | None = None) -> tuple[SetAside, ...]:
        """Instances whose SOP Instance UID was known with other content (of one series)."""
        clauses = [set_aside.c.code == "conflict"]
        if key is not None:
            clauses.append(set_aside.c.study_instance_uid == key.study_instance_uid)
            clauses.append(set_aside.c.series_instance_uid == key.series_instance_uid)
        return self._set_aside(and_(*clauses))

    def _set_aside(self, clause: ColumnElement[bool]) -> tuple[SetAside, ...]:
        with self.database.reading() as connection:
            rows = connection.execute(select(set_aside).where(clause).order_by(set_aside.c.id))
            return tuple(set_aside_of(row, self.folder) for row in rows)

    def status(self, key: SeriesKey) -> SeriesStatus | None:
        """What was last decided on a series; None where nothing was."""
        return self._statuses.get(key)

    def set_status(
        self,
        key: SeriesKey,
        state: str,
        reasons: Sequence[Reason],
        digest: str,
        now: datetime,
        *,
        series: Series | None = None,
    ) -> None:
        """Record what was decided on a series, in the place of the former decision.

        Parameters
        ----------
        state : str
            Word of the policy that decides, e.g. ``receiving``, ``complete``, ``incomplete``.
        digest : str
            `domain.job.content_digest` of the instances on which it was decided.
        series : Series or None
            As it was read; without it the series is never found as an earlier one of its patient.
        """
        self._statuses.put(
            SeriesStatus(
                key=key,
                state=state,
                reasons=tuple(reasons),
                digest=digest,
                updated_at=now,
                patient_digest=None if series is None else series.patient_digest,
                modality=None if series is None else series.modality,
            )
        )

    def series_of_patient(self, patient_digest: str, modality: str) -> tuple[SeriesKey, ...]:
        """Series of a patient, in whatever study, on which something was decided."""
        return self._statuses.of_patient(patient_digest, modality)

    def statuses(
        self,
        *,
        states: Collection[str] = (),
        study_instance_uid: str | None = None,
        limit: int = 100,
    ) -> tuple[SeriesStatus, ...]:
        """Decisions, the newest first, in certain states or of one study where these are given."""
        return self._statuses.list(states, study_instance_uid, limit)

    def known_paths(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of the relative paths that have a row, as instance or set aside."""
        asked, known = list(paths), set[str]()
        with self.database.reading() as connection:
            for start in range(0, len(asked), _CHUNK):
                chunk = asked[start : start + _CHUNK]
                for table in (instances, set_aside):
                    query = select(table.c.path).where(table.c.path.in_(chunk))
                    known.update(connection.execute(query).scalars())
        return frozenset(known)

    def all_paths(self) -> Iterator[str]:
        """Relative paths of all instances, few at a time."""
        query = select(instances.c.path).execution_options(yield_per=10_000)
        with self.database.reading() as connection:
            yield from connection.execute(query).scalars()


def _of_series(key: SeriesKey) -> ColumnElement[bool]:
    return and_(
        instances.c.study_instance_uid == key.study_instance_uid,
        instances.c.series_instance_uid == key.series_instance_uid,
    )


def _add(connection: Connection, statement: Insert, entry: IndexEntry) -> IndexEntry:
    if connection.execute(statement, values_of(entry)).rowcount == 1:
        return entry
    return entry_of(connection.execute(_FIND, {"uid": entry.sop_instance_uid}).one())
