"""The database: opened so that a commit survives a power cut and several processes can work."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError, StatementError
from sqlalchemy.pool import ConnectionPoolEntry

from dicom_node.archive.tables import metadata
from dicom_node.domain.errors import ArchiveError

SCHEMA_VERSION = 5  # the newest revision in migrations/versions
_WRITE = "dicom_node_write"
_VERSION_TABLE = (  # as Alembic makes it
    "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
    "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
)


class Database:
    """Transactions on one database; every failure of it is an ArchiveError.

    Parameters
    ----------
    engine : Engine
        As `open_database` makes it.
    busy_timeout_s : float
        How long a thread waits for another one of this process before it fails.
    """

    def __init__(self, engine: Engine, *, busy_timeout_s: float) -> None:
        self._engine = engine
        self._busy_timeout_s = busy_timeout_s
        # SQLite waits for a lock by sleeping; a lock of our own wakes the next thread at once.
        self._writer = threading.Lock()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and never waits for a writer."""
        with _told_as_archive_error(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is the only writer from its start; durable when the block ends."""
        if not self._writer.acquire(timeout=self._busy_timeout_s):
            raise ArchiveError(f"the database is busy for more than {self._busy_timeout_s:g} s")
        try:
            with _told_as_archive_error(), self._engine.connect() as connection:
                connection = connection.execution_options(**{_WRITE: True})  # noqa: PLW2901
                with connection.begin():
                    yield connection
        finally:
            self._writer.release()

    def close(self) -> None:
        """Close every connection that is not in use."""
        self._engine.dispose()


def open_database(where: Path | str, *, busy_timeout_s: float = 10.0) -> Database:
    """The database in a file, made with its tables where it is absent, upgraded where it is old.

    Parameters
    ----------
    where : Path or str
        A file, or a URL ``sqlite:///path``.
    busy_timeout_s : float
        How long a transaction waits for another writer, of any process, before it fails.

    Raises
    ------
    ArchiveError
        Where it cannot be opened, or was made by a newer version of the node.
    """
    engine = _engine(_sqlite_url(where), busy_timeout_s)
    database = Database(engine, busy_timeout_s=busy_timeout_s)
    with database.writing() as connection:
        _make_tables(connection)
    return database


def _sqlite_url(where: Path | str) -> URL:
    if isinstance(where, str) and "://" in where:
        url = make_url(where)
        if url.get_backend_name() != "sqlite" or not url.database:
            shown = url.render_as_string(hide_password=True)
            raise ArchiveError(f"database URL is {shown}; allowed: a file or sqlite:///path")
        return url
    return URL.create("sqlite", database=str(where))


def _engine(url: URL, busy_timeout_s: float) -> Engine:
    # hide_parameters: rows never appear in an error message or a log.
    engine = create_engine(url, hide_parameters=True, pool_size=8, max_overflow=-1)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)
        connection.isolation_level = None  # the driver must not begin transactions by itself
        connection.execute(f"PRAGMA busy_timeout = {round(busy_timeout_s * 1000)}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # WAL's default loses the last commits
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails where another one wrote in
        # between, however long it would wait; IMMEDIATE takes the turn at the start.
        write = connection.get_execution_options().get(_WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _make_tables(connection: Connection) -> None:
    found = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if found == SCHEMA_VERSION:
        return
    if found > SCHEMA_VERSION:
        raise ArchiveError(f"the database has schema {found}; this version reads {SCHEMA_VERSION}")
    if found == 0:
        metadata.create_all(connection)
        connection.exec_driver_sql(_VERSION_TABLE)
        mark = "INSERT INTO alembic_version VALUES (?)"
        connection.exec_driver_sql(mark, (f"{SCHEMA_VERSION:04d}",))
    else:
        # Here, because Alembic takes a third of a second to load and most openings need none.
        from dicom_node.archive.migrate import upgrade  # noqa: PLC0415

        upgrade(connection, found=found, wanted=SCHEMA_VERSION)
    connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


@contextmanager
def _told_as_archive_error() -> Iterator[None]:
    try:
        yield
    except StatementError as cause:  # its own text shows the whole statement
        raise ArchiveError(f"database: {cause.orig}") from cause
    except (SQLAlchemyError, sqlite3.Error) as cause:
        raise ArchiveError(f"database: {type(cause).__name__}") from cause
