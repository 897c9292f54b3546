"""Instances, series and studies as the node knows them after reading their headers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from dicom_node.domain.tracer import TracerFinding


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesKey:
    """Identity of a series within its study."""

    study_instance_uid: str
    series_instance_uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One stored SOP instance and where its file lies."""

    key: SeriesKey
    sop_class_uid: str
    sop_instance_uid: str
    path: Path


class ExamKind(StrEnum):
    """How the frames of a series are to be understood."""

    STATIC = "static"
    WHOLE_BODY = "whole-body"
    DYNAMIC = "dynamic"
    GATED = "gated"
    PROJECTION = "projection"  # NM TOMO, reprojection, MIP, localizer: no volume
    PLANAR = "planar"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """Kind of acquisition and processing state; None means that the header does not say."""

    kind: ExamKind
    attenuation_corrected: bool | None = None
    original: bool | None = None
    phase: str | None = None  # "rest" or "stress"
    body_part: str | None = None
    target: str | None = None  # what the words say was looked at: "heart", "parathyroid", "breast"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something did not happen: a stable code for programs, a sentence for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What the headers of one series say, with every instance that has been read.

    Parameters
    ----------
    expected_instances : int or None
        Number that the headers promise (PET: slices x time slices or gates; NM: 1); None where no
        attribute tells.
    geometry_fault : str or None
        Why the slices that are there form no gap-free stack (with the position in mm); None if they
        do, or where the object has no geometry to check.
    fault_code : str or None
        Code of the error that the fault is (`InputRejected.code`); None where there is no fault.
    gap : bool
        Whether the fault is that slices are missing: more of them may mend it.
    stacked : bool
        Whether the instances are single-frame slices, so that a gap-free stack is evidence.
    patient_digest : str
        Hash of the patient's identity, to notice a change within a study without storing a name.
    own_result : bool
        Whether this node made it (loop guard).
    drawn_on : tuple of str
        Contours: Series Instance UIDs of the images that they say they were drawn on.
    """

    key: SeriesKey
    modality: str
    sop_class_uid: str
    tracer: TracerFinding
    exam: Exam
    instances: tuple[Instance, ...]
    expected_instances: int | None
    geometry_fault: str | None
    stacked: bool
    slices: int
    image_type: tuple[str, ...] = ()
    description: str = ""
    frame_of_reference_uid: str | None = None
    unit: str | None = None  # Units (0054,1001) as stored, or the real-world unit
    manufacturer: str = ""
    station_name: str = ""
    acquired_at: datetime | None = None
    patient_digest: str = ""
    own_result: bool = False
    fault_code: str | None = None
    gap: bool = False
    drawn_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.instances:
            raise ValueError("a series has at least one instance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Series of one study that have been read."""

    study_instance_uid: str
    series: tuple[Series, ...]
