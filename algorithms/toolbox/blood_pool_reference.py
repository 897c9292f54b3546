"""Mediastinal blood pool: a cylinder in the descending aorta, placed by CT, or none at all.

PERCIST takes 1 cm of width and 2 cm of length in the descending thoracic aorta (Wahl et al., J Nucl
Med 2009;50 Suppl 1:122S). The aorta is looked for where it runs: in front and to the left of the
vertebrae, beside the left lung. Uptake alone does not show it, so without a CT there is none.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (  # type: ignore[attr-defined]  # SciPy fills the module at run time
    distance_transform_edt,
    gaussian_filter,
    label,
)

from algorithms.toolbox.lesion_net.grid import (
    SPACING_MM,
    BodyGrid,
    Image,
    NoBody,
    body_grid,
    to_grid,
)
from algorithms.toolbox.reference_region import (
    Points,
    ReferenceRegion,
    even_region,
    voxels_near,
)
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

RADIUS_MM, HALF_LENGTH_MM = 5.0, 10.0
BLOOD_POOL_SOURCE = (
    "1 cm x 2 cm cylinder in the descending aorta, automatically placed by CT, unverified "
    "(PERCIST 1.0)"
)
_LUNG_HU, _BONE_HU, _SOFT_HU = -400.0, 170.0, (5.0, 400.0)
_LEAST_LUNG_ML, _LEAST_LUNG_CM2 = 150.0, 8.0
_WIDE_LUNGS = 0.3  # of the widest slice
_HEIGHTS = (0.15, 0.75)  # of the lungs, from their base
_FROM_LUNG_MM, _FROM_BONE_MM = (7.0, 24.0), (9.0, 30.0)
_LEFT_MM = (6.0, 50.0)  # of the middle between the lungs
_BODY_HALF_MM = 14.0  # of a vertebral body
_BEHIND_MM = (-34.0, 18.0)  # of the front of the vertebral bodies
_MOST_CV = 0.35
Mask = NDArray[np.bool_]


def blood_pool(
    suv: Image,
    geometry: Geometry,
    ct: tuple[Image, Geometry],
    *,
    lesions: Sequence[Region] = (),
) -> ReferenceRegion | None:
    """Cylinder along z in the descending aorta, with its mean and standard deviation.

    Parameters
    ----------
    ct : image in Hounsfield units and its grid, in the same frame of reference
    lesions : nothing is placed within a voxel of one

    Returns
    -------
    None without both lungs in the field of view, or where no place fits.
    """
    try:
        grid = body_grid(suv, geometry)
    except NoBody:
        return None
    density = to_grid(ct[0], ct[1], grid, outside=-1000.0)
    lungs = _lungs(density)
    if lungs is None:
        return None
    fits = _aorta_like(density, *lungs)
    painted = np.zeros(geometry.shape, dtype=np.float32)
    for lesion in lesions:
        lesion.paint(painted, 1)
    fits &= to_grid(painted, geometry, grid, outside=0.0) < 0.01
    centre = _best(fits, to_grid(suv, geometry, grid, outside=0.0), grid)
    return None if centre is None else _cylinder(suv, geometry, centre)


def _lungs(density: Image) -> tuple[Mask, Mask] | None:
    """Right and left lung: air that, slice by slice, does not reach the side of the image.

    In space the lungs go on to the room by way of windpipe and mouth, or the top of the scan.
    """
    in_plane = np.zeros((3, 3, 3), dtype=bool)
    in_plane[1, 1, :] = in_plane[1, :, 1] = True
    regions, count = label(density < _LUNG_HU, structure=in_plane)
    sides = np.concatenate(
        [regions[:, edge].ravel() for edge in (0, -1)]
        + [regions[:, :, edge].ravel() for edge in (0, -1)]
    )
    area_cm2 = np.bincount(regions.ravel(), minlength=count + 1) * SPACING_MM**2 / 100
    area_cm2[0] = 0
    area_cm2[np.unique(sides)] = 0
    inside = (area_cm2 >= _LEAST_LUNG_CM2)[regions]
    if not inside.any():
        return None
    # They may be one region where they touch in front, so they are told apart by side.
    columns = np.arange(density.shape[2])
    middle = float((inside.sum(axis=(0, 1)) * columns).sum() / inside.sum())
    right = inside & (columns < middle)
    left = inside & (columns >= middle)
    volume = [float(side.sum()) * SPACING_MM**3 / 1000 for side in (right, left)]
    return (right, left) if min(volume) >= _LEAST_LUNG_ML else None


def _aorta_like(density: Image, right: Mask, left: Mask) -> Mask:
    """Soft tissue at the usual distances from left lung, spine and the middle of the chest."""
    area = np.minimum(right.sum(axis=(1, 2)), left.sum(axis=(1, 2)))
    slices = np.flatnonzero(area > _WIDE_LUNGS * area.max())  # the windpipe goes on above them
    low, high = (int(slices[0] + share * (slices[-1] - slices[0])) for share in _HEIGHTS)
    smooth = gaussian_filter(density, 0.6)
    columns = np.arange(density.shape[2])
    inner = [(side.sum(axis=(0, 1)) * columns).sum() / side.sum() for side in (right, left)]
    beyond = (columns - sum(inner) / 2) * SPACING_MM
    near = np.abs(beyond) < _LEFT_MM[1]
    spine = (smooth > _BONE_HU) & near
    # The breast bone is bone near the middle as well, but in front of the lungs' middle.
    rows = np.arange(density.shape[1])
    depth = float(((right | left).sum(axis=(0, 2)) * rows).sum() / (right | left).sum())
    spine &= (rows > depth)[None, :, None]
    to_lung = distance_transform_edt(~left) * SPACING_MM
    to_bone = distance_transform_edt(~spine) * SPACING_MM
    fits = (smooth > _SOFT_HU[0]) & (smooth < _SOFT_HU[1])
    fits &= (beyond > _LEFT_MM[0]) & (beyond < _LEFT_MM[1])
    fits &= (to_lung > _FROM_LUNG_MM[0]) & (to_lung < _FROM_LUNG_MM[1])
    fits &= (to_bone > _FROM_BONE_MM[0]) & (to_bone < _FROM_BONE_MM[1])
    fits &= _beside_vertebrae(spine & (np.abs(beyond) < _BODY_HALF_MM))
    fits[:low] = False
    fits[high:] = False
    return np.asarray(fits)


def _beside_vertebrae(middle_bone: Mask) -> Mask:
    """Rows from before the vertebral bodies to half their depth, (slices, rows, 1)."""
    seen = np.flatnonzero(middle_bone.any(axis=(1, 2)))
    slices, rows, _ = middle_bone.shape
    if seen.size == 0:
        return np.zeros((slices, rows, 1), dtype=bool)
    front = middle_bone.any(axis=2).argmax(axis=1)[seen]
    # Between vertebrae there is no bone, so that the front runs on from one to the next.
    row = np.interp(np.arange(slices), seen, front)[:, None]
    behind_mm = (np.arange(rows)[None, :] - row) * SPACING_MM
    return np.asarray((behind_mm > _BEHIND_MM[0]) & (behind_mm < _BEHIND_MM[1]))[:, :, None]


def _best(fits: Mask, suv: Image, grid: BodyGrid) -> tuple[float, float, float] | None:
    """Place that is deepest in what fits, all along the cylinder; of equals the most even one."""
    if not fits.any():
        return None
    reach = int(np.ceil(HALF_LENGTH_MM / SPACING_MM))
    depth = np.stack([distance_transform_edt(np.pad(plane, 1))[1:-1, 1:-1] for plane in fits])
    least = depth.copy()
    for shift in range(1, reach + 1):
        least[shift:] = np.minimum(least[shift:], depth[:-shift])
        least[:-shift] = np.minimum(least[:-shift], depth[shift:])
    if least.max() < 1:
        return None
    mean = gaussian_filter(suv, 1.5)
    uneven = np.sqrt(np.maximum(gaussian_filter(suv**2, 1.5) - mean**2, 0)) / np.maximum(mean, 0.1)
    index = np.unravel_index(int((least - uneven).argmax()), fits.shape)
    on_grid = Geometry(affine=grid.affine, shape=grid.shape, frame_of_reference_uid=None)
    x, y, z = on_grid.index_to_lps(np.array(index))
    return float(x), float(y), float(z)


def _cylinder(
    suv: Image, geometry: Geometry, centre: tuple[float, float, float]
) -> ReferenceRegion | None:
    """Voxels of the cylinder along the patient's z; none where they are uneven."""

    def inside(away: Points) -> NDArray[np.bool_]:
        across = np.hypot(away[..., 0], away[..., 1]) <= RADIUS_MM
        return np.asarray(across & (np.abs(away[..., 2]) <= HALF_LENGTH_MM))

    mask = voxels_near(geometry, centre, HALF_LENGTH_MM + RADIUS_MM, inside)
    return even_region(suv, mask, centre, _MOST_CV)
