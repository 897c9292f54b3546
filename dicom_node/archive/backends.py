"""SQLite and PostgreSQL, each opened so that a commit is durable and there is one writer at a time.

One writer on PostgreSQL as well: jobs are claimed by one, and `instances.sequence` grows in the
order of commits (a sequence of PostgreSQL alone does not), without which a reader that asks for
what came after n would miss what committed late. What the node writes is small.
"""

import sqlite3
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from dicom_node.domain.errors import ArchiveError

WRITE = "dicom_node_write"  # execution option: a transaction that is to write
_ALLOWED = "a file, sqlite:///path or postgresql://user@host/database"
_DRIVER = "postgresql+psycopg"
_WRITERS_TURN = 0x6469636F6D  # of PostgreSQL's advisory locks, one number for every node
# Of a connection. The server must not wait for a host that died in the middle of a transaction, nor
# a host for a server: PostgreSQL's own limits are hours, or none.
_POSTGRESQL_LIMITS = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_POSTGRESQL_SESSION = (
    "SET idle_in_transaction_session_timeout = '60s'",
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
    "SET synchronous_commit = on",
)


def url_of(where: Path | str) -> URL:
    """URL of a database, with the driver that this project uses.

    Raises
    ------
    ArchiveError
        Where it is neither a file nor the URL of a database that the node can use.
    """
    if not (isinstance(where, str) and "://" in where):
        return URL.create("sqlite", database=str(where))
    try:
        url = make_url(where)
    except ArgumentError as cause:
        raise ArchiveError(f"the database URL cannot be read; allowed: {_ALLOWED}") from cause
    if url.get_backend_name() == "postgresql" and url.database:
        return url.set(drivername=_DRIVER)
    if url.get_backend_name() != "sqlite" or not url.database:
        shown = url.render_as_string(hide_password=True)
        raise ArchiveError(f"database URL is {shown}; allowed: {_ALLOWED}")
    return url


def engine_of(url: URL, busy_timeout_s: float) -> Engine:
    """Engine of a database; `WRITE` transactions have the turn from their start.

    Raises
    ------
    ArchiveError
        Where the driver of PostgreSQL is not installed.
    """
    if url.get_backend_name() == "postgresql":
        return _postgresql(url, busy_timeout_s)
    return _sqlite(url, busy_timeout_s)


def unsynced_engine(engine: Engine, busy_timeout_s: float) -> Engine:
    """Another engine of the same SQLite file, whose commits are seen by all but not synced.

    A power cut takes the last of them, and nothing else (WAL with ``synchronous = NORMAL``); a
    commit of the other engine, or a checkpoint, brings all that came before to the disk as well.
    """
    return _sqlite(engine.url, busy_timeout_s, synchronous="NORMAL")


def reading_engine(engine: Engine) -> Engine:
    """The same engine for transactions that read one state and write nothing."""
    if engine.dialect.name == "sqlite":
        return engine  # its readers always see one state
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def schema_of(connection: Connection) -> int:
    """Version of the schema that a database has; 0 for a new one."""
    if connection.dialect.name == "sqlite":
        return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if not inspect(connection).has_table("alembic_version"):
        return 0
    return int(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def note_schema(connection: Connection, version: int) -> None:
    """Keep the version where `schema_of` looks for it, beside Alembic's own note."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA user_version = {version}")


def _sqlite(url: URL, busy_timeout_s: float, *, synchronous: str = "FULL") -> Engine:
    # hide_parameters: rows never appear in an error message or a log.
    engine = create_engine(url, hide_parameters=True, pool_size=8, max_overflow=-1)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)
        connection.isolation_level = None  # the driver must not begin transactions by itself
        connection.execute(f"PRAGMA busy_timeout = {round(busy_timeout_s * 1000)}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")  # NORMAL loses the last commits
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that reads first and writes later fails where another one wrote in
        # between, however long it would wait; IMMEDIATE takes the turn at the start.
        write = connection.get_execution_options().get(WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql(url: URL, busy_timeout_s: float) -> Engine:
    limits = {name: value for name, value in _POSTGRESQL_LIMITS.items() if name not in url.query}
    try:
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_size=8,
            max_overflow=-1,
            pool_pre_ping=True,  # the server may have been restarted since the last use
            connect_args=limits,
        )
    except ModuleNotFoundError as cause:
        what = "PostgreSQL needs the package psycopg: pip install 'dicom_node[postgresql]'"
        raise ArchiveError(what) from cause

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {round(busy_timeout_s * 1000)}")
        for statement in _POSTGRESQL_SESSION:
            cursor.execute(statement)
        cursor.close()
        connection.commit()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get(WRITE, False):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS_TURN})")

    return engine
