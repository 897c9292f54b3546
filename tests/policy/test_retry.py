"""Pauses between attempts grow, are capped, and differ from one object to the next."""

import random
from datetime import UTC, datetime

from dicom_node.domain.rules import RetryRules
from dicom_node.policy.retry import next_attempt

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RULES = RetryRules(first_retry_s=5.0, longest_retry_s=600.0)


def pause_s(attempts, seed=1):
    when = next_attempt(attempts=attempts, now=NOW, rules=RULES, chance=random.Random(seed))
    return (when - NOW).total_seconds()


def test_the_pause_doubles_up_to_the_longest():
    for attempts, longest in [(1, 5), (2, 10), (3, 20), (7, 320), (8, 600), (500, 600)]:
        assert 0.75 * longest <= pause_s(attempts) <= longest


def test_many_objects_do_not_come_back_at_one_moment():
    assert len({pause_s(4, seed) for seed in range(20)}) == 20
