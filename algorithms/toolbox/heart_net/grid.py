"""The networks' own grids along the patient's axes, and how an image comes onto them.

A short-axis reconstruction and a transaxial one of the same heart look alike there.
"""

import numpy as np
from numpy.typing import NDArray

from algorithms.toolbox.brain_template import places_mm, sampled
from dicom_node.domain.geometry import Geometry

Image = NDArray[np.float32]
Floats = NDArray[np.float64]

FIND_MM, OUTLINE_MM = 10.0, 6.0
OUTLINE_VOXELS = 24  # 144 mm: a dilated ventricle, and 15 mm by which it was found beside its place
_STRIDE = 8  # sizes are padded to multiples of what three steps of 2 need
_NEAR_MM = 45.0
_BRIGHT_PERCENT = 97.0
_MOST = 2.5


def cube_grid(middle_mm: Floats, step_mm: float, voxels: tuple[int, int, int]) -> Geometry:
    """Grid about a place: slices to the head, rows to the back, columns to the left."""
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = step_mm
    affine[3, 3] = 1.0
    affine[:3, 3] = middle_mm - affine[:3, :3] @ ((np.array(voxels) - 1) / 2)
    return Geometry(affine=affine, shape=voxels, frame_of_reference_uid=None)


def finding_grid(geometry: Geometry) -> Geometry:
    """Coarse grid over all of an image."""
    ends = np.array(np.meshgrid(*((0, n - 1) for n in geometry.shape))).reshape(3, -1).T
    corners = geometry.index_to_lps(ends)
    low, high = corners.min(axis=0), corners.max(axis=0)
    count = np.ceil((high - low) / FIND_MM / _STRIDE).astype(int)[::-1] * _STRIDE
    a, b, c = (max(_STRIDE, int(n)) for n in count)
    return cube_grid((low + high) / 2, FIND_MM, (a, b, c))


def outline_grid(middle_mm: Floats) -> Geometry:
    """Fine grid about a ventricle."""
    return cube_grid(middle_mm, OUTLINE_MM, (OUTLINE_VOXELS,) * 3)


def on_grid(image: Image, geometry: Geometry, grid: Geometry) -> Image:
    """Image on a grid, linear; 0 outside."""
    return np.asarray(sampled(image, geometry, places_mm(grid)), dtype=np.float32)


def found_scale(image: Image) -> Image:
    """Input of the network that finds: square root, 1 at the brightest, so that gut hides less."""
    top = float(np.percentile(image, 99.5)) or 1.0
    return np.asarray(np.sqrt(np.clip(image / top, 0.0, _MOST)), dtype=np.float32)


def outline_scale(image: Image) -> Image:
    """Input of the network that outlines: 1 at what is bright near the middle of the grid."""
    middle = (np.array(image.shape) - 1) / 2
    apart = np.moveaxis(np.indices(image.shape), 0, -1) - middle
    near = np.linalg.norm(apart, axis=-1) * OUTLINE_MM <= _NEAR_MM
    top = float(np.percentile(image[near], _BRIGHT_PERCENT)) or 1.0
    return np.asarray(np.clip(image / top, 0.0, _MOST), dtype=np.float32)
