"""Refuses instances before the disk is full, so that database and results still have room."""

import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from dicom_node.domain.errors import ArchiveError

log = structlog.get_logger(__name__)

_MIB = 1024 * 1024
_LOOK_EVERY_S = 0.05  # as long as it takes to write some MiB


class FreeSpace:
    """The watermark of one folder; nobody needs to reset it.

    Parameters
    ----------
    folder : Path
        On the disk that is watched.
    refuse_below_mib : int
        0 watches nothing.
    free_bytes : callable, optional
        Free bytes of the disk of a folder.
    clock : callable, optional
        Seconds that only grow.
    """

    def __init__(
        self,
        folder: Path,
        *,
        refuse_below_mib: int,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._refuse_below_mib = folder, refuse_below_mib
        self._free_bytes = free_bytes
        self._low = False
        self._clock, self._looked_at = clock, -math.inf

    def is_low(self) -> bool:
        """Whether less is free than is to be kept free; told in the log when it changes."""
        if self._refuse_below_mib == 0:
            return False
        free_mib = self._free_bytes(self._folder) // _MIB
        low = free_mib < self._refuse_below_mib
        if low != self._low:
            self._low = low
            tell = log.error if low else log.info
            event = "storage.low" if low else "storage.healthy_again"
            tell(event, free_mib=free_mib, refuse_below_mib=self._refuse_below_mib)
        return low

    def check(self) -> None:
        """Raise ArchiveError where less is free than is to be kept free, by now or a moment ago."""
        now = self._clock()
        if not self._low and now < self._looked_at + _LOOK_EVERY_S:
            return
        self._looked_at = now
        if self.is_low():
            raise ArchiveError(f"less than {self._refuse_below_mib} MiB are free")
