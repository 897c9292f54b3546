"""Maximum intensity projections for the result page, with the outlines of regions."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from algorithms.toolbox.canvas import (
    LEADER_PX,
    NUMBER_PX,
    TEXT_PX,
    Canvas,
    Frame,
    Outline,
    Shadow,
    Window,
    blank,
    colour,
    draw_bar,
    draw_length,
    draw_outline,
    filled,
    finished,
    number,
    points,
    show,
    spread,
    write,
)
from algorithms.toolbox.views import Axes, View, axes_of
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Figure

Image = NDArray[np.float32]

BODY_HEIGHT_PX, BODY_WIDTH_PX, FINEST_PX_PER_MM = 900, 1000, 4.0
HEAD_PX, FOOT_PX, GUTTER_PX, BAR_PX = 14, 120, 84, 134
LEAST_WIDTH_PX, LEAST_HEIGHT_PX = 720, 240
# Air around the body is cut away where it is whiter than this share of the window.
AIR_SHARE, AIR_MARGIN_MM = 0.03, 15.0
# Above this tilt the letters at the edges would mislead without a word.
NOTABLE_TILT_DEG = 10.0


def mip_figure(
    image: Image,
    geometry: Geometry,
    outlines: Sequence[Outline],
    *,
    view: View,
    title: str,
    caption: str = "",
    window: Window | None = None,
) -> Figure:
    """Maximum intensity projection in inverted grey with outlines and their numbers.

    Head up; coronal as seen from the front (the patient's right at the left), sagittal with the
    front at the left. Pixels are square in millimetres whatever the grid.

    Parameters
    ----------
    caption : str
        One line under the picture, e.g. what the outlines mean.
    window : Window, optional
        SUV 0 to 10 where none is given.
    """
    shown = Window() if window is None else window
    axes = axes_of(geometry, view)
    picture = np.asarray(axes.projection(image), dtype=np.float32)
    columns = _columns_of_body(picture, axes, shown)
    scale = _px_per_mm(picture.shape[0] * axes.down_mm, len(columns) * axes.across_mm)
    frame = _frame(picture.shape[0], columns, axes, scale)
    width = max(LEAST_WIDTH_PX, frame.right + GUTTER_PX + BAR_PX)
    sheet, canvas = blank(width, max(LEAST_HEIGHT_PX, frame.bottom + FOOT_PX))
    show(canvas, picture[:, columns.start : columns.stop], frame, shown)
    shadows = [axes.region_projection(o.region, geometry.shape) for o in outlines]
    for outline, shadow in zip(outlines, shadows, strict=True):
        draw_outline(canvas, shadow, outline, frame)
    _draw_numbers(canvas, outlines, shadows, frame)
    _draw_marks(canvas, axes, frame)
    draw_bar(canvas, shown, frame.right + GUTTER_PX + 10, (frame.top, frame.bottom))
    draw_length(canvas, frame, scale)
    write(canvas, GUTTER_PX, frame.bottom + FOOT_PX - TEXT_PX, caption)
    return finished(sheet, _told(title, axes))


def _frame(rows: int, columns: range, axes: Axes, scale: float) -> Frame:
    return Frame(
        left=GUTTER_PX,
        top=HEAD_PX,
        across_px=axes.across_mm * scale,
        down_px=axes.down_mm * scale,
        first_row=0,
        first_column=columns.start,
        rows=rows,
        columns=len(columns),
    )


def _draw_numbers(
    canvas: Canvas, outlines: Iterable[Outline], shadows: Iterable[Shadow], frame: Frame
) -> None:
    """Numbers at the nearer edge, each with a line to the outline that it names."""
    middle = (frame.left + frame.right) / 2
    ends: dict[bool, list[tuple[float, float, Outline]]] = {True: [], False: []}
    for outline, shadow in zip(outlines, shadows, strict=True):
        if outline.text:
            row, column = np.argwhere(shadow).mean(axis=0)
            at_left = frame.x(column) < middle
            inside = np.flatnonzero(shadow[_row_of(shadow, row)])
            end = frame.x(inside[0] if at_left else inside[-1])
            ends[at_left].append((frame.y(_row_of(shadow, row)), end, outline))
    for at_left, targets in ends.items():
        targets.sort(key=lambda target: target[:2])
        x = frame.left - GUTTER_PX / 2 if at_left else frame.right + GUTTER_PX / 2
        heights = [y for y, _, _ in targets]
        places = spread(heights, 1.7 * NUMBER_PX, frame.top + NUMBER_PX, frame.bottom - NUMBER_PX)
        for place, (y, end, outline) in zip(places, targets, strict=True):
            canvas.plot(
                [x, end], [place, y], color=colour(outline.rgb), linewidth=points(LEADER_PX)
            )
            number(canvas, x, place, outline.text, outline.rgb)


def _row_of(shadow: Shadow, row: float) -> int:
    """Row of the shadow nearest to a height: a shadow may have a hole there."""
    rows = np.flatnonzero(shadow.any(axis=1))
    return int(rows[np.abs(rows - row).argmin()])


def _draw_marks(canvas: Canvas, axes: Axes, frame: Frame) -> None:
    left, right, top, bottom = axes.marks
    middle_x, middle_y = (frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2
    write(canvas, frame.left + 8, middle_y, left, weight="bold")
    write(canvas, frame.right - 8, middle_y, right, weight="bold", ha="right")
    if frame.bottom - frame.top > 3 * TEXT_PX:
        write(canvas, middle_x, frame.top + TEXT_PX / 2, top, weight="bold", ha="center")
        write(canvas, middle_x, frame.bottom - TEXT_PX / 2, bottom, weight="bold", ha="center")


def _columns_of_body(picture: Image, axes: Axes, window: Window) -> range:
    level = window.low + AIR_SHARE * (window.high - window.low)
    return filled(np.asarray((picture > level).any(axis=0)), round(AIR_MARGIN_MM / axes.across_mm))


def _px_per_mm(height_mm: float, width_mm: float) -> float:
    return min(BODY_HEIGHT_PX / height_mm, BODY_WIDTH_PX / width_mm, FINEST_PX_PER_MM)


def _told(title: str, axes: Axes) -> str:
    tilt = axes.tilt_deg
    return title if tilt < NOTABLE_TILT_DEG else f"{title} (grid tilted {tilt:.0f} deg)"
