"""Sends what is due to one destination; each destination has its own, so none delays another."""

import functools
import random
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from dicom_node.domain.delivery import Delivery, DestinationHealth
from dicom_node.domain.peer import Destination, SendReport
from dicom_node.domain.rules import DeliveryRules
from dicom_node.engine.seams import Clock, HealthBook, OutboxQueue, Send
from dicom_node.policy.breaker import after_answer, after_silence, may_ask
from dicom_node.policy.retry import next_attempt

log = structlog.get_logger(__name__)


class Sender:
    """One destination's share of the outbox."""

    def __init__(
        self,
        *,
        outbox: OutboxQueue,
        destination: Destination,
        send: Send,
        health: HealthBook,
        rules: DeliveryRules,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._outbox, self._destination, self._send = outbox, destination, send
        self._health = health
        self._rules, self._clock, self._chance = rules, clock, chance

    def tick(self) -> bool:
        """Send what is due in one association; whether there may be more to send at once.

        A destination that answered nothing for some associations is probed with one object.
        """
        health = self._health.health(self._destination.name)
        if not may_ask(health, self._clock()):
            return False
        due = self._due(probing=health.opened_at is not None)
        if not due:
            return False
        reports = {report.sop_instance_uid: report for report in self._send(due, self._destination)}
        pause_ends = functools.cache(
            self._pause_ends
        )  # one jitter: what failed goes together again
        for delivery in due:
            self._record(delivery, reports[delivery.sop_instance_uid], pause_ends)
        self._note(health, tuple(reports.values()))
        return any(report.stored for report in reports.values())

    def _due(self, *, probing: bool) -> tuple[Delivery, ...]:
        if not probing:
            return self._outbox.due(self._clock(), self._destination.name)
        candidate = self._outbox.candidate(self._destination.name)
        return () if candidate is None else (candidate,)

    def _note(self, health: DestinationHealth, reports: Sequence[SendReport]) -> None:
        """Keep whether the destination answered; where it does again, everything is due."""
        name, now = health.name, self._clock()
        silent = [one for one in reports if one.status is None and one.transient]
        if any(one.status is not None for one in reports):
            if health.failures:
                self._health.set_health(after_answer(health))
            if health.opened_at is not None:
                self._outbox.hasten(name, now)
                log.info("destination.answers_again", destination=name)
        elif silent:
            cause = silent[0].cause
            worse = after_silence(health, cause, now=now, rules=self._rules, chance=self._chance)
            self._health.set_health(worse)
            if worse.opened_at is not None and health.opened_at is None:
                log.error("destination.silent", destination=name, cause=cause)

    def _pause_ends(self, attempts: int) -> datetime:
        pauses, chance = self._rules.pauses, self._chance
        return next_attempt(attempts=attempts, now=self._clock(), rules=pauses, chance=chance)

    def _record(
        self, delivery: Delivery, report: SendReport, pause_ends: Callable[[int], datetime]
    ) -> None:
        now = self._clock()
        told = {
            "job": delivery.job_id,
            "destination": delivery.destination,
            "instance": delivery.sop_instance_uid,
        }
        if report.stored:
            wanted = self._destination.commitment
            self._outbox.delivered(delivery.delivery_id, now, commitment=wanted)
            log.info("delivery.stored", **told)
        elif report.transient:
            when = pause_ends(delivery.attempts + 1)
            self._outbox.retry_at(delivery.delivery_id, when, report.cause)
            log.warning("delivery.retry", **told, cause=report.cause, at=when.isoformat())
        else:
            self._outbox.dead(delivery.delivery_id, report.cause, now)
            log.error("delivery.dead", **told, cause=report.cause)
