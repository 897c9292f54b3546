"""The published SUV reference objects made again: one phantom, one trap each, written as files.

The OncoRay/IBSI set (Vacha et al. 2026, CC BY 4.0) holds in every object the same cylinder with
SUV 0.20, 1.00 and 4.00, and changes how the header says so. Five objects lie beside the checkout;
the others are made here from the first of them and from the set's own list of titles. What a slice
must store for SUV 1 is written down by arithmetic that shares nothing with the code under test.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

SLICES, FRAME = 20, slice(60, 196)  # the cylinder fills rows and columns 68 to 188
DOSE_BQ, WEIGHT_KG, HEIGHT_CM = 368.08e6, 70.0, 175.0
F18_S, GA68_S, ZR89_S, HOUR_S = 6586.2, 4062.6, 282_276.0, 3600.0
PHILIPS = "Philips PET Private Group"

OfSlice = Callable[[int], float]
Private = tuple[int, str | None, int, str, Any]  # group, creator, element, VR, value


def bq_per_suv(seconds: float, *, dose_bq: float = DOSE_BQ, half_life_s: float = F18_S) -> float:
    """Bq/ml that are SUV 1 for 70 kg, so long after the administration."""
    return dose_bq * 0.5 ** (seconds / half_life_s) / (1000.0 * WEIGHT_KG)


def mean_time_s(duration_s: float, half_life_s: float = F18_S) -> float:
    """When within a frame the activity equals its mean: ln(x / (1 - e^-x)) / lambda."""
    x = math.log(2.0) / half_life_s * duration_s
    return math.log(x / (1.0 - math.exp(-x))) * duration_s / x


AN_HOUR = bq_per_suv(HOUR_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """One reference object.

    Parameters
    ----------
    root, given : mapping
        Attributes of the slices and of their radiopharmaceutical item; None deletes, a function is
        asked for the value of the slice.
    private : tuple
        Private elements; without a creator the value stands in block 0x10 all the same.
    stored_per_suv : function
        Real-world stored value of a slice that is SUV 1.
    slope : function
        Rescale Slope of a slice.
    relative : float
        How far the factor may be off. 1e-4 unless the trap itself is coarser.
    """

    name: str
    root: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    private: tuple[Private, ...] = ()
    stored_per_suv: OfSlice = lambda _: AN_HOUR
    slope: OfSlice = lambda _: 0.5
    relative: float = 1e-4

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Phantom:
    """The default object: headers without pixels, and its SUV (slices, rows, columns)."""

    headers: tuple[Dataset, ...]
    suv: NDArray[np.float64]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """The published mask: all of the cylinder, which alone is not 0."""
        return self.suv > 0


def read_phantom(folder: Path) -> Phantom:
    """Phantom of the published default object."""
    slices = [dcmread(path) for path in sorted(folder.glob("*.dcm"))]
    values = np.stack([one.pixel_array[FRAME, FRAME] for one in slices])
    for one in slices:
        del one.PixelData
        one.Rows = one.Columns = values.shape[-1]
        spacing, place = one.PixelSpacing[0], one.ImagePositionPatient
        one.ImagePositionPatient = [place[0] + FRAME.start * spacing, place[1], place[2]]
    return Phantom(headers=tuple(slices), suv=values / 3600.0)


def write_object(phantom: Phantom, wanted: Object, folder: Path) -> NDArray[np.float64]:
    """Write the slices; their real-world stored values as they can be read from the files."""
    folder.mkdir()
    stored = []
    for index, header in enumerate(phantom.headers):
        made = deepcopy(header)
        made.SOPInstanceUID = generate_uid(entropy_srcs=[wanted.name, str(index)])
        made.SeriesInstanceUID = generate_uid(entropy_srcs=[wanted.name])
        made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
        _put(made, wanted.root, index)
        _put(made.RadiopharmaceuticalInformationSequence[0], wanted.given, index)
        for one in wanted.private:
            _put_private(made, one)
        slope = wanted.slope(index)
        numbers = np.round(phantom.suv[index] * wanted.stored_per_suv(index) / slope)
        assert numbers.max() < 2**15
        made.RescaleSlope = f"{slope:.10g}"
        made.add_new(0x7FE00010, "OW", numbers.astype("<i2").tobytes())
        made.save_as(folder / f"{index:03}.dcm", enforce_file_format=True)
        stored.append(numbers * slope)
    return np.stack(stored)


def _put(dataset: Dataset, changes: Mapping[str, Any], index: int) -> None:
    for keyword, given in changes.items():
        value = given(index) if callable(given) else given
        if value is not None:
            setattr(dataset, keyword, value)
        elif keyword in dataset:
            delattr(dataset, keyword)


def _put_private(dataset: Dataset, wanted: Private) -> None:
    group, creator, element, vr, value = wanted
    if creator is None:
        dataset.add_new((group, 0x1000 | element), vr, value)
    else:
        dataset.private_block(group, creator, create=True).add_new(element, vr, value)


def factors_of(series: Mapping[str, Any]) -> NDArray[np.float64]:
    """SUVbw factor of every slice, in order of position along the normal."""
    given = series["suvbw_factor"]
    found: Sequence[float] = given if isinstance(given, list) else [given] * SLICES
    assert len(found) == SLICES
    return np.array(found, float)
