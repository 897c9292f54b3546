"""The local audit trail: append-only files of chained lines, and a record of where they end.

Several processes of an installation write to one trail; a lock on its folder lets one at a time.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import structlog

from dicom_node.audit.durable import (
    locked,
    open_private,
    private_folder,
    sync_folder,
)
from dicom_node.audit.files import encoded_lines, file_name, files_of, first_of, lines_of
from dicom_node.audit.head import Head, read_head, write_head
from dicom_node.audit.line import HEAD_LOST, REMOVED_THROUGH, new_line, read_line

log = structlog.get_logger(__name__)

_LOCK = "writing.lock"


class Trail:
    """Files of lines in a folder that only their owner may read.

    Parameters
    ----------
    file_bytes : int
        Size at which a new file is begun.

    Raises
    ------
    OSError
        From every method, where the disk fails.
    """

    def __init__(self, folder: Path, *, file_bytes: int = 2**26) -> None:
        self.folder, self._file_bytes = folder, file_bytes

    def append(self, messages: Sequence[str], *, note: str = "") -> Head:
        """Write messages durably as the next lines; where it raises, none of them.

        Parameters
        ----------
        note : str
            Of the trail on itself, in each of the lines.
        """
        with self._alone():
            before, lost = self._settled_head()
            after = before
            try:
                for number, message in enumerate(messages):
                    told = HEAD_LOST if lost and number == 0 else note
                    after = self._write(after, message, told)
                self._finish(after)
            except OSError:
                self._take_back(before)
                raise
        return after

    def remove_before(self, before: datetime, *, sent: int | None, message: str) -> int:
        """Remove closed files that were last written before a time; number of them.

        Parameters
        ----------
        sent : int or None
            Number of the last line that the receiver has: files with later ones stay.
        message : str
            What a line tells of it, which is written first: lines are never gone without one.
        """
        files = files_of(self.folder)
        old: list[Path] = []
        for file, following in pairwise(files):
            last = first_of(following) - 1
            if file.stat().st_mtime >= before.timestamp() or (sent is not None and last > sent):
                break
            old.append(file)
        if old:
            last = first_of(files[len(old)]) - 1
            self.append([message], note=f"{REMOVED_THROUGH}{last}")
            for file in old:
                file.unlink(missing_ok=True)  # another process may do the same
            sync_folder(self.folder)
        return len(old)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        private_folder(self.folder)
        with locked(self.folder / _LOCK):
            yield

    def _settled_head(self) -> tuple[Head, bool]:
        """Where the next line goes, and whether the record of it was lost."""
        head = read_head(self.folder)
        if head is None:
            files = files_of(self.folder)
            if not files:
                write_head(self.folder, Head())  # an interrupted first line has not lost it
            return _end_of(files), bool(files)
        return self._adopted(head), False

    def _adopted(self, head: Head) -> Head:
        """The head with lines whose record an interruption prevented; without what is none."""
        for file in files_of(self.folder):
            if first_of(file) <= head.number and file.name != head.file:
                continue
            offset = head.size if file.name == head.file else 0
            if file.stat().st_size < offset:
                # Something was taken away: the gap stays to be seen, in a file that stays as it is.
                return Head(number=head.number, hash=head.hash)
            for encoded in encoded_lines(file, offset):
                line = read_line(encoded) if encoded.endswith(b"\n") else None
                if line is None or not line.is_sound or line.previous != head.hash:
                    log.warning("audit.torn_line_cut", file=file.name, after=head.number)
                    _cut(file, offset)  # it was never told to be written
                    break
                offset += len(encoded)
                head = Head(number=line.number, hash=line.hash, file=file.name, size=offset)
        return head

    def _write(self, head: Head, message: str, note: str) -> Head:
        line = new_line(head.number + 1, head.hash, message, note)
        name = head.file
        if not name or head.size >= self._file_bytes or not (self.folder / name).exists():
            if name:
                self._sync(name)
            name = file_name(line.number)
        flags = os.O_WRONLY | os.O_APPEND
        with open(open_private(self.folder / name, flags), "ab") as file:
            file.write(line.encoded())
            size = file.tell()
        return Head(number=line.number, hash=line.hash, file=name, size=size)

    def _finish(self, head: Head) -> None:
        """Make lines durable, then the record of them."""
        if head.file:
            self._sync(head.file)
        write_head(self.folder, head)

    def _take_back(self, head: Head) -> None:
        """Remove what follows a head, as far as the disk lets us; the rest is settled later."""
        for file in files_of(self.folder):
            if first_of(file) > head.number or file.name == head.file:
                try:
                    _cut(file, head.size if file.name == head.file else 0)
                except OSError as cause:
                    log.warning("audit.not_taken_back", file=file.name, cause=cause.strerror)

    def _sync(self, name: str) -> None:
        with (self.folder / name).open("rb") as file:
            os.fsync(file.fileno())


def _end_of(files: Sequence[Path]) -> Head:
    """Where the files end, when nothing says where they should."""
    for file in reversed(files):
        for line in reversed(list(lines_of(file))):
            if line is not None:
                return Head(number=line.number, hash=line.hash)
    return Head()


def _cut(file: Path, size: int) -> None:
    if size:
        os.truncate(file, size)
    else:
        file.unlink()
