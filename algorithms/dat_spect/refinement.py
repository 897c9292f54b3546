"""Where each striatum lies: a small affine correction of the head's map, for either side alone.

One affine map cannot follow a head that is bent. Parts of the template, each as bright as fits best
(least squares), are laid on what the scan shows near one striatum; the correction, and with it the
resolution, is the one with the least misfit and the least departure from none (maximum a
posteriori, Gauss-Newton). So what the scan does not show is not moved, and width that comes of poor
resolution does not make a nucleus large.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls  # type: ignore[attr-defined]  # filled at run time

from algorithms.dat_spect.registration import Affine
from algorithms.dat_spect.templates import NearParts
from algorithms.toolbox.brain_template import sampled
from algorithms.toolbox.striatum import Side
from dicom_node.domain.geometry import Geometry

Image = NDArray[np.float32]
Floats = NDArray[np.float64]
Misfit = Callable[[Floats], Floats]

_STEP_MM = 4.5
# Ellipsoid round one striatum and its spread, LPS mm of MNI space; x away from the midline.
_CENTRE, _HALF = (20.0, -4.0, 4.0), (30.0, 42.0, 32.0)
_BEYOND_MIDLINE_MM = 6.0
# What is usual of a correction (standard deviations): shift, each entry of the matrix less 1, and
# resolution about a middle one. They hold a fit that has little to go by.
_SHIFT_MM, _STRETCH, _FWHM_MM, _FWHM_SPREAD_MM = 2.0, 0.06, 9.9, 1.5
_FWHM_RANGE_MM = (6.5, 14.5)
_ALIKE = 9.0  # voxels that err together (filter, template): count as one
_LEAST_BINDING = 0.5  # of any nucleus, over unspecific: below, the side has nothing to be found by
_MOST_SHIFT_MM, _MOST_STRETCH = 8.0, 1.25
_ROUNDS, _DIFFERENCE, _SETTLED = 6, 0.1, 0.05  # the latter two in standard deviations
_NONE = np.zeros(13)


def follow(image: Image, geometry: Geometry, head: Affine, parts: NearParts, side: Side) -> Affine:
    """Map of one side: the head's, corrected where that side's striatum shows and lies nearby.

    Parameters
    ----------
    image : (slices, rows, columns), any unit
    head : map of the whole head, patient to MNI millimetres
    """
    places = _places(side)
    seen = sampled(image, geometry, head.to_patient(places)).astype(np.float64)
    if seen.mean() <= 0:
        return head
    seen /= seen.mean()  # so that a fit knows no unit
    centre = np.array(_CENTRE) * (side.sign, 1, 1)
    widened = lru_cache(maxsize=2)(parts.at)

    def fitted(correction: Floats) -> tuple[Floats, Floats]:
        moved = _as_map(correction, centre).to_template(places)
        images = widened(_fwhm_mm(correction))
        drawn = np.stack([sampled(one, parts.geometry, moved) for one in images], axis=1)
        levels, _ = nnls(drawn.astype(np.float64), seen)
        return levels, seen - drawn @ levels

    _, apart = fitted(_NONE)
    unit = float(np.std(apart)) * np.sqrt(_ALIKE)
    found = _least(lambda one: np.concatenate((fitted(one)[1] / unit, one)))
    levels, _ = fitted(found)
    correction = _as_map(found, centre)
    if not _shows(levels, side) or not _small(correction, centre):
        return head
    return head.then(correction)


def _places(side: Side) -> Floats:
    """Lattice (n, 3) round the striatum of a side, MNI millimetres."""
    axes = [np.arange(-half, half + _STEP_MM, _STEP_MM) for half in _HALF]
    apart = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    near = apart[np.sum((apart / _HALF) ** 2, axis=-1) <= 1.0] + _CENTRE
    return np.asarray(near[near[:, 0] > -_BEYOND_MIDLINE_MM] * (side.sign, 1, 1))


def _as_map(correction: Floats, centre: Floats) -> Affine:
    """MNI millimetres to corrected ones: three of shift, nine of the matrix about the centre."""
    matrix = np.eye(3) + _STRETCH * correction[3:12].reshape(3, 3)
    return Affine(matrix=matrix, offset_mm=centre - matrix @ centre + _SHIFT_MM * correction[:3])


def _fwhm_mm(correction: Floats) -> float:
    return float(np.clip(_FWHM_MM + _FWHM_SPREAD_MM * correction[12], *_FWHM_RANGE_MM))


def _least(misfit: Misfit) -> Floats:
    """Correction of the least sum of squares that is reached from none; steps only go down."""
    at, apart = _NONE, misfit(_NONE)
    for _ in range(_ROUNDS):
        slopes = [
            (misfit(at + _DIFFERENCE * one) - apart) / _DIFFERENCE for one in np.eye(len(_NONE))
        ]
        step, *_ = np.linalg.lstsq(np.stack(slopes, axis=1), -apart, rcond=None)
        for share in (1.0, 0.5, 0.25):
            tried = misfit(at + share * step)
            if tried @ tried < apart @ apart:
                break
        else:
            return at
        at, apart = at + share * step, tried
        if np.abs(share * step).max() < _SETTLED:
            break
    return at


def _shows(levels: Floats, side: Side) -> bool:
    """Whether a nucleus of the side is brighter than what lies round it."""
    first = 1 + 3 * tuple(Side).index(side)
    return float(levels[first : first + 3].max()) >= _LEAST_BINDING * float(levels[0])


def _small(correction: Affine, centre: Floats) -> bool:
    """Whether heads bend that far: farther off, another thing was found."""
    shift_mm = float(np.linalg.norm(correction.to_template(centre) - centre))
    scales = np.linalg.svd(correction.matrix, compute_uv=False)
    stretch = float(max(scales.max(), 1 / scales.min()))
    return shift_mm <= _MOST_SHIFT_MM and stretch <= _MOST_STRETCH
