"""Files that survive a power cut: written aside, synced, and published under a name at once."""

import errno
import hashlib
import os
import re
import threading
import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from dicom_node.archive.group_commit import GroupCommit
from dicom_node.archive.whole_sync import sync_file_system
from dicom_node.domain.errors import ArchiveError

# A digit first: "." and ".." are made of the characters of a UID, too.
_UID = re.compile(r"[0-9][0-9.]{0,63}", re.ASCII)
_NO_HARD_LINKS = frozenset(
    {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK}
)


def safe_name(uid: str) -> str:
    """A file name for a UID: itself where it is one (PS3.5 9.1), else a hash of it."""
    if _UID.fullmatch(uid):
        return uid
    return f"uid-{hashlib.sha256(uid.encode('utf-8', 'surrogatepass')).hexdigest()[:40]}"


def disk_error(cause: OSError) -> ArchiveError:
    """What is told of a disk that fails: a path may be a hashed or odd UID, the words suffice."""
    return ArchiveError(f"disk: {cause.strerror or type(cause).__name__}")


def publish_new(temporary: str | Path, final: str | Path) -> None:
    """Give a finished file its name in the place of its former one; FileExistsError if taken.

    A rename would silently replace what another process published a moment ago; a hard link does
    not. Where the file system has none (some network shares) a check and a rename must do.
    """
    try:
        os.link(temporary, final)
    except OSError as cause:
        if cause.errno not in _NO_HARD_LINKS:
            raise
        if os.path.exists(final):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(final)) from cause
        os.rename(temporary, final)
    else:
        os.unlink(temporary)


def create_new(path: str) -> int:
    """Descriptor of a new file; FileExistsError where there is one."""
    # Not `open`, which takes longer than the file system.
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)


def write_rest(
    pieces: Sequence[bytes], written: int, write: Callable[[memoryview, int], int]
) -> None:
    """Go on where a system call wrote a part of several pieces.

    Parameters
    ----------
    write : callable
        Writes bytes that stand at an offset of the whole; gives how many it wrote.
    """
    total = sum(map(len, pieces))
    if written == total:
        return
    with memoryview(b"".join(pieces)) as whole:
        while written < total:
            written += write(whole[written:], written)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The calls on which durability stands; a test hands in some that fail.

    Parameters
    ----------
    sync : callable
        Brings an open file or folder (its descriptor) to the disk.
    publish : callable
        Moves a finished file to its final name, which must be new.
    create : callable
        Opens a new file, whose name must be new.
    sync_data : callable
        Brings the bytes of an open file, and its size where that changed, to the disk.
    sync_all : callable
        Brings all of the file system of an open folder to the disk.
    """

    sync: Callable[[int], None] = os.fsync
    publish: Callable[[str, str], None] = publish_new
    create: Callable[[str], int] = create_new
    sync_data: Callable[[int], None] = os.fdatasync
    sync_all: Callable[[int], None] = sync_file_system


def sync_folder(folder: str | Path, disk: Disk) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        disk.sync(descriptor)
    finally:
        os.close(descriptor)


class DurableFolder:
    """A folder tree in which every file is complete and synced, or not there, or in a journal.

    Files are written under ``incoming/`` first; what lies there was never acknowledged. Only what
    a journal can make whole again is written where it belongs at once (`write_in_place`). Every
    method raises OSError as the operating system tells it, unless it says otherwise; `write_new`
    raises ArchiveError, too, where a sync failed that it shares with other threads;
    `write_in_place` and `replace` do not sync.

    Paths are text inside: a `Path` for each step of each instance costs as much as its files.
    """

    def __init__(self, root: Path, disk: Disk) -> None:
        self.root = root
        self.incoming = root / "incoming"
        self._disk = disk
        self._guard = threading.Lock()
        self._made: set[str] = set()  # folders that are there
        self._durable: set[str] = set()  # those whose own entry is known to be on the disk
        # Not used before, also not by a process that was killed; a UUID each would cost more.
        self._aside = f"{self.incoming}/{uuid.uuid4().hex}-"
        self._numbers = count(1)
        self._folder_syncs = GroupCommit(self._sync_folders)
        self.incoming.mkdir(parents=True, exist_ok=True)

    def write_new(self, path: str, content: Sequence[bytes]) -> None:
        """Write a file under a relative path; FileExistsError where there is one."""
        temporary, final = self._write_aside(content, synced=True), f"{self.root}/{path}"
        try:
            self._in_folder(final, lambda: self._disk.publish(temporary, final), synced=True)
        except BaseException:
            _discard(temporary)
            raise
        try:
            self._folder_syncs.submit(os.path.dirname(final))  # one sync for all who wait for one
        except BaseException:
            self.remove(path)
            raise

    def write_in_place(self, path: str, content: Sequence[bytes]) -> None:
        """Write a file under its name at once, not synced; FileExistsError where there is one.

        A crash leaves a part of it there. It saves two changes of a folder, which wait for the
        syncs of others.
        """
        final = f"{self.root}/{path}"
        self._in_folder(final, lambda: self._write(final, content, synced=False), synced=False)

    def replace(self, path: str, content: Sequence[bytes]) -> None:
        """Write a file, not synced, in the place of one that may be there, and never a part."""
        temporary, final = self._write_aside(content, synced=False), f"{self.root}/{path}"
        self._ensure_folder(os.path.dirname(final), synced=False)
        os.replace(temporary, final)

    def settle(self, path: str) -> None:
        """Sync a file and its folders that were published and perhaps not synced."""
        final = self.root / path
        descriptor = os.open(final, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._disk.sync(descriptor)
        finally:
            os.close(descriptor)
        self._ensure_folder(str(final.parent), synced=True)
        sync_folder(final.parent, self._disk)

    def remove(self, path: str) -> None:
        """Remove a file, and the folders that it leaves empty; what fails is left in place."""
        final = self.root / path
        with suppress(OSError):
            final.unlink(missing_ok=True)
        with self._guard, suppress(OSError):
            for folder in final.parents[: len(Path(path).parts) - 2]:
                folder.rmdir()
                self._forget((str(folder),))

    def clear_incoming(self) -> int:
        """Remove what a killed process was writing; number of files."""
        leftovers = [entry for entry in self.incoming.iterdir() if entry.is_file()]
        for leftover in leftovers:
            leftover.unlink(missing_ok=True)
        return len(leftovers)

    def _write_aside(self, content: Sequence[bytes], *, synced: bool) -> str:
        temporary = f"{self._aside}{next(self._numbers)}"
        self._write(temporary, content, synced=synced)
        return temporary

    def _write(self, path: str, content: Sequence[bytes], *, synced: bool) -> None:
        descriptor = self._disk.create(path)
        try:
            written = os.writev(descriptor, content)
            write_rest(content, written, lambda rest, _: os.write(descriptor, rest))
            if synced:
                self._disk.sync(descriptor)
        except BaseException:
            _discard(path)
            raise
        finally:
            os.close(descriptor)

    def _in_folder(self, final: str, make: Callable[[], None], *, synced: bool) -> None:
        """Make a file in its folder, which is made first where it is not there."""
        folder = os.path.dirname(final)
        self._ensure_folder(folder, synced=synced)
        try:
            make()
        except FileNotFoundError:
            # A removal emptied the folder and took it away between the two calls.
            with self._guard:
                self._forget(str(one) for one in Path(final).parents)
            self._ensure_folder(folder, synced=synced)
            make()

    def _ensure_folder(self, folder: str, *, synced: bool) -> None:
        """Make a folder and its parents up to the root, each synced into its own parent."""
        known = self._durable if synced else self._made
        if folder in known:
            return
        with self._guard:
            for one in (*reversed(Path(folder).parents), Path(folder)):
                if one == self.root or not one.is_relative_to(self.root) or str(one) in known:
                    continue
                one.mkdir(exist_ok=True)
                if synced:
                    sync_folder(one.parent, self._disk)
                    self._durable.add(str(one))
                self._made.add(str(one))

    def _forget(self, folders: Iterable[str]) -> None:
        gone = set(folders)
        self._made -= gone
        self._durable -= gone

    def _sync_folders(self, folders: Sequence[str]) -> Sequence[bool]:
        for folder in dict.fromkeys(folders):
            try:
                sync_folder(folder, self._disk)
            except OSError as cause:
                raise disk_error(cause) from cause
        return [True] * len(folders)


def _discard(path: str) -> None:
    """Remove a file that nobody was told of; what fails is left for the next recovery."""
    with suppress(OSError):
        os.unlink(path)
