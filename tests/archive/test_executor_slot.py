"""Processes of a host have names of their own, which their successors get again."""

import subprocess
import sys

from dicom_node.archive.executor_slot import ExecutorSlot
from dicom_node.archive.folder_lock import FolderLock

HOLDER = """
import pathlib, sys, time
from dicom_node.archive.executor_slot import ExecutorSlot
print(ExecutorSlot(pathlib.Path(sys.argv[1]), host="h 1", role="worker").executor_id, flush=True)
time.sleep(60)
"""


def test_processes_get_names_of_their_own_and_a_killed_one_leaves_its_name(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "h_1-worker-0\n"
        second = ExecutorSlot(tmp_path, host="h 1", role="worker")
        assert (second.number, second.executor_id) == (1, "h_1-worker-1")
        assert ExecutorSlot(tmp_path, host="h 1", role="sender").number == 0
    finally:
        holder.kill()
        holder.wait(10)
    assert ExecutorSlot(tmp_path, host="h 1", role="worker").number == 0


def test_nodes_that_share_a_database_share_a_folder_and_nobody_else_does(tmp_path):
    one, two = FolderLock(tmp_path, shared=True), FolderLock(tmp_path, shared=True)
    one.acquire()
    two.acquire()
    one.release()
    two.release()
