"""Rows of the archive as the rest of the node sees them: arrivals, decisions, jobs, removals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from dicom_node.domain.delivery import Delivery
from dicom_node.domain.fetch import Fetch
from dicom_node.domain.job import ClassificationRow, JobState, MeasurementRow, ResultObject
from dicom_node.domain.series import Instance, Reason, SeriesKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """An instance that was kept, but is part of no series.

    Parameters
    ----------
    sop_class_uid, sop_instance_uid : str
        As the C-STORE command named them.
    key : SeriesKey or None
        What the data set says; None where that could not be read.
    path : Path
        Where its file lies.
    reason : Reason
        Code ``unreadable``, or ``conflict`` (SOP Instance UID known with other content).
    """

    sop_class_uid: str
    sop_instance_uid: str
    key: SeriesKey | None
    path: Path
    reason: Reason
    received_at: datetime
    calling_ae: str
    called_ae: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """When and from whom the instances of a series came."""

    first_received_at: datetime
    last_received_at: datetime
    count: int
    calling_aes: frozenset[str]
    called_aes: frozenset[str]
    association_ids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesStatus:
    """What was last decided on a series, and why.

    Parameters
    ----------
    state : str
        Word of the policy that decided, e.g. ``receiving``, ``complete``, ``incomplete``.
    digest : str
        Of the SOP Instance UIDs on which it was decided.
    patient_digest, modality : str or None
        Of the series; None where its headers could not be read as one.
    """

    key: SeriesKey
    state: str
    reasons: tuple[Reason, ...]
    digest: str
    updated_at: datetime
    patient_digest: str | None = None
    modality: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedSeries:
    """A series that retention removed from the disk."""

    key: SeriesKey
    instances: int
    size: int  # bytes
    first_received_at: datetime
    last_received_at: datetime
    removed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """One step of a job; `old` is None for its creation."""

    at: datetime
    old: JobState | None
    new: JobState
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """A job as the database holds it, enough to read its series again from their files.

    Parameters
    ----------
    inputs : mapping
        Role to Series Instance UID, the primary one first.
    input_instances : mapping
        Role to the instances of that series on which the job was decided.
    not_before : datetime or None
        WAITING: end of the wait for a companion. QUEUED: not claimed earlier.
    attempts : int
        How often it was started since it was last queued by hand.
    held_from : JobState or None
        HELD: the state to which a release takes it back.
    """

    job_id: str
    result_id: str
    route: str
    algorithm: str
    version: str
    state: JobState
    reason: str | None
    inputs: Mapping[str, str]
    input_instances: Mapping[str, tuple[Instance, ...]]
    destinations: tuple[str, ...]
    objects: tuple[ResultObject, ...]
    measurements: tuple[MeasurementRow, ...]
    classifications: tuple[ClassificationRow, ...]
    warnings: tuple[str, ...]
    details: Mapping[str, str]
    created_at: datetime
    updated_at: datetime
    not_before: datetime | None
    attempts: int
    priority: int
    gate: bool
    predecessor: str | None
    held_from: JobState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A job with everything that happened to it.

    Parameters
    ----------
    last_input_at : datetime or None
        When the last of the images came that it uses; None where they were removed.
    waits : str or None
        What it waits for; None where it runs or has ended.
    successors : tuple of str
        Ids of the jobs that take its place.
    fetches : tuple of Fetch
        What archives are and were asked for it.
    """

    record: JobRecord
    events: tuple[JobEvent, ...]
    deliveries: tuple[Delivery, ...]
    last_input_at: datetime | None
    waits: str | None
    successors: tuple[str, ...]
    fetches: tuple[Fetch, ...] = ()
