"""The spleen as a reference of PSMA PET: a ball of 2 cm opposite the liver, or none at all.

PROMISE V2 compares with the spleen where the ligand leaves by the liver. It is looked for where it
lies: on the patient's left, beside the ribs, behind the middle of the body, at the height of the
upper half of the liver, which has to be found first. The left kidney lies lower and nearer to the
spine, stomach and colon in front; whatever is large and even at the place of a spleen is taken.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (  # type: ignore[attr-defined]  # SciPy fills the module at run time
    distance_transform_edt,
    gaussian_filter,
)

from algorithms.toolbox.components import connected_regions
from algorithms.toolbox.lesion_net.grid import (
    SPACING_MM,
    BodyGrid,
    Image,
    to_grid,
)
from algorithms.toolbox.liver_reference import Liver
from algorithms.toolbox.reference_region import (
    ReferenceRegion,
    UptakeRange,
    ball_at,
    between_heights,
    lesions_on_grid,
    middles_of,
    top_mm,
    warm_and_even,
)
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

RADIUS_MM = 10.0
SPLEEN_SOURCE = (
    "2 cm sphere on the left opposite the liver, automatically placed, unverified (PROMISE V2)"
)
# Published means: DCFPyL 4.0 +- 1.5, PSMA-11 8.1 +- 3.5, PSMA-1007 11.2 +- 3.5.
SPLEEN_OF_KIDNEY_LIGANDS = UptakeRange(low=1.5, high=20.0)
SPLEEN_OF_LIVER_LIGANDS = UptakeRange(low=3.0, high=30.0)
_SMOOTH_MM = 5.0  # a spleen is 4 cm thick: less than for the liver
_MOST_LOCAL_CV, _MOST_BALL_CV = 0.25, 0.25
_LEAST_ML = 10.0  # of the even core; an accessory spleen or a loop of bowel has less
_BELOW_DOME_MM = (-8.0, 105.0)  # a kidney's middle lies at 130 and more
# What is even ends some 6 mm within the organ, so that the ball fits into a spleen of 3 cm.
_LEAST_DEPTH_MM = 8.0
_MORE_MM = (72.0, 24.0)  # a kidney is seen to go on below; smoothing reaches above
_LEAST_SIDE = 0.68  # of the way from the middle of the body to the outermost of the even liver
_DOME_TO_TOP_MM = 12.0  # a liver that is nearer to the end of the scan may go on beyond it
# A kidney that has moved up, or a lobe of the liver, lies for the most part elsewhere.
_LEAST_SHARE = 0.5
_SPLEEN_HU = (5.0, 200.0)
_BODY_SUV = 0.2
Mask = NDArray[np.bool_]


def spleen_ball(
    suv: Image,
    geometry: Geometry,
    limits: UptakeRange,
    liver: Liver,
    *,
    lesions: Sequence[Region] = (),
    ct: tuple[Image, Geometry] | None = None,
) -> ReferenceRegion | None:
    """Ball in the deepest place of what is even and warm where a spleen lies.

    Parameters
    ----------
    suv, geometry : the PET; its place in the patient must be known
    liver : of the same PET; it tells the height, and how far from the middle the ribs are
    lesions : kept out of the ball, with two voxels (8 mm) around them
    ct : image in Hounsfield units and its grid, in the same frame of reference

    Returns
    -------
    None where nothing qualifies: no spleen, uptake out of range, or the dome of the liver cut off.
    """
    dome = liver.high_mm[2]
    low, high = (dome - below for below in reversed(_BELOW_DOME_MM))
    grid = between_heights(liver.grid, low - _MORE_MM[0], high + _MORE_MM[1])
    if grid is None or top_mm(geometry) - dome < _DOME_TO_TOP_MM:
        return None
    image = to_grid(suv, geometry, grid, outside=0.0)
    even = warm_and_even(image, limits, smooth_mm=_SMOOTH_MM, most_cv=_MOST_LOCAL_CV)
    if ct is not None:
        density = gaussian_filter(to_grid(ct[0], ct[1], grid, outside=-1000.0), 1.0)
        even &= (density > _SPLEEN_HU[0]) & (density < _SPLEEN_HU[1])
    even &= ~lesions_on_grid(lesions, geometry, grid, wider=2)
    body = gaussian_filter(image, 2.0) > _BODY_SUV
    centre = _deepest(even, _where_spleens_lie(body, grid, liver), grid)
    if centre is None:
        return None
    return ball_at(suv, geometry, centre, RADIUS_MM, lesions=lesions, most_cv=_MOST_BALL_CV)


def _where_spleens_lie(body: Mask, grid: BodyGrid, liver: Liver) -> Mask:
    """Left of the middle by much of the liver's width, behind the middle, opposite the liver."""
    x, y, z = (
        start + SPACING_MM * np.arange(size)
        for start, size in zip(grid.origin_mm, reversed(grid.shape), strict=True)
    )
    below = liver.high_mm[2] - z
    level = (below > _BELOW_DOME_MM[0]) & (below < _BELOW_DOME_MM[1])
    across = x[0] + SPACING_MM * middles_of(body, 2)
    side = _LEAST_SIDE * (float(np.median(across[level])) - liver.low_mm[0]) if level.any() else 0
    left = x[None, :] > (across + side)[:, None]
    behind = y[None, :] > (y[0] + SPACING_MM * middles_of(body, 1))[:, None]
    return np.asarray(level[:, None, None] & behind[:, :, None] & left[:, None, :])


def _deepest(even: Mask, place: Mask, grid: BodyGrid) -> tuple[float, float, float] | None:
    """Of the largest even region that belongs to the place, the voxel farthest from its edge."""
    on_grid = Geometry(affine=grid.affine, shape=grid.shape, frame_of_reference_uid=None)
    best, most = None, 0
    for region in connected_regions(even, on_grid, min_volume_ml=_LEAST_ML):
        inside = region.mask & place[region.slices]
        count = int(inside.sum())
        if count * on_grid.voxel_volume_ml >= _LEAST_ML and count > most:
            best, most = (region, inside), count
    if best is None or most < _LEAST_SHARE * best[0].voxels:
        return None
    region, inside = best
    depth = distance_transform_edt(np.pad(region.mask, 1))[1:-1, 1:-1, 1:-1] * SPACING_MM
    own = np.where(inside, depth, 0.0)
    if own.max() < _LEAST_DEPTH_MM:
        return None
    index = np.array(np.unravel_index(int(own.argmax()), own.shape)) + np.array(region.origin)
    x, y, z = on_grid.index_to_lps(index)
    return float(x), float(y), float(z)
