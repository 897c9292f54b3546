"""The store of received instances: a durable file, then its row, and only then an answer."""

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog

from dicom_node.archive.dicom_header import Identity, clean_text, read_identity
from dicom_node.archive.entries import NO_SERIES, IndexEntry, Recovery
from dicom_node.archive.files import Disk, DurableFolder, disk_error, safe_name
from dicom_node.archive.header_layout import HeaderLayouts
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.journal import SEGMENT_BYTES
from dicom_node.archive.journaled import JOURNAL_FOLDER, JournaledInstances
from dicom_node.archive.part10 import FileMeta, encode_file_head
from dicom_node.archive.recovery import Recoverer, read_entry
from dicom_node.archive.removal_gate import RemovalGate
from dicom_node.archive.whole_sync import can_sync_file_system
from dicom_node.domain.errors import UnreadableInstance
from dicom_node.domain.peer import ReceivedInstance, StoreOutcome
from dicom_node.domain.series import Reason, SeriesKey

log = structlog.get_logger(__name__)

_LOCKS = 1024  # more than threads, so that two instances rarely wait for each other


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
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))
        self._layouts = HeaderLayouts()
        with _told_as_archive_error():
            self._disk = disk or Disk()
            self._files = DurableFolder(folder, self._disk)
        self._journaled: JournaledInstances | None = None

    def open_journal(self, *, segment_bytes: int = SEGMENT_BYTES) -> bool:
        """From now on an instance costs one sync in the place of three, until `close`.

        For the one process that serves the folder. What an earlier one left in the journal is
        brought where it belongs first.

        Returns
        -------
        bool
            False where it cannot be: the folder is shared, or the system lacks the call for it.
        """
        if self._shared or not self.index.database.is_sqlite or not can_sync_file_system():
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
            with self._gate.storing(), self._alone_with(received.sop_instance_uid):
                return self._judge(received, digest, now)
        except OSError as cause:
            raise disk_error(cause) from cause

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
            for lock in self._locks:
                stack.enter_context(lock)
            if self._journaled is not None:
                with _told_as_archive_error():
                    self._journaled.empty()
            yield

    def remove_files(self, paths: Sequence[str]) -> None:
        """Remove files, by their relative paths, whose rows were removed before."""
        for path in paths:
            self._files.remove(path)

    def _alone_with(self, sop_instance_uid: str) -> threading.Lock:
        return self._locks[hash(clean_text(sop_instance_uid)) % _LOCKS]

    def _judge(self, received: ReceivedInstance, digest: str, now: datetime) -> StoreOutcome:
        try:
            identity = _checked_identity(received, self._layouts)
        except UnreadableInstance as cause:
            reason = Reason(code="unreadable", message=str(cause))
            self._set_aside(received, digest, now, reason)
            return StoreOutcome.UNREADABLE
        return self._keep(received, identity, digest, now)

    def _keep(
        self, received: ReceivedInstance, identity: Identity, digest: str, now: datetime
    ) -> StoreOutcome:
        head = encode_file_head(_meta_of(received))
        entry = _entry_of(received, digest, now, key=identity.key, head=head)
        held = self._held(entry) or self._write(entry, (head, received.dataset))
        if held is entry:
            return StoreOutcome.STORED
        if held.same_content(entry):
            return StoreOutcome.DUPLICATE
        self._set_aside(received, digest, now, _conflict(held, entry), identity.key)
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
        head = encode_file_head(_meta_of(received))
        entry = _entry_of(received, digest, now, key=key, head=head)
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


def _checked_identity(received: ReceivedInstance, layouts: HeaderLayouts) -> Identity:
    """Identity of the data set, which must be what the command announced (PS3.4 B.2.3)."""
    identity = read_identity(received.dataset, received.transfer_syntax_uid, layouts)
    for name, said, found in (
        ("SOP Class UID", received.sop_class_uid, identity.sop_class_uid),
        ("SOP Instance UID", received.sop_instance_uid, identity.sop_instance_uid),
    ):
        if clean_text(said) != found:
            raise UnreadableInstance(
                f"{name} of the command is {said[:80]!r}, of the data set {found[:80]!r}"
            )
    return identity


def _meta_of(received: ReceivedInstance) -> FileMeta:
    return FileMeta(
        sop_class_uid=received.sop_class_uid,
        sop_instance_uid=received.sop_instance_uid,
        transfer_syntax_uid=received.transfer_syntax_uid,
        calling_ae=received.calling_ae,
        called_ae=received.called_ae,
    )


def _entry_of(
    received: ReceivedInstance, digest: str, now: datetime, *, key: SeriesKey, head: bytes
) -> IndexEntry:
    sop_instance_uid = clean_text(received.sop_instance_uid)
    study, series = safe_name(key.study_instance_uid), safe_name(key.series_instance_uid)
    return IndexEntry(
        key=key,
        sop_class_uid=clean_text(received.sop_class_uid),
        sop_instance_uid=sop_instance_uid,
        transfer_syntax_uid=clean_text(received.transfer_syntax_uid),
        path=f"instances/{study}/{series}/{safe_name(sop_instance_uid)}.dcm",
        size=len(head) + len(received.dataset),
        digest=digest,
        received_at=now,
        calling_ae=clean_text(received.calling_ae),
        called_ae=clean_text(received.called_ae),
        peer_address=received.peer_address,
        association_id=received.association_id,
    )


def _conflict(held: IndexEntry, entry: IndexEntry) -> Reason:
    if held.key != entry.key:
        what = f"is held in series {held.key.series_instance_uid} of another study or series"
    elif held.digest == entry.digest:
        what = f"is held in transfer syntax {held.transfer_syntax_uid}"
    else:
        what = "is held with other content"
    return Reason(code="conflict", message=f"SOP Instance UID {entry.sop_instance_uid} {what}")


@contextmanager
def _told_as_archive_error() -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise disk_error(cause) from cause
