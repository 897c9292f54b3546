"""Headers that every simulated SPECT reconstruction shares (PS3.3 A.5, NM Image IOD).

Three makers' ways differ in matrix and pixel, order of slices and sign of their distance, and how
the tracer is told; they are habits as recalled. The maker named is this simulator.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from algorithms.simulation.headers import (
    MANUFACTURER,
    Attributes,
    StudyFacts,
    code,
    date,
    decimal,
    series_attributes,
    study_attributes,
    time,
)
from dicom_node.domain.coding import Code
from dicom_node.domain.geometry import Geometry

NM_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.20"
_RR_VECTOR, _SLOT_VECTOR, _SLICE_VECTOR = 0x00540060, 0x00540070, 0x00540080
_INTRAVENOUS = Code("47625008", "SCT", "Intravenous route")
_RECUMBENT = Code("102538003", "SCT", "recumbent")
_SUPINE = Code("40199007", "SCT", "supine")
_HEADFIRST = Code("102540008", "SCT", "headfirst")
_BEAT_MS = 900.0


class Way(StrEnum):
    """Whose habits an object follows."""

    SIEMENS = "Siemens"
    GE = "GE"
    PHILIPS = "Philips"


@dataclass(frozen=True, slots=True, kw_only=True)
class Emission:
    """What was given, and what was counted of it.

    Parameters
    ----------
    drug : Radiopharmaceutical (0018,0031)
    tracer : code of the radiopharmaceutical; None where only the text tells
    megabecquerel : in this IOD the dose is told in MBq (PS3.3 C.8.4.10)
    energy_kev : from to of the energy window
    """

    drug: str
    nuclide: Code
    tracer: Code | None
    megabecquerel: float
    window: str
    energy_kev: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """How the camera went round."""

    direction: str
    arc_deg: int
    projections: int
    frame_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconstruction:
    """One object.

    Parameters
    ----------
    number : of the series
    geometry : in the order in which frames are stored
    slice_mm : Spacing Between Slices; negative where slices go against their normal
    counts : sum of the stored values
    gates : 1 where the scan was not gated
    """

    number: int
    description: str
    body_part: str
    geometry: Geometry
    slice_mm: float
    counts: int
    corrections: Sequence[str]
    gates: int = 1


def nm_reconstruction(
    facts: StudyFacts,
    way: Way,
    made: Reconstruction,
    start: datetime,
    *,
    emission: Emission,
    rotation: Rotation,
) -> Attributes:
    """All attributes of one object but its pixels."""
    spacing = made.geometry.spacing_mm
    kind = "RECON TOMO" if made.gates == 1 else "RECON GATED TOMO"
    return {
        **study_attributes(facts),
        **series_attributes(facts, made.number, made.description, start),
        "Manufacturer": f"{MANUFACTURER}, {way}-like",
        "ManufacturerModelName": "Gaussian phantom SPECT",
        "BodyPartExamined": made.body_part,
        "SOPClassUID": NM_IMAGE_STORAGE,
        "SOPInstanceUID": facts.uid("instance", made.number),
        "Modality": "NM",
        "ImageType": ("DERIVED", "PRIMARY", kind, "EMISSION"),
        "InstanceNumber": 1,
        "ContentDate": date(start),
        "ContentTime": time(start),
        "AcquisitionDate": date(start),
        "AcquisitionTime": time(start),
        "SpacingBetweenSlices": decimal(made.slice_mm),
        "SliceThickness": decimal(abs(made.slice_mm)),
        "PixelSpacing": (decimal(spacing[1]), decimal(spacing[2])),
        "CountsAccumulated": made.counts,
        "AcquisitionTerminationCondition": "TIME",
        "CorrectedImage": tuple(made.corrections),
        "BitsStored": 16,
        "HighBit": 15,
        **_frames(made.geometry.shape[0], made.gates),
        **_acquisition(emission, rotation),
        **_tracer(emission),
        "DetectorInformationSequence": (_detector(made.geometry),),
    }


def _frames(slices: int, gates: int) -> Attributes:
    """Index vectors, the last the fastest (PS3.3 C.8.4.8), and the beat where it was gated."""
    shared = {"NumberOfFrames": slices * gates, "NumberOfSlices": slices}
    if gates == 1:
        return {
            **shared,
            "FrameIncrementPointer": _SLICE_VECTOR,
            "SliceVector": tuple(range(1, slices + 1)),
        }
    beats = {
        "FrameTime": decimal(_BEAT_MS / gates),
        "NominalInterval": round(_BEAT_MS),
        "LowRRValue": round(0.8 * _BEAT_MS),
        "HighRRValue": round(1.2 * _BEAT_MS),
        "IntervalsAcquired": 1500,
        "IntervalsRejected": 30,
    }
    return {
        **shared,
        "FrameIncrementPointer": (_RR_VECTOR, _SLOT_VECTOR, _SLICE_VECTOR),
        "RRIntervalVector": (1,) * (slices * gates),
        "TimeSlotVector": tuple(gate for gate in range(1, gates + 1) for _ in range(slices)),
        "SliceVector": tuple(range(1, slices + 1)) * gates,
        "NumberOfRRIntervals": 1,
        "NumberOfTimeSlots": gates,
        "BeatRejectionFlag": "Y",
        "GatedInformationSequence": (
            {"CardiacFramingType": "FORW", "DataInformationSequence": (beats,)},
        ),
    }


def _acquisition(emission: Emission, rotation: Rotation) -> Attributes:
    """Energy window, detectors and rotation (PS3.3 C.8.4.10 to C.8.4.12), and how one lies."""
    low, high = emission.energy_kev
    window = {"EnergyWindowLowerLimit": decimal(low), "EnergyWindowUpperLimit": decimal(high)}
    return {
        "NumberOfEnergyWindows": 1,
        "NumberOfDetectors": 1,
        "NumberOfRotations": 1,
        "EnergyWindowInformationSequence": (
            {"EnergyWindowName": emission.window, "EnergyWindowRangeSequence": (window,)},
        ),
        "RotationInformationSequence": (
            {
                "RotationDirection": rotation.direction,
                "ScanArc": decimal(rotation.arc_deg),
                "AngularStep": decimal(rotation.arc_deg / rotation.projections),
                "StartAngle": "0",
                "ActualFrameDuration": rotation.frame_ms,
                "NumberOfFramesInRotation": rotation.projections,
            },
        ),
        "PatientOrientationCodeSequence": (
            {**code(_RECUMBENT), "PatientOrientationModifierCodeSequence": (code(_SUPINE),)},
        ),
        "PatientGantryRelationshipCodeSequence": (code(_HEADFIRST),),
    }


def _tracer(emission: Emission) -> Attributes:
    item: dict[str, object] = {
        "Radiopharmaceutical": emission.drug,
        "RadionuclideTotalDose": decimal(emission.megabecquerel),
        "AdministrationRouteCodeSequence": (code(_INTRAVENOUS),),
        "RadionuclideCodeSequence": (code(emission.nuclide),),
    }
    if emission.tracer is not None:
        item["RadiopharmaceuticalCodeSequence"] = (code(emission.tracer),)
    return {"RadiopharmaceuticalInformationSequence": (item,)}


def _detector(geometry: Geometry) -> Attributes:
    """Where the first frame lies (PS3.3 C.8.4.11)."""
    first = (round(float(v), 4) for v in geometry.index_to_lps((0, 0, 0)))
    cosines = (round(float(v), 6) + 0.0 for v in geometry.image_orientation_patient)
    return {
        "CollimatorType": "PARA",
        "CollimatorGridName": "LEHR",
        "ImagePositionPatient": tuple(decimal(v) for v in first),
        "ImageOrientationPatient": tuple(decimal(v) for v in cosines),
    }
