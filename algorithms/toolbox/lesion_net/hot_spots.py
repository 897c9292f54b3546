"""The hot spot that a candidate is all or part of, and what the network takes the rest of it for.

A network may call a calyx a lesion and the kidney around it normal: that the contour which follows
from the uptake alone is normal for the most part tells more than the candidate itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import (  # type: ignore[attr-defined]  # SciPy fills the module at run time
    binary_dilation,
    label,
)

from algorithms.toolbox.adaptive_edge import Edge, adapted_edge
from algorithms.toolbox.components import NEIGHBOURS_26, Mask
from algorithms.toolbox.ground import Image, ground_of, painted
from algorithms.toolbox.isocontour import hottest_voxel
from algorithms.toolbox.lesion_net.outlined import outlined
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

HOT_SPOT_FEATURES = (
    "log outlined volume",  # ml, of the contour that the lesion would get
    "mean share outlined",  # of the lesion class in it
    "mean share of hot spot",
    "mean physiological share of hot spot",
    "highest physiological share of hot spot",
    "log volume of hot spot",
    "log hot spot over candidate",  # their volumes
    "closed hot spot",  # 1, or 0 where only its bound ended it
    "contrast of hot spot",  # log of its mean over its background
    "log SUVmax of hot spot",
    "log physiological neighbour",  # ml of the largest connected normal uptake that it touches
    "physiological rim",  # share of its rim that the network takes for physiological
    "density",  # mean (HU + 1000) / 1000 of the candidate; not a number without CT
    "spread of density",
)
_REACH_MM = 40.0
_LEAST_ML, _LEAST_SUV = 0.1, 0.1  # added before the logarithm


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surroundings:
    """Images of a body on one grid, (slices, rows, columns).

    Parameters
    ----------
    lesion, physiological : share of each class
    density : (HU + 1000) / 1000, or not a number throughout
    """

    geometry: Geometry
    suv: Image
    lesion: Image
    physiological: Image
    normal: Mask
    density: Image


def hot_spot_features(
    seen: Surroundings, regions: Sequence[Region]
) -> tuple[tuple[float, ...], ...]:
    """Of each candidate, in the order of `HOT_SPOT_FEATURES`."""
    numbers, _ = label(seen.normal, structure=NEIGHBOURS_26)
    volume_ml = np.bincount(numbers.ravel()) * seen.geometry.voxel_volume_ml
    volume_ml[0] = 0.0
    contours = outlined(seen.suv, seen.geometry, regions, seen.normal)
    out = []
    for region, contour in zip(regions, contours, strict=True):
        others = [other for other in regions if other is not region]
        ground = ground_of(region, others, seen.geometry, _REACH_MM)
        hottest = hottest_voxel(seen.suv, seen.geometry, region)
        spot = adapted_edge(seen.suv, seen.geometry, ground, hottest)
        box = ground.box
        rim = binary_dilation(painted([region], box), structure=NEIGHBOURS_26)
        beside = float(volume_ml[np.unique(numbers[box][rim])].max(initial=0.0))
        own = seen.density[region.slices][region.mask]
        out.append((
            float(np.log(contour.voxels * seen.geometry.voxel_volume_ml)),
            _mean(seen.lesion, contour),
            *_of_spot(seen, region, spot),
            float(np.log(beside + _LEAST_ML)),
            float(seen.normal[box][rim].mean()),
            float(own.mean()),
            float(own.std()),
        ))  # fmt: skip
    return tuple(out)


def _of_spot(seen: Surroundings, region: Region, spot: Edge | None) -> tuple[float, ...]:
    """What lies in the contour of the hot spot; not a number where there is none."""
    if spot is None:
        return (float("nan"),) * 8
    whole = spot.region
    return (
        _mean(seen.lesion, whole),
        _mean(seen.physiological, whole),
        float(seen.physiological[whole.slices][whole.mask].max()),
        float(np.log(whole.voxels * seen.geometry.voxel_volume_ml)),
        float(np.log(whole.voxels / region.voxels)),
        float(spot.closed),
        float(np.log((spot.mean + _LEAST_SUV) / (max(spot.background, 0.0) + _LEAST_SUV))),
        float(np.log(float(seen.suv[whole.slices][whole.mask].max()) + _LEAST_SUV)),
    )


def _mean(image: Image, region: Region) -> float:
    return float(image[region.slices][region.mask].mean(dtype=np.float64))
