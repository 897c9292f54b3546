"""Result objects on their way to a destination."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path


class DeliveryState(StrEnum):
    """Where the delivery of one object to one destination stands."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    DEAD = "DEAD"  # refused for good; kept, listed, sent again on request


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
