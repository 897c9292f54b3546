"""When a destination that does not answer is left alone, and when it is probed."""

import random
from dataclasses import replace
from datetime import datetime

from dicom_node.domain.delivery import DestinationHealth
from dicom_node.domain.rules import DeliveryRules
from dicom_node.policy.retry import next_attempt


def after_silence(
    health: DestinationHealth,
    error: str,
    *,
    now: datetime,
    rules: DeliveryRules,
    chance: random.Random,
) -> DestinationHealth:
    """Health after one more association that brought no answer at all."""
    failures = health.failures + 1
    if failures < rules.open_after:
        return replace(health, failures=failures, last_error=error)
    when = next_attempt(
        attempts=failures - rules.open_after + 1, now=now, rules=rules.pauses, chance=chance
    )
    return replace(
        health,
        failures=failures,
        opened_at=health.opened_at or now,
        next_probe_at=when,
        last_error=error,
    )


def after_answer(health: DestinationHealth) -> DestinationHealth:
    """Health after an association in which the destination answered, whatever it said."""
    return DestinationHealth(name=health.name, last_error=health.last_error)


def may_ask(health: DestinationHealth, now: datetime) -> bool:
    """Whether the destination may be called now: it answers, or its next probe is due."""
    return health.next_probe_at is None or health.next_probe_at <= now
