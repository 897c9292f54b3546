"""Two files that are filled in turn: what stands in them need not be synced where it belongs yet.

An instance is acknowledged when its record is on the disk: one sync, of a file that has its size
already, shared by all who wait. File and row are there for everybody at once, but only in the
memory of the operating system; they are brought to the disk in one go before the segment that has
their records is used again. After a power cut the records are written out anew.
"""

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from dicom_node.archive.files import Disk, sync_folder, write_rest
from dicom_node.archive.journal_records import BLOCK, Found, Record, encode, read_records

SEGMENT_BYTES = 64 << 20
MOST_AT_ONCE = 16
"""Records that are synced together, at most."""
_GROWTH_BYTES = 4 << 20
_ZEROS = bytes(1 << 20)


@dataclass(slots=True)
class _Segment:
    """One of the two files.

    Parameters
    ----------
    position : int
        Where the next record goes.
    size : int
        How far it is filled with zeros or records: a sync has nothing but their bytes to write.
    """

    descriptor: int
    size: int
    position: int = 0
    fill: uuid.UUID = field(default_factory=uuid.uuid4)


class Journal:
    """Records of instances that may not be on the disk where they belong.

    For one caller at a time. Every method raises OSError as the operating system tells it, and
    what `settle` raises.

    Parameters
    ----------
    folder : Path
        Made where it is absent.
    settle : callable
        Brings all files and rows to the disk; runs in a thread of the journal.
    disk : Disk
    segment_bytes : int
        Of each of the two files, at most.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settle: Callable[[], None],
        disk: Disk,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self._settle, self._sync, self._segment_bytes = settle, disk.sync_data, segment_bytes
        folder.mkdir(exist_ok=True)
        self._segments = [_open_segment(folder / f"segment-{number}") for number in (0, 1)]
        for named in (folder, folder.parent):
            sync_folder(named, disk)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._settling: Future[None] | None = None
        self._sequence = 0
        self._is_empty = not any(one.size for one in self._segments)
        self.failed = False
        """Whether files or rows could not be brought to the disk: the records are all there is."""

    @property
    def longest(self) -> int:
        """Most bytes of a record for which a segment has room whatever comes with it."""
        return self._segment_bytes // MOST_AT_ONCE

    @property
    def is_empty(self) -> bool:
        """Whether it has no records, also none that an earlier process left."""
        return self._is_empty

    def records(self) -> Iterator[Found]:
        """All records, the oldest first; several may tell of one instance: the last one counts."""
        segments = [
            (first.sequence, one.descriptor)
            for one in self._segments
            if (first := next(read_records(one.descriptor), None)) is not None
        ]
        for _, descriptor in sorted(segments):
            yield from read_records(descriptor)

    def encoded(self, records: Sequence[Record]) -> Sequence[Sequence[bytes]]:
        """Records as `append` takes them; makes room for all of them, which may take a while."""
        needed = sum(one.length for one in records)
        if self._segments[0].position + needed > self._segment_bytes:
            self._turn_over()
        fill, first = self._segments[0].fill, self._sequence + 1
        self._sequence += len(records)
        return [encode(one, fill, number) for number, one in enumerate(records, first)]

    def append(self, encoded: Sequence[Sequence[bytes]]) -> Sequence[int]:
        """Write what was `encoded` last, or some of it; on the disk when it returns.

        Returns
        -------
        sequence of int
            What `take_back` needs. Where it fails, nothing has to be taken back.
        """
        if not encoded:
            return ()
        self._is_empty = False
        segment, offsets = self._segments[0], list[int]()
        end = segment.position
        for one in encoded:
            offsets.append(end)
            end += sum(map(len, one))
        try:
            _grow(segment, end, self._segment_bytes)
            # One call: each may cost the interpreter lock for as long as another thread wants it.
            _write_at(segment.descriptor, list(chain.from_iterable(encoded)), segment.position)
            self._sync(segment.descriptor)
        except BaseException:
            self.take_back(offsets)
            raise
        segment.position = end
        return offsets

    def take_back(self, offsets: Sequence[int]) -> None:
        """Let the records of the last `append` not count; nothing was told of them.

        Not synced: should they come back after a power cut, something is kept that was refused.
        What is written later stands in their place, or has a higher number than they.
        """
        if offsets:
            segment = self._segments[0]
            segment.position = offsets[0]
            for offset in offsets:
                os.pwrite(segment.descriptor, _ZEROS[:BLOCK], offset)

    def empty(self, *, settle: Callable[[], None] | None = None) -> None:
        """Bring everything to the disk where it belongs, then forget all records for good."""
        self._await_settled(ignore=settle is not None)
        if self._is_empty and not self.failed:
            return
        self._settled(settle or self._settle)
        for segment in self._segments:
            os.ftruncate(segment.descriptor, 0)
            self._sync(segment.descriptor)
            segment.position, segment.size, segment.fill = 0, 0, uuid.uuid4()
        self._is_empty, self.failed = True, False

    def close(self) -> None:
        """Close the files as they are."""
        self._thread.shutdown()
        for segment in self._segments:
            os.close(segment.descriptor)

    def _turn_over(self) -> None:
        """Go on in the other segment, as soon as all that it tells of is settled."""
        self._await_settled()
        self._segments.reverse()
        segment = self._segments[0]
        segment.position, segment.fill = 0, uuid.uuid4()
        self._settling = self._thread.submit(self._settled, self._settle)

    def _await_settled(self, *, ignore: bool = False) -> None:
        settling, self._settling = self._settling, None
        if settling is None:
            return
        failure = settling.exception()
        if failure is not None and not ignore:
            raise failure

    def _settled(self, settle: Callable[[], None]) -> None:
        try:
            settle()
        except BaseException:
            self.failed = True
            raise


def _open_segment(path: Path) -> _Segment:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    return _Segment(descriptor, os.fstat(descriptor).st_size)


def _grow(segment: _Segment, wanted: int, at_most: int) -> None:
    """Fill a segment with zeros some way beyond what is wanted."""
    if wanted <= segment.size:
        return
    end = min(wanted + _GROWTH_BYTES, at_most)
    while segment.size < end:
        zeros = _ZEROS[: end - segment.size]
        _write_at(segment.descriptor, (zeros,), segment.size)
        segment.size += len(zeros)


def _write_at(descriptor: int, pieces: Sequence[bytes], offset: int) -> None:
    written = os.pwritev(descriptor, pieces, offset)
    write_rest(pieces, written, lambda rest, at: os.pwrite(descriptor, rest, offset + at))
