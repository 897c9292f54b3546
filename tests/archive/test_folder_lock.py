"""Two processes never serve one folder."""

import subprocess
import sys

import pytest

from dicom_node.archive.folder_lock import FolderLock
from dicom_node.domain.errors import ArchiveError

HOLDER = """
import pathlib, sys, time
from dicom_node.archive.folder_lock import FolderLock
FolderLock_ = FolderLock(pathlib.Path(sys.argv[1]))
FolderLock_.acquire()
print("held", flush=True)
time.sleep(60)
"""


def test_a_second_process_is_refused_and_takes_over_when_the_first_is_killed(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ArchiveError, match="in use by another process"):
            FolderLock(tmp_path).acquire()
    finally:
        holder.kill()
        holder.wait(10)
    lock = FolderLock(tmp_path)
    lock.acquire()
    lock.release()
    lock.release()
