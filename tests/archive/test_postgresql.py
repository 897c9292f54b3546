"""What PostgreSQL does otherwise than SQLite: hosts that die, servers that go away, odd text."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from peers import free_port
from postgresql import Postgresql
from sqlalchemy import text

from dicom_node.archive.database import SCHEMA_VERSION, open_database
from dicom_node.archive.jobs import JobStore
from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.job import JobState

HOLDER = """
import sys, time
from dicom_node.archive.database import open_database
with open_database(sys.argv[1]).writing() as connection:
    print("held", flush=True)
    time.sleep(60)
"""
# What revision 0006 made, with which the schema of PostgreSQL began.
FIRST_UPGRADE = (
    "DROP TABLE fetches",
    "DROP TABLE remote_series",
    "ALTER TABLE series_status DROP COLUMN patient_digest",
    "ALTER TABLE series_status DROP COLUMN modality",
    "DROP TABLE leases",
    "DROP TABLE open_associations",
    "DROP TABLE executors",
    "ALTER TABLE jobs DROP COLUMN executor_id",
    "UPDATE alembic_version SET version_num = '0005'",
)


@pytest.fixture
def url(postgresql: Postgresql) -> str:
    return postgresql.new_database()


def test_a_reader_sees_one_state_and_writes_nothing(url):
    database = open_database(url)
    count = text("SELECT count(*) FROM executors")
    add = text("INSERT INTO executors VALUES ('a', 'all', 1, '2026', '2026')")
    with database.reading() as reader:
        assert reader.execute(count).scalar_one() == 0
        with database.writing() as writer:
            writer.execute(add)
        assert reader.execute(count).scalar_one() == 0

    def write_while_reading():
        with database.reading() as reader:
            reader.execute(add)

    with pytest.raises(ArchiveError, match="read-only transaction"):
        write_while_reading()
    database.close()


def test_a_writer_that_is_killed_in_its_transaction_leaves_the_turn_to_others(url):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
    finally:
        holder.kill()
        holder.wait(10)
    database = open_database(url, busy_timeout_s=10.0)
    with database.writing():
        pass
    database.close()


def test_a_server_that_closed_its_connections_is_used_again_at_once(url, postgresql):
    database = open_database(url)
    postgresql.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test%'"
    )
    with database.writing() as connection:
        connection.execute(text("SELECT 1"))
    database.close()


def test_a_server_that_is_away_is_an_archive_error_without_the_password():
    with pytest.raises(ArchiveError) as told:
        open_database(f"postgresql://somebody:hidden@127.0.0.1:{free_port()}/node")
    assert "hidden" not in str(told.value)


def test_text_that_postgresql_does_not_take_is_kept_readable(url, tmp_path, a_job, now):
    database = open_database(url)
    jobs = JobStore(database, tmp_path)
    jobs.create(a_job(), JobState.QUEUED, reason="nul \0 and half a character \ud800")
    assert jobs.get("job-1").reason == "nul \\x00 and half a character \\ud800"
    database.close()


def shape(url: str) -> dict[str, object]:
    """Columns, indexes and constraints of every table."""
    queries = {
        "columns": "SELECT table_name, column_name, data_type, is_nullable, column_default "
        "FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
        "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
        "constraints": "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = 'public'::regnamespace ORDER BY 1",
    }
    with psycopg.connect(url) as connection:
        return {name: connection.execute(query).fetchall() for name, query in queries.items()}


def test_an_upgraded_database_is_like_a_new_one(url, postgresql, tmp_path, now):
    with psycopg.connect(url) as connection:
        for statement in FIRST_UPGRADE:
            connection.execute(statement)
    database = open_database(url)
    assert JobStore(database, tmp_path).claim_next(now) is None
    with database.reading() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    database.close()
    assert version == f"{SCHEMA_VERSION:04d}"
    assert shape(url) == shape(postgresql.new_database())


def test_a_database_of_a_newer_version_is_refused(url):
    with psycopg.connect(url) as connection:
        connection.execute(f"UPDATE alembic_version SET version_num = '{SCHEMA_VERSION + 1:04d}'")
    with pytest.raises(ArchiveError, match=f"schema {SCHEMA_VERSION + 1}"):
        open_database(url)


def test_processes_that_open_a_new_database_at_once_make_its_tables_once(
    postgresql: Postgresql, tmp_path: Path
):
    postgresql.run("CREATE DATABASE empty")
    opener = (
        "import sys; from dicom_node.archive.database import open_database as o; o(sys.argv[1])"
    )
    command = [sys.executable, "-c", opener, postgresql.url("empty")]
    assert [one.wait(60) for one in [subprocess.Popen(command) for _ in range(3)]] == [0, 0, 0]
