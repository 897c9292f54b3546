"""Small files that are whole after a crash, and locks between processes and threads."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700  # the trail names patients


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """A time in which no other process or thread holds the lock of this file.

    Parameters
    ----------
    wait : bool
        Where False, the block runs at once and is given whether it has the lock.
    """
    # Opened anew each time: a lock belongs to the opened file, and threads must not share it.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
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
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with open(os.open(temporary, flags, PRIVATE_FILE), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def why_not_writable(folder: Path) -> str:
    """Why nothing can be written to a folder; empty where it can, or where it can be made."""
    probe = folder / ".writable"
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
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
