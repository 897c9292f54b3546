"""The database: opened so that a commit survives a power cut and several processes can work."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Dialect, Engine, text
from sqlalchemy.exc import SQLAlchemyError, StatementError
from sqlalchemy.pool import PoolProxiedConnection

from dicom_node.archive.backends import (
    WRITE,
    engine_of,
    note_schema,
    reading_engine,
    schema_of,
    unsynced_engine,
    url_of,
)
from dicom_node.archive.tables import metadata
from dicom_node.domain.errors import ArchiveError

SCHEMA_VERSION = 7  # the newest revision in migrations/versions
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
        self._engine, self._readers = engine, reading_engine(engine)
        self._busy_timeout_s = busy_timeout_s
        self._unsynced = unsynced_engine(engine, busy_timeout_s) if self.is_sqlite else engine
        # SQLite waits for a lock by sleeping, and PostgreSQL in a connection for each thread; a
        # lock of our own wakes the next thread at once.
        self._writer = threading.Lock()
        # Of `writing_plainly`, by whether its commits are synced; to ask the pool for one takes as
        # long as a row.
        self._plain: dict[bool, PoolProxiedConnection] = {}

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and never waits for a writer."""
        with _told_as_archive_error(), self._readers.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is the only writer from its start; durable when the block ends."""
        if not self._writer.acquire(timeout=self._busy_timeout_s):
            raise ArchiveError(f"the database is busy for more than {self._busy_timeout_s:g} s")
        try:
            with _told_as_archive_error(), self._engine.connect() as connection:
                connection = connection.execution_options(**{WRITE: True})  # noqa: PLW2901
                with connection.begin():
                    yield connection
        finally:
            self._writer.release()

    @property
    def is_sqlite(self) -> bool:
        """Whether `writing_plainly` can be used."""
        return self._engine.dialect.name == "sqlite"

    @property
    def dialect(self) -> Dialect:
        """What the database understands, to make statements for `writing_plainly`."""
        return self._engine.dialect

    @contextmanager
    def writing_plainly(self, *, synced: bool = True) -> Iterator[sqlite3.Connection]:
        """Like `writing`, of SQLite only, with the driver's own connection.

        For what is written with every instance: a transaction of SQLAlchemy takes several times as
        long as the one beneath it.

        Parameters
        ----------
        synced : bool
            Whether it is durable when the block ends; if not, it is after `settle`.
        """
        if not self._writer.acquire(timeout=self._busy_timeout_s):
            raise ArchiveError(f"the database is busy for more than {self._busy_timeout_s:g} s")
        try:
            with _told_as_archive_error():
                connection = self._plain_connection(synced=synced)
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
        finally:
            self._writer.release()

    def _plain_connection(self, *, synced: bool) -> sqlite3.Connection:
        """The one of the writer, whose turn it is."""
        if synced not in self._plain:
            self._plain[synced] = (self._engine if synced else self._unsynced).raw_connection()
        connection = self._plain[synced].driver_connection
        assert isinstance(connection, sqlite3.Connection)
        return connection

    def settle(self) -> None:
        """Bring every transaction that was committed to the disk."""
        with self.writing() as connection:
            # It changes nothing, but has a page to write, and with it all before it is synced.
            note_schema(connection, SCHEMA_VERSION)

    def close(self) -> None:
        """Close every connection that is not in use."""
        with self._writer:
            while self._plain:
                self._plain.popitem()[1].close()
        self._unsynced.dispose()
        self._engine.dispose()


def open_database(where: Path | str, *, busy_timeout_s: float = 10.0) -> Database:
    """The database in a file, made with its tables where it is absent, upgraded where it is old.

    Parameters
    ----------
    where : Path or str
        A file, or a URL ``sqlite:///path`` or ``postgresql://user@host/database``. What the URL
        leaves out comes from libpq's environment and files (PGPASSFILE for a password).
    busy_timeout_s : float
        How long a transaction waits for another writer, of any process, before it fails.

    Raises
    ------
    ArchiveError
        Where it cannot be opened, or was made by a newer version of the node.
    """
    engine = engine_of(url_of(where), busy_timeout_s)
    database = Database(engine, busy_timeout_s=busy_timeout_s)
    with database.writing() as connection:
        _make_tables(connection)
    return database


def _make_tables(connection: Connection) -> None:
    found = schema_of(connection)
    if found == SCHEMA_VERSION:
        return
    if found > SCHEMA_VERSION:
        raise ArchiveError(f"the database has schema {found}; this version reads {SCHEMA_VERSION}")
    if found == 0:
        metadata.create_all(connection)
        connection.exec_driver_sql(_VERSION_TABLE)
        mark = text("INSERT INTO alembic_version VALUES (:version)")
        connection.execute(mark, {"version": f"{SCHEMA_VERSION:04d}"})
    else:
        # Here, because Alembic takes a third of a second to load and most openings need none.
        from dicom_node.archive.migrate import upgrade  # noqa: PLC0415

        upgrade(connection, found=found, wanted=SCHEMA_VERSION)
    note_schema(connection, SCHEMA_VERSION)


@contextmanager
def _told_as_archive_error() -> Iterator[None]:
    try:
        yield
    except StatementError as cause:  # its own text shows the whole statement
        raise ArchiveError(f"database: {cause.orig}") from cause
    except sqlite3.OperationalError as cause:  # locked, full, not readable: no word of a row
        raise ArchiveError(f"database: {cause}") from cause
    except (SQLAlchemyError, sqlite3.Error) as cause:
        raise ArchiveError(f"database: {type(cause).__name__}") from cause
