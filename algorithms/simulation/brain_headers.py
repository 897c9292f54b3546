"""Headers of a reconstructed brain SPECT (PS3.3 A.5, NM Image IOD), in the ways of three makers.

The ways are those in which objects of cameras in use differ, as recalled: matrix and pixel, order
of slices and sign of their distance, and how the tracer is told. The maker named is this simulator.
"""

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
_SLICE_VECTOR = 0x00540080
_IODINE_123 = Code("21572004", "SCT", "^123^Iodine")
_IOFLUPANE = Code("429296007", "SCT", "Ioflupane I^123^")
_IOFLUPANE_SRT = Code("C-B07EC", "SRT", "Ioflupane I^123^")
_INTRAVENOUS = Code("47625008", "SCT", "Intravenous route")
_RECUMBENT = Code("102538003", "SCT", "recumbent")
_SUPINE = Code("40199007", "SCT", "supine")
_HEADFIRST = Code("102540008", "SCT", "headfirst")
_KEV = (143.1, 174.9)  # 159 keV and 10 % to either side
_PROJECTIONS, _FRAME_MS = 120, 30_000


class Way(StrEnum):
    """Whose habits an object follows."""

    SIEMENS = "Siemens"
    GE = "GE"
    PHILIPS = "Philips"


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What differs.

    Parameters
    ----------
    slice_mm : negative where slices go to the feet
    drug : Radiopharmaceutical (0018,0031)
    tracer : code of the radiopharmaceutical; None where only the text tells
    """

    matrix: int
    pixel_mm: float
    slices: int
    slice_mm: float
    drug: str
    tracer: Code | None
    description: str


HABITS = {
    Way.SIEMENS: Habit(
        matrix=128,
        pixel_mm=3.3,
        slices=64,
        slice_mm=3.3,
        drug="I-123 Ioflupane",
        tracer=_IOFLUPANE,
        description="DaTSCAN Flash3D",
    ),
    Way.GE: Habit(
        matrix=128,
        pixel_mm=2.95,
        slices=70,
        slice_mm=-2.95,
        drug="Ioflupane",
        tracer=_IOFLUPANE_SRT,
        description="DATSCAN_IRACSC TRANSAXIAL",
    ),
    Way.PHILIPS: Habit(
        matrix=64,
        pixel_mm=4.66,
        slices=48,
        slice_mm=-4.66,
        drug="DaTSCAN",
        tracer=None,
        description="DaTSCAN Astonish",
    ),
}


def nm_attributes(
    facts: StudyFacts, way: Way, geometry: Geometry, start: datetime, counts: int
) -> Attributes:
    """All attributes of one object but its pixels.

    Parameters
    ----------
    geometry : in the order in which frames are stored
    counts : sum of the stored values
    """
    habit = HABITS[way]
    frames = geometry.shape[0]
    return {
        **study_attributes(facts),
        **series_attributes(facts, 1, habit.description, start),
        "Manufacturer": f"{MANUFACTURER}, {way}-like",
        "ManufacturerModelName": "Gaussian phantom SPECT",
        "BodyPartExamined": "BRAIN",
        "SOPClassUID": NM_IMAGE_STORAGE,
        "SOPInstanceUID": facts.uid("instance", 1),
        "Modality": "NM",
        "ImageType": ("DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"),
        "InstanceNumber": 1,
        "ContentDate": date(start),
        "ContentTime": time(start),
        "AcquisitionDate": date(start),
        "AcquisitionTime": time(start),
        "NumberOfFrames": frames,
        "FrameIncrementPointer": _SLICE_VECTOR,
        "SliceVector": tuple(range(1, frames + 1)),
        "NumberOfSlices": frames,
        "SpacingBetweenSlices": decimal(habit.slice_mm),
        "SliceThickness": decimal(abs(habit.slice_mm)),
        "PixelSpacing": (decimal(habit.pixel_mm), decimal(habit.pixel_mm)),
        "CountsAccumulated": counts,
        "AcquisitionTerminationCondition": "TIME",
        "CorrectedImage": ("UNIF", "COR", "ATTN"),
        "BitsStored": 16,
        "HighBit": 15,
        **_acquisition(),
        **_tracer(habit),
        "DetectorInformationSequence": (_detector(geometry),),
    }


def _acquisition() -> Attributes:
    """Energy window, detectors and rotation (PS3.3 C.8.4.10 to C.8.4.12), and how one lies."""
    window = {
        "EnergyWindowLowerLimit": decimal(_KEV[0]),
        "EnergyWindowUpperLimit": decimal(_KEV[1]),
    }
    return {
        "NumberOfEnergyWindows": 1,
        "NumberOfDetectors": 1,
        "NumberOfRotations": 1,
        "EnergyWindowInformationSequence": (
            {"EnergyWindowName": "I-123", "EnergyWindowRangeSequence": (window,)},
        ),
        "RotationInformationSequence": (
            {
                "RotationDirection": "CW",
                "ScanArc": "360",
                "AngularStep": "3",
                "StartAngle": "0",
                "ActualFrameDuration": _FRAME_MS,
                "NumberOfFramesInRotation": _PROJECTIONS,
            },
        ),
        "PatientOrientationCodeSequence": (
            {**code(_RECUMBENT), "PatientOrientationModifierCodeSequence": (code(_SUPINE),)},
        ),
        "PatientGantryRelationshipCodeSequence": (code(_HEADFIRST),),
    }


def _tracer(habit: Habit) -> Attributes:
    item: dict[str, object] = {
        "Radiopharmaceutical": habit.drug,
        "RadionuclideTotalDose": "185",  # MBq in this IOD (PS3.3 C.8.4.10)
        "AdministrationRouteCodeSequence": (code(_INTRAVENOUS),),
        "RadionuclideCodeSequence": (code(_IODINE_123),),
    }
    if habit.tracer is not None:
        item["RadiopharmaceuticalCodeSequence"] = (code(habit.tracer),)
    return {"RadiopharmaceuticalInformationSequence": (item,)}


def _detector(geometry: Geometry) -> Attributes:
    """Where the first frame lies (PS3.3 C.8.4.11)."""
    first = (round(float(v), 4) for v in geometry.index_to_lps((0, 0, 0)))
    return {
        "CollimatorType": "PARA",
        "CollimatorGridName": "LEHR",
        "ImagePositionPatient": tuple(decimal(v) for v in first),
        "ImageOrientationPatient": ("1", "0", "0", "0", "1", "0"),
    }
