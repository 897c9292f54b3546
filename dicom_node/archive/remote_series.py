"""What other archives say of series that are here, and which of them the node had them send."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, literal, or_, select, update

from dicom_node.archive.column_types import UtcTime
from dicom_node.archive.database import Database
from dicom_node.archive.dicom_header import clean_text
from dicom_node.archive.rows import AnyRow, key_of
from dicom_node.archive.tables import instances, remote_series
from dicom_node.archive.upsert import insert_on
from dicom_node.domain.fetch import Known, RemoteSender
from dicom_node.domain.peer import ReceivedInstance
from dicom_node.domain.series import SeriesKey

_C = remote_series.c
_CLOCKS = timedelta(seconds=5)  # by which those of two hosts that share the work may differ


class RemoteSeriesStore:
    """One row for each series that was fetched, or whose number of instances is asked for.

    Raises
    ------
    ArchiveError
        From every method, where the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, key: SeriesKey) -> Known | None:
        """What is known of a series from other archives; None where nothing is."""
        with self._database.reading() as connection:
            row = connection.execute(select(remote_series).where(_is(key))).one_or_none()
            if row is None:
                return None
            sent_at = row.sent_at or _first_unasked(connection, row)
        return Known(
            archive=row.archive,
            instances=row.instances,
            counting=row.count_due_at is not None,
            fetched_at=row.fetched_at,
            sent_at=sent_at,
        )

    def fetching(
        self, key: SeriesKey, sender: RemoteSender, counted: int | None, now: datetime
    ) -> None:
        """Note that an archive is now asked to send a series; what comes of it starts nothing."""
        values = {
            "archive": sender.archive,
            "calling_ae": sender.calling_ae,
            "instances": counted,
            "count_due_at": None,
            "fetched_until": None,
        }
        with self._database.writing() as connection:
            row = _row_of(key) | values | {"fetched_at": now}
            first = func.coalesce(_C.fetched_at, literal(now, UtcTime()))
            changed = values | {"fetched_at": first}
            statement = insert_on(connection, remote_series).values(row)
            connection.execute(
                statement.on_conflict_do_update(index_elements=list(_row_of(key)), set_=changed)
            )

    def fetched(self, key: SeriesKey, until: datetime) -> None:
        """Note until when what the archive sends of a series is what it was asked for."""
        self._update(key, fetched_until=until)

    def want_count(self, key: SeriesKey, sender: RemoteSender, now: datetime) -> None:
        """Have an archive asked how many instances a series has that it sends by itself."""
        row = _row_of(key) | {
            "archive": sender.archive,
            "calling_ae": sender.calling_ae,
            "count_due_at": now,
        }
        with self._database.writing() as connection:
            statement = insert_on(connection, remote_series).values(row)
            connection.execute(statement.on_conflict_do_nothing())

    def counts_due(self, archive: str, now: datetime) -> tuple[tuple[SeriesKey, int], ...]:
        """Series whose number an archive is to be asked for now, with the tries that failed."""
        query = select(remote_series).where(_C.archive == archive, _C.count_due_at <= now)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(_C.count_due_at).limit(20)).all()
        return tuple((key_of(row), row.count_tries) for row in rows)

    def counted(self, key: SeriesKey, number: int | None) -> None:
        """Keep what the archive answered; None where it does not tell."""
        self._update(key, instances=number, count_due_at=None)

    def count_later(self, key: SeriesKey, when: datetime, tries: int) -> None:
        """Note that the archive did not answer, and when to ask it again."""
        self._update(key, count_due_at=when, count_tries=tries)

    def note_sent(self, received: ReceivedInstance, now: datetime) -> bool:
        """Note that an instance that is here came again; whether that changes what it starts.

        It does where the series was only fetched, and who sends now was not asked to.
        """
        uid = clean_text(received.sop_instance_uid)
        of_series = and_(
            instances.c.sop_instance_uid == uid,
            instances.c.study_instance_uid == _C.study_instance_uid,
            instances.c.series_instance_uid == _C.series_instance_uid,
        )
        asked = and_(
            _C.calling_ae == clean_text(received.calling_ae),
            or_(_C.fetched_until.is_(None), _C.fetched_until >= now),
        )
        query = (
            select(remote_series)
            .join(instances, of_series)
            .where(_C.fetched_at.is_not(None), _C.sent_at.is_(None), ~asked)
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is not None:
            self._update(key_of(row), sent_at=now, looked_at=0)
        return row is not None

    def sent_anew(self) -> tuple[SeriesKey, ...]:
        """Series that were only fetched when they were decided, and were sent since."""
        query = select(remote_series).where(_C.sent_at.is_not(None), _C.looked_at == 0)
        with self._database.reading() as connection:
            return tuple(key_of(row) for row in connection.execute(query))

    def looked_at(self, key: SeriesKey) -> None:
        """Note that a series was decided since it was sent."""
        self._update(key, looked_at=1)

    def _update(self, key: SeriesKey, **values: object) -> None:
        with self._database.writing() as connection:
            connection.execute(update(remote_series).where(_is(key)).values(**values))


def _is(key: SeriesKey) -> ColumnElement[bool]:
    return and_(
        _C.study_instance_uid == key.study_instance_uid,
        _C.series_instance_uid == key.series_instance_uid,
    )


def _row_of(key: SeriesKey) -> dict[str, object]:
    return {
        "study_instance_uid": key.study_instance_uid,
        "series_instance_uid": key.series_instance_uid,
    }


def _first_unasked(connection: Connection, row: AnyRow) -> datetime | None:
    """When the first instance of a fetched series came that nobody had asked for."""
    if row.fetched_at is None:
        return None
    of = instances.c
    late = [] if row.fetched_until is None else [of.received_at > row.fetched_until + _CLOCKS]
    unasked = or_(of.calling_ae != row.calling_ae, of.received_at < row.fetched_at - _CLOCKS, *late)
    query = select(func.min(of.received_at)).where(
        of.study_instance_uid == row.study_instance_uid,
        of.series_instance_uid == row.series_instance_uid,
        unasked,
    )
    return connection.execute(query).scalar()
