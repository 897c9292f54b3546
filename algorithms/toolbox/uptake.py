"""Uptake of a region: maximum, mean, peak (1 mL sphere), volume, and mean times volume.

The unit is the volume's own: SUV in, SUV out. Definitions as QIBA's FDG-PET/CT profile and PERCIST
(Wahl et al., J Nucl Med 2009;50 Suppl 1:122S) use them; the peak is PERCIST's hottest 1 cm3, which
need not hold the hottest voxel.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter  # type: ignore[attr-defined]  # filled at run time

from algorithms.toolbox.components import padded_box
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

# Step of the super-sampling: the weights of a 1 mL sphere are right to 0.1 %.
SAMPLE_MM = 0.2
BLOCK = 16384

Image = NDArray[np.float32]
Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptake:
    """Numbers of one region: maximum, mean and peak in the unit of the image, volume in mL."""

    maximum: float
    mean: float
    peak: float
    volume_ml: float

    @property
    def product(self) -> float:
        """Mean times volume: TLG in grams where the image is SUVbw (g/mL) of FDG."""
        return self.mean * self.volume_ml


def uptake_of(
    image: Image, geometry: Geometry, region: Region, *, peak_volume_ml: float = 1.0
) -> Uptake:
    """Uptake of a region of an image; volume is the number of voxels times their volume."""
    values = image[region.slices][region.mask]
    return Uptake(
        maximum=float(values.max()),
        mean=float(values.mean(dtype=np.float64)),
        peak=peak_of(image, geometry, region, volume_ml=peak_volume_ml),
        volume_ml=values.size * geometry.voxel_volume_ml,
    )


def sphere_weights(spacing_mm: tuple[float, float, float], volume_ml: float = 1.0) -> Weights:
    """Share of a sphere's volume that lies in each voxel around the voxel at its centre.

    A sphere of whole voxels would be wrong: with 4 mm voxels 19 centres lie within the radius of
    6.204 mm, which is 1.216 mL. So each voxel is sampled every 0.2 mm or finer.

    Returns
    -------
    (odd, odd, odd) float64
        Symmetric, sum 1.
    """
    if volume_ml <= 0 or min(spacing_mm) <= 0:
        raise ValueError(f"no sphere of {volume_ml} mL on a grid of {spacing_mm} mm")
    radius = sphere_radius_mm(volume_ml)
    halves = [max(0, math.ceil(radius / step - 0.5)) for step in spacing_mm]
    squares, counts = zip(
        *(_sample(step, half, radius) for step, half in zip(spacing_mm, halves, strict=True)),
        strict=True,
    )
    within = (
        squares[0][:, None, None] + squares[1][None, :, None] + squares[2][None, None, :]
        <= radius**2
    )
    cells = [n for half, count in zip(halves, counts, strict=True) for n in (2 * half + 1, count)]
    weights = within.reshape(cells).sum(axis=(1, 3, 5), dtype=np.float64)
    return np.asarray(weights / weights.sum())


def sphere_radius_mm(volume_ml: float) -> float:
    """Radius of a sphere; 6.204 mm for 1 mL."""
    return math.cbrt(3000.0 * volume_ml / (4.0 * math.pi))


def peak_of(image: Image, geometry: Geometry, region: Region, *, volume_ml: float = 1.0) -> float:
    """Greatest mean over a sphere whose centre is a voxel of the region.

    The sphere may leave the region. At the border of the image the mean is taken over the part of
    the sphere that was imaged: a zero in place of what was not measured would pull the value down,
    and leaving the position out would deny a peak to uptake at the end of the field of view.
    """
    weights = sphere_weights(geometry.spacing_mm, volume_ml)
    sphere = _Sphere.over(image, region, weights)
    values = image[region.slices][region.mask]
    centres = sphere.centres(region)
    best = float(sphere.means(centres[[int(values.argmax())]])[0])
    # A mean never exceeds the greatest value under the sphere: most positions need no sum.
    could_win = sphere.greatest(centres) > best
    if could_win.any():
        best = max(best, float(sphere.means(centres[could_win]).max()))
    return best


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sphere:
    """A sphere that is moved over the surroundings of a region.

    Parameters
    ----------
    surroundings : float32
        The region's box with the sphere's reach around it; 0 beyond the image.
    imaged : bool or None
        Which of these voxels belong to the image; None where all do.
    start : (slice, row, column)
        Index of the first of these voxels in the image; may be negative.
    """

    surroundings: Image
    imaged: NDArray[np.bool_] | None
    start: tuple[int, int, int]
    weights: Weights

    @classmethod
    def over(cls, image: Image, region: Region, weights: Weights) -> "_Sphere":
        a, b, c = (size // 2 for size in weights.shape)
        box = padded_box(region, (a, b, c), image.shape)
        wanted = [
            (axis.start - half, axis.stop + half)
            for axis, half in zip(region.slices, (a, b, c), strict=True)
        ]
        missing = [
            (axis.start - first, last - axis.stop)
            for axis, (first, last) in zip(box, wanted, strict=True)
        ]
        cut = any(before or after for before, after in missing)
        return cls(
            surroundings=np.pad(image[box], missing),
            imaged=np.pad(np.ones(image[box].shape, dtype=bool), missing) if cut else None,
            start=(wanted[0][0], wanted[1][0], wanted[2][0]),
            weights=weights,
        )

    def centres(self, region: Region) -> NDArray[np.intp]:
        """Flat index of each voxel of the region, in the order of ``array[mask]``."""
        placed = np.zeros(self.surroundings.shape, dtype=bool)
        a, b, c = (
            slice(part.start - first, part.stop - first)
            for part, first in zip(region.slices, self.start, strict=True)
        )
        placed[a, b, c] = region.mask
        return np.flatnonzero(placed)

    def greatest(self, centres: NDArray[np.intp]) -> Image:
        """Greatest value in the box around each sphere."""
        known = self.surroundings
        if self.imaged is not None:
            known = np.where(self.imaged, known, np.float32(-np.inf))
        around = maximum_filter(known, size=self.weights.shape, mode="nearest")
        return np.asarray(around.ravel()[centres])

    def means(self, centres: NDArray[np.intp]) -> NDArray[np.float64]:
        """Weighted mean around each centre."""
        offsets, shares = self._offsets()
        means = np.empty(centres.size)
        # Block by block, because neighbours of neighbours are then still in the processor's cache.
        for start in range(0, centres.size, BLOCK):
            block = slice(start, start + BLOCK)
            means[block] = self._block_means(centres[block], offsets, shares)
        return means

    def _block_means(
        self, centres: NDArray[np.intp], offsets: NDArray[np.intp], shares: Weights
    ) -> NDArray[np.float64]:
        values = self.surroundings.ravel()
        imaged = None if self.imaged is None else self.imaged.ravel()
        total = np.zeros(centres.size)
        weight = np.zeros(centres.size)
        for offset, share in zip(offsets, shares, strict=True):
            total += share * values[centres + offset]
            weight += share if imaged is None else share * imaged[centres + offset]
        return total / weight

    def _offsets(self) -> tuple[NDArray[np.intp], Weights]:
        """Flat distance from the centre, and weight, of each voxel that the sphere touches."""
        touched = np.nonzero(self.weights)
        steps = np.array(self.surroundings.strides) // self.surroundings.itemsize
        halves = [size // 2 for size in self.weights.shape]
        moved = [
            (axis - half) * step for axis, half, step in zip(touched, halves, steps, strict=True)
        ]
        return np.asarray(sum(moved), dtype=np.intp), self.weights[touched]


def _sample(step: float, half: int, radius: float) -> tuple[Weights, int]:
    """Squared distances of the sample points along one axis, and their number per voxel."""
    # One voxel that holds the whole sphere along this axis need not be sampled beyond it.
    width = min(step, 2.0 * radius) if half == 0 else step
    count = math.ceil(width / SAMPLE_MM)
    within = (np.arange(count) + 0.5) / count - 0.5
    points = np.arange(-half, half + 1)[:, None] * step + within * width
    return np.asarray(points.ravel() ** 2), count
