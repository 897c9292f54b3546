"""Other archives: how they are asked, what they have, and what came of asking for it."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from dicom_node.domain.peer import Destination
from dicom_node.domain.rules import RetryRules


class RetrieveMethod(StrEnum):
    """How an archive hands over a series (PS3.4 C.4.2, C.4.3)."""

    MOVE = "move"  # it opens an association to our listener
    GET = "get"  # it sends on the association on which it is asked
    WEB = "web"  # it is asked by QIDO-RS and WADO-RS (PS3.18), and by no association


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRules:
    """How often an archive is asked for one companion of one job, and for how much.

    Parameters
    ----------
    pauses : RetryRules
        After a failure.
    most_attempts : int
        For one question, and for one series.
    most_series : int
        Series that are fetched until one of them fits.
    give_up_after_s : float
        From the first question on, whatever is still to be tried.
    limit_s : float
        For one series.
    """

    pauses: RetryRules = field(
        default_factory=lambda: RetryRules(first_retry_s=10.0, longest_retry_s=300.0)
    )
    most_attempts: int = 4
    most_series: int = 6
    give_up_after_s: float = 1800.0
    limit_s: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteArchive:
    """A Query/Retrieve SCP that is asked for series.

    Parameters
    ----------
    peer : Destination
        How it is called; its name is the archive's.
    method : RetrieveMethod
    move_to : str
        AE title under which it knows where to send to: ours.
    count : bool
        Whether its Number of Series Related Instances is evidence for what it sends by itself.
    rules : FetchRules
    """

    peer: Destination
    move_to: str
    method: RetrieveMethod = RetrieveMethod.MOVE
    count: bool = True
    rules: FetchRules = field(default_factory=FetchRules)

    @property
    def name(self) -> str:
        """As rules name it."""
        return self.peer.name


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSeries:
    """A series that an archive says it has.

    Parameters
    ----------
    instances : int or None
        Number of Series Related Instances (0020,1209); None where the archive does not tell.
    """

    study_instance_uid: str
    series_instance_uid: str
    modality: str
    instances: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierStudies:
    """Which studies of a patient are asked for.

    Parameters
    ----------
    patient_id : str
        Patient ID (0010,0020); stays in memory and on the wire.
    first, last : date
        Study Date (0008,0020), both included.
    """

    patient_id: str
    modality: str
    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveReport:
    """How a C-MOVE or C-GET ended.

    Parameters
    ----------
    completed, failed, warning : int
        Sub-operations, as the archive counts them.
    status : int or None
        Of the last answer; None where none came.
    cause : str
        Why not everything was sent; empty where it was.
    transient : bool
        Whether asking again may help; meaningless without a cause.
    """

    completed: int
    failed: int
    warning: int
    status: int | None = None
    cause: str = ""
    transient: bool = False

    @property
    def complete(self) -> bool:
        """Whether the archive says that it sent everything."""
        return not self.cause
