"""Several processes store in a folder at the same time; who removes from it is alone.

An instance that comes again counts as held by its file and its row. Were these removed in that
moment by another process, the sender would be told that the node has what it no longer has.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
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

    @contextmanager
    def storing(self) -> Iterator[None]:
        """A time in which nothing is removed; many may store at once. Raises OSError."""
        with self._locked(fcntl.LOCK_SH):
            yield

    @contextmanager
    def removing(self) -> Iterator[None]:
        """A time in which no other process stores. Raises OSError."""
        with self._locked(fcntl.LOCK_EX):
            yield

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        if self._file is None:
            yield
            return
        # Opened anew each time: a lock belongs to the opened file, and threads must not share it.
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)
