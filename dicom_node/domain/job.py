"""Jobs, their states, and the one function that knows the legal steps."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from dicom_node.domain.series import Instance


class JobState(StrEnum):
    """Where a job stands; `ENDED` names the ends."""

    WAITING = "WAITING"  # for a companion series
    QUEUED = "QUEUED"
    HELD = "HELD"  # until somebody releases it: before its run, or its results before delivery
    RUNNING = "RUNNING"
    ENCODED = "ENCODED"  # result files are durable, delivery goes on
    DELIVERED = "DELIVERED"
    COMMITTED = "COMMITTED"
    REJECTED = "REJECTED"  # the data are unfit
    FAILED = "FAILED"  # algorithm or encoder
    UNDELIVERED = "UNDELIVERED"  # a destination refused for good
    CANCELLED = "CANCELLED"  # by hand; what was not sent yet stays here


_STEPS: Mapping[JobState, frozenset[JobState]] = {
    JobState.WAITING: frozenset(
        {JobState.QUEUED, JobState.REJECTED, JobState.HELD, JobState.CANCELLED}
    ),
    JobState.QUEUED: frozenset(
        {
            JobState.RUNNING,
            JobState.REJECTED,
            JobState.FAILED,
            JobState.HELD,
            JobState.CANCELLED,
        }
    ),
    JobState.RUNNING: frozenset(
        {
            JobState.ENCODED,
            JobState.REJECTED,
            JobState.FAILED,
            JobState.QUEUED,
            JobState.CANCELLED,
        }
    ),
    JobState.HELD: frozenset(
        {JobState.WAITING, JobState.QUEUED, JobState.ENCODED, JobState.CANCELLED}
    ),
    JobState.ENCODED: frozenset(
        {JobState.DELIVERED, JobState.UNDELIVERED, JobState.HELD, JobState.CANCELLED}
    ),
    # back where the destination reports that it has not kept what it was sent
    JobState.DELIVERED: frozenset({JobState.COMMITTED, JobState.ENCODED, JobState.UNDELIVERED}),
    JobState.UNDELIVERED: frozenset({JobState.ENCODED}),
    JobState.FAILED: frozenset({JobState.QUEUED}),
    JobState.REJECTED: frozenset(),
    JobState.COMMITTED: frozenset(),
    JobState.CANCELLED: frozenset(),
}

ENDED = frozenset(
    {
        JobState.DELIVERED,
        JobState.COMMITTED,
        JobState.REJECTED,
        JobState.FAILED,
        JobState.UNDELIVERED,
        JobState.CANCELLED,
    }
)


def may_step(old: JobState, new: JobState) -> bool:
    """Whether a job may go from one state to the other."""
    return new in _STEPS[old]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One algorithm on one set of series, asked for by one route.

    Parameters
    ----------
    job_id : str
        From `job_id_of`: the same primary series again is the same job.
    result_id : str
        From `result_id_of`; it changes when a companion joins a waiting job.
    inputs : mapping
        Role to the instances of its series, the primary role first.
    destinations : tuple of str
        Names of the destinations of the route.
    created_at : datetime
        With time zone; also the content time of the results, so that a repeat writes the same.
    priority : int
        A job of a higher one runs first; of equal ones the older.
    gate : bool
        Whether its results are held until somebody releases them.
    predecessor : str or None
        Id of the job on the same series that this one takes the place of.
    """

    job_id: str
    result_id: str
    route: str
    algorithm: str
    version: str
    inputs: Mapping[str, tuple[Instance, ...]]
    destinations: tuple[str, ...]
    created_at: datetime
    priority: int = 0
    gate: bool = False
    predecessor: str | None = None


def result_id_of(*, algorithm: str, version: str, inputs: Mapping[str, Sequence[Instance]]) -> str:
    """Identity of a result: all of its content, algorithm and version, whatever route asked.

    Returns
    -------
    str
        40 hexadecimal digits, the same for any order of roles and instances.
    """
    digest = hashlib.sha256(f"{algorithm}\0{version}".encode())
    for role in sorted(inputs):
        digest.update(f"\1{role}\0{content_digest(inputs[role])}".encode())
    return digest.hexdigest()[:40]


def job_id_of(
    *,
    route: str,
    algorithm: str,
    version: str,
    primary: Sequence[Instance],
    contours: Sequence[Instance] = (),
) -> str:
    """Id of a job: route, algorithm, version, the content of the primary series, and contours.

    Companions are left out, so that a PET that waits for its CT is one job from the beginning, and
    a CT that comes too late starts no second one. Contours of others that come late do start one.

    Returns
    -------
    str
        20 hexadecimal digits.
    """
    text = "\0".join((route, algorithm, version, content_digest(primary)))
    if contours:
        text += f"\0contours\0{content_digest(contours)}"
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def rerun_ids_of(*, predecessor: str, result_id: str) -> tuple[str, str]:
    """Job id and result id of the run that takes the place of an ended job.

    Both follow from the predecessor, so that asking twice gives one job; the result id is not that
    of the content alone, so that the new objects have UIDs of their own.

    Parameters
    ----------
    predecessor : str
        Job id.
    result_id : str
        From `result_id_of`, for the version that runs now.
    """
    job = hashlib.sha256(f"{predecessor}\0rerun".encode()).hexdigest()[:20]
    return job, hashlib.sha256(f"{result_id}\0{job}".encode()).hexdigest()[:40]


def content_digest(instances: Sequence[Instance]) -> str:
    """Hash of SOP Instance UIDs in any order: a late instance changes it, a repeat does not."""
    uids = sorted({instance.sop_instance_uid for instance in instances})
    return hashlib.sha256("\0".join(uids).encode()).hexdigest()[:40]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultObject:
    """One DICOM object that a job wrote.

    Parameters
    ----------
    destinations : frozenset of str or None
        Names of those for whose forms it was made; None: for every one.
    spare_for : frozenset of str
        Names of those that are sent it only if they refuse the form that they asked for.
    """

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    modality: str
    destinations: frozenset[str] | None = None
    spare_for: frozenset[str] = frozenset()


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
    """How the run of a job ended: ENCODED with objects, or REJECTED or FAILED with a reason.

    Parameters
    ----------
    may_pass : bool
        FAILED: whether another try may end otherwise (`domain.errors.AlgorithmFailed.may_pass`).
    """

    state: JobState
    reason: str | None = None
    may_pass: bool = False
    objects: tuple[ResultObject, ...] = ()
    measurements: tuple[MeasurementRow, ...] = ()
    classifications: tuple[ClassificationRow, ...] = ()
    warnings: tuple[str, ...] = ()
    details: Mapping[str, str] = field(default_factory=dict)
