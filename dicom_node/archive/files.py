"""Files that survive a power cut: written aside, synced, and published under a name at once."""

import errno
import hashlib
import os
import re
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
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


def publish_new(temporary: Path, final: Path) -> None:
    """Give a finished file its name in the place of its former one; see `name_new`."""
    if name_new(temporary, final):
        temporary.unlink()


def name_new(temporary: Path, final: Path) -> bool:
    """Give a finished file its name; FileExistsError where the name is taken.

    A rename would silently replace what another process published a moment ago; a hard link does
    not. Where the file system has none (some network shares) a check and a rename must do.

    Returns
    -------
    bool
        Whether it has its former name, too.
    """
    try:
        os.link(temporary, final)
    except OSError as cause:
        if cause.errno not in _NO_HARD_LINKS:
            raise
        if final.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(final)) from cause
        temporary.rename(final)
        return False
    return True


def _write_all(descriptor: int, content: bytes) -> None:
    written = os.write(descriptor, content)
    while written < len(content):
        with memoryview(content)[written:] as rest:
            written += os.write(descriptor, rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The calls on which durability stands; a test hands in some that fail.

    Parameters
    ----------
    sync : callable
        Brings an open file or folder (its descriptor) to the disk.
    publish : callable
        Moves a finished file to its final name, which must be new.
    name : callable
        The same, but may leave it under its former name, too.
    sync_data : callable
        Brings the bytes of an open file, and its size where that changed, to the disk.
    sync_all : callable
        Brings all of the file system of an open folder to the disk.
    """

    sync: Callable[[int], None] = os.fsync
    publish: Callable[[Path, Path], None] = publish_new
    name: Callable[[Path, Path], object] = name_new
    sync_data: Callable[[int], None] = os.fdatasync
    sync_all: Callable[[int], None] = sync_file_system


def sync_folder(folder: Path, disk: Disk) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        disk.sync(descriptor)
    finally:
        os.close(descriptor)


class DurableFolder:
    """A folder tree in which every file is complete and synced, or not there.

    Files are written under ``incoming/`` first; what lies there was never acknowledged. Every
    method raises OSError as the operating system tells it, unless it says otherwise; `write_new`
    raises ArchiveError, too, where a sync failed that it shares with other threads. What a journal
    answers for is written in two steps, `write_aside` and `publish`, and not synced.
    """

    def __init__(self, root: Path, disk: Disk) -> None:
        self.root = root
        self.incoming = root / "incoming"
        self._disk = disk
        self._guard = threading.Lock()
        self._made: set[Path] = set()  # folders that are there
        self._durable: set[Path] = set()  # those whose own entry is known to be on the disk
        self._folder_syncs = GroupCommit(self._sync_folders)
        self.incoming.mkdir(parents=True, exist_ok=True)

    def write_new(self, path: str, content: Sequence[bytes]) -> None:
        """Write a file under a relative path; FileExistsError where there is one."""
        final = self.root / path
        temporary = self._write(content, synced=True)
        try:
            self._publish(temporary, final, self._disk.publish, synced=True)
        except BaseException:
            self.discard(temporary)
            raise
        try:
            self._folder_syncs.submit(final.parent)  # one sync for all who wait for one
        except BaseException:
            self.remove(path)
            raise

    def write_aside(self, content: Sequence[bytes]) -> Path:
        """Write a file that nobody sees yet and that a power cut takes away."""
        return self._write(content, synced=False)

    def publish(self, temporary: Path, path: str) -> None:
        """Give such a file its name, not synced; FileExistsError where there is one.

        It may be there under its former name, too: it is still to be discarded.
        """
        self._publish(temporary, self.root / path, self._disk.name, synced=False)

    def replace(self, temporary: Path, path: str) -> None:
        """Give such a file its name, not synced, in the place of one that may be there."""
        final = self.root / path
        self._ensure_folder(final.parent, synced=False)
        temporary.replace(final)

    def discard(self, temporary: Path) -> None:
        """Remove such a file; what fails is left for the next recovery."""
        with suppress(OSError):
            temporary.unlink()

    def settle(self, path: str) -> None:
        """Sync a file and its folders that were published and perhaps not synced."""
        final = self.root / path
        descriptor = os.open(final, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._disk.sync(descriptor)
        finally:
            os.close(descriptor)
        self._ensure_folder(final.parent, synced=True)
        sync_folder(final.parent, self._disk)

    def remove(self, path: str) -> None:
        """Remove a file, and the folders that it leaves empty; what fails is left in place."""
        final = self.root / path
        with suppress(OSError):
            final.unlink(missing_ok=True)
        with self._guard, suppress(OSError):
            for folder in final.parents[: len(Path(path).parts) - 2]:
                folder.rmdir()
                self._forget((folder,))

    def clear_incoming(self) -> int:
        """Remove what a killed process was writing; number of files."""
        leftovers = [entry for entry in self.incoming.iterdir() if entry.is_file()]
        for leftover in leftovers:
            leftover.unlink(missing_ok=True)
        return len(leftovers)

    def _write(self, content: Sequence[bytes], *, synced: bool) -> Path:
        temporary = self.incoming / uuid.uuid4().hex
        # Not `open`, which takes longer than the file system.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            for part in content:
                _write_all(descriptor, part)
            if synced:
                self._disk.sync(descriptor)
        except BaseException:
            self.discard(temporary)
            raise
        finally:
            os.close(descriptor)
        return temporary

    def _publish(
        self,
        temporary: Path,
        final: Path,
        publish: Callable[[Path, Path], object],
        *,
        synced: bool,
    ) -> None:
        self._ensure_folder(final.parent, synced=synced)
        try:
            publish(temporary, final)
        except FileNotFoundError:
            # A removal emptied the folder and took it away between the two calls.
            with self._guard:
                self._forget((final.parent, *final.parents))
            self._ensure_folder(final.parent, synced=synced)
            publish(temporary, final)

    def _ensure_folder(self, folder: Path, *, synced: bool) -> None:
        """Make a folder and its parents up to the root, each synced into its own parent."""
        known = self._durable if synced else self._made
        if folder in known:
            return
        with self._guard:
            for one in (*reversed(folder.parents), folder):
                if one != self.root and one.is_relative_to(self.root) and one not in known:
                    one.mkdir(exist_ok=True)
                    if synced:
                        sync_folder(one.parent, self._disk)
                        self._durable.add(one)
                    self._made.add(one)

    def _forget(self, folders: Sequence[Path]) -> None:
        self._made.difference_update(folders)
        self._durable.difference_update(folders)

    def _sync_folders(self, folders: Sequence[Path]) -> Sequence[bool]:
        for folder in dict.fromkeys(folders):
            try:
                sync_folder(folder, self._disk)
            except OSError as cause:
                raise disk_error(cause) from cause
        return [True] * len(folders)
