"""Uptake candidates of raw files by another way: pydicom and SciPy, nothing of the node."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from scipy import ndimage

LEVEL_SUVBW, SMALLEST_ML = 4.0, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpot:
    """Numbers of one connected region of SUVbw 4.0 or more."""

    maximum: float
    mean: float
    volume_ml: float

    @property
    def product_g(self) -> float:
        return self.mean * self.volume_ml


def suv_of(folder: Path, factor: float) -> tuple[NDArray[np.float64], float]:
    """SUVbw (slices, rows, columns) of axial PET files, and the volume of a voxel in ml."""
    slices = sorted(map(dcmread, folder.iterdir()), key=lambda one: one.ImagePositionPatient[2])
    values = np.stack([one.pixel_array * float(one.RescaleSlope) * factor for one in slices])
    along = np.diff([float(one.ImagePositionPatient[2]) for one in slices])
    rows_mm, columns_mm = map(float, slices[0].PixelSpacing)
    return values, float(along.mean()) * rows_mm * columns_mm / 1000.0


def hot_spots_of(suv: NDArray[np.float64], voxel_ml: float) -> list[HotSpot]:
    """Hot spots, hottest first."""
    # The node compares in single precision, in which the image is kept.
    labels, count = ndimage.label(suv.astype(np.float32) >= LEVEL_SUVBW, np.ones((3, 3, 3)))
    found = []
    for number in range(1, count + 1):
        inside = suv[labels == number]
        if len(inside) * voxel_ml >= SMALLEST_ML:
            spot = HotSpot(
                maximum=float(inside.max()),
                mean=float(inside.mean()),
                volume_ml=len(inside) * voxel_ml,
            )
            found.append(spot)
    return sorted(found, key=lambda spot: -spot.maximum)


def around_the_maximum(suv: NDArray[np.float64], level: float) -> NDArray[np.bool_]:
    """Voxels of at least a level that are joined to the hottest one."""
    labels, _ = ndimage.label(suv >= level, np.ones((3, 3, 3)))
    return np.asarray(labels == labels[np.unravel_index(suv.argmax(), suv.shape)])


def peak_of(
    suv: NDArray[np.float64], inside: NDArray[np.bool_], spacing_mm: Sequence[float]
) -> float:
    """Greatest mean over a sphere of 1 ml round a voxel of a region, by points 0.5 mm apart."""
    radius_mm = (3.0 / (4.0 * np.pi) * 1000.0) ** (1.0 / 3.0)
    steps = np.arange(-6.25, 6.5, 0.5)
    offsets = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    offsets = offsets[np.linalg.norm(offsets, axis=1) <= radius_mm] / np.asarray(spacing_mm)
    means = []
    for centre in np.argwhere(inside):
        a, b, c = np.round(centre + offsets).astype(int).T
        means.append(suv[a, b, c].mean())
    return float(max(means))
