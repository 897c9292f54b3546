"""What lies between the contour planes of a region: its spans along the normal, and its gaps.

Neighbouring planes have a span between them. Beyond the last plane of a part the region goes on for
half the usual distance. Planes that were left out between others make gaps, which are told.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dicom_node.domain.errors import InconsistentGeometry

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

# Planes are neighbours up to this multiple of the usual distance; further ones have none between.
_NEIGHBOURS = 1.5
# A gap is whole planes left out if it differs from them by this part of the usual distance, and a
# bit more for each plane, as places are rounded.
_OFF_PLANES, _OFF_EACH = 0.1, 0.02
# Two distances that differ by less than 1 % and 0.05 mm are one.
_SAME_RELATIVE, _SAME_MM = 0.01, 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spans:
    """Pieces along the normal in which a region may lie, in order and without overlap.

    Parameters
    ----------
    low_mm, high_mm : (spans,)
        Ends; the first belongs to the span.
    plane, upper : (spans,)
        Numbers of the planes on both sides; twice the same where a part of the region ends.
    gaps : tuple of str
        Where it has several parts.
    """

    low_mm: Floats
    high_mm: Floats
    plane: Indices
    upper: Indices
    gaps: tuple[str, ...]


def usual_distance(distances_mm: Floats) -> float | None:
    """Most frequent distance of planes, the smallest of equally frequent ones; None without any."""
    if len(distances_mm) == 0:
        return None
    ordered = np.sort(distances_mm)
    ends = np.searchsorted(ordered, ordered * (1 + _SAME_RELATIVE) + _SAME_MM, side="right")
    first = int((ends - np.arange(len(ordered))).argmax())
    return float(ordered[first : ends[first]].mean())


def spans_of(along_mm: Floats, usual_mm: float, place: Callable[[float], str]) -> Spans:
    """Spans of planes, by their places in order along the normal.

    Parameters
    ----------
    usual_mm : float
        Distance of planes that follow each other.
    place : function
        How messages tell a place along the normal.

    Raises
    ------
    InconsistentGeometry
        Where two planes are further apart than neighbours, and not by whole planes: it cannot be
        told whether the region goes on between them.
    """
    half = usual_mm / 2.0
    spans = [(along_mm[0] - half, along_mm[0], 0, 0)]
    gaps = []
    for number, (lower, upper) in enumerate(pairwise(along_mm)):
        if upper - lower <= _NEIGHBOURS * usual_mm:
            spans.append((lower, upper, number, number + 1))
            continue
        gaps.append(_gap(upper - lower, usual_mm, place(lower)))
        spans.append((lower, lower + half, number, number))
        spans.append((upper - half, upper, number + 1, number + 1))
    last = len(along_mm) - 1
    spans.append((along_mm[-1], along_mm[-1] + half, last, last))
    low, high, plane, above = zip(*spans, strict=True)
    return Spans(
        low_mm=np.array(low),
        high_mm=np.array(high),
        plane=np.array(plane),
        upper=np.array(above),
        gaps=tuple(gaps),
    )


def _gap(apart: float, usual_mm: float, place: str) -> str:
    """What to tell of planes without contour that follow one at a place."""
    steps = round(apart / usual_mm)
    if abs(apart - steps * usual_mm) > (_OFF_PLANES + _OFF_EACH * steps) * usual_mm:
        raise InconsistentGeometry(
            f"contour planes are {usual_mm:.4g} mm apart, but {apart:.4g} mm after {place}: "
            "neither neighbours nor whole planes left out"
        )
    are = "plane is" if steps == 2 else "planes are"
    return (
        f"{steps - 1} {are} without contour after {place}; the parts on both sides end half way to "
        "the next plane"
    )
