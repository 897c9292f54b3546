"""What is registered to: ioflupane scans of the template, from normal to severely reduced.

Each is a sum of blurred parts - unspecific uptake, and each nucleus - so that one can also be made
whose parts are as bright as those of a patient, on either side.
"""

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


def make_parts(template: BrainTemplate) -> Parts:
    """Parts of a template, at a usual resolution."""
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
    sigma = [_RESOLUTION_MM / _FWHM / step for step in template.geometry.spacing_mm]
    blurred = [gaussian_filter(image.astype(np.float32), sigma) for image in images]
    return Parts(images=np.stack(blurred), geometry=template.geometry)
