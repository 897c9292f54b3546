"""An answer means a durable file and a row; a failure of disk or database leaves nothing behind."""

import os
from pathlib import Path

import pytest
from received import SERIES, STUDY, received, sop_uid

from dicom_node.archive.files import Disk, publish_new
from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.peer import StoreOutcome

PATH = f"instances/{STUDY}/{SERIES}/{sop_uid(1)}.dcm"


def test_the_file_is_synced_published_and_its_folder_synced_before_the_row_is_there(
    open_archive, now
):
    calls, archives = [], []
    sent = received()

    def row_is_there():
        return archives[0].index.find(sop_uid(1)) is not None

    def sync(descriptor):
        status = os.fstat(descriptor)
        target = os.readlink(f"/proc/self/fd/{descriptor}")
        calls.append(("sync", target, status.st_size, row_is_there()))
        os.fsync(descriptor)

    def publish(temporary, final):
        calls.append(("publish", final, os.stat(temporary).st_size, row_is_there()))
        publish_new(temporary, final)

    archives.append(open_archive(disk=Disk(sync=sync, publish=publish)))
    archives[0].store.store(sent, now)

    size = (archives[0].folder / PATH).stat().st_size
    final = str(archives[0].folder / PATH)
    root = str(archives[0].folder)
    assert [name for name, *_ in calls] == ["sync"] * 4 + ["publish", "sync"]
    assert "/incoming/" in calls[0][1]
    assert calls[0][2] == size
    assert [target for _, target, *_ in calls[1:4]] == [
        root,
        f"{root}/instances",
        f"{root}/instances/{STUDY}",
    ]
    assert calls[4][1:3] == (final, size)
    assert calls[5][1] == str(Path(final).parent)
    assert not any(indexed for *_, indexed in calls)


class Failing:
    """Works until it is told to fail at a certain call from then on."""

    def __init__(self, call, error):
        self.call, self.error, self.left = call, error, None

    def __call__(self, *arguments):
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise self.error
        return self.call(*arguments)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), OSError(5, "I/O error")])
@pytest.mark.parametrize(("step", "after"), [("sync", 0), ("publish", 0), ("sync", 1), ("sync", 4)])
def test_a_failing_disk_leaves_nothing_behind_and_the_next_try_succeeds(
    open_archive, now, step, after, error
):
    sync, publish = Failing(os.fsync, error), Failing(publish_new, error)
    archive = open_archive(disk=Disk(sync=sync, publish=publish))
    failing = {"sync": sync, "publish": publish}[step]
    failing.left = after

    with pytest.raises(ArchiveError, match=error.strerror):
        archive.store.store(received(), now)

    assert archive.files() == []
    assert archive.leftovers() == []
    assert archive.index.changed_series(0) == (0, set())
    failing.left = None
    assert archive.store.store(received(), now) is StoreOutcome.STORED


def test_a_locked_database_refuses_the_instance_and_leaves_nothing_behind(open_archive, now):
    archive = open_archive(busy_timeout_s=0.2)
    with open_archive().database.writing():
        with pytest.raises(ArchiveError, match="lock"):
            archive.store.store(received(), now)
        with pytest.raises(ArchiveError, match="lock"):
            archive.store.store(received(dataset=b""), now)
        assert archive.files() == []
        assert archive.leftovers() == []

    assert archive.store.store(received(), now) is StoreOutcome.STORED
    assert archive.store.store(received(dataset=b""), now) is StoreOutcome.UNREADABLE


def test_a_file_without_a_row_is_synced_before_it_counts_as_held(open_archive, now):
    synced = []

    def sync(descriptor):
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        os.fsync(descriptor)

    open_archive().store.store(received(), now)
    after = open_archive(disk=Disk(sync=sync))
    after.index.forget([PATH])

    assert after.store.store(received(), now) is StoreOutcome.DUPLICATE

    series = after.folder / f"instances/{STUDY}/{SERIES}"
    assert synced[-1] == str(series)
    assert str(series.parent) in synced
