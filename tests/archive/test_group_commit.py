"""What several threads write at the same time is committed together, and each gets its answer."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from dicom_node.archive.group_commit import GroupCommit
from dicom_node.domain.errors import ArchiveError


class Slow:
    """Commits whose first waits until it is let go."""

    def __init__(self, failing: Callable[[int], Exception | None] = lambda _: None) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.go = threading.Event(), threading.Event()
        self._failing = failing

    def __call__(self, items: Sequence[int]) -> Sequence[int]:
        self.batches.append(list(items))
        self.begun.set()
        assert self.go.wait(30)
        for item in items:
            if (cause := self._failing(item)) is not None:
                raise cause
        return [-item for item in items]


def submitted(commit: Slow, count: int, **options: float) -> list[int | BaseException | None]:
    """One item alone, and the others while it is committed; what each thread got."""
    group = GroupCommit[int, int](commit, **options)
    with ThreadPoolExecutor(count) as threads:
        first = threads.submit(group.submit, 0)
        assert commit.begun.wait(30)
        others = [threads.submit(group.submit, number) for number in range(1, count)]
        while len(group._waiting) < count - 1:
            threading.Event().wait(0.005)
        commit.go.set()
        return [one.exception(30) or one.result() for one in (first, *others)]


@pytest.mark.parametrize("patience", [0.0, 0.5])
def test_those_who_wait_are_committed_together_and_each_gets_its_own_answer(patience):
    commit = Slow()

    assert submitted(commit, 8, patience=patience) == [-number for number in range(8)]

    assert [len(batch) for batch in commit.batches] == [1, 7]


def test_a_batch_has_no_more_items_than_allowed_and_all_get_their_turn():
    commit = Slow()

    assert submitted(commit, 8, at_most=3) == [-number for number in range(8)]

    assert [len(batch) for batch in commit.batches] == [1, 3, 3, 1]


def test_a_failure_is_told_to_its_batch_only():
    commit = Slow(lambda item: ArchiveError("full") if item == 0 else None)

    first, *others = submitted(commit, 4)

    assert isinstance(first, ArchiveError)
    assert others == [-1, -2, -3]


def test_whoever_shares_a_batch_with_an_unexpected_error_is_refused_and_the_next_go_on():
    commit = Slow(lambda item: RuntimeError("unexpected") if item in (1, 2) else None)

    answers = submitted(commit, 6, at_most=2)

    assert answers[0] == 0
    assert sum(isinstance(one, RuntimeError) for one in answers) in (1, 2)
    assert all(isinstance(one, ArchiveError | RuntimeError) or one <= 0 for one in answers)
    assert sum(isinstance(one, int) for one in answers) >= 2


def test_a_lone_caller_waits_for_nobody():
    commit = Slow()
    commit.go.set()
    group = GroupCommit[int, int](commit, patience=0.5)

    assert [group.submit(number) for number in range(3)] == [0, -1, -2]
    assert commit.batches == [[0], [1], [2]]


def test_items_of_one_thread_are_committed_together_and_each_has_its_own_answer():
    commit = Slow(lambda item: ArchiveError("full") if item == 5 else None)
    commit.go.set()
    group = GroupCommit[int, int](commit, at_most=3, patience=0.5)

    answers = group.submit_all(list(range(8)))

    assert commit.batches == [[0, 1, 2], [3, 4, 5], [6, 7]]
    assert [*answers[:3], *answers[6:]] == [0, -1, -2, -6, -7]
    assert [str(one) for one in answers[3:6]] == ["full"] * 3
    assert group.submit_all([]) == []


def test_an_unexpected_error_is_told_after_the_other_items_had_their_turn():
    commit = Slow(lambda item: RuntimeError("unexpected") if item == 1 else None)
    commit.go.set()
    group = GroupCommit[int, int](commit, at_most=2)

    with pytest.raises(RuntimeError, match="unexpected"):
        group.submit_all([0, 1, 2, 3])

    assert commit.batches == [[0, 1], [2, 3]]
    assert group.submit(4) == -4


def test_threads_with_one_and_with_many_items_all_get_their_answers():
    commit = Slow()
    commit.go.set()
    group = GroupCommit[int, int](commit, at_most=3, patience=0.25)

    def send(thread: int) -> list[int]:
        got = list[int]()
        for _ in range(30):
            got += group.submit_all(range(thread)) if thread else [group.submit(0)]
        return got

    with ThreadPoolExecutor(6) as threads:
        done = [threads.submit(send, thread) for thread in range(6)]
        told = [one.result(60) for one in done]

    assert told == [[-item for item in range(thread or 1)] * 30 for thread in range(6)]
