"""What the node asks other archives for, and what it had them send."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dicom_node.domain.query import RemoteSeries
from dicom_node.domain.series import SeriesKey


class FetchState(StrEnum):
    """How far an archive was asked for a companion of a job."""

    ASK = "ASK"  # what it has
    FETCH = "FETCH"  # the next of what it has is to be sent
    CAME = "CAME"  # it sent one; whether that fits is seen when it is complete
    FILLED = "FILLED"  # the job has its companion
    NOTHING = "NOTHING"  # it has nothing that fits
    GAVE_UP = "GAVE_UP"
    DROPPED = "DROPPED"  # the job does not wait any more


FETCH_ENDED = frozenset(
    {FetchState.FILLED, FetchState.NOTHING, FetchState.GAVE_UP, FetchState.DROPPED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """One companion of one job, asked of one archive.

    Parameters
    ----------
    candidates : tuple of RemoteSeries
        What the archive has, in the order in which it is tried; empty before it was asked.
    position : int
        Of the candidate that is tried now.
    attempts : int
        Failures of the present question or candidate.
    asked_at : datetime or None
        When the archive was last called.
    told : str
        What came of it last, for people.
    """

    fetch_id: int
    job_id: str
    role: str
    archive: str
    state: FetchState
    candidates: tuple[RemoteSeries, ...]
    position: int
    attempts: int
    next_attempt_at: datetime
    created_at: datetime
    asked_at: datetime | None
    told: str

    @property
    def ended(self) -> bool:
        """Whether nothing more is asked."""
        return self.state in FETCH_ENDED

    @property
    def candidate(self) -> RemoteSeries | None:
        """The series that is tried now."""
        return self.candidates[self.position] if self.position < len(self.candidates) else None

    @property
    def key(self) -> SeriesKey | None:
        """The same as the node knows it."""
        return None if self.candidate is None else key_of_remote(self.candidate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What an archive says of a series that is here, or on its way.

    Parameters
    ----------
    instances : int or None
        As the archive counts them; None where it was not asked yet, or does not tell.
    counting : bool
        Whether it is still to be asked how many there are.
    fetched_at : datetime or None
        When it was first asked to send the series; None where it sent it by itself.
    sent_at : datetime or None
        When somebody else sent it, too, or the archive by itself.
    """

    archive: str
    instances: int | None
    counting: bool
    fetched_at: datetime | None
    sent_at: datetime | None

    @property
    def only_fetched(self) -> bool:
        """Whether it is here because this node asked for it, and for no other reason."""
        return self.fetched_at is not None and self.sent_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteSender:
    """An archive, and the AE title under which it sends."""

    archive: str
    calling_ae: str


def key_of_remote(series: RemoteSeries) -> SeriesKey:
    """Key of a series of an archive."""
    return SeriesKey(
        study_instance_uid=series.study_instance_uid,
        series_instance_uid=series.series_instance_uid,
    )
