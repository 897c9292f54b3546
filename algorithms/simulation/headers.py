"""Headers of the made-up scanner, as plain mappings; a tuple of mappings is a sequence.

Complete for the PET Image and CT Image IODs (PS3.3 A.21, A.3), complete for SUV (nuclear_medicine
2.3), and fictitious: no real maker, no real person.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from algorithms.simulation.acquisition import BedTimes, CtProtocol, Injection, PetProtocol
from dicom_node.domain.coding import Code
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.tracer import Tracer

Attributes = Mapping[str, object]

MANUFACTURER = "dicom_node simulation"
MODEL_NAME = "Analytic phantom PET/CT"
PET_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.128"
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
_NAMESPACE = uuid.UUID("6d0f5c8e-8a5b-5f0a-9d50-2f1f6e1f3b7c")  # of this simulator, arbitrary

# European Pharmacopoeia for F-18, nuclear data tables for Ga-68; both recalled.
_POSITRON_FRACTION = {"F-18": "0.967", "Ga-68": "0.891"}

_INTRAVENOUS = Code("47625008", "SCT", "Intravenous route")
_RECUMBENT = Code("102538003", "SCT", "recumbent")
_SUPINE = Code("40199007", "SCT", "supine")
_HEADFIRST = Code("102540008", "SCT", "headfirst")


def uid_of(*names: object) -> str:
    """UID of a thing by its names: the same names give the same UID (PS3.5 B.2, UUID version 5)."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, '/'.join(str(name) for name in names)).int}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts:
    """What all instances of a study agree on.

    Parameters
    ----------
    uid_names : what makes the study unique: simulator, version, seed
    patient_id, patient_name : of the phantom
    """

    uid_names: tuple[str, ...]
    patient_id: str
    patient_name: str
    age_years: int
    size_m: float
    weight_kg: float
    started_at: datetime
    description: str
    software_version: str
    sex: str = "M"

    def uid(self, *names: object) -> str:
        """UID of a thing of this study."""
        return uid_of(*self.uid_names, *names)

    @property
    def frame_of_reference_uid(self) -> str:
        """Shared by PET and CT: the patient does not move between them."""
        return self.uid("frame of reference")


def study_attributes(facts: StudyFacts) -> dict[str, object]:
    """Patient, Study, Equipment and Frame of Reference modules."""
    birth = facts.started_at.year - facts.age_years
    return {
        "SpecificCharacterSet": "ISO_IR 192",
        "PatientName": facts.patient_name,
        "PatientID": facts.patient_id,
        "PatientBirthDate": f"{birth}0101",
        "PatientSex": facts.sex,
        "PatientAge": f"{facts.age_years:03d}Y",
        "PatientSize": decimal(facts.size_m),
        "PatientWeight": decimal(facts.weight_kg),
        "PatientComments": "Simulated phantom, not a person",
        "StudyInstanceUID": facts.uid("study"),
        "StudyDate": date(facts.started_at),
        "StudyTime": time(facts.started_at),
        "ReferringPhysicianName": "",
        "StudyID": "1",
        "AccessionNumber": "",
        "StudyDescription": facts.description,
        "Manufacturer": MANUFACTURER,
        "ManufacturerModelName": MODEL_NAME,
        "InstitutionName": MANUFACTURER,
        "StationName": "SIMULATION",
        "DeviceSerialNumber": "1",
        "SoftwareVersions": facts.software_version,
        "FrameOfReferenceUID": facts.frame_of_reference_uid,
        "PositionReferenceIndicator": "",
        "BodyPartExamined": "WHOLEBODY",
    }


def series_attributes(facts: StudyFacts, number: int, text: str, start: datetime) -> Attributes:
    """General Series module, less what differs between PET and CT."""
    return {
        "SeriesInstanceUID": facts.uid("series", number),
        "SeriesNumber": number,
        "SeriesDescription": text,
        "ProtocolName": facts.description,
        "SeriesDate": date(start),
        "SeriesTime": time(start),
        "PerformedProcedureStepStartDate": date(facts.started_at),
        "PerformedProcedureStepStartTime": time(facts.started_at),
        "PerformedProcedureStepID": "1",
        "PerformedProcedureStepDescription": facts.description,
    }


def pet_attributes(
    protocol: PetProtocol, tracer: Tracer, injection: Injection, window: tuple[float, float]
) -> Attributes:
    """PET Series, Isotope and Patient Orientation modules, and what all its images share.

    Patient Position is absent: it must not stand beside Patient Orientation Code Sequence
    (PS3.3 C.7.3.1), which the PET IOD asks for.
    """
    grid = protocol.grid
    return {
        "SOPClassUID": PET_IMAGE_STORAGE,
        "Modality": "PT",
        "ImageType": ("ORIGINAL", "PRIMARY"),
        "Units": "BQML",
        "CountsSource": "EMISSION",
        "SeriesType": ("WHOLE BODY", "IMAGE"),
        "NumberOfSlices": grid.slices,
        "CorrectedImage": ("DECY", "ATTN", "SCAT", "DTIM", "RAN", "NORM"),
        "RandomsCorrectionMethod": "DLYD",
        "AttenuationCorrectionMethod": "measured,CT",
        "ScatterCorrectionMethod": "none needed: simulated",
        "DecayCorrection": "START",
        "ScatterFractionFactor": "0",
        "DeadTimeFactor": "1",
        "CollimatorType": "NONE",
        "ReconstructionMethod": f"Gaussian {protocol.resolution_fwhm_mm:g} mm of the truth",
        "ReconstructionDiameter": decimal(grid.matrix * grid.pixel_mm),
        "AcquisitionTerminationCondition": "TIME",
        "WindowCenter": decimal(window[0]),
        "WindowWidth": decimal(window[1]),
        "BitsStored": 16,
        "HighBit": 15,
        "PatientOrientationCodeSequence": (
            {**code(_RECUMBENT), "PatientOrientationModifierCodeSequence": (code(_SUPINE),)},
        ),
        "PatientGantryRelationshipCodeSequence": (code(_HEADFIRST),),
        "RadiopharmaceuticalInformationSequence": (_injection_item(tracer, injection),),
    }


def _injection_item(tracer: Tracer, injection: Injection) -> Attributes:
    nuclide = injection.radionuclide
    return {
        "Radiopharmaceutical": tracer.name,
        "RadiopharmaceuticalStartTime": time(injection.given_at),
        "RadiopharmaceuticalStartDateTime": date(injection.given_at) + time(injection.given_at),
        "RadionuclideTotalDose": decimal(injection.activity_bq),
        "RadionuclideHalfLife": decimal(nuclide.half_life_s),
        "RadionuclidePositronFraction": _POSITRON_FRACTION[nuclide.name],
        "RadiopharmaceuticalRoute": _INTRAVENOUS.meaning,
        "AdministrationRouteCodeSequence": (code(_INTRAVENOUS),),
        "RadionuclideCodeSequence": (code(nuclide.codes[0]),),
        "RadiopharmaceuticalCodeSequence": (code(tracer.codes[0]),),
    }


def pet_image_attributes(bed: BedTimes, slope: str, image_index: int) -> Attributes:
    """PET Image module of one slice; every bed has its own clock, every slice its own slope."""
    return {
        "AcquisitionDate": date(bed.started_at),
        "AcquisitionTime": time(bed.started_at),
        "ActualFrameDuration": bed.duration_ms,
        "FrameReferenceTime": decimal(bed.frame_reference_ms),
        "DecayFactor": decimal(bed.decay_factor),
        "RescaleIntercept": "0",
        "RescaleSlope": slope,
        "ImageIndex": image_index,
    }


def image_attributes(
    facts: StudyFacts, number: int, geometry: Geometry, index: int, made_at: datetime
) -> Attributes:
    """General Image, Image Plane and SOP Common modules of one slice; instance 1 is the highest."""
    spacing = geometry.spacing_mm
    position = tuple(round(float(v), 4) for v in geometry.index_to_lps((index, 0, 0)))
    return {
        "SOPInstanceUID": facts.uid("instance", number, index),
        "InstanceCreationDate": date(made_at),
        "InstanceCreationTime": time(made_at),
        "ContentDate": date(made_at),
        "ContentTime": time(made_at),
        "InstanceNumber": geometry.shape[0] - index,
        "ImagePositionPatient": tuple(decimal(v) for v in position),
        "ImageOrientationPatient": tuple(decimal(v) for v in geometry.image_orientation_patient),
        "SliceLocation": decimal(position[2]),
        "SliceThickness": decimal(spacing[0]),
        "PixelSpacing": (decimal(spacing[1]), decimal(spacing[2])),
    }


def ct_attributes(protocol: CtProtocol, start: datetime) -> Attributes:
    """CT Image module: what all its images share."""
    return {
        "SOPClassUID": CT_IMAGE_STORAGE,
        "Modality": "CT",
        "ImageType": ("ORIGINAL", "PRIMARY", "AXIAL"),
        "PatientPosition": "HFS",
        "AcquisitionNumber": 1,
        "AcquisitionDate": date(start),
        "AcquisitionTime": time(start),
        "KVP": "120",
        "XRayTubeCurrent": 60,
        "ExposureTime": 500,
        "Exposure": 30,
        "ScanOptions": "HELICAL",
        "ReconstructionDiameter": decimal(protocol.grid.matrix * protocol.grid.pixel_mm),
        "ConvolutionKernel": "SOFT",
        "GantryDetectorTilt": "0",
        "RescaleIntercept": "-1024",
        "RescaleSlope": "1",
        "RescaleType": "HU",
        "WindowCenter": "40",
        "WindowWidth": "400",
        "BitsStored": 12,
        "HighBit": 11,
    }


def code(concept: Code) -> Attributes:
    """Item of a code sequence (PS3.3 8.8)."""
    return {
        "CodeValue": concept.value,
        "CodingSchemeDesignator": concept.scheme,
        "CodeMeaning": concept.meaning,
    }


def decimal(value: float) -> str:
    """Decimal string of at most 16 characters (PS3.5 6.2)."""
    return f"{value:.10g}"


def date(moment: datetime) -> str:
    """DICOM date."""
    return moment.strftime("%Y%m%d")


def time(moment: datetime) -> str:
    """DICOM time, to the second."""
    return moment.strftime("%H%M%S")
