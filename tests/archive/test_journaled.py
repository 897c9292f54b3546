"""One sync an instance: after any crash what was acknowledged is there, what was refused not."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from disks import fill, mounted_disk
from received import SERIES, STUDY, dataset_bytes, received, sop_uid

from dicom_node.archive.database import Database, open_database
from dicom_node.archive.files import Disk, create_new
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.instances import InstanceStore
from dicom_node.archive.retention import sweep
from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.peer import StoreOutcome
from dicom_node.domain.series import SeriesKey

T = TypeVar("T")
KEY = SeriesKey(study_instance_uid=STUDY, series_instance_uid=SERIES)
PATH = f"instances/{STUDY}/{SERIES}/{sop_uid(1)}.dcm"
SEGMENT = 1 << 18


@dataclass(frozen=True)
class Opened:
    folder: Path
    database: Database
    index: InstanceIndex
    store: InstanceStore

    def state(self) -> dict[str, tuple[bytes, object]]:
        """Every file with its data set and row."""
        return {
            one.name: (dataset_bytes(one.read_bytes()), self.index.find(one.stem))
            for one in self.folder.glob("instances/*/*/*.dcm")
        }


@contextmanager
def opened(folder: Path, *, disk: Disk | None = None, busy_timeout_s: float = 10.0):
    """The archive of a folder with a journal in use, left as a crash of its process leaves it."""
    folder.mkdir(exist_ok=True)
    database = open_database(folder / "node.sqlite", busy_timeout_s=busy_timeout_s)
    index = InstanceIndex(database, folder)
    store = InstanceStore(folder, index, disk)
    store.recover()
    assert store.open_journal(segment_bytes=SEGMENT)
    yield Opened(folder, database, index, store)
    database.close()


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Opened]:
    with opened(tmp_path / "archive") as one:
        yield one


class Calls:
    """A disk that notes its calls, and fails from one of them on when it is told to."""

    def __init__(self, seen: Callable[[], object] = lambda: None) -> None:
        self.noted: list[tuple[str, object]] = []
        self.failing: str | None = None
        self._seen = seen

    def disk(self) -> Disk:
        return Disk(
            sync=self._noting("sync", os.fsync),
            sync_data=self._noting("sync_data", os.fdatasync),
            sync_all=self._noting("sync_all", Disk().sync_all),
            create=self._noting("create", create_new),
        )

    def names(self) -> list[str]:
        return [name for name, _ in self.noted]

    def _noting(self, name: str, call: Callable[..., T]) -> Callable[..., T]:
        def noted(*arguments: object) -> T:
            self.noted.append((name, self._seen()))
            if self.failing == name:
                raise OSError(5, "I/O error")
            return call(*arguments)

        return noted


def test_an_instance_costs_one_sync_and_is_seen_when_its_record_is_on_the_disk(tmp_path, now):
    seen: list[Opened] = []

    def row_and_file() -> tuple[bool, bool]:
        is_filed = (tmp_path / "archive" / PATH).exists()
        return bool(seen) and seen[0].index.find(sop_uid(1)) is not None, is_filed

    calls = Calls(row_and_file)
    with opened(tmp_path / "archive", disk=calls.disk()) as archive:
        seen.append(archive)
        calls.noted.clear()

        assert archive.store.store(received(), now) is StoreOutcome.STORED

        assert calls.noted == [("sync_data", (False, False)), ("create", (False, False))]
        assert row_and_file() == (True, True)
        assert list((archive.folder / "incoming").iterdir()) == []
        calls.noted.clear()
        for number in range(2, 12):
            archive.store.store(received(number), now)
        assert calls.names().count("sync_data") == 10
        assert set(calls.names()) == {"sync_data", "create"}


LOSSES: dict[str, Callable[[Path], object]] = {
    "kept": lambda _: None,
    "gone": Path.unlink,
    "empty": lambda file: os.truncate(file, 0),
    "torn": lambda file: os.truncate(file, file.stat().st_size - 100),
    "zeros": lambda file: file.write_bytes(
        file.read_bytes()[:500] + bytes(file.stat().st_size - 500)
    ),
}


@pytest.mark.parametrize("rows", ["kept", "lost"])
@pytest.mark.parametrize("loss", LOSSES)
def test_after_a_power_cut_every_acknowledged_instance_is_whole_and_indexed_as_before(
    tmp_path, archive, now, loss, rows
):
    for file in archive.folder.glob("node.sqlite*"):  # before the first row
        shutil.copy(file, tmp_path)
    for number in range(5):
        archive.store.store(received(number), now + timedelta(seconds=number))
    conflict = received(3, Modality="CT")
    assert archive.store.store(conflict, now) is StoreOutcome.CONFLICT
    before = archive.state()
    after = tmp_path / "after"
    shutil.copytree(archive.folder, after)
    for file in after.glob("instances/*/*/*.dcm"):
        LOSSES[loss](file)
    if rows == "lost":
        for file in after.glob("node.sqlite*"):
            file.unlink()
        for file in tmp_path.glob("node.sqlite*"):
            shutil.move(file, after)

    for _ in range(2):  # the second time finds everything in its place
        with opened(after) as again:
            assert again.state() == before
            assert len(again.index.instances_of(KEY)) == 5
            assert again.store.store(received(3), now) is StoreOutcome.DUPLICATE
            assert again.store.store(conflict, now) is StoreOutcome.CONFLICT
            assert len(again.index.conflicts()) == 1


def test_a_redo_that_fails_is_done_again(tmp_path, archive, now):
    for number in range(5):
        archive.store.store(received(number), now)
    before = archive.state()
    after = tmp_path / "after"
    shutil.copytree(archive.folder, after)
    shutil.rmtree(after / "instances")
    calls = Calls()
    calls.failing = "sync_all"

    with pytest.raises(ArchiveError, match="I/O error"), opened(after, disk=calls.disk()):
        pass

    with opened(after) as again:
        assert again.state() == before


def test_a_recovery_by_hand_redoes_the_journal_and_leaves_it_empty(archive, tmp_path, now):
    archive.store.store(received(), now)
    after = tmp_path / "after"
    shutil.copytree(archive.folder, after)
    (after / PATH).unlink()
    database = open_database(after / "node.sqlite")
    index = InstanceIndex(database, after)

    InstanceStore(after, index).recover()

    assert dataset_bytes((after / PATH).read_bytes()) == received().dataset
    assert index.find(sop_uid(1)) == archive.index.find(sop_uid(1))
    assert [one.stat().st_size for one in (after / "journal").iterdir()] == [0, 0]
    database.close()


@pytest.mark.parametrize("failing", ["sync_data", "create"])
def test_what_was_refused_is_not_there_after_a_crash_either(tmp_path, now, failing):
    calls = Calls()
    with opened(tmp_path / "archive", disk=calls.disk()) as archive:
        archive.store.store(received(1), now)
        before = archive.state()
        calls.failing = failing
        with pytest.raises(ArchiveError, match="I/O error"):
            archive.store.store(received(2), now)
        calls.failing = None

        assert archive.state() == before
        assert list((archive.folder / "incoming").iterdir()) == []
        shutil.copytree(archive.folder, tmp_path / "after")
        with opened(tmp_path / "after") as again:
            assert again.state() == before
        other = received(2, Modality="CT")
        assert archive.store.store(other, now) is StoreOutcome.STORED
        shutil.copytree(archive.folder, tmp_path / "later")
        with opened(tmp_path / "later") as again:
            assert again.state() == archive.state()


def test_a_locked_database_refuses_the_instance_and_leaves_nothing_behind(tmp_path, now):
    folder = tmp_path / "archive"
    with opened(folder, busy_timeout_s=0.2) as archive:
        other = open_database(folder / "node.sqlite", busy_timeout_s=0.2)
        with other.writing(), pytest.raises(ArchiveError, match="lock"):
            archive.store.store(received(), now)
        other.close()

        assert archive.state() == {}
        assert list((folder / "incoming").iterdir()) == []
        assert archive.store.store(received(), now) is StoreOutcome.STORED


def test_a_known_uid_in_another_series_is_a_conflict_and_not_in_the_journal(archive, tmp_path, now):
    archive.store.store(received(), now)
    other = received(series="1.2.9", SOPInstanceUID=sop_uid(1))

    assert archive.store.store(other, now) is StoreOutcome.CONFLICT

    shutil.copytree(archive.folder, tmp_path / "after")
    with opened(tmp_path / "after") as again:
        assert again.state() == archive.state()
        assert len(again.index.conflicts()) == 1


def test_an_instance_whose_file_was_lost_is_stored_anew_and_the_newer_record_counts(
    archive, tmp_path, now
):
    archive.store.store(received(), now)
    (archive.folder / PATH).unlink()
    other = received(Modality="CT")

    assert archive.store.store(other, now) is StoreOutcome.STORED

    shutil.copytree(archive.folder, tmp_path / "after")
    with opened(tmp_path / "after") as again:
        assert again.state() == archive.state()
        assert dataset_bytes((again.folder / PATH).read_bytes()) == other.dataset


def test_what_was_removed_does_not_come_back(archive, tmp_path, now):
    archive.store.store(received(1), now)
    archive.store.store(received(2, series="1.2.9"), now + timedelta(days=9))

    (done,) = sweep(archive.store, keep_days=5, now=now + timedelta(days=10))

    assert (done.key, done.instances) == (KEY, 1)
    shutil.copytree(archive.folder, tmp_path / "after")
    with opened(tmp_path / "after") as again:
        assert list(again.state()) == [f"{sop_uid(2, '1.2.9')}.dcm"]


def test_a_closed_store_has_nothing_to_redo_and_stores_by_three_syncs(tmp_path, now):
    calls = Calls()
    with opened(tmp_path / "archive", disk=calls.disk()) as archive:
        archive.store.store(received(1), now)
        archive.store.close()
        shutil.rmtree(archive.folder / "journal")
        calls.noted.clear()

        archive.store.store(received(2), now)

        assert (
            calls.names() == ["create"] + ["sync"] * 5
        )  # the file, three new names of folders, the folder
        with opened(archive.folder) as again:
            assert len(again.state()) == 2


def test_what_is_too_long_for_the_journal_is_synced_where_it_lies(tmp_path, now):
    calls = Calls()
    with opened(tmp_path / "archive", disk=calls.disk()) as archive:
        calls.noted.clear()
        sent = received(PixelData=bytes(SEGMENT // 16))

        assert archive.store.store(sent, now) is StoreOutcome.STORED

        assert calls.names() == ["create"] + ["sync"] * 5
        assert dataset_bytes((archive.folder / PATH).read_bytes()) == sent.dataset


def test_many_threads_fill_segment_after_segment_and_a_power_cut_takes_nothing(
    archive, tmp_path, now
):
    lost = threading.Lock(), []

    def send(thread: int) -> None:
        for number in range(10):
            sent = received(number, series=f"{SERIES}.{thread}", PixelData=bytes(8000))
            try:
                assert archive.store.store(sent, now) is StoreOutcome.STORED
            except BaseException as cause:
                with lost[0]:
                    lost[1].append(cause)
                raise

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)

    assert lost[1] == []
    before = archive.state()
    assert len(before) == 80  # of 12 KiB each: four segments
    after = tmp_path / "after"
    shutil.copytree(archive.folder, after)
    with opened(after) as again:
        assert again.state() == before


def stored_until_refused(archive: Opened, now) -> int:
    """Instances that are taken while nothing can be brought where it belongs."""
    for number in range(100):
        try:
            archive.store.store(received(number, PixelData=bytes(8000)), now)
        except ArchiveError:
            return number
    pytest.fail("everything was taken")


def test_when_files_cannot_be_brought_to_the_disk_the_journal_keeps_them_and_all_is_redone(
    tmp_path, now
):
    calls = Calls()
    with opened(tmp_path / "archive", disk=calls.disk()) as archive:
        calls.failing = "sync_all"
        stored = stored_until_refused(archive, now)
        one_segment = SEGMENT // 12288
        assert one_segment < stored <= 2 * one_segment
        with pytest.raises(ArchiveError, match="I/O error"):
            archive.store.store(received(stored), now)
        before = archive.state()
        assert len(before) == stored
        for file in archive.folder.glob("instances/*/*/*.dcm"):
            os.truncate(file, 1000)  # what such a disk may have kept

        calls.failing = None
        assert archive.store.store(received(stored), now) is StoreOutcome.STORED

        assert {name: archive.state()[name] for name in before} == before


@pytest.mark.parametrize("rows_beside", [True, False])
def test_a_full_disk_refuses_and_takes_again_when_there_is_space(tmp_path, now, rows_beside):
    with mounted_disk(tmp_path / "small", mib=2) as folder:
        database = open_database((folder if rows_beside else tmp_path) / "node.sqlite")
        index = InstanceIndex(database, folder)
        store = InstanceStore(folder, index)
        assert store.open_journal(segment_bytes=SEGMENT)
        assert store.store(received(1), now) is StoreOutcome.STORED
        filler = fill(folder)

        for _ in range(3):
            with pytest.raises(ArchiveError, match=r"No space left|full"):
                store.store(received(2, PixelData=bytes(9000)), now)

        assert list((folder / "incoming").iterdir()) == []
        assert len(index.instances_of(KEY)) == 1
        filler.unlink()
        sent = received(2, PixelData=bytes(9000))
        assert store.store(sent, now) is StoreOutcome.STORED
        found = [dataset_bytes(one.path.read_bytes()) for one in index.instances_of(KEY)]
        assert found == [received(1).dataset, sent.dataset]
        store.close()
        database.close()


def test_a_folder_that_is_shared_has_no_journal(tmp_path):
    database = open_database(tmp_path / "node.sqlite")

    assert not InstanceStore(
        tmp_path, InstanceIndex(database, tmp_path), shared=True
    ).open_journal()

    assert not (tmp_path / "journal").exists()
    database.close()
