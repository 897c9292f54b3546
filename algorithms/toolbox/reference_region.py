"""A reference region that was placed by a rule: its voxels, and what they measure."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algorithms.toolbox.lesion_net.grid import Image
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferenceRegion:
    """Where it is on the grid of the PET (LPS mm); mean and standard deviation in SUVbw."""

    region: Region
    centre_mm: tuple[float, float, float]
    mean: float
    sd: float


def voxels_near(
    geometry: Geometry,
    centre_mm: tuple[float, float, float],
    reach_mm: float,
    within: Callable[[Points], NDArray[np.bool_]],
) -> NDArray[np.bool_]:
    """Mask (slices, rows, columns) of the voxels whose way from the centre is within a shape.

    Parameters
    ----------
    reach_mm : no part of the shape is farther from its centre
    within : given ways (..., 3) from the centre in LPS mm, tells which are inside
    """
    half = [int(np.ceil(reach_mm / step)) + 1 for step in geometry.spacing_mm]
    middle = np.rint(geometry.lps_to_index(centre_mm)).astype(int)
    spans = [
        np.arange(max(0, m - h), min(size, m + h + 1))
        for m, h, size in zip(middle, half, geometry.shape, strict=True)
    ]
    index = np.stack(np.meshgrid(*spans, indexing="ij"), axis=-1)
    mask = np.zeros(geometry.shape, dtype=bool)
    mask[tuple(index[within(geometry.index_to_lps(index) - np.array(centre_mm))].T)] = True
    return mask


def even_region(
    suv: Image, mask: NDArray[np.bool_], centre_mm: tuple[float, float, float], most_cv: float
) -> ReferenceRegion | None:
    """The region of a mask; None where it is empty or varies by more than `most_cv` of its mean."""
    if not mask.any():
        return None
    values = suv[mask].astype(np.float64)
    mean, sd = float(values.mean()), float(values.std())
    if mean <= 0 or sd > most_cv * mean:
        return None
    return ReferenceRegion(region=Region.from_mask(mask), centre_mm=centre_mm, mean=mean, sd=sd)
