"""A name that one process of a host has at a time; it goes with the process, however it ends."""

import fcntl
import os
import re
from pathlib import Path

from dicom_node.domain.errors import ArchiveError

_MOST = 64
_ODD = re.compile(r"[^A-Za-z0-9_.-]")


class ExecutorSlot:
    """The first free number of a role on a host.

    Parameters
    ----------
    folder : Path
        Of the archive, which all executors share; host names must differ.

    Attributes
    ----------
    number : int
        From 0; processes of a host choose their GPU by it.
    executor_id : str
        ``host-role-number``: the same again for the successor of a process that ended.

    Raises
    ------
    ArchiveError
        Where the lock cannot be taken.
    """

    def __init__(self, folder: Path, *, host: str, role: str) -> None:
        place = folder / "executors"
        try:
            place.mkdir(parents=True, exist_ok=True)
            for number in range(_MOST):
                self.number, self.executor_id = number, f"{_ODD.sub('_', host)}-{role}-{number}"
                if self._locked(place / f"{self.executor_id}.lock"):
                    return
        except OSError as cause:
            raise ArchiveError(f"disk: {cause.strerror or type(cause).__name__}") from cause
        raise ArchiveError(f"{_MOST} processes of role {role} run on {host}; no more are possible")

    def _locked(self, file: Path) -> bool:
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            return False
        return True

    def release(self) -> None:
        """Let the next process have the name."""
        os.close(self._descriptor)
