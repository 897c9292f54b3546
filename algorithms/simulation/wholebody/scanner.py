"""What a PET scanner makes of a patient: breathing, resolution, counts and correlated noise."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, gaussian_filter1d  # type: ignore[attr-defined]  # at run time

from algorithms.simulation.acquisition import correlated_noise
from algorithms.simulation.shapes import Axes, Floats

_FWHM_PER_SIGMA = 2.0 * float(np.sqrt(2.0 * np.log(2.0)))
_BREATH_Z = (-760.0, -640.0, -540.0, -430.0, -340.0)  # reference heights; nothing moves beyond
_BREATH_SHARE = (0.0, 0.6, 1.0, 0.5, 0.0)
Voxel = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerRange:
    """Scanners of a world.

    Parameters
    ----------
    fwhm_mm : resolution of the reconstructed image, lowest and highest
    noise : standard deviation over mean in the liver of a 75 kg patient, lowest and highest
    grain_mm : full width of the noise's correlation, lowest and highest
    overshoot : share of scanners whose reconstruction models the resolution (edges overshoot)
    voxels_mm : (slice, row, column) spacings, one of which is drawn
    bed_mm : length of a bed; noise is higher where beds meet
    breath_mm : standard deviation of the diaphragm's way during the PET
    mismatch_mm : standard deviation of the diaphragm's place on CT against PET
    """

    fwhm_mm: tuple[float, float] = (4.0, 7.0)
    noise: tuple[float, float] = (0.05, 0.15)
    grain_mm: tuple[float, float] = (4.5, 8.0)
    overshoot: float = 0.25
    voxels_mm: tuple[Voxel, ...] = ((4.0, 4.0, 4.0),)
    bed_mm: tuple[float, float] = (150.0, 260.0)
    breath_mm: float = 6.0
    mismatch_mm: float = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanner:
    """One scanner and one acquisition; units as in `ScannerRange`."""

    fwhm_mm: float
    noise: float
    grain_mm: float
    overshoot: float
    voxel_mm: Voxel
    bed_mm: float
    breath_mm: float
    mismatch_mm: float


def draw_scanner(limits: ScannerRange, random: np.random.Generator) -> Scanner:
    """One scanner of a world; always as many numbers are drawn."""
    u = random.random(5)
    voxel = limits.voxels_mm[int(random.integers(len(limits.voxels_mm)))]
    breath, mismatch = np.clip(random.standard_normal(2), -2, 2)

    def between(span: tuple[float, float], share: float) -> float:
        return span[0] + (span[1] - span[0]) * float(share)

    return Scanner(
        fwhm_mm=between(limits.fwhm_mm, u[0]),
        noise=between(limits.noise, u[1]),
        grain_mm=between(limits.grain_mm, u[2]),
        overshoot=0.35 if u[3] < limits.overshoot else 0.0,
        voxel_mm=voxel,
        bed_mm=between(limits.bed_mm, u[4]),
        breath_mm=abs(float(breath)) * limits.breath_mm,
        mismatch_mm=float(mismatch) * limits.mismatch_mm,
    )


def blurred(suv: Floats, axes: Axes, scanner: Scanner, tall: float) -> Floats:
    """Image without noise: breathing, resolution, and the overshoot of modelled resolution."""
    moved = suv
    if scanner.breath_mm > 0.5:
        # The diaphragm dwells at the end of expiration: three places with these weights.
        places = zip((0.0, 1.0, 2.0), (0.5, 0.3, 0.2), strict=True)
        moved = sum(  # type: ignore[assignment]  # sum starts at 0
            np.float32(w) * shifted(suv, axes, -k * scanner.breath_mm, tall) for k, w in places
        )
    sigma = [scanner.fwhm_mm / _FWHM_PER_SIGMA / step for step in steps_mm(axes)]
    image = gaussian_filter(moved, sigma, mode="nearest", truncate=3.0)
    if scanner.overshoot:
        wider = gaussian_filter(image, [1.2 * s for s in sigma], mode="nearest", truncate=3.0)
        image = image + np.float32(scanner.overshoot) * (image - wider)
    return np.asarray(np.maximum(image, 0), dtype=np.float32)


def noisy(
    image: Floats,
    axes: Axes,
    scanner: Scanner,
    *,
    liver_suv: float,
    weight_kg: float,
    random: np.random.Generator,
) -> Floats:
    """Image with noise that goes with the square root of uptake, correlated as after OSEM."""
    steps = steps_mm(axes)
    sigma = [scanner.grain_mm / _FWHM_PER_SIGMA / step for step in steps]
    level = scanner.noise * float(np.sqrt(weight_kg / 75.0))
    # Sensitivity falls toward the ends of a bed.
    beds = 1 + 0.15 * np.cos(2 * np.pi * axes.z_mm / np.float32(scanner.bed_mm))
    deviation = np.float32(level) * np.sqrt(np.maximum(image, 0.02) * np.float32(liver_suv))
    deviation *= beds[:, None, None].astype(np.float32)
    grain = correlated_noise(image.shape, sigma, random)
    return np.asarray(np.maximum(image + deviation * grain, 0), dtype=np.float32)


def textured(suv: Floats, axes: Axes, random: np.random.Generator) -> Floats:
    """Uptake that varies slowly within an organ, 5 % over some centimetres."""
    coarse = tuple(
        max(2, round(n * s / 32)) for n, s in zip(suv.shape, steps_mm(axes), strict=True)
    )
    field = 1 + 0.06 * random.standard_normal(coarse, dtype=np.float32)
    for axis, length in enumerate(suv.shape):
        place = np.linspace(0, field.shape[axis] - 1, length)
        low = np.minimum(place.astype(int), field.shape[axis] - 2)
        shape = [1, 1, 1]
        shape[axis] = length
        part = (place - low).astype(np.float32).reshape(shape)
        field = np.take(field, low, axis) * (1 - part) + np.take(field, low + 1, axis) * part
    return np.asarray(suv * field, dtype=np.float32)


def ct_like(
    hounsfield: Floats, axes: Axes, scanner: Scanner, tall: float, random: np.random.Generator
) -> Floats:
    """CT on the same grid: the diaphragm elsewhere, a little blur, a little noise."""
    moved = shifted(hounsfield, axes, scanner.mismatch_mm, tall)
    noise = random.standard_normal(hounsfield.shape, dtype=np.float32) * np.float32(12)
    smooth = gaussian_filter1d(moved, 0.5, axis=0, mode="nearest", truncate=3.0)
    return np.asarray(np.maximum(smooth + noise, -1024), dtype=np.float32)


def shifted(image: Floats, axes: Axes, by_mm: float, tall: float) -> Floats:
    """Image whose middle is moved toward the head, the most at the diaphragm."""
    share = np.interp(axes.z_mm / tall, _BREATH_Z, _BREATH_SHARE)
    step = float(axes.z_mm[1] - axes.z_mm[0])
    place = np.clip(np.arange(len(share)) - by_mm * share / step, 0, len(share) - 1)
    moving = np.flatnonzero(np.abs(place - np.arange(len(share))) > 0.02)
    if moving.size == 0:
        return image
    span = slice(int(moving[0]), int(moving[-1]) + 1)
    low = np.minimum(place[span].astype(int), len(share) - 2)
    part = (place[span] - low).astype(np.float32)[:, None, None]
    out = image.copy()
    out[span] = image[low] * (1 - part) + image[low + 1] * part
    return out


def steps_mm(axes: Axes) -> Voxel:
    """Spacing of slices, rows and columns."""
    z, y, x = (float(a[1] - a[0]) for a in (axes.z_mm, axes.y_mm, axes.x_mm))
    return z, y, x
