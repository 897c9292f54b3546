"""Result objects on their way to a destination, and whether it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from dicom_node.domain.peer import Destination


class DeliveryState(StrEnum):
    """Where the delivery of one object to one destination stands."""

    PENDING = "PENDING"
    HELD = "HELD"  # with its job, until that is released
    DELIVERED = "DELIVERED"
    COMMITTED = "COMMITTED"  # the destination took responsibility for it
    DEAD = "DEAD"  # refused for good; kept, listed, sent again on request
    CANCELLED = "CANCELLED"  # with its job, before it was sent
    SPARE = "SPARE"  # sent only if the destination refuses the form that this one stands in for
    REPLACED = "REPLACED"  # refused; a spare was sent instead


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One object for one destination."""

    delivery_id: int
    job_id: str
    destination: str
    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    state: DeliveryState
    attempts: int
    next_attempt_at: datetime
    last_error: str | None = None
    commitment_open: bool = False  # whether the destination is still to commit it


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """A request for storage commitment of the objects of a job.

    Parameters
    ----------
    attempt : int
        Of the job at the destination, from 1.
    tries : int
        How often the request was not taken.
    asked_at : datetime or None
        When the destination took it.
    overdue_at : datetime or None
        Since when its report is overdue; it still counts when it comes.
    """

    transaction_uid: str
    job_id: str
    destination: str
    attempt: int
    tries: int
    next_attempt_at: datetime
    asked_at: datetime | None
    reported_at: datetime | None
    overdue_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationHealth:
    """Whether a destination answers.

    Parameters
    ----------
    failures : int
        Associations in a row in which it answered nothing.
    opened_at : datetime or None
        Since when it is left alone but for probes; None where it is called as usual.
    next_probe_at : datetime or None
        When it is left alone: earliest time of the next probe, with one object.
    last_error : str or None
        Why the last association failed that did.
    """

    name: str
    failures: int = 0
    opened_at: datetime | None = None
    next_probe_at: datetime | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationStatus:
    """A destination as people ask for it.

    Parameters
    ----------
    destination : Destination or None
        As configured; None for one that is not any more, but for which something is left.
    counts : mapping
        Number of objects by their state.
    uncommitted, overdue : int
        Objects that it has and is still to commit, and those of them whose report is overdue.
    """

    destination: Destination | None
    health: DestinationHealth
    counts: Mapping[DeliveryState, int]
    uncommitted: int = 0
    overdue: int = 0

    @property
    def state(self) -> str:
        """``answers`` (as far as is known), ``silent``, or ``unknown`` where not configured."""
        if self.destination is None:
            return "unknown"
        return "answers" if self.health.opened_at is None else "silent"

    @property
    def address(self) -> str:
        """AE title, host and port."""
        if self.destination is None:
            return "not configured"
        return self.destination.where
