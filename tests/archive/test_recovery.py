"""After a crash or a loss, files and index agree again, and nothing acknowledged is missing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from received import SERIES, STUDY, dataset_bytes, received, sop_uid

from dicom_node.archive.entries import Recovery
from dicom_node.domain.peer import StoreOutcome
from dicom_node.domain.series import SeriesKey

KEY = SeriesKey(study_instance_uid=STUDY, series_instance_uid=SERIES)
NOTHING = Recovery(leftovers_removed=0, indexed=0, set_aside=0, rows_removed=0)
TESTS = Path(__file__).resolve().parents[1]

# Stores in four threads until it is killed; a line is written only after the answer.
SENDER = """
import sys, threading
from datetime import UTC, datetime
from pathlib import Path
from received import SERIES, received
from dicom_node.archive.database import open_database
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.instances import InstanceStore
from dicom_node.domain.peer import StoreOutcome

root, start = Path(sys.argv[1]), int(sys.argv[2])
index = InstanceIndex(open_database(sys.argv[3]), root)
store = InstanceStore(root, index)
store.recover()
store.open_journal()  # of SQLite; on PostgreSQL nothing
spoken = threading.Lock()

def send(thread):
    number = start
    while True:
        number += 1
        series = f"{SERIES}.{thread}"
        outcome = store.store(received(number, series=series), datetime.now(UTC))
        assert outcome is StoreOutcome.STORED, outcome
        with spoken:
            sys.stdout.write(f"stored {series} {number}\\n")
            sys.stdout.flush()

for thread in range(4):
    threading.Thread(target=send, args=(thread,)).start()
"""


def test_a_sound_archive_has_nothing_to_recover(archive, now):
    archive.store.store(received(), now)
    archive.store.store(received(Modality="CT"), now)
    archive.store.store(received(dataset=b""), now)

    assert archive.store.recover() == NOTHING


def test_leftovers_of_a_killed_process_are_removed(archive, now):
    (archive.folder / "incoming" / "half").write_bytes(b"half a file")

    assert archive.store.recover().leftovers_removed == 1
    assert archive.leftovers() == []


def test_a_file_without_a_row_is_indexed_with_what_its_header_tells(archive, now):
    archive.store.store(received(), now)
    (entry,) = [archive.index.find(sop_uid(1))]
    archive.index.forget([entry.path])

    assert archive.store.recover().indexed == 1

    found = archive.index.find(sop_uid(1))
    assert (found.key, found.digest, found.size) == (entry.key, entry.digest, entry.size)
    assert found.transfer_syntax_uid == entry.transfer_syntax_uid
    assert (found.calling_ae, found.called_ae) == ("SCANNER", "NODE")
    written = (archive.folder / entry.path).stat().st_mtime
    assert found.received_at.timestamp() == pytest.approx(written, abs=1e-3)
    assert archive.index.arrival(KEY).association_ids == frozenset()
    assert archive.store.store(received(), now) is StoreOutcome.DUPLICATE


def test_a_row_whose_file_is_gone_is_removed(archive, now):
    archive.store.store(received(1), now)
    archive.store.store(received(2), now)
    archive.index.instances_of(KEY)[0].path.unlink()

    assert archive.store.recover().rows_removed == 1
    assert [one.sop_instance_uid for one in archive.index.instances_of(KEY)] == [sop_uid(2)]


def test_the_whole_index_is_rebuilt_from_the_files(open_archive, databases, now):
    before = open_archive()
    for number in range(20):
        before.store.store(received(number, series=f"{SERIES}.{number % 3}"), now)
    before.store.store(received(0, series=f"{SERIES}.0", Modality="CT"), now)
    before.store.store(received(dataset=b"unreadable"), now)
    before.store.store(received(21, sop_instance_uid="1.2.3"), now)
    entries = [before.index.find(sop_uid(n, f"{SERIES}.{n % 3}")) for n in range(20)]
    before.database.close()
    databases.lose(before.folder)

    after = open_archive()
    recovered = after.store.recover()

    assert (recovered.indexed, recovered.set_aside) == (20, 3)
    found = [after.index.find(sop_uid(n, f"{SERIES}.{n % 3}")) for n in range(20)]
    assert [one.digest for one in found] == [one.digest for one in entries]
    assert len(after.index.conflicts()) == 1
    assert len(after.index.unreadable()) == 2
    assert after.store.recover() == NOTHING


def test_a_file_under_instances_that_is_no_instance_is_set_aside(archive, now):
    archive.store.store(received(), now)
    alien = archive.index.instances_of(KEY)[0].path.with_name("1.2.dcm")
    alien.write_bytes(b"not DICOM")

    assert archive.store.recover().set_aside == 1

    assert not alien.exists()
    (aside,) = archive.index.unreadable()
    assert aside.path.read_bytes() == b"not DICOM"


def test_an_orphan_in_a_second_series_becomes_a_conflict(archive, now):
    archive.store.store(received(), now)
    orphan = received(series="1.2.9", SOPInstanceUID=sop_uid(1))
    archive.store.store(orphan, now)
    (conflict,) = archive.index.conflicts()
    place = archive.folder / f"instances/{STUDY}/1.2.9/{sop_uid(1)}.dcm"
    place.parent.mkdir()
    shutil.copy(conflict.path, place)

    recovered = archive.store.recover()

    assert recovered.indexed == 0
    assert recovered.set_aside == 1
    assert not place.parent.exists()
    assert [one.key for one in archive.index.conflicts()] == [conflict.key, conflict.key]


def run_and_kill(folder, database, start, seconds):
    """Lines of a sender that was killed while it stored."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    process = subprocess.Popen(
        [sys.executable, "-c", SENDER, str(folder), str(start), database],
        stdout=subprocess.PIPE,
        env=environment,
        cwd=TESTS.parent,
    )
    head = b""
    while head.count(b"stored") < 20:  # log lines may come between
        head += process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    rest, _ = process.communicate(timeout=30)
    lines = (head + rest).decode().split("\n")[:-1]  # what has no line end was not spoken
    spoken = [line.split() for line in lines if line.startswith("stored ")]
    return [(series, int(number)) for _, series, number in spoken]


def test_every_acknowledged_instance_survives_kill_9(open_archive, databases, tmp_path):
    folder = tmp_path / "archive"
    folder.mkdir()
    acknowledged = []
    for round_number, seconds in enumerate((0.31, 0.53, 0.17)):
        acknowledged += run_and_kill(folder, databases.of(folder), round_number * 10_000, seconds)

    archive = open_archive(folder=folder)
    archive.store.recover()

    assert len(acknowledged) > 50
    assert archive.leftovers() == []
    for series, number in acknowledged:
        key = SeriesKey(study_instance_uid=STUDY, series_instance_uid=series)
        entry = archive.index.find(sop_uid(number, series))
        assert entry is not None
        assert entry.key == key
        content = (folder / entry.path).read_bytes()
        assert dataset_bytes(content) == received(number, series=series).dataset
    assert len(archive.files()) == len(list(archive.index.all_paths()))
