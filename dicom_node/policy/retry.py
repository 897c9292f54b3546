"""When a delivery is tried again."""

import random
from datetime import datetime, timedelta

from dicom_node.domain.rules import RetryRules


def next_attempt(
    *, attempts: int, now: datetime, rules: RetryRules, chance: random.Random
) -> datetime:
    """Time of the next attempt after `attempts` failures.

    The pause doubles from the first to the longest one, and is shortened by up to a quarter at
    random, so that many objects for one destination that was away do not come back at one moment.
    """
    doublings = min(attempts - 1, 30)  # 2**30 seconds exceed any longest pause
    pause_s = min(rules.first_retry_s * 2.0**doublings, rules.longest_retry_s)
    return now + timedelta(seconds=pause_s * chance.uniform(0.75, 1.0))
