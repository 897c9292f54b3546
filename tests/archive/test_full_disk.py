"""A full and a read-only file system: refused by name, nothing lost, healthy again by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from disks import fill, mount, mounted_disk
from received import SERIES, STUDY, dataset_bytes, received

from dicom_node.archive.database import open_database
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.instances import InstanceStore
from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.peer import StoreOutcome
from dicom_node.domain.series import SeriesKey

KEY = SeriesKey(study_instance_uid=STUDY, series_instance_uid=SERIES)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB of its own."""
    with mounted_disk(tmp_path / "small", mib=1) as folder:
        yield folder


@pytest.mark.parametrize("database_beside", [True, False], ids=["database-too", "files-only"])
def test_a_full_disk_refuses_and_takes_again_when_there_is_space(
    small_disk, tmp_path, now, database_beside
):
    database = open_database((small_disk if database_beside else tmp_path) / "node.sqlite")
    index = InstanceIndex(database, small_disk)
    store = InstanceStore(small_disk, index)
    assert store.store(received(1), now) is StoreOutcome.STORED
    filler = fill(small_disk)

    for _ in range(3):
        with pytest.raises(ArchiveError, match=r"No space left|full"):
            store.store(received(2, PixelData=bytes(9000)), now)
        with pytest.raises(ArchiveError, match=r"No space left|full"):
            store.store(received(dataset=bytes(9000)), now)

    assert list((small_disk / "incoming").iterdir()) == []
    assert len(index.instances_of(KEY)) == 1
    assert index.unreadable() == ()
    filler.unlink()
    sent = received(2, PixelData=bytes(9000))
    assert store.store(sent, now) is StoreOutcome.STORED
    assert [dataset_bytes(one.path.read_bytes()) for one in index.instances_of(KEY)] == [
        received(1).dataset,
        sent.dataset,
    ]
    database.close()


def test_a_read_only_disk_refuses_and_takes_again_when_it_is_writable(small_disk, tmp_path, now):
    database = open_database(tmp_path / "node.sqlite")
    index = InstanceIndex(database, small_disk)
    store = InstanceStore(small_disk, index)
    assert mount("-o", "remount,ro", str(small_disk)).returncode == 0

    with pytest.raises(ArchiveError, match="Read-only file system"):
        store.store(received(), now)

    assert mount("-o", "remount,rw", str(small_disk)).returncode == 0
    assert store.store(received(), now) is StoreOutcome.STORED
    database.close()


def test_a_folder_that_cannot_be_made_is_an_archive_error(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    database = open_database(tmp_path / "node.sqlite")

    with pytest.raises(ArchiveError, match="disk: "):
        InstanceStore(blocked, InstanceIndex(database, blocked))
    database.close()
