"""A volume: numbers with a unit, on a grid in the patient, with the history of both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from dicom_node.domain.coding import Unit
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.series import Exam, SeriesKey
from dicom_node.domain.tracer import TracerFinding


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitProvenance:
    """How stored values became the unit of a volume.

    Parameters
    ----------
    stored_unit : str
        Units (0054,1001) or the real-world unit of the file.
    rule : str
        Name of the rule, with its source, e.g. ``BQML, DecayCorrection START, reference time =
        Series Time (QIBA rule 1)``.
    factors : tuple of float
        What real-world stored values were multiplied by: one number, or one per instance in order
        of position along the normal. Empty where no conversion was made.
    values : mapping
        The header values that the rule used, by DICOM keyword.
    warnings : tuple of str
        What a reader of the numbers should know.
    """

    stored_unit: str
    rule: str
    factors: tuple[float, ...] = ()
    values: Mapping[str, str | float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSource:
    """The stored frame that a slice of a volume came from; frame numbers start at 1."""

    sop_class_uid: str
    sop_instance_uid: str
    frame_number: int | None = None  # None for a single-frame instance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Volume:
    """One three-dimensional image.

    Parameters
    ----------
    array : (slices, rows, columns) float32
        Read-only. Slices are in the order of position along the normal.
    frames : tuple of FrameSource
        One per slice, in the same order.
    acquired_at : datetime or None
        Start of the acquisition, local time of the scanner.
    exam : Exam or None
        What the header says of the examination, e.g. rest or stress.
    gates : tuple of arrays like `array`
        Read-only parts of the heart beat in order, of which the array is the sum; empty where the
        series is not gated. Frames are then those of the first gate.
    """

    array: NDArray[np.float32]
    geometry: Geometry
    unit: Unit
    tracer: TracerFinding
    key: SeriesKey
    frames: tuple[FrameSource, ...]
    unit_provenance: UnitProvenance
    acquired_at: datetime | None = None
    patient: "PatientFacts | None" = None
    exam: Exam | None = None
    gates: tuple[NDArray[np.float32], ...] = ()
    acquisition: "AcquisitionFacts | None" = None

    def __post_init__(self) -> None:
        if self.array.shape != self.geometry.shape:
            raise ValueError(f"array {self.array.shape} on a grid {self.geometry.shape}")
        if len(self.frames) != self.geometry.shape[0]:
            raise ValueError(f"{len(self.frames)} frames for {self.geometry.shape[0]} slices")
        if any(gate.shape != self.array.shape for gate in self.gates):
            raise ValueError("every gate lies on the grid of the volume")
        object.__setattr__(self, "array", _frozen(self.array))
        object.__setattr__(self, "gates", tuple(_frozen(gate) for gate in self.gates))


def _frozen(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """View of an array that cannot be written."""
    view = np.ascontiguousarray(array, dtype=np.float32).view()
    view.setflags(write=False)
    return view


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientFacts:
    """What quantification may need of the patient; nothing that identifies a person."""

    weight_kg: float | None = None
    size_m: float | None = None
    sex: str | None = None
    age_years: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquisitionFacts:
    """What decides whether two examinations may be compared; None for what the header lacks.

    Parameters
    ----------
    patient_digest : str
        The same for the same patient; tells nothing of him.
    scanner : str or None
        Manufacturer and model.
    reconstruction : str or None
        Reconstruction method and kernel, as stored.
    injected_mbq : float or None
        Activity at the time of administration.
    uptake_min : float or None
        From administration to the start of the acquisition.
    """

    patient_digest: str
    scanner: str | None = None
    reconstruction: str | None = None
    injected_mbq: float | None = None
    uptake_min: float | None = None
