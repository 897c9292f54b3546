"""The grids that frames of a segmentation lie on, by their positions; empty slices may be left out.

Unlike the slices of an image (see `stack`), frames of a segmentation need not follow each other:
those without a voxel are left out, and every segment has its own. So their distance is told by
Spacing Between Slices, as far as the positions agree, and else by the positions alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicom_node.domain.errors import InconsistentGeometry, MissingAttribute
from dicom_node.reading.header import named
from dicom_node.reading.plane import Layout
from dicom_node.reading.segment_frames import SegmentFrame
from dicom_node.reading.stack import Axes, axes_of

Floats = NDArray[np.float64]

# Frames this close are at one place, and two lines of frames this close are one.
_SAME_PLACE_MM = 0.05
# A frame may lie this part of the distance off its place on the grid.
_OFF_GRID = 0.1
# No scanner is as large; further positions are broken numbers.
_FARTHEST_MM = 1e5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameGrid:
    """Frames above each other on one grid.

    Parameters
    ----------
    affine : (4, 4) float64
        Maps (slice, row, column, 1) to LPS mm; slice 0 is the lowest frame along the normal.
    frames : tuple of (SegmentFrame, int)
        Each with its slice.
    """

    affine: Floats
    frames: tuple[tuple[SegmentFrame, int], ...]


def frame_grids(frames: Iterable[SegmentFrame]) -> tuple[FrameGrid, ...]:
    """Grids of the frames: one, but for frames of several layouts, or beside each other.

    Frames that are shifted sideways, as those of a tilted gantry, each make a grid of one slice.

    Raises
    ------
    InconsistentGeometry
        Where frames are not evenly spaced, or two of one segment lie at one place.
    MissingAttribute
        Where frames lie on one plane only, and nothing tells their thickness.
    """
    layouts: dict[Layout, list[SegmentFrame]] = {}
    for frame in frames:
        layouts.setdefault(frame.plane.layout, []).append(frame)
    return tuple(
        _grid(line, axes)
        for several in layouts.values()
        for axes in (axes_of(several[0].plane),)
        for line in _lines(several, axes)
    )


def _lines(frames: Sequence[SegmentFrame], axes: Axes) -> list[list[SegmentFrame]]:
    """Frames whose first voxels lie on one line along the normal."""
    lines: list[tuple[Floats, list[SegmentFrame]]] = []
    across = np.stack([axes.row, axes.column])
    for frame in frames:
        place = across @ np.array(frame.plane.position_mm)
        for where, members in lines:
            if np.abs(where - place).max() <= _SAME_PLACE_MM:
                members.append(frame)
                break
        else:
            lines.append((place, [frame]))
    return [members for _, members in lines]


def _grid(frames: Sequence[SegmentFrame], axes: Axes) -> FrameGrid:
    along = np.array([frame.plane.position_mm for frame in frames]) @ axes.normal
    if not np.abs(along).max() <= _FARTHEST_MM:
        raise InconsistentGeometry(
            "a frame lies nowhere in a patient", keyword=named("ImagePositionPatient")
        )
    lowest = int(along.argmin())
    step = _step(frames, along, axes)
    slices = np.rint((along - along[lowest]) / step).astype(int)
    _refuse_doubles(frames, slices, along, axes)
    between_rows, between_columns = frames[0].plane.layout.spacing_mm
    affine = np.eye(4)
    affine[:3, 0] = step * axes.normal
    affine[:3, 1] = between_rows * axes.column
    affine[:3, 2] = between_columns * axes.row
    affine[:3, 3] = frames[lowest].plane.position_mm
    placed = zip(frames, (int(number) for number in slices), strict=True)
    return FrameGrid(affine=affine, frames=tuple(placed))


def _step(frames: Sequence[SegmentFrame], along: Floats, axes: Axes) -> float:
    """Distance of slices: that of the header where frames lie on its multiples, else the least."""
    ordered = np.sort(along)
    places = ordered[np.insert(np.diff(ordered) > _SAME_PLACE_MM, 0, True)]
    if len(places) == 1:
        return _thickness(frames)
    apart = np.diff(places)
    told = {frame.spacing_mm for frame in frames if frame.spacing_mm is not None}
    for candidate in (*sorted(told), float(apart.min())):
        numbers = np.insert(np.cumsum(np.rint(apart / candidate)), 0, 0.0)
        if numbers[-1] < len(apart):
            continue
        step = float((places[-1] - places[0]) / numbers[-1])
        off = np.abs(places - places[0] - step * numbers)
        if off.max() <= max(_OFF_GRID * step, _SAME_PLACE_MM) and (np.diff(numbers) >= 1).all():
            return step
    worst = int(apart.argmax())
    raise InconsistentGeometry(
        f"frames are not evenly spaced: {apart[worst]:.4g} mm between "
        f"{axes.place(places[worst])} and {axes.place(places[worst + 1])}, "
        f"{apart.min():.4g} mm elsewhere"
    )


def _thickness(frames: Sequence[SegmentFrame]) -> float:
    """Thickness of frames that all lie on one plane."""
    for frame in frames:
        if frame.plane.step_mm is not None:
            return frame.plane.step_mm
    raise MissingAttribute(
        "the thickness of frames on one plane is needed",
        keyword=named("SliceThickness"),
        value=None,
    )


def _refuse_doubles(
    frames: Sequence[SegmentFrame], slices: Sequence[int], along: Floats, axes: Axes
) -> None:
    """Two frames of one segment at one place contradict each other."""
    seen: dict[tuple[int | None, int], int | None] = {}
    for frame, number, place in zip(frames, slices, along, strict=True):
        key = (frame.segment, int(number))
        if key in seen:
            whose = "" if frame.segment is None else f" of segment {frame.segment}"
            raise InconsistentGeometry(
                f"frames {seen[key]} and {frame.plane.frame_number}{whose} both lie at "
                f"{axes.place(place)}"
            )
        seen[key] = frame.plane.frame_number
