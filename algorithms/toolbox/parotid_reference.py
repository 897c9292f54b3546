"""The parotids as a reference of PSMA PET: both glands, found by their pattern, or none at all.

In the head of a PSMA PET four glands are hot: the parotids wide apart at the height of the jaw,
and, between and below them and farther in front, the submandibular glands. A pair of spots is only
taken for the parotids where the other pair is there as well, so that neither the lacrimal glands or
tonsils nor nodes on both sides pass for them. Their mean uptake bounds the upper score of PROMISE.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (  # type: ignore[attr-defined]  # SciPy fills the module at run time
    gaussian_filter,
    maximum_filter,
)

from algorithms.toolbox.components import grow
from algorithms.toolbox.ground import Ground
from algorithms.toolbox.isocontour import at_level
from algorithms.toolbox.lesion_net.grid import (
    SPACING_MM,
    BodyGrid,
    Image,
    NoBody,
    body_grid,
    to_grid,
)
from algorithms.toolbox.liver_reference import Liver
from algorithms.toolbox.reference_region import (
    ReferenceRegion,
    UptakeRange,
    between_heights,
    lesions_on_grid,
    top_mm,
    voxels_near,
)
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

FRACTION = 0.5
PAROTID_SOURCE = (
    "both parotids at 50 % of each one's maximum, automatically placed, unverified (PROMISE V2)"
)
# Published means 9.1 +- 2.0 (DCFPyL) to 18.9 +- 5.2 (PSMA-1007).
PSMA_PAROTID = UptakeRange(low=3.0, high=50.0)
_ABOVE_LIVER_MM = 170.0  # of its dome; less than from there to the shoulders of a small adult
_REACH_MM = 36.0  # a gland lies within so much of its hottest place
_GLAND_ML, _MOST_UNLIKE_ML = (3.0, 50.0), 3.0
_LOWER_GLAND_ML = 0.8
_MOST_UNLIKE = 2.0  # uptake of one parotid over the other's
_APART_MM = (84.0, 150.0)
_LEVEL_MM = 45.0  # of height and depth between the two, as a head lies turned
_INWARD_MM, _FORWARD_MM, _BELOW_MM = (8.0, 48.0), (8.0, 75.0), (12.0, 80.0)
_MOST_SPOTS = 60
Mask = NDArray[np.bool_]
Point = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Spot:
    """A hot spot of the head on the body's grid: centroid in LPS mm, volume, highest uptake."""

    centre: Point
    volume_ml: float
    highest: float


def parotids(
    suv: Image,
    geometry: Geometry,
    limits: UptakeRange,
    *,
    lesions: Sequence[Region] = (),
    liver: Liver | None = None,
) -> ReferenceRegion | None:
    """Both glands as one region, with its mean and standard deviation.

    Parameters
    ----------
    suv, geometry : the PET; its place in the patient must be known
    lesions : no gland is looked for within two voxels (8 mm) of one
    liver : of the same PET, where there is one: the head is well above it

    Returns
    -------
    None without both parotids and both submandibular glands, wholly in the field of view and within
    the limits.
    """
    grid = _head(suv, geometry, liver)
    if grid is None:
        return None
    image = gaussian_filter(to_grid(suv, geometry, grid, outside=0.0), 0.5)
    image[lesions_on_grid(lesions, geometry, grid, wider=2)] = 0.0
    pair = _pair(_spots(image, grid, limits.low))
    if pair is None:
        return None
    masks = [_gland(suv, geometry, spot, lesions) for spot in pair]
    found = [one for one in masks if one is not None]
    return _measured(suv, geometry, found, limits) if len(found) == 2 else None


def _head(suv: Image, geometry: Geometry, liver: Liver | None) -> BodyGrid | None:
    """Where the head may be: all of the body, or what is well above its liver."""
    if liver is not None:
        low = liver.high_mm[2] + _ABOVE_LIVER_MM
        return between_heights(liver.grid, low, top_mm(geometry))
    try:
        return body_grid(suv, geometry)
    except NoBody:
        return None


def _spots(image: Image, grid: BodyGrid, lowest: float) -> list[_Spot]:
    """Hot spots, each at half of its own maximum; the hottest first, and no spot within another."""
    peaks = (image >= lowest) & (image == maximum_filter(image, size=5))
    places = np.argwhere(peaks)
    order = np.lexsort([*places.T, -np.round(image[peaks], 4)])[:_MOST_SPOTS]
    taken = np.zeros(grid.shape, dtype=bool)
    found = []
    for a, b, c in places[order]:
        if taken[a, b, c]:
            continue
        spot, box, mask = _spot(image, grid, (int(a), int(b), int(c)))
        taken[box] |= mask
        found.append(spot)
    return found


def _spot(
    image: Image, grid: BodyGrid, seed: tuple[int, int, int]
) -> tuple[_Spot, tuple[slice, ...], Mask]:
    """The spot round a maximum, the box that it was grown in, and its voxels there."""
    reach = int(_REACH_MM / SPACING_MM)
    box = tuple(slice(max(0, place - reach), place + reach + 1) for place in seed)
    a, b, c = (place - part.start for place, part in zip(seed, box, strict=True))
    mask = grow(image[box] >= FRACTION * image[seed], (a, b, c))
    index = np.argwhere(mask) + [part.start for part in box]
    centre = np.array(grid.origin_mm) + SPACING_MM * index.mean(axis=0)[::-1]
    volume_ml = float(mask.sum()) * SPACING_MM**3 / 1000
    return _Spot(centre=centre, volume_ml=volume_ml, highest=float(image[seed])), box, mask


def _pair(spots: Sequence[_Spot]) -> tuple[_Spot, _Spot] | None:
    """The two parotids; of several pairs that could be them, the widest."""
    pairs = [
        (right, left)
        for right, left in itertools.permutations(spots, 2)
        if _alike(right, left) and _glands_between(right, left, spots)
    ]
    return max(pairs, key=lambda pair: _apart(*pair)) if pairs else None


def _apart(right: _Spot, left: _Spot) -> float:
    return float(np.linalg.norm(left.centre - right.centre))


def _alike(right: _Spot, left: _Spot) -> bool:
    """Whether two spots are as the two parotids are to each other."""
    x, y, z = left.centre - right.centre
    volumes = sorted((right.volume_ml, left.volume_ml))
    uptakes = sorted((right.highest, left.highest))
    return bool(
        x > 0
        and max(abs(y), abs(z)) < _LEVEL_MM
        and _APART_MM[0] < _apart(right, left) < _APART_MM[1]
        and volumes[0] > _GLAND_ML[0]
        and volumes[1] < min(_GLAND_ML[1], _MOST_UNLIKE_ML * volumes[0])
        and uptakes[1] < _MOST_UNLIKE * uptakes[0]
    )


def _glands_between(right: _Spot, left: _Spot, spots: Sequence[_Spot]) -> bool:
    """Whether a submandibular gland lies inward, in front of and below each of the two."""
    across = (left.centre - right.centre) / _apart(right, left)
    return all(
        any(_is_lower_gland(one.centre - parotid.centre, inward) for one in large)
        for large in [[one for one in spots if one.volume_ml > _LOWER_GLAND_ML]]
        for parotid, inward in ((right, across), (left, -across))
    )


def _is_lower_gland(away: Point, inward: Point) -> bool:
    """Whether a way from a parotid leads to the submandibular gland of its side."""
    return bool(
        _INWARD_MM[0] < away @ inward < _INWARD_MM[1]
        and _FORWARD_MM[0] < -away[1] < _FORWARD_MM[1]
        and _BELOW_MM[0] < -away[2] < _BELOW_MM[1]
    )


def _gland(suv: Image, geometry: Geometry, spot: _Spot, lesions: Sequence[Region]) -> Region | None:
    """Voxels of the PET of at least half the gland's maximum; None where they do not end."""
    x, y, z = (float(value) for value in spot.centre)
    near = voxels_near(
        geometry, (x, y, z), _REACH_MM, lambda away: np.linalg.norm(away, axis=-1) <= _REACH_MM
    )
    for lesion in lesions:
        lesion.paint(near, False)
    if not near.any():
        return None
    around = Region.from_mask(near)
    box = around.slices
    values = np.where(around.mask, suv[box], np.float32(-np.inf))
    a, b, c = np.unravel_index(int(values.argmax()), values.shape)
    seed = tuple(int(n) + part.start for n, part in zip((a, b, c), box, strict=True))
    ground = Ground(box=box, cell=around.mask)
    contour = at_level(suv, ground, seed, FRACTION * float(suv[seed]))
    return contour.region if contour.closed else None


def _measured(
    suv: Image, geometry: Geometry, glands: Sequence[Region], limits: UptakeRange
) -> ReferenceRegion | None:
    """Both glands together; None where they are cut by the border or out of range."""
    mask = np.zeros(geometry.shape, dtype=bool)
    for gland in glands:
        cut = any(
            part.start == 0 or part.stop == size
            for part, size in zip(gland.slices, geometry.shape, strict=True)
        )
        if cut:
            return None
        gland.paint(mask, True)
    values = suv[mask].astype(np.float64)
    mean = float(values.mean())
    if not limits.low < mean < limits.high:
        return None
    x, y, z = geometry.index_to_lps(np.argwhere(mask)).mean(axis=0)
    return ReferenceRegion(
        region=Region.from_mask(mask),
        centre_mm=(float(x), float(y), float(z)),
        mean=mean,
        sd=float(values.std()),
    )
