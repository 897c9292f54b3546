"""Records of the journal: one instance each, which counts only if every byte of it is there."""

import hashlib
import json
import os
import struct
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from dicom_node.archive.entries import IndexEntry
from dicom_node.domain.series import SeriesKey

BLOCK = 4096
"""Records begin at multiples of it: what was acknowledged shares no block with what comes later."""

_MAGIC = b"DNJRNL1\n"
# Magic, fill, sequence number, lengths of entry, head and data set; a CRC-32 of these, of the
# entry and of the head follows. The data set is checked by the SHA-256 digest of the entry.
_HEADER = struct.Struct("<8s16sQLLQ")
_CHECK = struct.Struct("<L")
_START = _HEADER.size + _CHECK.size
# Of an entry, in the order in which they are written; part of the format, as its magic is.
_TEXTS = (
    "sop_class_uid",
    "sop_instance_uid",
    "transfer_syntax_uid",
    "path",
    "digest",
    "calling_ae",
    "called_ae",
    "peer_address",
    "association_id",
)
_read_texts = attrgetter(*_TEXTS)
_MAX_TEXT_BYTES = 1 << 16  # of entry and head each; what is longer was not written by a journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An instance that is to be found again after a power cut.

    Parameters
    ----------
    entry : bytes
        Its `IndexEntry`, as `entry_text` writes it.
    head : bytes
        Of the Part 10 file: all that comes before the data set.
    """

    entry: bytes
    head: bytes
    dataset: bytes

    @property
    def length(self) -> int:
        """Bytes that it takes in a segment."""
        length = _START + len(self.entry) + len(self.head) + len(self.dataset)
        return -(-length // BLOCK) * BLOCK

    @property
    def is_readable(self) -> bool:
        """Whether `read_records` would read it: odd texts of a sender may be too long."""
        return max(len(self.entry), len(self.head)) <= _MAX_TEXT_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A record as it lies in a segment.

    Parameters
    ----------
    content : bytes or None
        The whole file; None where the data set is not what was written.
    """

    sequence: int
    entry: IndexEntry
    content: bytes | None


def encode(record: Record, fill: uuid.UUID, sequence: int) -> tuple[bytes, ...]:
    """A record in pieces, which are not copied; the last one pads it to whole blocks.

    Parameters
    ----------
    fill : UUID
        Drawn anew whenever a segment is written from its start: tells what is left of earlier ones.
    sequence : int
        Grows from record to record, also over those that were taken back.
    """
    lengths = len(record.entry), len(record.head), len(record.dataset)
    header = _HEADER.pack(_MAGIC, fill.bytes, sequence, *lengths)
    check = zlib.crc32(record.head, zlib.crc32(record.entry, zlib.crc32(header)))
    padding = bytes(-(_START + sum(lengths)) % BLOCK)
    return header, _CHECK.pack(check), record.entry, record.head, record.dataset, padding


def entry_text(entry: IndexEntry) -> bytes:
    """An entry as a record has it."""
    key = entry.key.study_instance_uid, entry.key.series_instance_uid
    facts = (*key, entry.received_at.isoformat(), entry.size, *_read_texts(entry))
    return json.dumps(facts).encode()


def read_records(descriptor: int) -> Iterator[Found]:
    """The records of a segment in their order, read one at a time.

    What is torn, damaged or of an earlier fill is stepped over; what follows it counts again if it
    is newer and of the same fill as the first one that can be read.

    Raises
    ------
    OSError
        Where the segment cannot be read.
    """
    size, offset, last, fill = os.fstat(descriptor).st_size, 0, -1, None
    while offset < size:
        read = _read(descriptor, offset)
        if read is None or read.fill != (fill or read.fill) or read.sequence <= last:
            offset += BLOCK
            continue
        fill, last = read.fill, read.sequence
        content = read.head + os.pread(descriptor, read.length, offset + read.start)
        dataset = memoryview(content)[len(read.head) :]
        whole = hashlib.sha256(dataset).hexdigest() == read.entry.digest
        yield Found(sequence=read.sequence, entry=read.entry, content=content if whole else None)
        offset += -(-(read.start + read.length) // BLOCK) * BLOCK


@dataclass(frozen=True, slots=True)
class _Read:
    """A record without its data set, which has `length` bytes from `start` on."""

    fill: bytes
    sequence: int
    entry: IndexEntry
    head: bytes
    start: int
    length: int


def _read(descriptor: int, offset: int) -> _Read | None:
    """What is written at an offset; None where no whole entry and head stand there."""
    fixed = os.pread(descriptor, _START, offset)
    if len(fixed) < _START or not fixed.startswith(_MAGIC):
        return None
    _, fill, sequence, entry_bytes, head_bytes, length = _HEADER.unpack_from(fixed)
    if entry_bytes > _MAX_TEXT_BYTES or head_bytes > _MAX_TEXT_BYTES:
        return None
    texts = os.pread(descriptor, entry_bytes + head_bytes, offset + _START)
    if (
        zlib.crc32(texts, zlib.crc32(fixed[: _HEADER.size]))
        != _CHECK.unpack_from(fixed, _HEADER.size)[0]
    ):
        return None
    return _Read(
        fill=fill,
        sequence=sequence,
        entry=_entry_of(texts[:entry_bytes]),
        head=texts[entry_bytes:],
        start=_START + len(texts),
        length=length,
    )


def _entry_of(text: bytes) -> IndexEntry:
    study, series, received_at, size, *texts = json.loads(text)
    return IndexEntry(
        key=SeriesKey(study_instance_uid=study, series_instance_uid=series),
        received_at=datetime.fromisoformat(received_at),
        size=size,
        **dict(zip(_TEXTS, texts, strict=True)),
    )
