"""Tumour burden of a set of lesions: number, volume, TLG, and how far they lie apart.

A lesion is a region that somebody or something called one; nothing here decides what is a lesion.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.distance import pdist

from algorithms.toolbox.body_size import body_surface_m2
from algorithms.toolbox.ground import Image
from algorithms.toolbox.uptake import Uptake, uptake_of
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

DMAX_SOURCE = "largest distance of two lesions' centroids (Cottereau et al., J Nucl Med 2020;61:40)"
SDMAX_SOURCE = f"{DMAX_SOURCE} over body surface (Du Bois)"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Burden:
    """Lesions with their uptake, and totals.

    Parameters
    ----------
    lesions : the uptake of each, in the order of the regions
    volume_ml, product : sums over lesions; the product is TLG (g) for FDG in SUVbw
    dmax_mm : None for fewer than two lesions
    """

    lesions: tuple[Uptake, ...]
    volume_ml: float
    product: float
    dmax_mm: float | None

    @property
    def number(self) -> int:
        """Number of lesions."""
        return len(self.lesions)

    def sdmax_per_m(self, *, weight_kg: float, height_m: float) -> float | None:
        """Dmax over body surface, 1/m (metres over square metres)."""
        if self.dmax_mm is None:
            return None
        return self.dmax_mm / 1000.0 / body_surface_m2(weight_kg=weight_kg, height_m=height_m)


def burden_of(image: Image, geometry: Geometry, regions: Sequence[Region]) -> Burden:
    """Burden of the lesions of an image; an empty burden where there are none."""
    lesions = tuple(uptake_of(image, geometry, region) for region in regions)
    return Burden(
        lesions=lesions,
        volume_ml=float(sum(found.volume_ml for found in lesions)),
        product=float(sum(found.product for found in lesions)),
        dmax_mm=_dmax_mm(geometry, regions),
    )


def restricted(image: Image, regions: Sequence[Region], level: float) -> tuple[Region, ...]:
    """Parts of the regions of at least a level, for MTV at a fixed SUV; empty ones are left out."""
    kept = []
    for region in regions:
        mask = region.mask & (image[region.slices] >= np.float32(level))
        if mask.any():
            tight = Region.from_mask(mask)
            a, b, c = (o + t for o, t in zip(region.origin, tight.origin, strict=True))
            kept.append(Region(origin=(a, b, c), mask=tight.mask))
    return tuple(kept)


def _dmax_mm(geometry: Geometry, regions: Sequence[Region]) -> float | None:
    if len(regions) < 2:
        return None
    centroids = [
        np.argwhere(region.mask).mean(axis=0) + np.array(region.origin) for region in regions
    ]
    return float(pdist(geometry.index_to_lps(np.array(centroids))).max())
