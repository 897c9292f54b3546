"""Pictures of reference regions: where they were placed decides every ratio to them."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion  # type: ignore[attr-defined]  # filled at run time

from dicom_node.domain.coding import REFERENCE_REGION
from dicom_node.domain.report import Report
from dicom_node.domain.result import Figure, Segment
from dicom_node.encoding.statements import segments_of

Kind = TypeVar("Kind", bound=np.generic)

_MOST = 3
_HEIGHT = 240  # pixels, at least
_AIR_SHARE, _MARGIN = 0.05, 2  # of what is drawn black; voxels
_WHITE_SHARE = 99.5  # percentile of the slice that is drawn black


def reference_figures(report: Report) -> tuple[Figure, ...]:
    """Slice through the middle of each of the first reference regions, its edge in its colour."""
    found = [one for one in segments_of(report.result) if one.type == REFERENCE_REGION]
    return tuple(Figure(title=one.label, pixels=_picture(report, one)) for one in found[:_MOST])


def _picture(report: Report, segment: Segment) -> NDArray[np.uint8]:
    """The slice in inverted grey, pixels square in millimetres, with the edge of the region."""
    planes = segment.region.mask.sum(axis=(1, 2))
    middle = int(planes.argmax())
    plane = report.source.array[segment.region.origin[0] + middle]
    mask = np.zeros(plane.shape, bool)
    _, rows, columns = segment.region.slices
    mask[rows, columns] = segment.region.mask[middle]
    body = _shown(plane, mask)
    plane, mask = plane[body], mask[body]
    _, row_mm, column_mm = report.source.geometry.spacing_mm
    scale = max(_HEIGHT / plane.shape[0], 1.0)
    shape = (round(plane.shape[0] * scale), round(plane.shape[1] * scale * column_mm / row_mm))
    grey, large = _enlarged(_inverted(plane), shape), _enlarged(mask, shape)
    picture = np.repeat(grey[..., None], 3, axis=2)
    picture[large & ~binary_erosion(large, iterations=2)] = segment.display_rgb
    return picture


def _shown(plane: NDArray[np.float32], mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns that hold the region or more than air, with a margin."""
    held = mask | (plane > _AIR_SHARE * float(np.percentile(plane, _WHITE_SHARE)))
    ends = []
    for axis, size in enumerate(plane.shape):
        where = np.flatnonzero(held.any(axis=1 - axis))
        low, high = int(where[0]) - _MARGIN, int(where[-1]) + 1 + _MARGIN
        ends.append(slice(max(0, low), min(size, high)))
    return ends[0], ends[1]


def _inverted(plane: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Numbers as grey, the highest black."""
    top = max(float(np.percentile(plane, _WHITE_SHARE)), float(np.finfo(np.float32).tiny))
    return np.asarray(255 * (1 - np.clip(plane / top, 0, 1)), dtype=np.uint8)


def _enlarged(plane: NDArray[Kind], shape: tuple[int, int]) -> NDArray[Kind]:
    """The nearest pixel for each place of a larger picture."""
    rows, columns = (np.arange(n) * old // n for n, old in zip(shape, plane.shape, strict=True))
    return plane[np.ix_(rows, columns)]
