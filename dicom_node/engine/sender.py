"""Sends what is due to one destination; each destination has its own, so none delays another."""

import random

import structlog

from dicom_node.domain.delivery import Delivery
from dicom_node.domain.peer import Destination, SendReport
from dicom_node.domain.rules import RetryRules
from dicom_node.engine.seams import Clock, OutboxQueue, Send
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
        rules: RetryRules,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._outbox, self._destination, self._send = outbox, destination, send
        self._rules, self._clock, self._chance = rules, clock, chance

    def tick(self) -> bool:
        """Send everything that is due in one association; whether there was anything."""
        due = self._outbox.due(self._clock(), self._destination.name)
        if not due:
            return False
        reports = {report.sop_instance_uid: report for report in self._send(due, self._destination)}
        for delivery in due:
            self._record(delivery, reports[delivery.sop_instance_uid])
        return any(report.stored for report in reports.values())

    def _record(self, delivery: Delivery, report: SendReport) -> None:
        now = self._clock()
        told = {
            "job": delivery.job_id,
            "destination": delivery.destination,
            "instance": delivery.sop_instance_uid,
        }
        if report.stored:
            self._outbox.delivered(delivery.delivery_id, now)
            log.info("delivery.stored", **told)
        elif report.transient:
            when = next_attempt(
                attempts=delivery.attempts + 1, now=now, rules=self._rules, chance=self._chance
            )
            self._outbox.retry_at(delivery.delivery_id, when, report.cause)
            log.warning("delivery.retry", **told, cause=report.cause, at=when.isoformat())
        else:
            self._outbox.dead(delivery.delivery_id, report.cause, now)
            log.error("delivery.dead", **told, cause=report.cause)
