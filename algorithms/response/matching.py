"""Which lesion of one day is which of the other: by place, after the bodies were laid together.

Frames of reference of two examinations have nothing to do with each other. The bodies are moved so
that their images agree best, as a whole and without turning: patients lie alike on two days, but
for a few millimetres of each organ, which the tolerance has to cover.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfftn, rfftn
from scipy.ndimage import map_coordinates  # type: ignore[attr-defined]  # filled at run time
from scipy.spatial import KDTree

from algorithms.response.examination import Examination
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

Points = NDArray[np.float64]
STEP_MM = 8.0
# Farthest distance of the surfaces of one lesion on two days: breathing moves a liver by 10 to 20.
NEAR_MM = 15.0
_MOST_VOXELS = 256  # of each axis; 2 m at 8 mm
_FLOOR_SUV = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Pairs of lesions by their place in each examination, counted from 0.

    Parameters
    ----------
    pairs : (before, now); a lesion that fell apart or grew together is in several
    new : of now, that nothing before is near to
    gone : of before, that nothing now is near to
    shift_mm : from the place before to the place now, LPS
    """

    pairs: tuple[tuple[int, int], ...]
    new: tuple[int, ...]
    gone: tuple[int, ...]
    shift_mm: tuple[float, float, float]


def match(before: Examination, now: Examination) -> Match:
    """Lesions of two days that are the same."""
    shift = shift_between(
        (before.pet.array, before.pet.geometry), (now.pet.array, now.pet.geometry)
    )
    then = [_points(one.region, before.pet.geometry) + shift for one in before.lesions]
    today = [_points(one.region, now.pet.geometry) for one in now.lesions]
    apart = _distances(then, today)
    close = apart <= NEAR_MM
    pairs = tuple((int(b), int(n)) for b, n in np.argwhere(close))
    x, y, z = (float(value) for value in shift)
    return Match(
        pairs=pairs,
        new=tuple(n for n in range(len(today)) if not close[:, n].any()),
        gone=tuple(b for b in range(len(then)) if not close[b].any()),
        shift_mm=(x, y, z),
    )


def shift_between(
    before: tuple[NDArray[np.float32], Geometry], now: tuple[NDArray[np.float32], Geometry]
) -> Points:
    """Millimetres (LPS) by which the first image has to be moved to lie best on the second.

    The greatest normalised cross-correlation of the logarithm of uptake, every 8 mm: the logarithm
    lets the body count and not its hottest organ.
    """
    corners = [_corners(geometry) for _, geometry in (before, now)]
    # Laid together by their middles first: origins of two scanners may be metres apart.
    centres = [points.mean(axis=0) for points in corners]
    spans = np.max([np.ptp(points, axis=0) for points in corners], axis=0)
    size = np.minimum(np.ceil(spans / STEP_MM).astype(int) + 1, _MOST_VOXELS)
    first = _sampled(*before, centres[0], size)
    second = _sampled(*now, centres[1], size)
    shape = [2 * int(n) for n in size]
    product = np.conj(rfftn(first, shape)) * rfftn(second, shape)
    found = irfftn(product, shape)
    place = np.array(np.unravel_index(int(found.argmax()), found.shape))
    moved = np.where(place > np.array(shape) / 2, place - np.array(shape), place)
    return np.asarray(centres[1] - centres[0] + moved * STEP_MM, dtype=np.float64)


def _sampled(
    image: NDArray[np.float32], geometry: Geometry, centre: Points, size: NDArray[np.int_]
) -> NDArray[np.float64]:
    """Logarithm of uptake without its mean, (x, y, z) on a grid of patient axes round a place."""
    spans = [(np.arange(n) - (n - 1) / 2) * STEP_MM for n in size]
    points = np.stack(np.meshgrid(*spans, indexing="ij"), axis=-1) + centre
    index = np.moveaxis(geometry.lps_to_index(points), -1, 0)
    values = map_coordinates(image, index, order=1, mode="constant", cval=0.0)
    logs = np.log(np.maximum(values, np.float32(_FLOOR_SUV)) / np.float32(_FLOOR_SUV))
    return np.asarray(logs - logs.mean())


def _corners(geometry: Geometry) -> Points:
    corners = np.array(np.meshgrid(*((0, n - 1) for n in geometry.shape))).reshape(3, -1).T
    return geometry.index_to_lps(corners)


def _points(region: Region, geometry: Geometry) -> Points:
    return geometry.index_to_lps(np.argwhere(region.mask) + np.array(region.origin))


def _distances(then: Sequence[Points], today: Sequence[Points]) -> NDArray[np.float64]:
    """Smallest distance of each pair of lesions, (before, now) in mm; far ones are infinite."""
    apart = np.full((len(then), len(today)), np.inf)
    trees = [KDTree(points) for points in today]  # type: ignore[no-untyped-call]  # not annotated
    for b, points in enumerate(then):
        for n, tree in enumerate(trees):
            nearest, _ = tree.query(points, distance_upper_bound=2 * NEAR_MM)  # type: ignore[no-untyped-call]  # nor is this
            apart[b, n] = nearest.min()
    return apart
