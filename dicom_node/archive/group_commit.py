"""One commit for what several threads want to write at the same time."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from dicom_node.domain.errors import ArchiveError

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class _Ticket(Generic[Item, Answer]):
    """One item, and later its answer or the failure of its batch."""

    __slots__ = ("answer", "failure", "item")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.answer: Answer | None = None
        self.failure: Exception | None = None


class GroupCommit(Generic[Item, Answer]):
    """Collects the items of waiting threads; whoever gets the turn commits them all.

    No thread of its own: a lone caller commits at once, and while one commit is synced to the disk
    the next batch gathers.

    Parameters
    ----------
    commit : callable
        Makes a batch durable, all or nothing, and gives one answer per item in the same order.
    """

    def __init__(self, commit: Callable[[Sequence[Item]], Sequence[Answer]]) -> None:
        self._commit = commit
        self._turn = threading.Lock()
        self._guard = threading.Lock()
        self._waiting: list[_Ticket[Item, Answer]] = []

    def submit(self, item: Item) -> Answer:
        """Answer for an item that is durable now.

        Raises
        ------
        ArchiveError
            Where the batch could not be committed; nothing of it was.
        """
        ticket = _Ticket[Item, Answer](item)
        with self._guard:
            self._waiting.append(ticket)
        with self._turn:
            # A former holder of the turn may have taken this ticket along.
            if ticket.answer is None and ticket.failure is None:
                self._run()
        if ticket.failure is not None:
            raise ArchiveError(str(ticket.failure)) from ticket.failure
        assert ticket.answer is not None
        return ticket.answer

    def _run(self) -> None:
        with self._guard:
            batch, self._waiting = self._waiting, []
        failure: Exception = ArchiveError("the commit was interrupted")
        answers: Sequence[Answer] = ()
        try:
            answers = self._commit([ticket.item for ticket in batch])
        except ArchiveError as cause:
            failure = cause
        finally:
            # Also where something else than an ArchiveError goes up through this thread: the
            # others of the batch must not take their items for durable, nor wait for ever.
            for number, ticket in enumerate(batch):
                if number < len(answers):
                    ticket.answer = answers[number]
                else:
                    ticket.failure = failure
