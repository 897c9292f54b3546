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
    binary_erosion,
    distance_transform_edt,
    gaussian_filter,
)

from algorithms.toolbox.components import connected_regions
from algorithms.toolbox.lesion_net.grid import (
    SPACING_MM,
    BodyGrid,
    Image,
    NoBody,
    body_grid,
    to_grid,
)
from algorithms.toolbox.reference_region import (
    ReferenceRegion,
    UptakeRange,
    ball_at,
    lesions_on_grid,
    middles_of,
    warm_and_even,
)
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
_BODY_SUV = 0.2
Place = tuple[float, float, float]


FDG_LIVER = UptakeRange(low=1.1, high=4.5)
PSMA_LIVER = UptakeRange(low=2.0, high=30.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Liver:
    """A liver that was found: its ball, and the box round its even part.

    Parameters
    ----------
    grid : of the body that it was found in
    low_mm, high_mm : corners of the box, LPS; the even part ends a little below the dome
    """

    ball: ReferenceRegion
    grid: BodyGrid
    low_mm: Place
    high_mm: Place


def liver_ball(
    suv: Image,
    geometry: Geometry,
    limits: UptakeRange,
    *,
    lesions: Sequence[Region] = (),
    ct: tuple[Image, Geometry] | None = None,
) -> ReferenceRegion | None:
    """The ball of `liver_of` alone."""
    found = liver_of(suv, geometry, limits, lesions=lesions, ct=ct)
    return None if found is None else found.ball


def liver_of(
    suv: Image,
    geometry: Geometry,
    limits: UptakeRange,
    *,
    lesions: Sequence[Region] = (),
    ct: tuple[Image, Geometry] | None = None,
) -> Liver | None:
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
    warm &= ~lesions_on_grid(lesions, geometry, grid, wider=1)
    on_grid = Geometry(affine=grid.affine, shape=grid.shape, frame_of_reference_uid=None)
    core = _core(warm, on_grid)
    centre = None if core is None else _deepest(core, on_grid)
    if core is None or centre is None:
        return None
    ball = ball_at(suv, geometry, centre, RADIUS_MM, lesions=lesions, most_cv=_MOST_BALL_CV)
    if ball is None:
        return None
    low = on_grid.index_to_lps(np.array(core.origin))
    high = on_grid.index_to_lps(np.array(core.origin) + np.array(core.mask.shape) - 1)
    return Liver(ball=ball, grid=grid, low_mm=_place(low), high_mm=_place(high))


def _warm(suv: Image, limits: UptakeRange) -> NDArray[np.bool_]:
    """Voxels on the right of the body whose surroundings are even and within the limits."""
    warm = warm_and_even(suv, limits, smooth_mm=_SMOOTH_MM, most_cv=_MOST_LOCAL_CV)
    middle = middles_of(gaussian_filter(suv, _SMOOTH_MM / SPACING_MM) > _BODY_SUV, 2)
    column = np.arange(suv.shape[2])
    right = column[None, None, :] < (middle - _OFF_MIDLINE_MM / SPACING_MM)[:, None, None]
    return np.asarray(warm & right)


def _core(warm: NDArray[np.bool_], on_grid: Geometry) -> Region | None:
    """The largest even region, a voxel smaller all round."""
    core = binary_erosion(warm, iterations=1)
    regions = connected_regions(core, on_grid, min_volume_ml=_LEAST_ML)
    return max(regions, key=lambda region: region.voxels) if regions else None


def _deepest(core: Region, on_grid: Geometry) -> Place | None:
    """Place in the region that is farthest from its surface, LPS millimetres."""
    # A grown margin, for the erosion took a voxel off all round.
    depth = distance_transform_edt(np.pad(core.mask, 1)) * SPACING_MM + SPACING_MM
    if depth.max() < RADIUS_MM:
        return None
    place = np.array(np.unravel_index(int(depth.argmax()), depth.shape)) - 1
    return _place(on_grid.index_to_lps(place + np.array(core.origin)))


def _place(point: NDArray[np.float64]) -> Place:
    x, y, z = (float(value) for value in point)
    return x, y, z
