"""Small files that are whole after a crash, and locks between processes and threads."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700  # the trail names patients


def private_folder(folder: Path) -> None:
    """Make a folder that only its owner may use: who owns the one that it is in."""
    if not folder.is_dir():
        folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        _give_to_owner_of(folder.parent, folder)


def open_private(path: Path, flags: int) -> int:
    """Descriptor of a file that only its owner may use: who owns its folder.

    A command that root runs must not take the trail away from the node.
    """
    descriptor = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, _PRIVATE_FILE)
    _give_to_owner_of(path.parent, descriptor)
    return descriptor


def _give_to_owner_of(folder: Path, made: Path | int) -> None:
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(made, owner.st_uid, owner.st_gid)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """A time in which no other process or thread holds the lock of this file.

    Parameters
    ----------
    wait : bool
        Where False, the block runs at once and is given whether it has the lock.
    """
    # Opened anew each time: a lock belongs to the opened file, and threads must not share it.
    descriptor = open_private(path, os.O_RDWR)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def write_durably(path: Path, content: bytes) -> None:
    """Put a file in the place of another, so that after a crash there is the one or the other."""
    temporary = path.with_suffix(".new")
    with open(open_private(temporary, os.O_WRONLY | os.O_TRUNC), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def why_not_writable(folder: Path) -> str:
    """Why nothing can be written to a folder; empty where it can, or where it can be made."""
    probe = folder / ".writable"
    try:
        private_folder(folder)
        write_durably(probe, b"1")
        probe.unlink()
    except OSError as cause:
        return cause.strerror or type(cause).__name__
    return ""


def sync_folder(folder: Path) -> None:
    """Make what was added to a folder, or taken from it, durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
