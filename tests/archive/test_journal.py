"""Records of the journal: whole, in their order, or not there, whatever happened to the segment."""

import os
import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from dicom_node.archive.entries import IndexEntry
from dicom_node.archive.files import Disk
from dicom_node.archive.journal import Journal
from dicom_node.archive.journal_records import BLOCK, Found, Record, entry_text, read_records
from dicom_node.domain.series import SeriesKey

SEGMENT = 64 * BLOCK


def content_of(number: int, size: int = 5000) -> bytes:
    return random.Random(number).randbytes(size)


def record(number: int, size: int = 5000) -> Record:
    entry = IndexEntry(
        key=SeriesKey(study_instance_uid="1.2", series_instance_uid="1.2.3"),
        sop_class_uid="1.2.840.10008.5.1.4.1.1.128",
        sop_instance_uid=f"1.2.3.{number}",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        path=f"instances/1.2/1.2.3/1.2.3.{number}.dcm",
        size=size + 4,
        digest=sha256(content_of(number, size)).hexdigest(),
        received_at=datetime(2026, 3, 5, 9, 0, 0, number, UTC),
        calling_ae="SCANNER \\udcff",
        called_ae="NODE",
        peer_address="10.0.0.1",
        association_id="a-1",
    )
    return Record(entry=entry_text(entry), head=b"HEAD", dataset=content_of(number, size))


class Settling:
    """Counts how often everything was brought to the disk, and fails when told to."""

    def __init__(self) -> None:
        self.times = 0
        self.error: OSError | None = None

    def __call__(self) -> None:
        if self.error is not None:
            raise self.error
        self.times += 1


@pytest.fixture
def settling() -> Settling:
    return Settling()


@pytest.fixture
def open_journal(tmp_path, settling):
    opened = []

    def open_one(disk: Disk | None = None) -> Journal:
        one = Journal(
            tmp_path / "journal", settle=settling, disk=disk or Disk(), segment_bytes=SEGMENT
        )
        opened.append(one)
        return one

    yield open_one
    for one in opened:
        one.close()


def add(journal: Journal, *numbers: int, size: int = 5000):
    return journal.append(journal.encoded([record(number, size) for number in numbers]))


def numbers(journal: Journal) -> list[int]:
    """Numbers of the whole records; fails where the content of one is not what was written."""
    return numbers_of(journal.records())


def numbers_in(content: bytes, segment: Path) -> list[int]:
    """The same of a segment with a certain content."""
    segment.write_bytes(content)
    with segment.open("rb") as file:
        return numbers_of(read_records(file.fileno()))


def numbers_of(records: Iterable[Found]) -> list[int]:
    found = []
    for one in records:
        if one.content is not None:
            number = int(one.entry.sop_instance_uid.rsplit(".", 1)[1])
            assert one.content == b"HEAD" + content_of(number, len(one.content) - 4)
            found.append(number)
    return found


def test_records_are_read_as_they_were_written(open_journal):
    add(open_journal(), 1, 2)

    one, two = open_journal().records()

    written = record(1)
    assert entry_text(one.entry) == written.entry
    assert one.entry == replace(
        two.entry, **{n: getattr(one.entry, n) for n in one.entry.__slots__}
    )
    assert one.content == written.head + written.dataset
    assert one.sequence < two.sequence


def test_a_full_segment_is_left_for_the_other_one_and_used_again_when_all_is_settled(
    open_journal, settling
):
    journal = open_journal()

    for number in range(80):  # 2 blocks each: 32 in a segment
        add(journal, number)

    assert settling.times in (1, 2)  # the last one may still be going on
    assert numbers(open_journal()) == list(range(32, 80))


def test_what_could_not_be_settled_is_not_written_over(open_journal, settling):
    journal = open_journal()
    settling.error = OSError(5, "I/O error")
    for number in range(64):
        add(journal, number)

    with pytest.raises(OSError, match="I/O error"):
        add(journal, 64)

    assert journal.failed
    assert numbers(journal) == list(range(64))
    settling.error = None
    journal.empty()
    assert not journal.failed
    assert add(journal, 64) == [0]
    assert numbers(journal) == [64]


def test_an_empty_journal_takes_no_room_and_has_nothing_to_settle(open_journal, settling, tmp_path):
    journal = open_journal()
    assert journal.is_empty
    add(journal, 1)

    journal.empty()
    journal.empty()

    assert settling.times == 1
    assert [one.stat().st_size for one in (tmp_path / "journal").iterdir()] == [0, 0]
    assert open_journal().is_empty


def test_what_is_taken_back_is_not_read_and_what_came_before_is(open_journal):
    journal = open_journal()
    add(journal, 1)
    journal.take_back(add(journal, 2, 3, 4, size=9000))
    assert numbers(journal) == [1]

    add(journal, 5, size=100)

    assert numbers(journal) == [1, 5]


def test_a_record_that_comes_back_from_the_disk_does_not_count_beside_a_later_one(
    open_journal, tmp_path
):
    journal = open_journal()
    segment = tmp_path / "journal" / "segment-0"
    add(journal, 1)
    written = add(journal, 2, 3)
    lies = segment.read_bytes()
    journal.take_back(written)
    add(journal, 4, size=100)  # one block in the place of two
    now = segment.read_bytes()

    place = written[1]
    segment.write_bytes(now[:place] + lies[place : place + 2 * BLOCK] + now[place + 2 * BLOCK :])

    assert numbers(open_journal()) == [1, 4]


def test_a_failed_sync_leaves_no_record_and_the_next_one_takes_its_place(open_journal):
    failing = [False]

    def sync(descriptor: int) -> None:
        if failing[0]:
            raise OSError(5, "I/O error")
        os.fdatasync(descriptor)

    journal = open_journal(Disk(sync_data=sync))
    add(journal, 1)
    failing[0] = True
    with pytest.raises(OSError, match="I/O error"):
        add(journal, 2, 3)
    failing[0] = False

    assert numbers(journal) == [1]
    add(journal, 4)
    assert numbers(journal) == [1, 4]


def test_every_cut_leaves_the_records_before_it(open_journal, tmp_path):
    add(open_journal(), *range(6))
    segment = tmp_path / "journal" / "segment-0"
    whole = segment.read_bytes()

    for cut in range(0, 12 * BLOCK, 997):
        ends = [2 * BLOCK * number + record(number).length for number in range(6)]
        found = numbers_in(whole[:cut], segment)
        # The padding of the last block may be cut off.
        assert found in [
            [n for n in range(6) if ends[n] <= cut],
            [n for n in range(6) if ends[n] - BLOCK <= cut],
        ]


def test_a_flipped_bit_costs_its_own_record_at_most(open_journal, tmp_path):
    add(open_journal(), *range(4))
    segment = tmp_path / "journal" / "segment-0"
    whole = segment.read_bytes()
    chance = random.Random(8)

    for place in [*range(60), *(chance.randrange(8 * BLOCK) for _ in range(200))]:
        changed = bytearray(whole)
        changed[place] ^= 1 << chance.randrange(8)
        hit = place // (2 * BLOCK)
        assert set(numbers_in(changed, segment)) >= set(range(4)) - {hit}


def test_a_torn_first_record_of_a_new_fill_does_not_hide_what_was_written_before(
    open_journal, tmp_path
):
    journal = open_journal()
    for number in range(70):
        add(journal, number)
    segment = tmp_path / "journal" / "segment-0"
    with segment.open("r+b") as file:
        file.write(bytes(BLOCK))

    assert set(numbers(open_journal())) >= set(range(32, 64))
