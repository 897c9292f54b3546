"""Asks one destination to commit what it was sent; its reports come to the listener or with it."""

import random
from datetime import timedelta

import structlog

from dicom_node.domain.delivery import Delivery, Transaction
from dicom_node.domain.peer import Destination
from dicom_node.domain.rules import RetryRules
from dicom_node.engine.seams import AskCommitment, Clock, CommitmentAnswer, CommitmentBook
from dicom_node.policy.retry import next_attempt

log = structlog.get_logger(__name__)

_DUPLICATE_TRANSACTION = 0x0131  # an earlier request arrived whose answer was lost


class Committer:
    """One destination's share of the transactions."""

    def __init__(
        self,
        *,
        book: CommitmentBook,
        destination: Destination,
        ask: AskCommitment,
        rules: RetryRules,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._book, self._destination, self._ask = book, destination, ask
        self._rules, self._clock, self._chance = rules, clock, chance

    def tick(self) -> bool:
        """Ask for what was delivered, and note what is overdue; never asks to be called again."""
        name, now = self._destination.name, self._clock()
        self._book.open_new(name, now)
        for transaction, objects in self._book.due(name, now):
            self._request(transaction, objects)
        longest = timedelta(hours=self._destination.commitment_overdue_h)
        overdue = self._book.note_overdue(name, now - longest, now)
        if overdue:
            log.error("commitment.overdue", destination=name, transactions=overdue)
        return False

    def _request(self, transaction: Transaction, objects: tuple[Delivery, ...]) -> None:
        uid = transaction.transaction_uid
        answer = self._ask(objects, uid, self._destination)
        if answer.accepted or answer.status == _DUPLICATE_TRANSACTION:
            self._book.asked(uid, self._clock())
        else:
            self._put_off(transaction, answer)

    def _put_off(self, transaction: Transaction, answer: CommitmentAnswer) -> None:
        """Ask again: soon where the trouble may pass, else when people may have changed it."""
        now = self._clock()
        when = now + timedelta(hours=self._destination.commitment_overdue_h)
        if answer.transient:
            tries = transaction.tries + 1
            when = next_attempt(attempts=tries, now=now, rules=self._rules, chance=self._chance)
        self._book.ask_again_at(transaction.transaction_uid, when, answer.cause)
