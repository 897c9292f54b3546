"""One commit for what several threads want to write at the same time."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from dicom_node.domain.errors import ArchiveError

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_LONGEST_PATIENCE_S = 0.005


class _Ticket(Generic[Item, Answer]):
    """One item, and later its answer, the failure of its batch, or the turn to commit."""

    __slots__ = ("answer", "failure", "item", "woken")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.answer: Answer | None = None
        self.failure: Exception | None = None
        self.woken = threading.Lock()  # released by whoever wakes it; an Event takes much longer
        self.woken.acquire()

    def outcome(self) -> Answer | ArchiveError:
        """What it got; only when it has got something."""
        if self.failure is not None:
            failure = ArchiveError(str(self.failure))
            failure.__cause__ = self.failure
            return failure
        assert self.answer is not None
        return self.answer

    def told(self) -> Answer:
        """Its answer; raises its failure."""
        outcome = self.outcome()
        if isinstance(outcome, ArchiveError):
            raise outcome
        return outcome


class GroupCommit(Generic[Item, Answer]):
    """Collects the items of waiting threads; whoever gets the turn commits them all.

    No thread of its own: a lone caller commits at once, and while one commit is synced to the disk
    the next batch gathers. Who has an answer is woken at once and waits for no other commit.

    Parameters
    ----------
    commit : callable
        Makes a batch durable, all or nothing, and gives one answer per item in the same order.
    at_most : int or None
        Items of a batch.
    patience : float
        How long a batch waits for those who had an item in or after the last one, as a part of the
        time that one took. Without it the first to come back commits alone while all others wait.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[Item]], Sequence[Answer]],
        *,
        at_most: int | None = None,
        patience: float = 0.0,
    ) -> None:
        self._commit, self._at_most, self._patience = commit, at_most, patience
        self._guard = threading.Lock()
        self._is_committing = False
        self._waiting: list[_Ticket[Item, Answer]] = []  # the first one has the next turn
        self._gathering: _Ticket[Item, Answer] | None = None  # waits until so many are there:
        self._expected, self._last_s = 1, 0.0

    def submit(self, item: Item) -> Answer:
        """Answer for an item that is durable now.

        Raises
        ------
        ArchiveError
            Where the batch could not be committed; nothing of it was.
        """
        (ticket,) = tickets = (_Ticket[Item, Answer](item),)
        if self._begins(tickets) or self._has_turn(ticket):
            self._gather(ticket)
            self._run()
        return ticket.told()

    def submit_all(self, items: Sequence[Item]) -> Sequence[Answer | ArchiveError]:
        """Answers for items of one thread, or the failures of their batches; waits for no others.

        It has gathered them itself.
        """
        tickets = [_Ticket[Item, Answer](item) for item in items]
        begins = bool(tickets) and self._begins(tickets)
        unexpected: Exception | None = None
        for ticket in tickets:
            try:
                if begins or self._has_turn(ticket):
                    self._run()
            except Exception as cause:  # raised below: the next ticket may have got the turn
                unexpected = cause
            begins = False
        if unexpected is not None:
            raise unexpected
        return [ticket.outcome() for ticket in tickets]

    def _begins(self, tickets: Sequence[_Ticket[Item, Answer]]) -> bool:
        """Let tickets wait; whether the first of them has the turn at once."""
        with self._guard:
            self._waiting += tickets
            must_wait, self._is_committing = self._is_committing, True
            self._tell_gathering()
        return not must_wait

    def _has_turn(self, ticket: _Ticket[Item, Answer]) -> bool:
        """Wait until a ticket has an answer or the turn; whether it has the turn."""
        ticket.woken.acquire()
        return ticket.answer is None and ticket.failure is None

    def _gather(self, ticket: _Ticket[Item, Answer]) -> None:
        """Let those come who are on their way; not long, because they may have gone for good."""
        with self._guard:
            patience_s = self._patience * self._last_s
            if patience_s == 0 or len(self._waiting) >= self._expected:
                return
            self._gathering = ticket
        ticket.woken.acquire(timeout=min(patience_s, _LONGEST_PATIENCE_S))
        with self._guard:
            self._gathering = None

    def _tell_gathering(self) -> None:
        if self._gathering is not None and len(self._waiting) >= self._expected:
            self._gathering.woken.release()
            self._gathering = None

    def _run(self) -> None:
        with self._guard:
            batch = self._waiting[: self._at_most]
            self._waiting = self._waiting[len(batch) :]
        failure: Exception = ArchiveError("the commit was interrupted")
        answers: Sequence[Answer] = ()
        start = time.monotonic()
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
            self._pass_on(batch, time.monotonic() - start)

    def _pass_on(self, batch: Sequence[_Ticket[Item, Answer]], took_s: float) -> None:
        """Wake those who have an answer, and whoever has the next turn."""
        with self._guard:
            following = self._waiting[:1]
            self._is_committing = bool(following)
            self._expected = len(batch) + len(self._waiting)
            if self._at_most is not None:
                self._expected = min(self._expected, self._at_most)
            self._last_s = took_s
        for ticket in (*following, *batch[1:]):
            ticket.woken.release()
