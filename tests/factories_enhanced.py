"""Enhanced PET test objects: geometry, units and values in functional groups (PS3.3 A.56)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from dicom_parts import (
    base,
    code,
    decimals,
    fdg,
    frames_along,
    item,
    put,
    put_pixels,
    uid,
)
from numpy.typing import NDArray
from phantoms import axes_mm
from pydicom import Dataset
from pydicom.tag import Tag
from pydicom.uid import EnhancedPETImageStorage

HFS = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_IMAGE_TYPE = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
_QUANTITY = {
    "PixelPresentation": "MONOCHROME",
    "VolumetricProperties": "VOLUME",
    "VolumeBasedCalculationTechnique": "NONE",
}
_CORRECTED = (
    "Decay Attenuation Scatter DeadTime CountLossNormalization Randoms SensitivityCalibrated "
    "DetectorNormalization"
)


def enhanced_pet(  # the keywords of a test
    *,
    slices: int = 6,
    rows: int = 16,
    columns: int = 12,
    spacing_mm: Sequence[float] = (4.0, 3.0, 2.0),
    origin_mm: Sequence[float] = (-10.0, 5.0, 40.0),
    orientation: Sequence[float] = HFS,
    time_points: int = 1,
    slope: float = 0.5,
    values: NDArray[Any] | None = None,
    study: str = "study",
    series: str = "enhanced pet",
    **attributes: Any,
) -> Dataset:
    """Enhanced PET in Bq/ml, dose in MBq, geometry and value map in functional groups.

    Parameters
    ----------
    values : (slices, rows, columns) or (time points, slices, rows, columns) stored, optional
        Times `slope` they are Bq/ml. Slice k lies at the origin + k spacing along the normal.
    """
    affine = axes_mm(spacing_mm=spacing_mm, origin_mm=origin_mm, orientation=orientation)
    made = base(
        sop_class=EnhancedPETImageStorage, modality="PT", study=study, series=series, number=1
    )
    put(made, _facts(study, slices * time_points, temporal=time_points > 1))
    made.SharedFunctionalGroupsSequence = [_shared(spacing_mm, orientation, slope)]
    made.PerFrameFunctionalGroupsSequence = [
        _frame(affine[:3, 3] + index * affine[:3, 0], index, point, temporal=time_points > 1)
        for point in range(time_points)
        for index in range(slices)
    ]
    shape = (slices, rows, columns)
    put_pixels(made, frames_along(shape, repeats=time_points, affine=affine, values=values))
    put(made, attributes)
    return made


def _facts(study: str, frames: int, *, temporal: bool) -> dict[str, Any]:
    """Modules of Enhanced PET (PS3.3 A.56), without the functional groups."""
    return {
        "ImageType": _IMAGE_TYPE,
        **_QUANTITY,
        "InstanceNumber": 1,
        "NumberOfFrames": frames,
        "AcquisitionDate": None,
        "AcquisitionTime": None,
        "AcquisitionDateTime": "20240305100000",
        "AcquisitionDuration": 180.0,
        "ContentQualification": "PRODUCT",
        "DeviceSerialNumber": "1",
        "SoftwareVersions": "1",
        "BurnedInAnnotation": "NO",
        "LossyImageCompression": "00",
        "PresentationLUTShape": "IDENTITY",
        "PatientPosition": "HFS",
        "AcquisitionContextSequence": [],
        "RadiopharmaceuticalInformationSequence": [_dose()],
        **_acquisition(),
        **_dimensions(study, temporal=temporal),
    }


def _dose() -> Dataset:
    """Enhanced PET Isotope Module (PS3.3 C.8.22.4): the dose is in MBq."""
    return fdg(
        Radiopharmaceutical=None,
        RadionuclideTotalDose=370.0,
        RadiopharmaceuticalAgentNumber=1,
        RadiopharmaceuticalStartTime=None,
        AdministrationRouteCodeSequence=[code("47625008", "SCT", "Intravenous route")],
    )


def _acquisition() -> dict[str, Any]:
    """Enhanced PET Acquisition and Corrections Modules (PS3.3 C.8.22.2, C.8.22.3)."""
    view = code("24422004", "SCT", "Axial")
    corrections = {
        "Decay": "DecayCorrected",
        "DetectorNormalization": "DetectorNormalizationCorrection",
    }
    names = ("GantryMotion", "PatientMotion", "NonUniformRadialSampling")
    return {
        "AcquisitionStartCondition": "MANU",
        "AcquisitionTerminationCondition": "TIME",
        "TerminationTimeThreshold": 180.0,
        "DetectorGeometry": "CYLINDRICAL_RING",
        "TypeOfDetectorMotion": "STATIONARY",
        "TransverseDetectorSeparation": 4.0,
        "AxialDetectorDimension": 4.0,
        "CollimatorType": "NONE",
        "CoincidenceWindowWidth": 4.5,
        "EnergyWindowRangeSequence": [
            item(EnergyWindowLowerLimit=435.0, EnergyWindowUpperLimit=650.0)
        ],
        "TableMotion": "STATIC",
        "TimeOfFlightInformationUsed": "TRUE",
        "ViewCodeSequence": [view],
        "CountsSource": "EMISSION",
        "DecayCorrectionDateTime": "20240305100000",
        **{f"{name}Corrected": "NO" for name in names},
        **{corrections.get(name, _corrected(name)): "YES" for name in _CORRECTED.split()},
        "AttenuationCorrectionSource": "CT",
        "AttenuationCorrectionTemporalRelationship": "CONCURRENT",
        "ScatterCorrectionMethod": "MODEL",
        "RandomsCorrectionMethod": "DLYD",
    }


def _corrected(name: str) -> str:
    """Keyword of the flag of a correction."""
    return name if name.endswith("Calibrated") else f"{name}Corrected"


def _dimensions(study: str, *, temporal: bool) -> dict[str, Any]:
    """Multi-frame Dimension Module (PS3.3 C.7.6.17)."""
    organization = uid(study, "dimensions")
    pointers = [("TemporalPositionTimeOffset", "TemporalPositionSequence")] * temporal
    pointers += [("ImagePositionPatient", "PlanePositionSequence")]
    return {
        "DimensionOrganizationSequence": [item(DimensionOrganizationUID=organization)],
        "DimensionIndexSequence": [
            item(
                DimensionOrganizationUID=organization,
                DimensionIndexPointer=Tag(pointer),
                FunctionalGroupPointer=Tag(group),
            )
            for pointer, group in pointers
        ],
    }


def _shared(spacing_mm: Sequence[float], orientation: Sequence[float], slope: float) -> Dataset:
    """Functional groups that hold for all frames (PS3.3 A.56.4)."""
    mapping = item(
        RealWorldValueIntercept=0.0,
        RealWorldValueSlope=slope,
        LUTExplanation="activity",
        LUTLabel="BQML",
        MeasurementUnitsCodeSequence=[code("Bq/ml", "UCUM", "Becquerels/milliliter")],
    )
    mapping.add_new("RealWorldValueFirstValueMapped", "US", 0)
    mapping.add_new("RealWorldValueLastValueMapped", "US", 65535)
    return item(
        PixelMeasuresSequence=[
            item(PixelSpacing=decimals(spacing_mm[1:]), SliceThickness=abs(spacing_mm[0]))
        ],
        PlaneOrientationSequence=[item(ImageOrientationPatient=decimals(orientation))],
        FrameAnatomySequence=[
            item(AnatomicRegionSequence=[code("51185008", "SCT", "Chest")], FrameLaterality="U")
        ],
        PixelValueTransformationSequence=[
            item(RescaleIntercept=0.0, RescaleSlope=slope, RescaleType="US")
        ],
        FrameVOILUTSequence=[item(WindowCenter=5000.0, WindowWidth=10000.0)],
        RealWorldValueMappingSequence=[mapping],
        PETFrameTypeSequence=[item(FrameType=_IMAGE_TYPE, **_QUANTITY)],
        RadiopharmaceuticalUsageSequence=[item(RadiopharmaceuticalAgentNumber=1)],
        **_pet_groups(),
    )


def _pet_groups() -> dict[str, Any]:
    """Functional groups of PET alone (PS3.3 C.8.22.5), with the values of a resting table."""
    centre = [0.0, 0.0, 0.0]
    position = item(
        TablePosition=100.0,
        DataCollectionCenterPatient=centre,
        ReconstructionTargetCenterPatient=centre,
    )
    factors = item(
        PrimaryPromptsCountsAccumulated=1000000,
        SliceSensitivityFactor=1.0,
        DecayFactor=1.0,
        ScatterFractionFactor=0.3,
        DeadTimeFactor=1.0,
    )
    reconstruction = item(
        ReconstructionType="3D",
        ReconstructionAlgorithm="REPROJECTION",
        IterativeReconstructionMethod="YES",
        NumberOfIterations=2,
        NumberOfSubsets=21,
        ReconstructionDiameter=700.0,
    )
    acquisition = item(
        TableHeight=150.0,
        GantryDetectorTilt=0.0,
        GantryDetectorSlew=0.0,
        DataCollectionDiameter=700.0,
    )
    return {
        "PETFrameAcquisitionSequence": [acquisition],
        "PETDetectorMotionDetailsSequence": [item(RotationDirection="CW", RevolutionTime=1.0)],
        "PETPositionSequence": [position],
        "PETFrameCorrectionFactorsSequence": [factors],
        "PETReconstructionSequence": [reconstruction],
    }


def _frame(position: NDArray[np.float64], index: int, point: int, *, temporal: bool) -> Dataset:
    """Functional groups of one frame: where it lies, and when it was taken."""
    moment = f"20240305100{3 * point}00"
    content = item(
        FrameAcquisitionNumber=point + 1,
        FrameReferenceDateTime=moment,
        FrameAcquisitionDateTime=moment,
        FrameAcquisitionDuration=180000.0,
        StackID="1",
        InStackPositionNumber=index + 1,
        TemporalPositionIndex=point + 1,
        DimensionIndexValues=[point + 1, index + 1][not temporal :],
    )
    made = item(
        FrameContentSequence=[content],
        PlanePositionSequence=[item(ImagePositionPatient=decimals(position))],
    )
    if temporal:
        made.TemporalPositionSequence = [item(TemporalPositionTimeOffset=180.0 * point)]
    return made
