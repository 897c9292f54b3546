"""The database survives power cuts, shares itself between processes, and fails by name."""

import sqlite3
import subprocess
import sys
import threading

import pytest
from sqlalchemy import text

from dicom_node.archive.database import SCHEMA_VERSION, open_database
from dicom_node.domain.errors import ArchiveError

OTHER_TABLES = text("SELECT count(*) FROM sqlite_master WHERE name = 'other'")

OPENER = """
import sys
from dicom_node.archive.database import open_database
from sqlalchemy import text
database = open_database(sys.argv[1])
for number in range(20):
    with database.writing() as connection:
        connection.execute(text(
            "INSERT INTO series_status (study_instance_uid, series_instance_uid, state, reasons,"
            " digest, updated_at) VALUES (:study, :series, 'complete', '[]', '', '2026')"
        ), {"study": sys.argv[2], "series": str(number)})
"""


def test_commits_are_synced_and_readers_do_not_wait(tmp_path):
    database = open_database(tmp_path / "node.sqlite")
    with database.reading() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    assert found == ["wal", 2, 1, 10_000]  # 2 is FULL
    database.close()


def test_a_reader_sees_one_state_while_a_writer_commits(tmp_path):
    database = open_database(tmp_path / "node.sqlite")
    with database.reading() as reader:
        assert reader.execute(OTHER_TABLES).scalar_one() == 0
        with database.writing() as writer:
            writer.execute(text("CREATE TABLE other (number INTEGER)"))
        assert reader.execute(OTHER_TABLES).scalar_one() == 0
    with database.reading() as reader:
        assert reader.execute(OTHER_TABLES).scalar_one() == 1
    database.close()


def test_processes_that_open_and_write_at_once_all_succeed(tmp_path):
    file = tmp_path / "node.sqlite"
    processes = [
        subprocess.Popen([sys.executable, "-c", OPENER, str(file), str(number)])
        for number in range(3)
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0]

    database = open_database(file)
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM series_status")).scalar_one() == 60
    database.close()


def test_a_failed_transaction_leaves_nothing(tmp_path):
    database = open_database(tmp_path / "node.sqlite")

    def write_and_fail():
        with database.writing() as connection:
            connection.execute(text("CREATE TABLE other (number INTEGER)"))
            connection.execute(text("INSERT INTO nowhere VALUES (1)"))

    with pytest.raises(ArchiveError, match="no such table"):
        write_and_fail()
    with database.reading() as connection:
        assert connection.execute(OTHER_TABLES).scalar_one() == 0
    database.close()


def test_another_process_that_keeps_the_lock_is_an_archive_error_in_bounded_time(tmp_path):
    database = open_database(tmp_path / "node.sqlite", busy_timeout_s=0.1)
    other = sqlite3.connect(tmp_path / "node.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ArchiveError, match="locked"), database.writing():
        pass
    with database.reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM jobs")).scalar_one() == 0
    other.close()
    with database.writing():
        pass
    database.close()


def test_another_thread_that_keeps_the_turn_is_an_archive_error_in_bounded_time(tmp_path):
    database = open_database(tmp_path / "node.sqlite", busy_timeout_s=0.1)
    told = []

    def write():
        try:
            with database.writing():
                pass
        except ArchiveError as cause:
            told.append(str(cause))

    with database.writing():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(10)
    assert told == ["the database is busy for more than 0.1 s"]
    database.close()


def test_a_database_of_another_version_is_refused_with_both_numbers(tmp_path):
    open_database(tmp_path / "node.sqlite").close()
    connection = sqlite3.connect(tmp_path / "node.sqlite")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()

    with pytest.raises(ArchiveError, match=rf"schema {SCHEMA_VERSION + 1}.* {SCHEMA_VERSION}"):
        open_database(tmp_path / "node.sqlite")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "node.sqlite").write_bytes(b"no database at all" * 100)

    with pytest.raises(ArchiveError, match="not a database"):
        open_database(tmp_path / "node.sqlite")


def test_a_url_is_taken_and_one_of_an_unknown_kind_is_refused_without_its_password(tmp_path):
    open_database(f"sqlite:///{tmp_path}/by-url.sqlite").close()
    assert (tmp_path / "by-url.sqlite").exists()

    with pytest.raises(ArchiveError, match="allowed: a file, sqlite") as told:
        open_database("mysql://somebody:hidden@localhost/node")
    assert "hidden" not in str(told.value)


def test_an_absent_folder_is_an_archive_error(tmp_path):
    with pytest.raises(ArchiveError, match="unable to open"):
        open_database(tmp_path / "absent" / "node.sqlite")
