"""The default series of the published SUV reference objects, to be changed by keyword.

The objects are those of the OncoRay set (Vacha et al. 2026), made again without their files.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from factories import pet_series
from pydicom import Dataset

from dicom_node.domain.coding import Unit
from dicom_node.domain.volume import UnitProvenance
from dicom_node.reading import units
from dicom_node.reading.header import Header

Change = Callable[[Dataset], None]

F18_S, GA68_S, ZR89_S = 6586.2, 4062.6, 282_276.0
DOSE_BQ, WEIGHT_G = 368.08e6, 70_000.0
HOUR_S = 3600.0
PHILIPS = "Philips PET Private Group"
# The default reference object: 70 kg, 1.75 m, 368.08 MBq at 10:00, scan at 11:00.
DEFAULT: dict[str, Any] = {
    "PatientWeight": 70.0,
    "PatientSize": 1.75,
    "PatientSex": "O",
    "SeriesDate": "20250101",
    "SeriesTime": "110000.000000",
    "AcquisitionDate": "20250101",
    "AcquisitionTime": "110000.000000",
    "FrameReferenceTime": 150000.0,
    "ActualFrameDuration": 300000,
    "CorrectedImage": ["NORM", "DTIM", "ATTN", "SCAT", "DECY", "RAN"],
    "Manufacturer": "Synthetic",
}
GIVEN: dict[str, Any] = {
    "RadionuclideTotalDose": DOSE_BQ,
    "RadiopharmaceuticalStartTime": "100000.000000",
    "RadiopharmaceuticalStartDateTime": "20250101100000.000000",
}
# Without what the default says of F-18, so that a half-life of another nuclide contradicts nothing.
NO_FDG: dict[str, Any] = {
    "Radiopharmaceutical": None,
    "RadionuclideCodeSequence": [],
    "RadiopharmaceuticalCodeSequence": None,
}
AN_HOUR = WEIGHT_G / (DOSE_BQ * 2 ** (-HOUR_S / F18_S))


def suv_series(
    change: Change | None = None,
    *,
    given: dict[str, Any] | None = None,
    slices: int = 3,
    **attributes: Any,
) -> list[Header]:
    datasets = pet_series(
        slices=slices,
        rows=2,
        columns=2,
        radiopharmaceutical={**GIVEN, **(given or {})},
        **{**DEFAULT, **attributes},
    )
    for one in datasets:
        if change is not None:
            change(one)
    return [Header(one) for one in datasets]


def converted(headers: Sequence[Header], unit: Unit = Unit.SUVBW) -> UnitProvenance:
    got, provenance = units.convert(headers, unit)
    assert got is unit
    return provenance


def private(group: int, creator: str | None, element: int, vr: str, value: str | bytes) -> Change:
    def change(dataset: Dataset) -> None:
        if creator is None:
            dataset.add_new((group, 0x1000 | element), vr, value)
        else:
            dataset.private_block(group, creator, create=True).add_new(element, vr, value)

    return change


def both(*changes: Change) -> Change:
    def change(dataset: Dataset) -> None:
        for one in changes:
            one(dataset)

    return change


def average_s(duration_s: float, half_life_s: float = F18_S) -> float:
    x = math.log(2) * duration_s / half_life_s
    return math.log(x / (1 - math.exp(-x))) * half_life_s / math.log(2)


def after(seconds: float, dose: float = DOSE_BQ, half_life: float = F18_S) -> float:
    return WEIGHT_G / (dose * 2 ** (-seconds / half_life))


SLICE_TIMES = ("110000", "110500", "111000")
LATE = {"SeriesTime": "140000"}
GE_NONE = private(0x0009, None, 0x0D, "DT", "20250101110000.00")
