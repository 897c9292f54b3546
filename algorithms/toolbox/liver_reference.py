"""The liver as a reference: a ball of 3 cm in the right lobe, found by uptake, or none at all.

PERCIST wants a sphere of 3 cm in the normal right lobe (Wahl et al., J Nucl Med 2009;50 Suppl
1:122S). Without a segmentation of organs its place is a rule, so the ball is shown as a segment and
named "automatically placed, unverified" wherever it is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (  # type: ignore[attr-defined]  # SciPy fills the module at run time
    binary_dilation,
    binary_erosion,
    distance_transform_edt,
    gaussian_filter,
)

from algorithms.toolbox.components import NEIGHBOURS_26, connected_regions
from algorithms.toolbox.lesion_net.grid import (
    SPACING_MM,
    BodyGrid,
    Image,
    NoBody,
    body_grid,
    to_grid,
)
from algorithms.toolbox.reference_region import ReferenceRegion, even_region, voxels_near
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

RADIUS_MM = 15.0
LIVER_SOURCE = "3 cm sphere in the right lobe, automatically placed, unverified (PERCIST 1.0)"
_SMOOTH_MM = 8.0
_MOST_LOCAL_CV = 0.28  # noise and texture of a liver stay below, bowel and edges do not
_MOST_BALL_CV = 0.30
_LEAST_ML = 80.0  # of the homogeneous core; a kidney or a muscle has less
_OFF_MIDLINE_MM = 25.0
_LIVER_HU = (15.0, 170.0)  # fatty to enhanced


@dataclass(frozen=True, slots=True, kw_only=True)
class LiverRange:
    """SUVbw between which the mean of a liver lies with a tracer."""

    low: float
    high: float


FDG_LIVER = LiverRange(low=1.1, high=4.5)
PSMA_LIVER = LiverRange(low=2.0, high=30.0)


def liver_ball(
    suv: Image,
    geometry: Geometry,
    limits: LiverRange,
    *,
    lesions: Sequence[Region] = (),
    ct: tuple[Image, Geometry] | None = None,
) -> ReferenceRegion | None:
    """Ball in the largest homogeneous warm region of the patient's right side.

    Parameters
    ----------
    suv, geometry : the PET; its place in the patient must be known
    lesions : kept out of the ball, with a voxel around them
    ct : image in Hounsfield units and its grid, in the same frame of reference

    Returns
    -------
    None where no such region is large and even enough, as without a liver in the field of view.
    """
    try:
        grid = body_grid(suv, geometry)
    except NoBody:
        return None
    warm = _warm(to_grid(suv, geometry, grid, outside=0.0), limits)
    if ct is not None:
        density = gaussian_filter(to_grid(ct[0], ct[1], grid, outside=-1000.0), 1.0)
        warm &= (density > _LIVER_HU[0]) & (density < _LIVER_HU[1])
    warm &= ~_painted(lesions, geometry, grid)
    centre = _deepest(warm, grid)
    return None if centre is None else _ball(suv, geometry, centre, lesions)


def _warm(suv: Image, limits: LiverRange) -> NDArray[np.bool_]:
    """Voxels on the right of the body whose surroundings are even and within the limits."""
    sigma = _SMOOTH_MM / SPACING_MM
    mean = gaussian_filter(suv, sigma)
    variance = np.maximum(gaussian_filter(suv**2, sigma) - mean**2, 0)
    even = np.sqrt(variance) < _MOST_LOCAL_CV * mean
    body = mean > 0.2
    column = np.arange(suv.shape[2])
    count = np.maximum(body.sum(axis=(1, 2)), 1)
    middle = (body.sum(axis=1) * column).sum(axis=1) / count  # of each slice
    right = column[None, None, :] < (middle - _OFF_MIDLINE_MM / SPACING_MM)[:, None, None]
    return np.asarray((mean > limits.low) & (mean < limits.high) & even & right)


def _painted(lesions: Sequence[Region], geometry: Geometry, grid: BodyGrid) -> NDArray[np.bool_]:
    """Lesions on the body's grid, a voxel wider."""
    painted = np.zeros(geometry.shape, dtype=np.float32)
    for lesion in lesions:
        lesion.paint(painted, 1)
    inside = to_grid(painted, geometry, grid, outside=0.0) > 0.05
    return np.asarray(binary_dilation(inside, structure=NEIGHBOURS_26))


def _deepest(warm: NDArray[np.bool_], grid: BodyGrid) -> tuple[float, float, float] | None:
    """Place in the largest region that is farthest from its surface, LPS millimetres."""
    on_grid = Geometry(affine=grid.affine, shape=grid.shape, frame_of_reference_uid=None)
    core = binary_erosion(warm, iterations=1)
    regions = connected_regions(core, on_grid, min_volume_ml=_LEAST_ML)
    if not regions:
        return None
    liver = max(regions, key=lambda region: region.voxels)
    # A grown margin, for the erosion took a voxel off all round.
    depth = distance_transform_edt(np.pad(liver.mask, 1)) * SPACING_MM + SPACING_MM
    if depth.max() < RADIUS_MM:
        return None
    place = np.array(np.unravel_index(int(depth.argmax()), depth.shape)) - 1
    x, y, z = on_grid.index_to_lps(place + np.array(liver.origin))
    return float(x), float(y), float(z)


def _ball(
    suv: Image, geometry: Geometry, centre: tuple[float, float, float], lesions: Sequence[Region]
) -> ReferenceRegion | None:
    """The ball's voxels in the PET, unless they are uneven or hold a lesion."""
    mask = voxels_near(
        geometry, centre, RADIUS_MM, lambda away: np.linalg.norm(away, axis=-1) <= RADIUS_MM
    )
    taken = np.zeros(geometry.shape, dtype=bool)
    for lesion in lesions:
        lesion.paint(taken, True)
    return None if (taken & mask).any() else even_region(suv, mask, centre, _MOST_BALL_CV)
