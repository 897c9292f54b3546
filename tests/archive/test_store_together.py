"""Instances that are stored together become what they become one by one, by one sync."""

import os
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from received import dataset_bytes, received

from dicom_node.archive.database import Database, open_database
from dicom_node.archive.files import Disk
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.instances import InstanceStore
from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.peer import StoreOutcome

SEGMENT = 1 << 18
STORED, DUPLICATE = StoreOutcome.STORED, StoreOutcome.DUPLICATE


@dataclass(frozen=True)
class Opened:
    folder: Path
    database: Database
    index: InstanceIndex
    store: InstanceStore

    def state(self) -> dict[str, tuple[bytes, object]]:
        """Every file with its data set, and the row of each in a series."""
        return {
            str(one.relative_to(self.folder)): (
                dataset_bytes(one.read_bytes()),
                self.index.find(one.stem),
            )
            for one in self.folder.rglob("*.dcm")
        }


class Archives:
    """Makes archives with a journal and closes them at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._opened = folder, list[Opened]()

    def open(self, disk: Disk | None = None, *, journal: bool = True) -> Opened:
        folder = self._folder / str(len(self._opened))
        folder.mkdir()
        database = open_database(folder / "node.sqlite")
        index = InstanceIndex(database, folder)
        store = InstanceStore(folder, index, disk)
        assert not journal or store.open_journal(segment_bytes=SEGMENT)
        self._opened.append(Opened(folder, database, index, store))
        return self._opened[-1]

    def close(self) -> None:
        for one in self._opened:
            one.store.close()
            one.database.close()


@pytest.fixture
def archives(tmp_path: Path) -> Iterator[Archives]:
    made = Archives(tmp_path)
    yield made
    made.close()


def drawn(chance: random.Random):
    """An instance that is new, known, a conflict, unreadable or too long for the journal."""
    number = chance.randrange(12)
    kind = chance.randrange(8)
    if kind == 0:
        return received(number, Modality="CT")
    if kind == 1:
        return replace(received(number), dataset=b"rubbish" * 9)
    if kind == 2:
        return received(number, series="1.2.9", SOPInstanceUID=received(number).sop_instance_uid)
    if kind == 3:
        return received(100 + number, PixelData=bytes(SEGMENT // 16))
    return received(number)


@pytest.mark.parametrize("journal", [True, False])
def test_a_batch_becomes_what_its_instances_become_one_by_one(archives, now, journal):
    chance = random.Random(20261123)
    together, alone = archives.open(journal=journal), archives.open()
    seen = set[object]()
    for _ in range(12):
        batch = [drawn(chance) for _ in range(chance.randrange(1, 9))]

        outcomes = together.store.store_all(batch, now)

        assert sorted(outcomes) == sorted(alone.store.store(one, now) for one in batch)
        seen.update(outcomes)
    assert seen == set(StoreOutcome)
    assert {name for name in together.state() if name.startswith("instances")} == {
        name for name in alone.state() if name.startswith("instances")
    }
    assert len(together.state()) == len(alone.state())


def test_a_batch_costs_one_sync(archives, now):
    syncs = list[int]()

    def sync(descriptor: int) -> None:
        syncs.append(descriptor)
        os.fdatasync(descriptor)

    archive = archives.open(Disk(sync_data=sync))
    syncs.clear()

    assert archive.store.store_all([received(n) for n in range(8)], now) == [STORED] * 8

    assert len(syncs) == 1
    assert archive.store.store_all([], now) == []


def test_a_batch_that_cannot_be_made_durable_is_refused_and_leaves_nothing(archives, now):
    failing = [False]

    def sync(descriptor: int) -> None:
        if failing[0]:
            raise OSError(5, "I/O error")
        os.fdatasync(descriptor)

    archive = archives.open(Disk(sync_data=sync))
    archive.store.store(received(1), now)
    before = archive.state()
    failing[0] = True

    outcomes = archive.store.store_all([received(n) for n in (1, 2, 3)], now)

    assert outcomes[0] is DUPLICATE
    assert [type(one) for one in outcomes[1:]] == [ArchiveError] * 2
    assert archive.state() == before
    failing[0] = False
    assert archive.store.store_all([received(2), received(3)], now) == [STORED] * 2


def test_batches_of_several_threads_that_share_instances_store_each_once(archives, now):
    archive, told = archives.open(), list[object]()

    def send(thread: int) -> None:
        numbers = list(range(40))
        random.Random(thread).shuffle(numbers)
        for start in range(0, 40, 8):
            batch = [received(number) for number in numbers[start : start + 8]]
            told.extend(archive.store.store_all(batch, now))
            told.append(archive.store.store(batch[0], now))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)

    assert told.count(STORED) == 40
    assert told.count(DUPLICATE) == 4 * 45 - 40
    assert len(archive.state()) == 40
