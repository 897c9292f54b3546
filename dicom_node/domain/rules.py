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


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerRules:
    """What the process that runs algorithms may use.

    Parameters
    ----------
    threads : int
        Threads of its numerical libraries; 0 leaves it to them (one for each core).
    gpus : tuple of int
        Of this host; each process that works takes one of them. Empty: it sees those that it sees.
    """

    threads: int = 0
    gpus: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LivenessRules:
    """How processes that share the work know of each other's death.

    Parameters
    ----------
    beat_s : float
        How often each tells that it lives, in seconds.
    dead_after_s : float
        Silence after which the others take over what it had. It itself stops to believe that it
        holds anything after half of that.
    """

    beat_s: float = 5.0
    dead_after_s: float = 60.0
