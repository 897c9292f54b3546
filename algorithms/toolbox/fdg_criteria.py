"""Published FDG criteria as formulas: qPET with its Deauville category, PERCIST's threshold.

They give numbers and a suggestion, never a diagnosis.
"""

from enum import StrEnum

import numpy as np

from algorithms.toolbox.ground import Image
from algorithms.toolbox.isocontour import hottest_voxel
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

QPET_SOURCE = (
    "mean of the hottest voxel and its three hottest neighbours, over the liver's mean; categories "
    "at 0.95, 1.3 and 2.0 (Hasenclever et al., Eur J Nucl Med Mol Imaging 2014;41:1301)"
)
PERCIST_SOURCE = "1.5 x SULmean + 2 SD of the liver (Wahl et al., J Nucl Med 2009;50 Suppl 1:122S)"
_CATEGORY_FROM = ((2.0, "5"), (1.3, "4"), (0.95, "3"))


class Deauville(StrEnum):
    """Deauville category that a qPET value suggests; it cannot tell 1 from 2."""

    ONE_OR_TWO = "1 or 2"
    THREE = "3"
    FOUR = "4"
    FIVE = "5"


def qpet(image: Image, geometry: Geometry, region: Region, *, liver_mean: float) -> float:
    """Quotient of a lesion's four hottest connected voxels and the liver's mean.

    The three neighbours are the hottest of the 26 around the hottest voxel, in the lesion or not.
    """
    if liver_mean <= 0:
        raise ValueError(f"the liver's mean is {liver_mean}; a quotient needs more than 0")
    centre = hottest_voxel(image, geometry, region)
    a, b, c = (
        slice(max(0, place - 1), min(size, place + 2))
        for place, size in zip(centre, image.shape, strict=True)
    )
    hottest = np.sort(image[a, b, c].ravel())[::-1]
    # The hottest voxel of the region counts although a neighbour beyond the region may be hotter.
    others = np.delete(hottest, int(np.flatnonzero(hottest == image[centre])[0]))
    return float((image[centre] + others[:3].sum()) / (1 + min(3, others.size))) / liver_mean


def deauville_of(quotient: float) -> Deauville:
    """Category suggested by a qPET value."""
    for lowest, category in _CATEGORY_FROM:
        if quotient >= lowest:
            return Deauville(category)
    return Deauville.ONE_OR_TWO


def percist_threshold(*, liver_mean: float, liver_sd: float) -> float:
    """Least SULpeak of a measurable lesion, in the unit of the liver's values (SUL)."""
    if liver_mean <= 0 or liver_sd < 0:
        raise ValueError(f"liver {liver_mean} +- {liver_sd} is no liver")
    return 1.5 * liver_mean + 2.0 * liver_sd
