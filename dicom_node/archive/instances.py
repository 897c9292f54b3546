"""The store of received instances: a durable file, then its row, and only then an answer."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog

from dicom_node.archive.arrived import (
    arrived_entry,
    checked_identity,
    conflict_reason,
    meta_of,
)
from dicom_node.archive.dicom_header import Identity
from dicom_node.archive.entries import NO_SERIES, IndexEntry, Recovery
from dicom_node.archive.files import Disk, DurableFolder, disk_error, safe_name
from dicom_node.archive.header_layout import HeaderLayouts
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.instance_locks import InstanceLocks
from dicom_node.archive.journal import SEGMENT_BYTES
from dicom_node.archive.journaled import JOURNAL_FOLDER, JournaledInstances, Made
from dicom_node.archive.part10 import encode_file_head
from dicom_node.archive.recovery import Recoverer, read_entry
from dicom_node.archive.removal_gate import RemovalGate
from dicom_node.archive.whole_sync import can_sync_file_system
from dicom_node.domain.errors import ArchiveError, UnreadableInstance
from dicom_node.domain.peer import ReceivedInstance, StoreOutcome
from dicom_node.domain.series import Reason, SeriesKey

log = structlog.get_logger(__name__)


class InstanceStore:
    """Keeps instances under ``instances/<study>/<series>/<sop>.dcm``, bytes as received.

    Safe for many threads. What was answered STORED is on the disk and in the index, whatever
    happens afterwards; what failed left nothing behind.

    Parameters
    ----------
    folder : Path
        Of the archive; the index must be made with the same.
    index : InstanceIndex
    disk : Disk
        The calls that make a file durable.
    shared : bool
        Whether other processes store in the folder at the same time.

    Raises
    ------
    ArchiveError
        From every method, where the disk or the database fails.
    """

    def __init__(
        self,
        folder: Path,
        index: InstanceIndex,
        disk: Disk | None = None,
        *,
        shared: bool = False,
    ) -> None:
        self.index = index
        self._folder = folder
        self._gate, self._shared = RemovalGate(folder, shared=shared), shared
        self._locks = InstanceLocks()
        self._layouts = HeaderLayouts()
        with _told_as_archive_error():
            self._disk = disk or Disk()
            self._files = DurableFolder(folder, self._disk)
        self._journaled: JournaledInstances | None = None

    @property
    def can_have_journal(self) -> bool:
        """Whether `open_journal` would open one."""
        return not self._shared and self.index.database.is_sqlite and can_sync_file_system()

    def open_journal(self, *, segment_bytes: int = SEGMENT_BYTES) -> bool:
        """From now on an instance costs one sync in the place of three, until `close`.

        For the one process that serves the folder. What an earlier one left in the journal is
        brought where it belongs first.

        Returns
        -------
        bool
            False where it cannot be: the folder is shared, or the system lacks the call for it.
        """
        if not self.can_have_journal:
            return False
        with self.exclusively(), _told_as_archive_error():
            self._journaled = JournaledInstances(
                self._files, self.index, self._disk, segment_bytes=segment_bytes
            )
        return True

    def close(self) -> None:
        """Bring what is in the journal where it belongs; every instance costs more afterwards."""
        with self.exclusively():
            journaled, self._journaled = self._journaled, None
            if journaled is not None:
                journaled.close()

    def store(self, received: ReceivedInstance, now: datetime) -> StoreOutcome:
        """Make one received instance durable and tell what became of it."""
        digest = hashlib.sha256(received.dataset).hexdigest()
        try:
            with self._gate.storing(), self._locks.one(received.sop_instance_uid):
                return self._judge(received, digest, now)
        except OSError as cause:
            raise disk_error(cause) from cause

    def store_all(
        self, batch: Sequence[ReceivedInstance], now: datetime
    ) -> Sequence[StoreOutcome | ArchiveError]:
        """Like `store` for many, by one sync where there is a journal; its error where it fails."""
        told = self._store_usual(batch, now)
        return [told.get(at) or self._tried(one, now) for at, one in enumerate(batch)]

    def recover(self) -> Recovery:
        """Bring files and index to agreement after a crash; the files decide."""
        with _told_as_archive_error():
            if self._journaled is None and (self._folder / JOURNAL_FOLDER).exists():
                with self.exclusively():
                    JournaledInstances(self._files, self.index, self._disk).close()
            return Recoverer(self._files, self.index, alone=self.exclusively).recover()

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """A time in which nobody stores an instance: no thread, no other process.

        The journal is empty: what is removed now does not come back.
        """
        with ExitStack() as stack:
            with _told_as_archive_error():
                stack.enter_context(self._gate.removing())
            stack.enter_context(self._locks.every())
            if self._journaled is not None:
                with _told_as_archive_error():
                    self._journaled.empty()
            yield

    def remove_files(self, paths: Sequence[str]) -> None:
        """Remove files, by their relative paths, whose rows were removed before."""
        for path in paths:
            self._files.remove(path)

    def _tried(self, received: ReceivedInstance, now: datetime) -> StoreOutcome | ArchiveError:
        try:
            return self.store(received, now)
        except ArchiveError as cause:
            return cause

    def _store_usual(
        self, batch: Sequence[ReceivedInstance], now: datetime
    ) -> Mapping[int, StoreOutcome | ArchiveError]:
        """What became of those, by their place, that are new and go to the journal."""
        with self._locks.several(one.sop_instance_uid for one in batch):
            if self._journaled is None:
                return {}
            made = dict[str, tuple[int, Made]]()
            for at, one in enumerate(batch):
                new = self._made(one, now)
                if new is not None:
                    made.setdefault(new.entry.path, (at, new))
            told = self._journaled.add_all([new for _, new in made.values()])
        return {
            at: StoreOutcome.STORED if one is True else one
            for (at, _), one in zip(made.values(), told, strict=True)
            if one is not False
        }

    def _made(self, received: ReceivedInstance, now: datetime) -> Made | None:
        """What is to be stored; None where the instance is to be judged alone."""
        try:
            identity = checked_identity(received, self._layouts)
        except UnreadableInstance:
            return None
        digest = hashlib.sha256(received.dataset).hexdigest()
        head = encode_file_head(meta_of(received))
        entry = arrived_entry(received, digest, now, key=identity.key, head=head)
        if os.path.lexists(f"{self._folder}/{entry.path}"):
            return None
        return Made(entry, head, received.dataset)

    def _judge(self, received: ReceivedInstance, digest: str, now: datetime) -> StoreOutcome:
        try:
            identity = checked_identity(received, self._layouts)
        except UnreadableInstance as cause:
            reason = Reason(code="unreadable", message=str(cause))
            self._set_aside(received, digest, now, reason)
            return StoreOutcome.UNREADABLE
        return self._keep(received, identity, digest, now)

    def _keep(
        self, received: ReceivedInstance, identity: Identity, digest: str, now: datetime
    ) -> StoreOutcome:
        head = encode_file_head(meta_of(received))
        entry = arrived_entry(received, digest, now, key=identity.key, head=head)
        held = self._held(entry) or self._write(entry, (head, received.dataset))
        if held is entry:
            return StoreOutcome.STORED
        if held.same_content(entry):
            return StoreOutcome.DUPLICATE
        self._set_aside(received, digest, now, conflict_reason(held, entry), identity.key)
        return StoreOutcome.CONFLICT

    def _held(self, entry: IndexEntry) -> IndexEntry | None:
        """The entry whose file lies where the new one would; None where no sound one does."""
        try:
            size = os.stat(f"{self._folder}/{entry.path}").st_size
        except FileNotFoundError:
            return None
        held = self.index.find(entry.sop_instance_uid)
        if held is None:
            held = self._adopted(entry.path)
        if held is None or (held.path == entry.path and held.size != size):
            log.warning("archive.damaged_file_replaced", path=entry.path)
            self._files.remove(entry.path)
            return None
        return held

    def _adopted(self, path: str) -> IndexEntry | None:
        """Index a file that a process published and did not come to index; None if unreadable."""
        try:
            entry = read_entry(self._folder, path)
        except UnreadableInstance:
            return None
        self._files.settle(path)
        return self.index.add(entry)

    def _write(self, entry: IndexEntry, content: tuple[bytes, bytes]) -> IndexEntry:
        """The entry itself, or the one that holds its SOP Instance UID in another series."""
        held = None if self._journaled is None else self._journaled.add(entry, *content)
        return held or self._write_synced(entry, content)

    def _write_synced(self, entry: IndexEntry, content: Sequence[bytes]) -> IndexEntry:
        self._files.write_new(entry.path, content)
        try:
            held = self.index.add(entry)
            if held is not entry and held.path == entry.path:  # a row whose file was gone
                self.index.replace(entry)
                return entry
        except BaseException:
            self._files.remove(entry.path)
            raise
        if held is not entry:
            self._files.remove(entry.path)
        return held

    def _set_aside(
        self,
        received: ReceivedInstance,
        digest: str,
        now: datetime,
        reason: Reason,
        key: SeriesKey = NO_SERIES,
    ) -> None:
        """Keep what is part of no series under a name made of its content, and record why."""
        head = encode_file_head(meta_of(received))
        entry = arrived_entry(received, digest, now, key=key, head=head)
        folder = "conflicts" if reason.code == "conflict" else "unreadable"
        name = f"{safe_name(entry.sop_instance_uid)}.{digest[:16]}.dcm"
        entry = replace(entry, path=f"{folder}/{name}")
        new = not (self._folder / entry.path).exists()
        if new:
            self._files.write_new(entry.path, (head, received.dataset))
        else:
            self._files.settle(entry.path)
        try:
            recorded = self.index.add_set_aside(entry, reason)
        except BaseException:
            if new:
                self._files.remove(entry.path)
            raise
        if recorded:
            log.warning("archive.set_aside", file=entry.path, code=reason.code)


@contextmanager
def _told_as_archive_error() -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise disk_error(cause) from cause
