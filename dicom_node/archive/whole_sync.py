"""One call that brings all of a file system to the disk, where the kernel tells what failed."""

import ctypes
import os
import re
import sys
from collections.abc import Callable

# syncfs() is older, but says only since this version of Linux that a write failed (syncfs(2)).
_TELLS_FAILURES = (5, 8)


def sync_file_system(descriptor: int) -> None:
    """Sync the whole file system of an open file or folder.

    A write that failed since the descriptor was opened is told once, also where the kernel tried
    it long before the call: keep the descriptor open as long as failures are to be told.

    Raises
    ------
    OSError
        Where something could not be written, or the system has no such call.
    """
    call = _syncfs()
    if call is None:
        raise OSError("this system has no syncfs() that tells of failures")
    if call(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def can_sync_file_system() -> bool:
    """Whether `sync_file_system` can be used here."""
    return _syncfs() is not None


def _syncfs() -> Callable[[int], int] | None:
    found = re.match(r"(\d+)\.(\d+)", os.uname().release)
    if sys.platform != "linux" or found is None:
        return None
    if (int(found[1]), int(found[2])) < _TELLS_FAILURES:
        return None
    call: Callable[[int], int] | None = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    return call
