"""DICOM test data made by keyword: valid headers, and pixels that follow a formula.

Every maker takes DICOM keywords as further arguments: a value sets the attribute, None deletes it,
a function of the slice index gives each slice its own. UIDs follow from `study` and `series`
alone, so that the same call makes the same objects.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from dicom_parts import (
    Attributes,
    base,
    code,
    decimals,
    fdg,
    item,
    put,
    put_pixels,
    quantised,
    supine,
    technetium,
    uid,
)
from factories_enhanced import enhanced_pet
from factories_frames import nm_projections, nm_recon_tomo
from numpy.typing import NDArray
from phantoms import axes_mm, gradient, points_mm
from pydicom import Dataset
from pydicom.uid import (
    CTImageStorage,
    PositronEmissionTomographyImageStorage,
)

__all__ = [
    "code",
    "ct_series",
    "dynamic_pet",
    "enhanced_pet",
    "fdg",
    "gated_pet",
    "item",
    "nm_projections",
    "nm_recon_tomo",
    "pet_series",
    "supine",
    "technetium",
    "uid",
    "write_series",
]

HFS = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)  # axial slices, rows to the left, columns to the back


def pet_series(  # the keywords of a test
    *,
    slices: int = 6,
    rows: int = 16,
    columns: int = 12,
    spacing_mm: Sequence[float] = (4.0, 3.0, 2.0),
    origin_mm: Sequence[float] = (-10.0, 5.0, 40.0),
    orientation: Sequence[float] = HFS,
    ascending: bool = True,
    values: NDArray[Any] | None = None,
    study: str = "study",
    series: str = "pet",
    radiopharmaceutical: Attributes | None = None,
    **attributes: Any,
) -> list[Dataset]:
    """PET Image Storage, one instance per slice, Bq/ml decay corrected to the series time.

    Parameters
    ----------
    spacing_mm : of slices, rows and columns
    ascending : bool
        Whether instance 1 is the first slice along the normal, or the last.
    values : (slices, rows, columns), optional
        Bq/ml (float), each slice stored with its own slope; or stored values (whole numbers).
        Slice k lies at the origin + k spacing along the normal. Default: `phantoms.gradient`.
    radiopharmaceutical : mapping, optional
        Changes to the item of RadiopharmaceuticalInformationSequence (see `fdg`).
    """
    facts: dict[str, Any] = {
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "SeriesType": ["STATIC", "IMAGE"],
        "Units": "BQML",
        "CountsSource": "EMISSION",
        "CorrectedImage": ["DECY", "ATTN", "SCAT", "DTIM", "RAN", "NORM"],
        "DecayCorrection": "START",
        "CollimatorType": "NONE",
        "NumberOfSlices": slices,
        "FrameReferenceTime": 0,
        "ActualFrameDuration": 180000,
        "DecayFactor": 1.0,
        "ReconstructionMethod": "OSEM",
        "AttenuationCorrectionMethod": "CT",
        "ScatterCorrectionMethod": "MODEL",
        "RandomsCorrectionMethod": "DLYD",
        "RadiopharmaceuticalInformationSequence": [fdg(**(radiopharmaceutical or {}))],
        **supine(),
        **attributes,
    }
    return _single_frames(
        PositronEmissionTomographyImageStorage,
        "PT",
        (slices, rows, columns),
        axes_mm(spacing_mm=spacing_mm, origin_mm=origin_mm, orientation=orientation),
        ascending=ascending,
        values=values,
        names=(study, series),
        attributes=facts,
    )


def dynamic_pet(*, time_slices: int = 3, slices: int = 6, **given: Any) -> list[Dataset]:
    """Dynamic PET: every slice at every time, time by time; arguments as `pet_series`."""
    made = []
    for time in range(time_slices):
        facts: dict[str, Any] = {
            "SeriesType": ["DYNAMIC", "IMAGE"],
            "NumberOfTimeSlices": time_slices,
            "FrameReferenceTime": 60000.0 * time,
            "ActualFrameDuration": 60000,
            "AcquisitionTime": f"100{time}00",
            "ImageIndex": lambda index, time=time: time * slices + index + 1,
            **given,
        }
        made += _numbered(pet_series(slices=slices, **facts), first=len(made))
    return made


def gated_pet(*, time_slots: int = 3, slices: int = 6, **given: Any) -> list[Dataset]:
    """Gated PET: every slice at every time slot of one RR interval; arguments as `pet_series`."""
    made = []
    for slot in range(time_slots):
        facts: dict[str, Any] = {
            "SeriesType": ["GATED", "IMAGE"],
            "NumberOfRRIntervals": 1,
            "NumberOfTimeSlots": time_slots,
            "TriggerTime": 100.0 * slot,
            "FrameTime": 100.0,
            "BeatRejectionFlag": "N",
            "ImageIndex": lambda index, slot=slot: slot * slices + index + 1,
            **given,
        }
        made += _numbered(pet_series(slices=slices, **facts), first=len(made))
    return made


def _numbered(datasets: list[Dataset], *, first: int) -> list[Dataset]:
    """The same instances with numbers and UIDs that go on after `first` others of the series."""
    for number, one in enumerate(datasets, start=first + 1):
        one.InstanceNumber = number
        one.SOPInstanceUID = uid(one.StudyInstanceUID, one.SeriesInstanceUID, number)
        one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    return datasets


def ct_series(  # the keywords of a test
    *,
    slices: int = 6,
    rows: int = 16,
    columns: int = 12,
    spacing_mm: Sequence[float] = (4.0, 3.0, 2.0),
    origin_mm: Sequence[float] = (-10.0, 5.0, 40.0),
    orientation: Sequence[float] = HFS,
    ascending: bool = True,
    values: NDArray[Any] | None = None,
    study: str = "study",
    series: str = "ct",
    **attributes: Any,
) -> list[Dataset]:
    """CT Image Storage in Hounsfield units, one instance per slice; parameters as `pet_series`."""
    affine = axes_mm(spacing_mm=spacing_mm, origin_mm=origin_mm, orientation=orientation)
    shape = (slices, rows, columns)
    hounsfield = gradient(points_mm(shape, affine)) - 5000 if values is None else values
    facts: dict[str, Any] = {
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "KVP": 120,
        "AcquisitionNumber": 1,
        "RescaleType": "HU",
        "PatientPosition": "HFS",
        **attributes,
    }
    return _single_frames(
        CTImageStorage,
        "CT",
        shape,
        affine,
        ascending=ascending,
        values=np.round(hounsfield).astype(np.int16),
        names=(study, series),
        attributes=facts,
    )


def _single_frames(
    sop_class: str,
    modality: str,
    shape: tuple[int, int, int],
    affine: NDArray[np.float64],
    *,
    ascending: bool,
    values: NDArray[Any] | None,
    names: tuple[str, str],
    attributes: Attributes,
) -> list[Dataset]:
    """Instances in order of instance number."""
    truth = gradient(points_mm(shape, affine)) if values is None else np.asarray(values)
    stored, slopes = quantised(truth)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    cosines = [*(affine[:3, 2] / spacing[2]), *(affine[:3, 1] / spacing[1])]
    made = []
    order = range(shape[0]) if ascending else range(shape[0] - 1, -1, -1)
    for number, index in enumerate(order, start=1):
        one = base(
            sop_class=sop_class, modality=modality, study=names[0], series=names[1], number=number
        )
        one.InstanceNumber = number
        one.ImagePositionPatient = decimals(affine[:3, 3] + index * affine[:3, 0])
        one.ImageOrientationPatient = decimals(cosines)
        one.PixelSpacing = decimals(spacing[1:])
        one.SliceThickness = decimals(spacing[:1])[0]
        one.RescaleSlope, one.RescaleIntercept = decimals([slopes[index], 0.0])
        if modality == "PT":
            one.ImageIndex = index + 1
        put_pixels(one, stored[index])
        put(one, attributes, index)
        made.append(one)
    return made


def write_series(datasets: Sequence[Dataset], folder: Path) -> list[Path]:
    """Files of the data sets, in their order, in a folder that is made."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:04}.dcm" for number in range(len(datasets))]
    for dataset, path in zip(datasets, paths, strict=True):
        dataset.save_as(path, enforce_file_format=True)
    return paths
