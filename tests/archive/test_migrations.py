"""A database of an older version goes on with all that it holds."""

import sqlite3
from pathlib import Path

import pytest

from dicom_node.archive.database import SCHEMA_VERSION, open_database
from dicom_node.archive.jobs import JobStore
from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.job import JobState

FIRST = Path(__file__).with_name("schema_1.sql")  # as version 0.1.0 made it
JOB = """
INSERT INTO jobs (job_id, result_id, route, algorithm, version, state, destinations, measurements,
  classifications, warnings, details, created_at, updated_at, attempts)
VALUES ('old', 'r', 'fdg', 'pet-threshold', '1.0.0', 'QUEUED', '["pacs"]', '[]', '[]', '[]', '{}',
  '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z', 0);
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of the first schema with one queued job."""
    file = tmp_path / "node.sqlite"
    connection = sqlite3.connect(file)
    connection.executescript(FIRST.read_text() + JOB + "PRAGMA user_version = 1;")
    connection.close()
    return file


def shape(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """Columns and index columns of every table."""
    connection = sqlite3.connect(file)
    found: dict[str, list[tuple[object, ...]]] = {}
    for kind, name in connection.execute("SELECT type, name FROM sqlite_master ORDER BY name"):
        what = "table_info" if kind == "table" else "index_xinfo"
        rows = connection.execute(f"PRAGMA {what}({name})").fetchall()
        # not where a column stands: new ones stand last
        found[name] = sorted((row[1:] if kind == "table" else row[2:] for row in rows), key=repr)
    connection.close()
    return found


def test_an_upgraded_database_is_like_a_new_one(old, tmp_path):
    open_database(old).close()
    new = tmp_path / "new.sqlite"
    open_database(new).close()
    assert shape(old) == shape(new)


def test_an_upgrade_keeps_the_jobs_and_happens_once(old, tmp_path, now):
    database = open_database(old)
    (record,) = JobStore(database, tmp_path).list()
    assert (record.job_id, record.state) == ("old", JobState.QUEUED)
    assert (record.priority, record.gate, record.predecessor) == (0, False, None)
    database.close()
    again = open_database(old)
    assert JobStore(again, tmp_path).claim_next(now).job_id == "old"
    with again.reading() as connection:
        stamped = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars()
        assert stamped.all() == [f"{SCHEMA_VERSION:04d}"]
    again.close()


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(old):
    connection = sqlite3.connect(old)
    connection.execute("DROP INDEX ix_jobs_state_number")  # the upgrade will look for it
    connection.close()
    before = shape(old)
    with pytest.raises(ArchiveError):
        open_database(old)
    assert shape(old) == before
