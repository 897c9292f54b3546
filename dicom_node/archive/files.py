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
    """Give a finished file its name; FileExistsError where the name is taken.

    A rename would silently replace what another process published a moment ago; a hard link does
    not. Where the file system has none (some network shares) a check and a rename must do.
    """
    try:
        os.link(temporary, final)
    except OSError as cause:
        if cause.errno not in _NO_HARD_LINKS:
            raise
        if final.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(final)) from cause
        temporary.rename(final)
    else:
        temporary.unlink()


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
        Moves a synced file to its final name, which must be new.
    """

    sync: Callable[[int], None] = os.fsync
    publish: Callable[[Path, Path], None] = publish_new


class DurableFolder:
    """A folder tree in which every file is complete and synced, or not there.

    Files are written under ``incoming/`` first; what lies there was never acknowledged. Every
    method raises OSError as the operating system tells it, unless it says otherwise; `write_new`
    raises ArchiveError, too, where a sync failed that it shares with other threads.
    """

    def __init__(self, root: Path, disk: Disk) -> None:
        self.root = root
        self._incoming = root / "incoming"
        self._disk = disk
        self._guard = threading.Lock()
        self._durable: set[Path] = set()  # folders whose own entry is known to be on the disk
        self._folder_syncs = GroupCommit(self._sync_folders)
        self._incoming.mkdir(parents=True, exist_ok=True)

    def write_new(self, path: str, content: Sequence[bytes]) -> None:
        """Write a file under a relative path; FileExistsError where there is one."""
        final = self.root / path
        temporary = self._incoming / uuid.uuid4().hex
        try:
            self._write_synced(temporary, content)
            self._publish(temporary, final)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        try:
            self._folder_syncs.submit(final.parent)  # one sync for all who wait for one
        except BaseException:
            self.remove(path)
            raise

    def settle(self, path: str) -> None:
        """Sync the folders of a file that another process published and perhaps did not sync."""
        folder = (self.root / path).parent
        self._ensure_folder(folder)
        self._sync_folder(folder)

    def remove(self, path: str) -> None:
        """Remove a file, and the folders that it leaves empty; what fails is left in place."""
        final = self.root / path
        with suppress(OSError):
            final.unlink(missing_ok=True)
        with self._guard, suppress(OSError):
            for folder in final.parents[: len(Path(path).parts) - 2]:
                folder.rmdir()
                self._durable.discard(folder)

    def clear_incoming(self) -> int:
        """Remove what a killed process was writing; number of files."""
        leftovers = [entry for entry in self._incoming.iterdir() if entry.is_file()]
        for leftover in leftovers:
            leftover.unlink(missing_ok=True)
        return len(leftovers)

    def _write_synced(self, temporary: Path, content: Sequence[bytes]) -> None:
        # Not `open`, which takes longer than the file system.
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            for part in content:
                _write_all(descriptor, part)
            self._disk.sync(descriptor)
        finally:
            os.close(descriptor)

    def _publish(self, temporary: Path, final: Path) -> None:
        self._ensure_folder(final.parent)
        try:
            self._disk.publish(temporary, final)
        except FileNotFoundError:
            # A removal emptied the folder and took it away between the two calls.
            with self._guard:
                self._durable.difference_update((final.parent, *final.parents))
            self._ensure_folder(final.parent)
            self._disk.publish(temporary, final)

    def _ensure_folder(self, folder: Path) -> None:
        """Make a folder and its parents up to the root, each synced into its own parent."""
        if folder in self._durable:
            return
        with self._guard:
            for one in (*reversed(folder.parents), folder):
                if one != self.root and one.is_relative_to(self.root) and one not in self._durable:
                    one.mkdir(exist_ok=True)
                    self._sync_folder(one.parent)
                    self._durable.add(one)

    def _sync_folders(self, folders: Sequence[Path]) -> Sequence[bool]:
        for folder in dict.fromkeys(folders):
            try:
                self._sync_folder(folder)
            except OSError as cause:
                raise disk_error(cause) from cause
        return [True] * len(folders)

    def _sync_folder(self, folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._disk.sync(descriptor)
        finally:
            os.close(descriptor)
