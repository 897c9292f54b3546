"""Jobs, their states, and the one function that knows the legal steps."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from dicom_node.domain.series import Series


class JobState(StrEnum):
    """Where a job stands; the last five are ends."""

    WAITING = "WAITING"  # for a companion series
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    ENCODED = "ENCODED"  # result files are durable, delivery goes on
    DELIVERED = "DELIVERED"
    COMMITTED = "COMMITTED"
    REJECTED = "REJECTED"  # the data are unfit
    FAILED = "FAILED"  # algorithm or encoder
    UNDELIVERED = "UNDELIVERED"  # a destination refused for good


_STEPS: Mapping[JobState, frozenset[JobState]] = {
    JobState.WAITING: frozenset({JobState.QUEUED, JobState.REJECTED}),
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.REJECTED, JobState.FAILED}),
    JobState.RUNNING: frozenset(
        {JobState.ENCODED, JobState.REJECTED, JobState.FAILED, JobState.QUEUED}
    ),
    JobState.ENCODED: frozenset({JobState.DELIVERED, JobState.UNDELIVERED}),
    JobState.DELIVERED: frozenset({JobState.COMMITTED}),
    JobState.UNDELIVERED: frozenset({JobState.ENCODED}),
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.REJECTED: frozenset(),
    JobState.COMMITTED: frozenset(),
}

ENDED = frozenset(
    {
        JobState.DELIVERED,
        JobState.COMMITTED,
        JobState.REJECTED,
        JobState.FAILED,
        JobState.UNDELIVERED,
    }
)


def may_step(old: JobState, new: JobState) -> bool:
    """Whether a job may go from one state to the other."""
    return new in _STEPS[old]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One algorithm on one set of series.

    Parameters
    ----------
    job_id : str
        Made of content, route, algorithm and version: the same input again is the same job.
    inputs : mapping
        Role to series, the primary one first.
    created_at : datetime
        With time zone; also the content time of the results, so that a repeat writes the same.
    """

    job_id: str
    result_id: str
    route: str
    algorithm: str
    version: str
    inputs: Mapping[str, Series]
    created_at: datetime
    destinations: tuple[str, ...] = ()


def result_id_of(*, algorithm: str, version: str, inputs: Mapping[str, Sequence[str]]) -> str:
    """Identity of a result: content, algorithm and version, whatever route asked for it.

    Parameters
    ----------
    inputs : mapping
        Role to the SOP Instance UIDs of its series, in any order.

    Returns
    -------
    str
        40 hexadecimal digits.
    """
    digest = hashlib.sha256(f"{algorithm}\0{version}".encode())
    for role in sorted(inputs):
        digest.update(f"\1{role}\0".encode())
        digest.update("\0".join(sorted(inputs[role])).encode())
    return digest.hexdigest()[:40]


def job_id_of(*, route: str, result_id: str) -> str:
    """Id of the job by which a route asks for a result: 20 hexadecimal digits."""
    return hashlib.sha256(f"{route}\0{result_id}".encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultObject:
    """One DICOM object that a job wrote."""

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    modality: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementRow:
    """A measurement as `--json` and the job table show it."""

    name: str
    value: float
    unit: str
    segment: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassificationRow:
    """A classification as `--json` and the job table show it."""

    name: str
    value: str
    probability: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOutcome:
    """How the run of a job ended: ENCODED with objects, or REJECTED or FAILED with a reason."""

    state: JobState
    reason: str | None = None
    objects: tuple[ResultObject, ...] = ()
    measurements: tuple[MeasurementRow, ...] = ()
    classifications: tuple[ClassificationRow, ...] = ()
    warnings: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)
