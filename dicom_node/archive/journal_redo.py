"""Files and rows made anew from the records of the journal, as often as need be."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import structlog

from dicom_node.archive.entries import IndexEntry
from dicom_node.archive.files import DurableFolder
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.journal import Journal
from dicom_node.archive.part10 import split_file
from dicom_node.domain.errors import UnreadableInstance

log = structlog.get_logger(__name__)

_BATCH = 200


def redo(journal: Journal, files: DurableFolder, index: InstanceIndex) -> None:
    """Write every file again, whatever lies in its place, and add the rows that are missing.

    A file that looks whole may be so in memory only, so none is trusted. Nothing is synced. Done
    twice, it gives what it gives when done once.

    Raises
    ------
    OSError, ArchiveError
        Where disk or database fails; the journal is as it was.
    """
    last = {found.entry.path: found.sequence for found in journal.records()}
    entries, redone, damaged = list[IndexEntry](), 0, 0
    for found in journal.records():
        entry = found.entry
        if last[entry.path] != found.sequence:
            continue
        if found.content is None:
            damaged += 1
            _drop_unless_whole(files, index, entry)
            continue
        files.replace(entry.path, (found.content,))
        redone += 1
        entries.append(entry)
        if len(entries) == _BATCH:
            _add_rows(index, entries)
            entries = []
    _add_rows(index, entries)
    if redone or damaged:
        log.info("archive.journal_redone", instances=redone, damaged_records=damaged)


def _add_rows(index: InstanceIndex, entries: Sequence[IndexEntry]) -> None:
    if not entries:
        return
    for entry, holder in zip(entries, index.add_all(entries), strict=True):
        same = holder.same_content(entry) and holder.size == entry.size
        # Of another path: the recovery finds a file without a row and lists it as a conflict.
        if holder is not entry and holder.path == entry.path and not same:
            index.replace(entry)


def _drop_unless_whole(files: DurableFolder, index: InstanceIndex, entry: IndexEntry) -> None:
    """A record that is torn was not acknowledged, or it was damaged later: the file must do.

    What lies in the place of the file may be a part of it, which the power cut left.
    """
    if _digest_of(files.root / entry.path) == entry.digest:
        return
    if (files.root / entry.path).exists():
        log.error("archive.journal_record_damaged", path=entry.path)
    files.remove(entry.path)
    index.forget((entry.path,))


def _digest_of(file: Path) -> str | None:
    try:
        return hashlib.sha256(split_file(file.read_bytes())[1]).hexdigest()
    except (FileNotFoundError, UnreadableInstance):
        return None
