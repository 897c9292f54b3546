"""Several processes store in a folder at the same time; who removes from it is alone.

An instance that comes again counts as held by its file and its row. Were these removed in that
moment by another process, the sender would be told that the node has what it no longer has.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path


class RemovalGate:
    """A lock on a folder for the processes, and hosts, that share it.

    Parameters
    ----------
    shared : bool
        Whether there are others; a process alone needs no lock between processes.
    """

    def __init__(self, folder: Path, *, shared: bool) -> None:
        self._file = folder / "removal.lock" if shared else None

    def storing(self) -> AbstractContextManager[None]:
        """A time in which nothing is removed; many may store at once. Raises OSError."""
        return nullcontext() if self._file is None else _locked(self._file, fcntl.LOCK_SH)

    def removing(self) -> AbstractContextManager[None]:
        """A time in which no other process stores. Raises OSError."""
        return nullcontext() if self._file is None else _locked(self._file, fcntl.LOCK_EX)


@contextmanager
def _locked(file: Path, kind: int) -> Iterator[None]:
    # Opened anew each time: a lock belongs to the opened file, and threads must not share it.
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, kind)
        yield
    finally:
        os.close(descriptor)
