"""What is compared: a trained network, and thresholds that know nothing."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (  # type: ignore[attr-defined]  # SciPy fills the module at run time
    generate_binary_structure,
    label,
    maximum,
)

from algorithms.simulation.wholebody.patient import Scan
from algorithms.toolbox.ground import painted
from algorithms.toolbox.lesion_net.segmented import LesionLimits, LesionNetwork
from algorithms.training.examples import geometry_of

_LEAST_ML = 0.2  # smaller specks of a threshold are noise
_SEED_SUV = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Voxels on the grid of the scan: lesions, and physiological uptake or None."""

    lesion: NDArray[np.bool_]
    physiological: NDArray[np.bool_] | None = None


Method = Callable[[Scan], Found]


def above(level: float) -> Method:
    """Everything at a fixed SUV or more."""
    return lambda scan: Found(_without_specks(scan.suv >= level, scan))


def fraction_of_maximum(fraction: float = 0.41) -> Method:
    """In each region of SUV 2.5 or more, what reaches a fraction of the region's maximum."""

    def found(scan: Scan) -> Found:
        regions, count = label(scan.suv >= _SEED_SUV, structure=generate_binary_structure(3, 3))
        highest = np.zeros(count + 1, dtype=np.float32)
        highest[1:] = maximum(scan.suv, regions, index=np.arange(1, count + 1))
        keep = (regions > 0) & (scan.suv >= fraction * highest[regions])
        return Found(_without_specks(keep, scan))

    return found


def network(net: LesionNetwork, limits: LesionLimits, *, with_ct: bool = True) -> Method:
    """A trained network, by the very way that a study goes."""

    def found(scan: Scan) -> Found:
        geometry = geometry_of(scan)
        density = (scan.hounsfield, geometry) if with_ct else None
        answer = net.segmented(scan.suv, geometry, density, limits)
        normal = () if answer.physiological is None else (answer.physiological,)
        a, b, c = geometry.shape
        whole = (slice(0, a), slice(0, b), slice(0, c))
        return Found(painted(answer.lesions, whole), painted(normal, whole))

    return found


def _without_specks(mask: NDArray[np.bool_], scan: Scan) -> NDArray[np.bool_]:
    regions, _ = label(mask, structure=generate_binary_structure(3, 3))
    voxel_ml = geometry_of(scan).voxel_volume_ml
    enough = np.bincount(regions.ravel()) * voxel_ml >= _LEAST_ML
    enough[0] = False
    return np.asarray(enough[regions])
