"""Which test files run first where several run at a time: else long ones are left at the end, and
all but one of the workers wait for them."""

from collections import Counter
from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadFileScheduling

# What starts nodes, browsers and other peers, or runs networks; the longest first.
LONG = (
    *("tests/viewer", "tests/end_to_end", "tests/soak", "tests/contract"),
    *("tests/algorithms", "tests/test_worker.py", "tests/cli", "tests/test_control.py"),
)
# One PACS, one node and one browser serve all files of such a folder.
TOGETHER = ("tests/viewer",)


def file_of(nodeid: str) -> str:
    """Path of a test's file, relative to the root."""
    return nodeid.split("::", 1)[0]


def longest_first(items: list[pytest.Item]) -> None:
    """Bring tests into the order in which their files are to run; within a file nothing moves."""
    tests = Counter(file_of(item.nodeid) for item in items)

    def _place(item: pytest.Item) -> tuple[int, int, str]:
        file = file_of(item.nodeid)
        rank = next((n for n, start in enumerate(LONG) if _lies_in(file, start)), len(LONG))
        return rank, -tests[file], file

    items.sort(key=_place)


class LongestFirst(LoadFileScheduling):
    """Hands out files, and folders that stay together, in the order of the tests."""

    def __init__(self, config: pytest.Config, log: object = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # by number of tests, which would undo it

    def _split_scope(self, nodeid: str) -> str:
        file = file_of(nodeid)
        return next((folder for folder in TOGETHER if _lies_in(file, folder)), file)


def _lies_in(file: str, folder: str) -> bool:
    return PurePosixPath(file).is_relative_to(folder)
