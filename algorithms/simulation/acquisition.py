"""What the scanner makes of the truth: sampling, resolution, counts, noise and the clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (  # type: ignore[attr-defined]  # re-exported in a way mypy cannot see
    gaussian_filter,
    gaussian_filter1d,
)

from algorithms.simulation.shapes import Floats
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.tracer import Radionuclide

_FWHM_PER_SIGMA = 2.0 * float(np.sqrt(2.0 * np.log(2.0)))
# Kernels reach this many standard deviations; fixed, for the noise is scaled by the same kernel.
_TRUNCATE = 4.0
# Liver of an average patient, SUVbw; the noise is stated there (see noise_fraction).
_REFERENCE_SUV = 2.17
_CT_LOWEST = -1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Axial sampling, centred on the scanner's axis, downward from a top slice.

    Parameters
    ----------
    matrix : rows and columns
    pixel_mm, slice_mm : spacing
    top_mm : z of the highest slice
    """

    matrix: int
    pixel_mm: float
    slices: int
    slice_mm: float
    top_mm: float

    def geometry(self, frame_of_reference_uid: str) -> Geometry:
        """Grid whose slices go up, rows back and columns left."""
        corner = -(self.matrix - 1) / 2 * self.pixel_mm
        affine = np.zeros((4, 4))
        affine[2, 0], affine[1, 1], affine[0, 2] = self.slice_mm, self.pixel_mm, self.pixel_mm
        affine[:, 3] = (corner, corner, self.top_mm - (self.slices - 1) * self.slice_mm, 1)
        return Geometry(
            affine=affine,
            shape=(self.slices, self.matrix, self.matrix),
            frame_of_reference_uid=frame_of_reference_uid,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PetProtocol:
    """A whole-body PET in beds that follow each other from the thighs to the head.

    Parameters
    ----------
    resolution_fwhm_mm : of the reconstructed image, all directions
    bed_slices, bed_duration_s : slices and time of one bed; beds do not overlap
    noise_fraction : standard deviation over mean in a liver voxel at the reference counts
    reference_counts : MBq s / kg at which noise_fraction holds; 260 gives acceptable noise (J Nucl
        Med Technol 2019;47:47, abstract read); the fraction of 0.10 is our choice, below the 0.15
        that EANM allows (recalled)
    """

    grid: Grid
    resolution_fwhm_mm: float = 6.0
    bed_slices: int = 40
    bed_duration_s: float = 120.0
    noise_fraction: float = 0.10
    reference_counts: float = 260.0

    def bed_of(self, slice_index: int) -> int:
        """Number of the bed that a slice belongs to; 0 is the lowest and the first."""
        return slice_index // self.bed_slices


@dataclass(frozen=True, slots=True, kw_only=True)
class CtProtocol:
    """A low-dose CT for attenuation correction and localisation.

    Parameters
    ----------
    noise_hu : standard deviation in the body; a quarter of it in the air around
    sharpness_fwhm_mm : correlation length of the noise
    """

    grid: Grid
    noise_hu: float = 9.0
    sharpness_fwhm_mm: float = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """Activity given to the patient, and its decay."""

    activity_bq: float
    given_at: datetime
    radionuclide: Radionuclide

    def activity_at_bq(self, moment: datetime) -> float:
        """Activity that is left, whole patient."""
        elapsed_s = (moment - self.given_at).total_seconds()
        return float(self.activity_bq * 2.0 ** (-elapsed_s / self.radionuclide.half_life_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class BedTimes:
    """Clock of one bed; the image is decay-corrected to the start of the series.

    Parameters
    ----------
    frame_reference_ms : from the start of the series to the moment at which the momentary activity
        equals its mean over the frame (PS3.3 C.8.9.4.1.7)
    decay_factor : what the mean count rate was multiplied by
    """

    started_at: datetime
    duration_ms: int
    frame_reference_ms: float
    decay_factor: float


def bed_times(protocol: PetProtocol, start: datetime, half_life_s: float) -> tuple[BedTimes, ...]:
    """Clock of each bed, lowest first.

    T_ave = ln(x / (1 - exp(-x))) / lambda with x = lambda T (QIBA vendor-neutral SUV pseudo-code).
    """
    decay = np.log(2.0) / half_life_s
    x = decay * protocol.bed_duration_s
    mean_s = float(np.log(x / -np.expm1(-x)) / decay)
    times = []
    for bed in range(-(-protocol.grid.slices // protocol.bed_slices)):
        begin_s = bed * protocol.bed_duration_s
        times.append(
            BedTimes(
                started_at=start + timedelta(seconds=begin_s),
                duration_ms=round(protocol.bed_duration_s * 1000),
                frame_reference_ms=(begin_s + mean_s) * 1000,
                decay_factor=float(np.exp(decay * (begin_s + mean_s))),
            )
        )
    return tuple(times)


def scan_pet(
    truth_suv: Floats,
    protocol: PetProtocol,
    counts: Sequence[float],
    random: np.random.Generator,
) -> Floats:
    """Image of a distribution: blurred to the resolution, with noise as after iterative recon.

    The noise of a voxel goes with the square root of uptake over counts, and neighbours are
    correlated by the point spread. There are no negative values.

    Parameters
    ----------
    truth_suv : (slices, rows, columns)
    counts : MBq s / kg collected in each slice
    """
    grid = protocol.grid
    sigma = protocol.resolution_fwhm_mm / _FWHM_PER_SIGMA
    voxels = (sigma / grid.slice_mm, sigma / grid.pixel_mm, sigma / grid.pixel_mm)
    blurred = gaussian_filter(truth_suv, voxels, mode="nearest", truncate=_TRUNCATE)
    level = protocol.noise_fraction * np.sqrt(protocol.reference_counts / np.asarray(counts))
    deviation = level[:, None, None].astype(np.float32) * np.sqrt(blurred * _REFERENCE_SUV)
    noisy = blurred + deviation * correlated_noise(truth_suv.shape, voxels, random)
    return np.asarray(np.maximum(noisy, 0), dtype=np.float32)


def scan_ct(
    truth_hu: Floats, protocol: CtProtocol, random: np.random.Generator
) -> NDArray[np.int16]:
    """CT numbers with noise, whole and not below -1024, which also fills the corners."""
    grid = protocol.grid
    pixels = protocol.sharpness_fwhm_mm / _FWHM_PER_SIGMA / grid.pixel_mm
    body = np.clip((truth_hu + 1000) / 100, 1 / 4, 1)
    noise = correlated_noise(truth_hu.shape, (0.0, pixels, pixels), random)
    noise *= np.float32(protocol.noise_hu) * body
    image = np.clip(np.rint(truth_hu + noise), _CT_LOWEST, 3071).astype(np.int16)
    image[:, _outside_circle(grid.matrix)] = _CT_LOWEST
    return np.asarray(image)


def _outside_circle(matrix: int) -> NDArray[np.bool_]:
    """Corners of the matrix that a reconstruction circle leaves empty."""
    across = np.arange(matrix) - (matrix - 1) / 2
    return np.asarray(across[:, None] ** 2 + across[None, :] ** 2 > (matrix / 2) ** 2)


def correlated_noise(
    shape: tuple[int, ...], sigma_voxels: Sequence[float], random: np.random.Generator
) -> Floats:
    """Normal noise of unit variance whose neighbours are correlated by a Gaussian."""
    noise = random.standard_normal(shape, dtype=np.float32)
    noise = gaussian_filter(noise, sigma_voxels, mode="wrap", truncate=_TRUNCATE)
    for sigma in sigma_voxels:
        noise /= np.float32(_noise_gain(sigma))
    return np.asarray(noise, dtype=np.float32)


def _noise_gain(sigma_voxels: float) -> float:
    """Standard deviation that one pass of the filter leaves of white noise."""
    reach = int(_TRUNCATE * sigma_voxels + 0.5)
    impulse = np.zeros(2 * reach + 1)
    impulse[reach] = 1.0
    if sigma_voxels == 0:
        return 1.0
    kernel = gaussian_filter1d(impulse, sigma_voxels, mode="constant", truncate=_TRUNCATE)
    return float(np.sqrt(np.sum(kernel**2)))
