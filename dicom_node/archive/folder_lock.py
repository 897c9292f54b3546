"""Who may serve a storage folder; the lock goes with the process, however it ends."""

import fcntl
import os
from pathlib import Path

from dicom_node.domain.errors import ArchiveError


class FolderLock:
    """A lock on a folder, for processes that recover or serve it.

    Commands that only read or steer jobs take none: the database is made for several processes.

    Parameters
    ----------
    shared : bool
        Whether others that share it, too, may have it at the same time: nodes that know of each
        other by their database.
    """

    def __init__(self, folder: Path, *, shared: bool = False) -> None:
        self._file = folder / "in-use.lock"
        self._kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock; ArchiveError at once where another process has it."""
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, self._kind | fcntl.LOCK_NB)
        except OSError as cause:
            os.close(descriptor)
            where = self._file.parent
            raise ArchiveError(f"{where} is in use by another process; stop it first") from cause
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; nothing where it was not taken."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
