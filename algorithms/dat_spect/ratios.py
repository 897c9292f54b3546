"""Specific binding ratios, by regions and by total counts, and what follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algorithms.dat_spect.regions import MEASURED, Mask, Part, Regions
from algorithms.toolbox.striatum import Nucleus, Side
from dicom_node.domain.errors import InputRejected

Image = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios:
    """Numbers of one scan.

    Parameters
    ----------
    binding : specific binding ratio of caudate and putamen of each side, by regions
    total_counts : Southampton specific binding ratio of each striatum
    """

    binding: Mapping[Part, float]
    total_counts: Mapping[Side, float]

    def caudate_to_putamen(self, side: Side) -> float | None:
        """Ratio of ratios; None where the putamen binds nothing that could be divided by."""
        putamen = self.binding[Nucleus.PUTAMEN, side]
        return self.binding[Nucleus.CAUDATE, side] / putamen if putamen > 0.05 else None

    def asymmetry_percent(self, nucleus: Nucleus) -> float | None:
        """200 |left - right| / (left + right); None where there is no binding to compare."""
        left, right = (self.binding[nucleus, side] for side in Side)
        if left + right <= 0.1:
            return None
        return 200.0 * abs(left - right) / (left + right)

    @property
    def features(self) -> tuple[float, ...]:
        """Caudate left and right, putamen left and right: what classifiers are given."""
        return tuple(self.binding[part] for part in MEASURED)


def measure(image: Image, regions: Regions, voxel_ml: float, *, striatum_ml: float) -> Ratios:
    """Ratios of an image in any unit that is proportional to activity concentration.

    By regions: (mean of the nucleus - mean of the reference) / mean of the reference. By total
    counts (Tossici-Bolt et al., Eur J Nucl Med Mol Imaging 2006;33:1491): (N / c - V) / V_s, with
    N the sum over the generous region (concentration times ml), c the mean of the unspecific
    brain, V the region's volume and V_s the assumed volume of one striatum.

    Raises
    ------
    InputRejected
        The reference region has no counts.
    """
    reference, unspecific = _mean(image, regions.reference), _mean(image, regions.unspecific)
    if min(reference, unspecific) <= 0:
        raise InputRejected(
            f"the reference region has a mean of {reference:g}, the unspecific brain of "
            f"{unspecific:g}; ratios need counts in both"
        )

    def total(side: Side) -> float:
        mask = regions.surround[side]
        volume_ml = float(np.count_nonzero(mask)) * voxel_ml
        counts = float(image[mask].sum(dtype=np.float64)) * voxel_ml
        return (counts / unspecific - volume_ml) / striatum_ml

    return Ratios(
        binding={
            part: _mean(image, mask) / reference - 1.0 for part, mask in regions.nuclei.items()
        },
        total_counts={side: total(side) for side in Side},
    )


def _mean(image: Image, mask: Mask) -> float:
    return float(image[mask].mean(dtype=np.float64))
