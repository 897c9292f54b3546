"""What the loops need of archive and network, each as small as its use; node.py hands it in."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from dicom_node.domain.delivery import Delivery, DestinationHealth, Transaction
from dicom_node.domain.job import Job, JobOutcome, JobState
from dicom_node.domain.peer import Destination, SendReport
from dicom_node.domain.records import Arrival, JobRecord, SeriesStatus
from dicom_node.domain.series import Instance, Reason, Series, SeriesKey

Clock: TypeAlias = Callable[[], datetime]
"""Aware time of now."""

OpenAssociations: TypeAlias = Callable[[], Collection[str]]
"""Ids of the associations that are open."""

Send: TypeAlias = Callable[[Sequence[Delivery], Destination], tuple[SendReport, ...]]
"""Sends objects to a destination in one association; never raises for trouble of the network."""


class CommitmentAnswer(Protocol):
    """What a destination said to a request for commitment."""

    @property
    def accepted(self) -> bool:
        """Whether a report is to be waited for."""

    @property
    def transient(self) -> bool:
        """Whether asking again soon may help."""

    @property
    def status(self) -> int | None:
        """DIMSE status; None where none came."""

    @property
    def cause(self) -> str:
        """Why it was not accepted."""


AskCommitment: TypeAlias = Callable[[Sequence[Delivery], str, Destination], CommitmentAnswer]
"""Asks for the commitment of objects under a transaction UID; never raises for the network."""


class SeriesIndex(Protocol):
    """What has arrived, and what was decided on it."""

    def changed_series(self, after_sequence: int) -> tuple[int, set[SeriesKey]]:
        """New sequence number, and the series that got instances after the given one."""
        ...

    def instances_of(self, key: SeriesKey) -> tuple[Instance, ...]:
        """Every instance of a series that has arrived."""
        ...

    def series_of_study(self, study_instance_uid: str) -> tuple[SeriesKey, ...]:
        """Every series of a study."""
        ...

    def arrival(self, key: SeriesKey) -> Arrival | None:
        """When and how the instances came; None for a series that is not known."""
        ...

    def status(self, key: SeriesKey) -> SeriesStatus | None:
        """What was last decided on a series."""
        ...

    def series_of_patient(self, patient_digest: str, modality: str) -> tuple[SeriesKey, ...]:
        """Series of a patient, in whatever study, on which something was decided."""
        ...

    def set_status(
        self,
        key: SeriesKey,
        state: str,
        reasons: Sequence[Reason],
        digest: str,
        now: datetime,
        *,
        series: Series | None = None,
    ) -> None:
        """Record what was decided on a series."""
        ...


class JobQueue(Protocol):
    """Jobs and their states; every method is one transaction."""

    def create(
        self, job: Job, state: JobState, *, not_before: datetime | None, reason: str | None
    ) -> bool:
        """Add a job; False where it is known already."""
        ...

    def waiting(self) -> tuple[JobRecord, ...]:
        """Jobs that wait or are held for a companion."""
        ...

    def hold_for_companion(self, job_id: str, *, reason: str, now: datetime) -> None:
        """WAITING to HELD, because a companion did not come in time."""
        ...

    def resolve_waiting(self, job: Job, *, reason: str | None, now: datetime) -> None:
        """WAITING, or held for a companion, to QUEUED, with the inputs that the job has now."""
        ...

    def step(self, job_id: str, new: JobState, *, reason: str | None = None, now: datetime) -> None:
        """Go to another state."""
        ...

    def claim_next(self, now: datetime, *, closed_routes: Collection[str] = ()) -> JobRecord | None:
        """Next queued job, now running; None where there is none."""
        ...

    def hand_back(
        self,
        job_id: str,
        *,
        reason: str,
        now: datetime,
        not_before: datetime | None = None,
        counts: bool = True,
    ) -> None:
        """Queue a job again that was claimed."""
        ...

    def runs_here(self, job_id: str) -> bool:
        """Whether a job that this process claimed is still its own."""
        ...

    def get(self, job_id: str) -> JobRecord:
        """One job."""
        ...

    def latest_on(self, route: str, key: SeriesKey) -> str | None:
        """Id of the newest job of a route on a primary series."""
        ...

    def finish(
        self, job_id: str, outcome: JobOutcome, *, destinations: Sequence[str], now: datetime
    ) -> None:
        """Record what a job gave, together with its deliveries."""
        ...


class OutboxQueue(Protocol):
    """Deliveries and their states."""

    def due(self, now: datetime, destination: str | None = None) -> tuple[Delivery, ...]:
        """Deliveries whose time has come."""
        ...

    def candidate(self, destination: str) -> Delivery | None:
        """Pending delivery with which a silent destination is probed."""
        ...

    def hasten(self, destination: str, now: datetime) -> None:
        """Make everything pending for a destination due."""
        ...

    def delivered(self, delivery_id: int, now: datetime, *, commitment: bool = False) -> None:
        """Record that the destination has it."""
        ...

    def retry_at(self, delivery_id: int, when: datetime, error: str) -> None:
        """Record a failure that may pass."""
        ...

    def dead(self, delivery_id: int, error: str, now: datetime) -> None:
        """Record a refusal for good."""
        ...


class HealthBook(Protocol):
    """Whether each destination answers."""

    def health(self, name: str) -> DestinationHealth:
        """What is known of a destination."""
        ...

    def set_health(self, health: DestinationHealth) -> None:
        """Keep what was found."""
        ...


class CommitmentBook(Protocol):
    """Transactions of storage commitment."""

    def open_new(self, destination: str, now: datetime) -> int:
        """Open transactions for what was delivered and is in none."""
        ...

    def due(
        self, destination: str, now: datetime
    ) -> tuple[tuple[Transaction, tuple[Delivery, ...]], ...]:
        """Transactions that are to be asked now."""
        ...

    def asked(self, transaction_uid: str, now: datetime) -> None:
        """Record that the destination took the request."""
        ...

    def ask_again_at(self, transaction_uid: str, when: datetime, error: str) -> None:
        """Record that it did not, and when to ask again."""
        ...

    def note_overdue(self, destination: str, asked_before: datetime, now: datetime) -> int:
        """Note what was asked long ago and not committed; number of transactions."""
        ...
