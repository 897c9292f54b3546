"""Which points lie in a region that is drawn on planes: on them, between them, and at its ends.

On a plane its outlines decide, and at the end of a part those of its last plane. Between two planes
a point is inside where its signed distance from the outlines, positive inside, is positive after
linear interpolation (shape-based interpolation, Raya and Udupa, IEEE Trans Med Imaging 1990;9:32).
A distance counts up to that of the planes, so that a part of the region without a counterpart on
the next plane ends half way to it.

With every second plane of the six sarcomas left out, the rule restores the masks of the expert with
a Dice coefficient of 0.985 in the mean (0.976 at least); the outlines of the nearest plane would
give 0.968 (0.941). See ``tests/reading/test_contours_sarcoma.py``.
"""

import numpy as np
from numpy.typing import NDArray

from dicom_node.reading.contour_planes import ContourPlanes
from dicom_node.reading.contour_spans import Spans

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]

# A point this close to a plane lies on it.
_ON_PLANE_MM = 0.1
# Points are moved up by as much, so that the rounding of decimals does not decide to which of two
# spans one belongs.
_UP_MM = 0.01


def contains(contours: ContourPlanes, spans: Spans, points: Floats) -> Bools:
    """Which points (n, 3), in the axes of the planes, lie in the region."""
    along = points[:, 2] + _UP_MM
    span = np.searchsorted(spans.low_mm, along, side="right") - 1
    there = np.flatnonzero((span >= 0) & (along < spans.high_mm[span]))
    found = np.zeros(len(points), dtype=np.bool_)
    found[there] = _in_spans(contours, spans, points[there], span[there])
    return found


def _in_spans(contours: ContourPlanes, spans: Spans, points: Floats, span: Indices) -> Bools:
    """Which points lie in the region, the span of each being known."""
    lower, upper = spans.plane[span], spans.upper[span]
    inside = contours.outlines.contains(points[:, :2], lower)
    above_mm = points[:, 2] - contours.along_mm[lower]
    off = np.flatnonzero((above_mm > _ON_PLANE_MM) & (upper > lower))
    on_upper = contours.outlines.contains(points[off, :2], upper[off])
    reached = contours.along_mm[upper[off]] - points[off, 2] <= _ON_PLANE_MM
    differ = (on_upper != inside[off]) & ~reached
    inside[off[reached]] = on_upper[reached]
    between = off[differ]
    if len(between):
        inside[between] = _interpolated(contours, points[between], lower[between], inside[between])
    return inside


def _interpolated(contours: ContourPlanes, points: Floats, lower: Indices, inside: Bools) -> Bools:
    """Points above a plane, inside on it or on the next one only, by their distances from both."""
    start, end = contours.along_mm[lower], contours.along_mm[lower + 1]
    height = end - start
    part = (points[:, 2] - start) / height
    low, high = (
        contours.outlines.distance_mm(points[:, :2], plane, height) for plane in (lower, lower + 1)
    )
    sign = np.where(inside, 1.0, -1.0)
    return np.asarray(sign * ((1.0 - part) * low - part * high) > 0.0)
