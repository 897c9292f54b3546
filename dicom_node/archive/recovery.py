"""After a crash: files that no row tells of, rows whose file is gone, and half-written files."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import structlog

from dicom_node.archive.dicom_header import read_identity
from dicom_node.archive.entries import NO_SERIES, IndexEntry, Recovery
from dicom_node.archive.files import DurableFolder
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.part10 import FileMeta, split_file
from dicom_node.domain.errors import UnreadableInstance
from dicom_node.domain.series import Reason, SeriesKey

log = structlog.get_logger(__name__)

_BATCH = 500
_UNKNOWN_META = FileMeta(
    sop_class_uid="", sop_instance_uid="", transfer_syntax_uid="", calling_ae="", called_ae=""
)


def read_entry(folder: Path, path: str) -> IndexEntry:
    """Index entry of a file, from the file alone; it arrived when it was written.

    Raises
    ------
    UnreadableInstance
        Where it is no instance that can be identified.
    """
    content = (folder / path).read_bytes()
    meta, dataset = split_file(content)
    identity = read_identity(dataset, meta.transfer_syntax_uid)
    return replace(_entry(folder, path, content), key=identity.key)


class Recoverer:
    """One recovery of one folder; others may store meanwhile, but not while something is changed.

    Parameters
    ----------
    alone : callable
        Gives a time in which nobody stores, as a context.
    """

    def __init__(
        self,
        files: DurableFolder,
        index: InstanceIndex,
        *,
        alone: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._files, self._index, self._alone = files, index, alone
        self._root = files.root

    def recover(self) -> Recovery:
        """Make index and files agree; see `InstanceStore.recover`."""
        with self._alone():
            leftovers = self._files.clear_incoming()
        indexed = set_aside = 0
        for orphans in self._without_row("instances/*/*/*.dcm"):
            with self._alone():
                new, odd = self._adopt(self._unknown(orphans))
            indexed, set_aside = indexed + new, set_aside + odd
        for folder in ("conflicts", "unreadable"):
            for orphans in self._without_row(f"{folder}/*.dcm"):
                with self._alone():
                    set_aside += sum(self._list_set_aside(path) for path in self._unknown(orphans))
        gone = self._without_file(self._index.all_paths())
        if gone:
            with self._alone():
                gone = self._without_file(gone)
                self._index.forget(gone)
        done = Recovery(
            leftovers_removed=leftovers,
            indexed=indexed,
            set_aside=set_aside,
            rows_removed=len(gone),
        )
        log.info("archive.recovered", **{name: getattr(done, name) for name in done.__slots__})
        return done

    def _without_row(self, pattern: str) -> Iterator[tuple[str, ...]]:
        """Relative paths of files that no row tells of, some hundreds at a time."""
        batch: list[str] = []
        for file in self._root.glob(pattern):
            batch.append(file.relative_to(self._root).as_posix())
            if len(batch) == _BATCH:
                if unknown := self._unknown(batch):
                    yield unknown
                batch = []
        if unknown := self._unknown(batch):
            yield unknown

    def _without_file(self, paths: Iterable[str]) -> list[str]:
        return [path for path in paths if not (self._root / path).exists()]

    def _unknown(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Those without a row; a file that was removed meanwhile is not looked for."""
        known = self._index.known_paths(paths)
        return tuple(path for path in paths if path not in known and (self._root / path).exists())

    def _adopt(self, paths: Sequence[str]) -> tuple[int, int]:
        """Index files; numbers of those that became instances, and of those set aside."""
        entries, odd, folders = list[IndexEntry](), 0, dict[Path, str]()
        for path in paths:
            try:
                entries.append(read_entry(self._root, path))
                folders.setdefault(Path(path).parent, path)
            except UnreadableInstance:
                odd += self._move_aside(path, "unreadable")
        for path in folders.values():
            self._files.settle(path)
        held = self._index.add_all(entries)
        for entry, holder in zip(entries, held, strict=True):
            if holder is not entry:
                odd += self._move_aside(entry.path, "conflicts")
        return sum(one is other for one, other in zip(entries, held, strict=True)), odd

    def _move_aside(self, path: str, folder: str) -> bool:
        content = (self._root / path).read_bytes()
        target = f"{folder}/{Path(path).stem}.{hashlib.sha256(content).hexdigest()[:16]}.dcm"
        if not (self._root / target).exists():
            self._files.write_new(target, (content,))
        self._files.remove(path)
        return self._list_set_aside(target)

    def _list_set_aside(self, path: str) -> bool:
        content = (self._root / path).read_bytes()
        entry = _entry(self._root, path, content)
        key, reason = _what_is_wrong(content, conflict=path.startswith("conflicts/"))
        return self._index.add_set_aside(replace(entry, key=key), reason)


def _what_is_wrong(content: bytes, *, conflict: bool) -> tuple[SeriesKey, Reason]:
    """Series and reason of a file that was set aside, as far as the file alone tells."""
    try:
        meta, dataset = split_file(content)
        key = read_identity(dataset, meta.transfer_syntax_uid).key
    except UnreadableInstance as cause:
        return NO_SERIES, Reason(code="unreadable", message=str(cause))
    if conflict:
        message = "SOP Instance UID is held with other content (found again at a recovery)"
        return key, Reason(code="conflict", message=message)
    message = "the UIDs of the command and of the data set differ (found again at a recovery)"
    return NO_SERIES, Reason(code="unreadable", message=message)


def _entry(folder: Path, path: str, content: bytes) -> IndexEntry:
    try:
        meta, dataset = split_file(content)
    except UnreadableInstance:
        meta, dataset = _UNKNOWN_META, content
    return IndexEntry(
        key=NO_SERIES,
        sop_class_uid=meta.sop_class_uid,
        sop_instance_uid=meta.sop_instance_uid,
        transfer_syntax_uid=meta.transfer_syntax_uid,
        path=path,
        size=len(content),
        digest=hashlib.sha256(dataset).hexdigest(),
        received_at=datetime.fromtimestamp((folder / path).stat().st_mtime, UTC),
        calling_ae=meta.calling_ae,
        called_ae=meta.called_ae,
    )
