"""The three planes through a voxel, with contours in colours that a key below names."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from algorithms.toolbox.canvas import (
    LINE_PX,
    TEXT_PX,
    Canvas,
    Frame,
    Outline,
    Window,
    blank,
    colour,
    draw_bar,
    draw_length,
    finished,
    points,
    show,
    write,
)
from algorithms.toolbox.components import Index
from algorithms.toolbox.slices import (
    BAR_PX,
    GAP_PX,
    HEAD_PX,
    PANELS_PX,
    Crop,
    Panel,
    Scan,
    draw_panel,
    picture_of,
)
from algorithms.toolbox.views import Axes, View, axes_of
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Figure

LEAST_SIDE_MM, AROUND_MM = 120.0, 25.0
KEY_PX, LETTER_PX = 46, 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a colour stands for."""

    text: str
    rgb: tuple[int, int, int]
    dashed: bool = False


def planes_figure(
    scan: Scan,
    voxel: Index,
    outlines: Sequence[Outline],
    *,
    title: str,
    keys: Sequence[Key],
    window: Window,
) -> Figure:
    """Axial, coronal and sagittal plane through a voxel, cut to the outlines, at one scale.

    Parameters
    ----------
    outlines : sequence of Outline
        At least one.
    keys : sequence of Key
        What stands below the pictures; at least one.
    """
    geometry = scan.geometry
    centre, side_mm = _shown(outlines, geometry)
    crops = [_crop(axes_of(geometry, view), geometry, centre, side_mm) for view in View]
    px_per_mm = PANELS_PX / (len(crops) * side_mm)
    frames = _frames(crops, px_per_mm)
    bottom = max(frame.bottom for frame in frames)
    foot = bottom + 2.4 * TEXT_PX
    width = frames[-1].right + GAP_PX + BAR_PX
    longest = max(len(key.text) for key in keys) * LETTER_PX + 3 * TEXT_PX
    in_a_row = max(1, int((width - 2 * GAP_PX) // longest))
    rows = -(-len(keys) // in_a_row)
    sheet, canvas = blank(width, foot + rows * KEY_PX)
    for view, crop, frame in zip(View, crops, frames, strict=True):
        index = voxel[crop.axes.through]
        show(canvas, picture_of(scan, None, crop, index, window), frame, window)
        panel = Panel(index=index, heading=(str(view).capitalize(), ""), outlines=tuple(outlines))
        draw_panel(canvas, panel, crop.axes, frame, geometry)
    draw_length(canvas, frames[-1], px_per_mm)
    draw_bar(canvas, window, frames[-1].right + GAP_PX, (HEAD_PX, bottom))
    _draw_keys(canvas, keys, foot, (width - 2 * GAP_PX) / in_a_row, in_a_row)
    return finished(sheet, title)


def _shown(outlines: Sequence[Outline], geometry: Geometry) -> tuple[Index, float]:
    """Middle of the box of all outlines, and the side of the square that holds it in any plane."""
    boxes = [outline.region.slices for outline in outlines]
    low = [min(box[axis].start for box in boxes) for axis in range(3)]
    high = [max(box[axis].stop for box in boxes) for axis in range(3)]
    lengths = [(b - a) * step for a, b, step in zip(low, high, geometry.spacing_mm, strict=True)]
    a, b, c = ((start + stop) // 2 for start, stop in zip(low, high, strict=True))
    return (a, b, c), max(LEAST_SIDE_MM, max(lengths) + 2 * AROUND_MM)


def _crop(axes: Axes, geometry: Geometry, centre: Index, side_mm: float) -> Crop:
    def part(axis: int, step_mm: float, *, flip: bool) -> range:
        size = geometry.shape[axis]
        middle = size - 1 - centre[axis] if flip else centre[axis]
        half = round(side_mm / 2 / step_mm)
        return range(max(0, middle - half), min(size, middle + half + 1))

    return Crop(
        axes=axes,
        rows=part(axes.down, axes.down_mm, flip=axes.flip_down),
        columns=part(axes.across, axes.across_mm, flip=axes.flip_across),
    )


def _frames(crops: Sequence[Crop], px_per_mm: float) -> list[Frame]:
    frames: list[Frame] = []
    for crop in crops:
        frames.append(
            Frame(
                left=(frames[-1].right if frames else 0.0) + GAP_PX,
                top=HEAD_PX,
                across_px=crop.axes.across_mm * px_per_mm,
                down_px=crop.axes.down_mm * px_per_mm,
                first_row=crop.rows.start,
                first_column=crop.columns.start,
                rows=len(crop.rows),
                columns=len(crop.columns),
            )
        )
    return frames


def _draw_keys(canvas: Canvas, keys: Sequence[Key], top: float, step: float, in_a_row: int) -> None:
    for place, key in enumerate(keys):
        row, column = divmod(place, in_a_row)
        x, y = GAP_PX + column * step, top + (row + 0.3) * KEY_PX
        canvas.plot(
            np.array([x, x + TEXT_PX * 1.6]),
            np.array([y, y]),
            color=colour(key.rgb),
            linewidth=points(2 * LINE_PX),
            linestyle="--" if key.dashed else "-",
        )
        write(canvas, x + TEXT_PX * 1.9, y, key.text)
