"""What is registered to: ioflupane scans of the template, from normal to severely reduced.

Each is a sum of blurred parts - unspecific uptake, and each nucleus - so that one can also be made
whose parts are as bright as those of a patient, on either side. Near the striata the parts are
there at any resolution.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter  # type: ignore[attr-defined]  # filled at run time

from algorithms.toolbox.brain_template import BrainTemplate, places_mm
from algorithms.toolbox.striatum import Nucleus, Side, back_weight, share
from dicom_node.domain.geometry import Geometry

Image = NDArray[np.float32]

# Unspecific concentration: grey, white, fluid, scalp; and binding of caudate, front and back of the
# putamen. The metric is a correlation, so that levels matter only against each other.
_GREY, _WHITE, _FLUID, _SCALP = 0.95, 0.82, 0.3, 0.35
_LOOKS = {
    "normal": (6.4, 6.2, 5.9),
    "moderate": (5.0, 3.0, 1.0),
    "severe": (3.5, 1.2, 0.4),
}
_RESOLUTION_MM = 9.3
_FWHM = 2.3548
# Near the striata: LPS mm of MNI space, and the resolutions between which others are worked out.
_NEAR_LOW, _NEAR_HIGH = (-65.0, -60.0, -45.0), (65.0, 60.0, 55.0)
_WIDTHS_MM = (8.0, 10.5, 13.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """An image in MNI space, (slices, rows, columns), unspecific grey matter about 1."""

    name: str
    image: Image
    geometry: Geometry


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """Blurred parts of a scan in MNI space, (parts, slices, rows, columns), each of binding 1.

    The first is the unspecific uptake; then caudate, front and back of the putamen of the left
    side, and the same of the right side.
    """

    images: Image
    geometry: Geometry

    def look(self, name: str, weights: Sequence[float]) -> Look:
        """Sum of the parts."""
        image = np.tensordot(np.asarray(weights, dtype=np.float32), self.images, axes=1)
        return Look(name=name, image=np.asarray(image), geometry=self.geometry)

    @property
    def usual_looks(self) -> tuple[Look, ...]:
        """Looks to begin with, from the least to the most reduced."""
        return tuple(self.look(name, (1.0, *levels, *levels)) for name, levels in _LOOKS.items())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NearParts:
    """The same parts near the striata, (widths, parts, slices, rows, columns), at three widths."""

    images: Image
    geometry: Geometry

    def at(self, fwhm_mm: float) -> Image:
        """Parts (parts, slices, rows, columns) at a resolution, full width at half maximum.

        A parabola through the three in the square of the width, by which blurring goes.
        """
        square, squares = fwhm_mm**2, [width**2 for width in _WIDTHS_MM]
        weights = [
            math.prod((square - other) / (one - other) for other in squares if other != one)
            for one in squares
        ]
        return np.asarray(np.tensordot(np.asarray(weights, np.float32), self.images, axes=1))


def make_parts(template: BrainTemplate) -> Parts:
    """Parts of a template, at a usual resolution."""
    images = [_blurred(one, template, _RESOLUTION_MM) for one in _sharp(template)]
    return Parts(images=np.stack(images), geometry=template.geometry)


def make_near_parts(template: BrainTemplate) -> NearParts:
    """Parts of a template near the striata."""
    places = places_mm(template.geometry)
    near = np.argwhere(np.all((places > _NEAR_LOW) & (places < _NEAR_HIGH), axis=-1))
    first, last = near.min(axis=0), near.max(axis=0)
    cut = tuple(slice(low, high + 1) for low, high in zip(first, last, strict=True))
    # Cut before they are blurred: the edge is farther from where one looks than blurring reaches.
    sharp = [one[cut] for one in _sharp(template)]
    images = np.stack(
        [np.stack([_blurred(one, template, width) for one in sharp]) for width in _WIDTHS_MM]
    )
    affine = template.geometry.affine.copy()
    affine[:3, 3] = template.geometry.index_to_lps(first)
    a, b, c = images.shape[2:]
    geometry = Geometry(affine=affine, shape=(a, b, c), frame_of_reference_uid=None)
    return NearParts(images=images, geometry=geometry)


def _sharp(template: BrainTemplate) -> list[Image]:
    """Parts before they are blurred."""
    fluid = np.clip(template.brain - template.grey - template.white, 0.0, 1.0)
    images = [
        _GREY * template.grey + _WHITE * template.white + _FLUID * fluid + _SCALP * template.scalp
    ]
    places = places_mm(template.geometry)
    back = back_weight(places)
    for side in Side:
        caudate, putamen, ventral = (
            share(nucleus, side, places, edge_mm=2.0) for nucleus in Nucleus
        )
        images += [caudate + 0.8 * ventral, putamen * (1 - back), putamen * back]
    return [image.astype(np.float32) for image in images]


def _blurred(image: Image, template: BrainTemplate, fwhm_mm: float) -> Image:
    sigma = [fwhm_mm / _FWHM / step for step in template.geometry.spacing_mm]
    return np.asarray(gaussian_filter(image, sigma))
