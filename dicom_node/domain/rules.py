"""Times that the policies go by, as configured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AssemblyRules:
    """When a series counts as complete.

    Parameters
    ----------
    settle_s : float
        Silence, in seconds, after which a gap-free stack counts as complete.
    quiet_s : float
        Silence after which a series without any evidence is taken as it is, and one with instances
        missing is given up as incomplete.
    tick_s : float
        How often arrivals are looked at.
    """

    settle_s: float = 1.0
    quiet_s: float = 60.0
    tick_s: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRules:
    """How long to wait before a delivery is tried again.

    Parameters
    ----------
    first_retry_s, longest_retry_s : float
        Pause after the first failure, in seconds; it doubles up to the longest.
    """

    first_retry_s: float = 5.0
    longest_retry_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TryRules:
    """How often a job is tried whose failure may pass, and with which pauses between.

    Parameters
    ----------
    most_attempts : int
        Runs in all; after the last one the job is FAILED.
    """

    most_attempts: int = 3
    pauses: RetryRules = RetryRules(first_retry_s=30.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRules:
    """When deliveries are tried again, and when a destination is left alone.

    Parameters
    ----------
    pauses : RetryRules
        Between tries of an object, and between probes of a destination.
    open_after : int
        Associations without any answer, in a row, after which a destination is only probed.
    """

    pauses: RetryRules = RetryRules()
    open_after: int = 3
