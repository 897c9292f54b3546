"""Planes to a regular grid by their places along the normal, or the fault by name and position."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicom_node.domain.errors import IncompleteSeries, InconsistentGeometry, MissingAttribute
from dicom_node.domain.geometry import Geometry
from dicom_node.reading.header import named
from dicom_node.reading.plane import Plane, instance_of
from dicom_node.reading.uniform import need_one_layout

Floats = NDArray[np.float64]

# Neighbouring slices may be this much off the common distance: 1 % of it, or 0.05 mm.
_SPACING_RELATIVE, _SPACING_MM = 0.01, 0.05
# No slice may lie further than this part of the distance from its place on the grid, so that small
# deviations of one sign do not add up.
_DRIFT_RELATIVE = 0.1
# Sideways shift per distance along the normal above which a stack is sheared (gantry tilt), 0.06
# degrees; Geometry allows the same.
_SHEAR = 1e-3
_COSINES = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The planes of one volume in order along the normal, and their grid."""

    planes: tuple[Plane, ...]
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class Axes:
    """Orthonormal directions of rows and columns of a plane, and their normal (row x column)."""

    row: Floats
    column: Floats
    normal: Floats

    def place(self, along_mm: float) -> str:
        """Position along the normal as messages show it: ``z = -412.5 mm`` where it is an axis."""
        axis = int(np.abs(self.normal).argmax())
        cosine = self.normal[axis]
        if abs(cosine) < 1 - 1e-6:
            return f"{_short(along_mm)} mm along the normal"
        return f"{'xyz'[axis]} = {_short(along_mm * np.sign(cosine))} mm"


def arrange(planes: Sequence[Plane], *, expected: int | None = None) -> Stack:
    """Grid of the planes of one volume, which are put in order of position along the normal.

    Parameters
    ----------
    planes : sequence of Plane
        At least one.
    expected : int or None
        Number of slices that a header promises. More than promised is no fault: some scanners
        count slices of one bed.

    Raises
    ------
    InconsistentGeometry
        For mixed layouts, two slices at one place, uneven distances, and sheared stacks.
    IncompleteSeries
        Where slices are missing, with the places of the gaps.
    MissingAttribute
        Where there is one slice and no attribute tells its thickness.
    """
    need_one_layout(planes)
    axes = axes_of(planes[0])
    positions = np.array([plane.position_mm for plane in planes])
    along = positions @ axes.normal
    order = np.argsort(along, kind="stable")
    ordered, positions, along = [planes[index] for index in order], positions[order], along[order]
    _refuse_duplicates(ordered, along, axes)
    step = _step(ordered, along, axes, expected)
    _refuse_shear(positions, along, axes)
    return Stack(planes=tuple(ordered), geometry=_geometry(ordered, axes, positions[0], step))


def in_order(planes: Sequence[Plane]) -> tuple[Plane, ...]:
    """Planes in order of group, then of position along the normal of the first, faults or not.

    For showing and listing; a volume is made by `arrange` alone.
    """
    try:
        normal = axes_of(planes[0]).normal
    except InconsistentGeometry:
        return tuple(planes)
    return tuple(
        sorted(planes, key=lambda plane: (plane.group, float(np.dot(plane.position_mm, normal))))
    )


def axes_of(plane: Plane) -> Axes:
    """Directions of a plane; InconsistentGeometry where its cosines are not orthonormal."""
    given = np.array(plane.layout.orientation).reshape(2, 3)
    if not np.isfinite(given).all() or np.abs(given @ given.T - np.eye(2)).max() > 2 * _COSINES:
        raise InconsistentGeometry(
            f"it must hold two orthogonal unit vectors ({instance_of(plane.header)})",
            keyword=named("ImageOrientationPatient"),
            value="\\".join(_short(value) for value in plane.layout.orientation),
        )
    row = given[0] / np.linalg.norm(given[0])
    column = given[1] - (given[1] @ row) * row  # rounding of the cosines, taken out
    column /= np.linalg.norm(column)
    return Axes(row, column, np.cross(row, column))


def _refuse_duplicates(planes: Sequence[Plane], along: Floats, axes: Axes) -> None:
    """Two slices at one place: two volumes in one series, or one instance twice."""
    close = np.flatnonzero(np.diff(along) < _SPACING_MM)
    if len(close) == 0:
        return
    first = int(close[0])
    same = [
        plane
        for plane, place in zip(planes, along, strict=True)
        if abs(place - along[first]) < _SPACING_MM
    ]
    raise InconsistentGeometry(
        f"{len(same)} slices at {axes.place(along[first])} "
        f"({', '.join(_number(plane) for plane in same[:4])}{', ...' if len(same) > 4 else ''}); "
        f"{len(close)} of {len(planes)} slices lie where another one lies"
    )


def _number(plane: Plane) -> str:
    if plane.frame_number is not None:
        return f"frame {plane.frame_number}"
    return instance_of(plane.header)


def _step(planes: Sequence[Plane], along: Floats, axes: Axes, expected: int | None) -> float:
    """Distance of slices; the faults of a stack that has no single one are raised."""
    if len(planes) == 1:
        _refuse_missing_at_end(1, expected, axes, along)
        return _step_by_header(planes[0])
    apart = np.diff(along)
    usual = _usual(apart)
    steps = np.rint(apart / usual)
    allowed = max(_SPACING_RELATIVE * usual, _SPACING_MM)
    uneven = (steps < 1) | (np.abs(apart - steps * usual) > allowed * np.maximum(steps, 1))
    if uneven.any():
        _refuse_uneven(along, axes, usual, int(np.flatnonzero(uneven)[0]))
    if (steps > 1).any():
        _refuse_gaps(along, axes, steps, expected)
    _refuse_missing_at_end(len(planes), expected, axes, along)
    step = float(along[-1] - along[0]) / (len(planes) - 1)
    drift = np.abs(along - along[0] - step * np.arange(len(planes)))
    if drift.max() > max(_DRIFT_RELATIVE * step, _SPACING_MM):
        _refuse_uneven(along, axes, step, int(drift.argmax()) - 1)
    return step


def _step_by_header(plane: Plane) -> float:
    if plane.step_mm is None:
        raise MissingAttribute(
            "a single slice needs a distance there, or SliceThickness (0018,0050) alone",
            keyword=named("SpacingBetweenSlices"),
            value=plane.header.text("SpacingBetweenSlices"),
        )
    return plane.step_mm


def _usual(apart: Floats) -> float:
    """Most frequent distance, the smallest of equally frequent ones; mean of those within 1 %."""
    ordered = np.sort(apart)
    ends = np.searchsorted(ordered, ordered * (1 + _SPACING_RELATIVE) + _SPACING_MM, side="right")
    counts = ends - np.arange(len(ordered))
    first = int(counts.argmax())
    return float(ordered[first : ends[first]].mean())


def _refuse_uneven(along: Floats, axes: Axes, usual: float, index: int) -> None:
    raise InconsistentGeometry(
        f"slices are not evenly spaced: {_short(along[index + 1] - along[index])} mm between "
        f"{axes.place(along[index])} and {axes.place(along[index + 1])}, {_short(usual)} mm "
        "elsewhere; "
        f"allowed: {_SPACING_RELATIVE:.0%} or {_SPACING_MM} mm"
    )


def _refuse_gaps(along: Floats, axes: Axes, steps: Floats, expected: int | None) -> None:
    """Name the places of slices that are missing between others."""
    found = len(along)
    places = [
        along[index] + (along[index + 1] - along[index]) * missing / steps[index]
        for index in np.flatnonzero(steps > 1)
        for missing in range(1, int(steps[index]))
    ]
    total = max(found + len(places), expected or 0)
    shown = ", ".join(axes.place(place) for place in places[:3])
    more = f" and {len(places) - 3} more" if len(places) > 3 else ""
    ends = total - found - len(places)
    at_end = f"; {ends} more missing at an end" if ends else ""
    gap = "gap" if len(places) == 1 else "gaps"
    raise IncompleteSeries(f"{found} of {total} slices, {gap} at {shown}{more}{at_end}")


def _refuse_missing_at_end(found: int, expected: int | None, axes: Axes, along: Floats) -> None:
    if expected is not None and found < expected:
        ends = " to ".join(dict.fromkeys((axes.place(along[0]), axes.place(along[-1]))))
        raise IncompleteSeries(
            f"{found} of {expected} slices, gap-free at {ends}: missing at an end"
        )


def _refuse_shear(positions: Floats, along: Floats, axes: Axes) -> None:
    """Slices must lie above each other (PS3.3 C.7.6.2.1.1 allows a tilt; a grid does not)."""
    offset = positions - positions[0]
    sideways = np.linalg.norm(offset - np.outer(along - along[0], axes.normal), axis=1)
    wrong = np.flatnonzero(sideways > np.maximum(_SPACING_MM, _SHEAR * (along - along[0])))
    if len(wrong):
        raise InconsistentGeometry(
            f"the slice at {axes.place(along[wrong[0]])} lies {_short(sideways[wrong[0]])} mm "
            "beside the line through the first one along the normal: gantry tilt, or two stacks "
            "in one"
        )


def _geometry(planes: Sequence[Plane], axes: Axes, origin: Floats, step: float) -> Geometry:
    layout = planes[0].layout
    affine = np.eye(4)
    affine[:3, 0] = step * axes.normal
    affine[:3, 1] = layout.spacing_mm[0] * axes.column
    affine[:3, 2] = layout.spacing_mm[1] * axes.row
    affine[:3, 3] = origin
    return Geometry(
        affine=affine,
        shape=(len(planes), layout.rows, layout.columns),
        frame_of_reference_uid=layout.frame_of_reference_uid,
        placed=all(plane.placed for plane in planes),
    )


def _short(value: float) -> str:
    """Number to hundredths, without trailing zeros and without a negative zero."""
    return f"{round(float(value), 2) + 0.0:.10g}"
