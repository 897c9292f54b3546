"""Instances made durable by one sync: their records in the journal, shared by all who wait."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple

from dicom_node.archive.entries import IndexEntry
from dicom_node.archive.files import Disk, DurableFolder, disk_error
from dicom_node.archive.group_commit import GroupCommit
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.journal import MOST_AT_ONCE, SEGMENT_BYTES, Journal
from dicom_node.archive.journal_records import Record, entry_text
from dicom_node.archive.journal_redo import redo
from dicom_node.domain.errors import ArchiveError

JOURNAL_FOLDER = "journal"


class Made(NamedTuple):
    """What an instance's row and file will be."""

    entry: IndexEntry
    head: bytes
    dataset: bytes


def _record_of(made: Made) -> Record:
    return Record(entry=entry_text(made.entry), head=made.head, dataset=made.dataset)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An instance that waits for its turn."""

    entry: IndexEntry
    record: Record


class JournaledInstances:
    """Gives instances their file and row at once, and answers when their record is on the disk.

    For one process, on SQLite. Opening it redoes what an earlier process left in the journal.
    Every method raises OSError or ArchiveError, where disk or database fails.

    Parameters
    ----------
    files : DurableFolder
    index : InstanceIndex
    disk : Disk
    segment_bytes : int
        Of the journal's two files.
    """

    def __init__(
        self,
        files: DurableFolder,
        index: InstanceIndex,
        disk: Disk,
        *,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self._files, self._index, self._disk = files, index, disk
        # Open from before the first write: so `sync_all` tells of all that fails from now on.
        self._whole = os.open(files.incoming, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._journal = Journal(
                files.root / JOURNAL_FOLDER,
                settle=self._settle,
                disk=disk,
                segment_bytes=segment_bytes,
            )
        except BaseException:
            os.close(self._whole)
            raise
        self._additions = GroupCommit(self._commit, at_most=MOST_AT_ONCE, patience=0.25)
        if not self._journal.is_empty:
            try:
                self._journal.empty(settle=self._redo)
            except BaseException:
                self.close()
                raise

    def add(self, entry: IndexEntry, head: bytes, dataset: bytes) -> IndexEntry | None:
        """The entry itself, durable, or the one that holds its SOP Instance UID in another series.

        There must be no file in its place, and nobody else may add one of its UID meanwhile.

        Returns
        -------
        IndexEntry or None
            None where the instance is too long for the journal: nothing was done.
        """
        made = Made(entry, head, dataset)
        record = _record_of(made)
        if not self._takes(record):
            return None
        if self._additions.submit(_Waiting(entry, record)):
            return entry
        return self._index.find(entry.sop_instance_uid)

    def add_all(self, made: Sequence[Made]) -> Sequence[bool | ArchiveError]:
        """Like `add` for several of one thread: whether each one is durable now.

        Returns
        -------
        sequence of bool or ArchiveError
            False where `add` would give anything else than the entry: nothing was done.
        """
        waiting = [_Waiting(one.entry, _record_of(one)) for one in made]
        fits = [self._takes(one.record) for one in waiting]
        told = iter(self._additions.submit_all(list(compress(waiting, fits))))
        return [next(told) if one else False for one in fits]

    def _takes(self, record: Record) -> bool:
        return record.is_readable and record.length <= self._journal.longest

    def empty(self) -> None:
        """Bring all files and rows to the disk and forget their records for good.

        Nobody may add anything meanwhile. What is removed after it does not come back.
        """
        self._journal.empty(settle=self._redo if self._journal.failed else None)

    def close(self) -> None:
        """Leave the journal as it is; what is in it is redone by who opens it next."""
        self._journal.close()
        os.close(self._whole)

    def _commit(self, batch: Sequence[_Waiting]) -> Sequence[bool]:
        """Rows and files of a batch as soon as its records are durable, or nothing; which are new.

        Rows come first, because they tell who is new, and are seen last: a row without a file would
        start something, and a file without a record might be half there after a power cut.
        """
        written: Sequence[int] = ()
        filed: list[str] = []
        try:
            if self._journal.failed:
                self.empty()
            # Before the transaction: it may wait for `_settle`, which writes to the database, too.
            encoded = self._journal.encoded([one.record for one in batch])
            with self._index.adding([one.entry for one in batch]) as new:
                written = self._journal.append(list(compress(encoded, new)))
                for one in compress(batch, new):
                    # After the sync: a part of a file is made whole from a record that is there.
                    content = one.record.head, one.record.dataset
                    self._files.write_in_place(one.entry.path, content)
                    filed.append(one.entry.path)
        except OSError as cause:
            self._undo(filed, written)
            raise disk_error(cause) from cause
        except BaseException:
            self._undo(filed, written)
            raise
        return new

    def _undo(self, filed: Sequence[str], written: Sequence[int]) -> None:
        for path in filed:
            self._files.remove(path)
        self._journal.take_back(written)

    def _settle(self) -> None:
        self._disk.sync_all(self._whole)
        self._index.database.settle()

    def _redo(self) -> None:
        redo(self._journal, self._files, self._index)
        self._settle()
