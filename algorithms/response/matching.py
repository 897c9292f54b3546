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
# Lesions are the same where half of the smaller one lies in the other, give or take half a step.
_OVERLAP, _OVERLAP_MM = 0.5, STEP_MM / 2
# Others may lie apart by as much as breathing moves a liver.
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
    pairs = _pairs(then, today)
    x, y, z = (float(value) for value in shift)
    return Match(
        pairs=pairs,
        new=tuple(n for n in range(len(today)) if n not in {now for _, now in pairs}),
        gone=tuple(b for b in range(len(then)) if b not in {then for then, _ in pairs}),
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


def _pairs(then: Sequence[Points], today: Sequence[Points]) -> tuple[tuple[int, int], ...]:
    """What overlaps, the most alike first; then the nearest of what is left, one to one.

    Two that have found each other are not joined with others' remains, but what fell apart or grew
    together, and has no partner of its own, is.
    """
    apart, overlap = _closeness(then, today)
    sizes = np.array([[min(len(b), len(n)) / max(len(b), len(n)) for n in today] for b in then])
    found: list[tuple[int, int]] = []
    alike = np.argwhere(overlap >= _OVERLAP)
    for b, n in sorted(alike.tolist(), key=lambda pair: -(overlap * sizes)[pair[0], pair[1]]):
        if b not in {then for then, _ in found} or n not in {now for _, now in found}:
            found.append((b, n))
    for b, n in found:
        apart[b, :], apart[:, n] = np.inf, np.inf
    while apart.size and apart.min() <= NEAR_MM:
        b, n = (int(place) for place in np.unravel_index(int(apart.argmin()), apart.shape))
        found.append((b, n))
        apart[b, :], apart[:, n] = np.inf, np.inf
    return tuple(sorted(found))


def _closeness(
    then: Sequence[Points], today: Sequence[Points]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smallest distance (mm; far ones are infinite), and shared part of the smaller, of each pair.

    Both are (before, now).
    """
    apart = np.full((len(then), len(today)), np.inf)
    overlap = np.zeros((len(then), len(today)))
    trees = [[KDTree(points) for points in day] for day in (then, today)]  # type: ignore[no-untyped-call]  # not annotated
    for b, n in np.ndindex(apart.shape):
        first_is_smaller = len(then[b]) <= len(today[n])
        points, tree = (then[b], trees[1][n]) if first_is_smaller else (today[n], trees[0][b])
        nearest, _ = tree.query(points, distance_upper_bound=2 * NEAR_MM)  # type: ignore[no-untyped-call]  # nor is this
        apart[b, n] = nearest.min()
        overlap[b, n] = float(np.mean(nearest <= _OVERLAP_MM))
    return apart, overlap
