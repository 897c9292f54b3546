"""NM test objects: reconstructions, gated or not, and projections."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from dicom_parts import (
    base,
    decimals,
    frames_along,
    item,
    put,
    put_pixels,
    supine,
    technetium,
)
from numpy.typing import NDArray
from phantoms import axes_mm
from pydicom import Dataset
from pydicom.tag import Tag
from pydicom.uid import NuclearMedicineImageStorage

HFS = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def nm_recon_tomo(  # the keywords of a test
    *,
    slices: int = 6,
    rows: int = 16,
    columns: int = 12,
    spacing_mm: Sequence[float] = (4.0, 3.0, 2.0),
    origin_mm: Sequence[float] = (-10.0, 5.0, 40.0),
    orientation: Sequence[float] | None = HFS,
    gates: int = 1,
    values: NDArray[Any] | None = None,
    study: str = "study",
    series: str = "nm",
    **attributes: Any,
) -> Dataset:
    """NM RECON TOMO, or RECON GATED TOMO with more than one gate (PS3.3 C.8.4.8).

    Parameters
    ----------
    spacing_mm : of slices, rows and columns
        A negative first one is a negative SpacingBetweenSlices: slices go against the normal.
    orientation : six cosines, or None
        None leaves orientation and position empty, as Type 2 allows.
    values : (slices, rows, columns) or (gates, slices, rows, columns) whole numbers, optional
        Slice k lies at the origin + k spacing along the normal.
    """
    affine = axes_mm(spacing_mm=spacing_mm, origin_mm=origin_mm, orientation=orientation or HFS)
    shape = (slices, rows, columns)
    made = _nm(study=study, series=series, frames=slices * gates)
    made.NumberOfSlices = slices
    made.SpacingBetweenSlices = decimals(spacing_mm[:1])[0]
    made.SliceThickness = decimals([abs(spacing_mm[0])])[0]
    made.PixelSpacing = decimals(spacing_mm[1:])
    made.SliceVector = list(range(1, slices + 1)) * gates
    made.ImageType = ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"]
    made.FrameIncrementPointer = Tag("SliceVector")
    if gates > 1:
        _gate(made, gates, slices)
    made.DetectorInformationSequence = [
        item(
            CollimatorType="PARA",
            ImagePositionPatient=decimals(origin_mm) if orientation else "",
            ImageOrientationPatient=decimals(orientation) if orientation else "",
        )
    ]
    if orientation is None:
        del made.FrameOfReferenceUID, made.PositionReferenceIndicator
    put_pixels(made, frames_along(shape, repeats=gates, affine=affine, values=values))
    put(made, attributes)
    return made


def _nm(*, study: str, series: str, frames: int) -> Dataset:
    """What every NM image has (PS3.3 A.5): windows, detectors, rotation, tracer."""
    made = base(
        sop_class=NuclearMedicineImageStorage, modality="NM", study=study, series=series, number=1
    )
    limits = item(EnergyWindowLowerLimit=126.5, EnergyWindowUpperLimit=154.5)
    put(
        made,
        {
            "InstanceNumber": 1,
            "NumberOfFrames": frames,
            "NumberOfEnergyWindows": 1,
            "NumberOfDetectors": 1,
            "NumberOfRotations": 1,
            "CountsAccumulated": 1000000,
            "EnergyWindowInformationSequence": [
                item(EnergyWindowName="Tc99m", EnergyWindowRangeSequence=[limits])
            ],
            "RadiopharmaceuticalInformationSequence": [technetium()],
            "RotationInformationSequence": [
                item(
                    RotationDirection="CW",
                    ScanArc=360,
                    AngularStep=3,
                    StartAngle=0,
                    ActualFrameDuration=20000,
                    NumberOfFramesInRotation=120,
                )
            ],
            **supine(),
        },
    )
    return made


def _gate(made: Dataset, gates: int, slices: int) -> None:
    """RR interval \\ time slot \\ slice, the last one fastest."""
    made.ImageType = ["DERIVED", "PRIMARY", "RECON GATED TOMO", "EMISSION"]
    made.FrameIncrementPointer = [
        Tag(name) for name in ("RRIntervalVector", "TimeSlotVector", "SliceVector")
    ]
    made.NumberOfRRIntervals, made.NumberOfTimeSlots = 1, gates
    made.RRIntervalVector = [1] * (gates * slices)
    made.TimeSlotVector = [gate for gate in range(1, gates + 1) for _ in range(slices)]
    made.GatedInformationSequence = [
        item(
            DataInformationSequence=[
                item(
                    FrameTime=100,
                    LowRRValue=700,
                    HighRRValue=900,
                    IntervalsAcquired=500,
                    IntervalsRejected=5,
                )
            ]
        )
    ]


def nm_projections(
    *,
    views: int = 6,
    rows: int = 16,
    columns: int = 12,
    study: str = "study",
    series: str = "nm",
    **attributes: Any,
) -> Dataset:
    """NM TOMO: projections of a SPECT acquisition, no volume."""
    made = _nm(study=study, series=series, frames=views)
    made.ImageType = ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]
    names = ("EnergyWindowVector", "DetectorVector", "RotationVector", "AngularViewVector")
    made.FrameIncrementPointer = [Tag(name) for name in names]
    for name in names[:3]:
        setattr(made, name, [1] * views)
    made.AngularViewVector = list(range(1, views + 1))
    made.PixelSpacing = decimals([3.0, 2.0])
    made.DetectorInformationSequence = [
        item(
            CollimatorType="PARA",
            StartAngle=0,
            RadialPosition=[200.0] * views,
            ImagePositionPatient="",
            ImageOrientationPatient="",
        )
    ]
    put_pixels(made, np.arange(views * rows * columns, dtype=np.uint16).reshape(-1, rows, columns))
    put(made, attributes)
    return made
