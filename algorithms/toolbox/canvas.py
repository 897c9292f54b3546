"""A sheet to draw pictures on, in pixels: grey or colour images, outlines, numbers, scales, text.

Drawn with matplotlib's Agg canvas and no global state, so that a worker thread can draw as well.
Coordinates are pixels of the picture. A result page shows such a picture at about 0.4 of its size,
so letters and lines are as large as they have to be to be read there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Sheet
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from dicom_node.domain.result import Figure, Region

Canvas = axes.Axes
Shadow = NDArray[np.bool_]

DPI = 100
TEXT_PX, NUMBER_PX = 34, 28
BAR_WIDTH_PX, BAR_HEIGHT_PX = 34, 330
LINE_PX, DASHED_PX, LEADER_PX = 2.8, 2.2, 1.6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outline:
    """A region to be drawn: its colour, and the text that stands at the picture's edge for it."""

    region: Region
    rgb: tuple[int, int, int]
    text: str = ""
    dashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Values shown as white (low) and black (high), and their unit as people write it."""

    low: float = 0.0
    high: float = 10.0
    unit: str = "SUVbw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where the part of a picture that is shown lies on the sheet, in pixels."""

    left: float
    top: float
    across_px: float  # of one picture column
    down_px: float
    first_row: int
    first_column: int
    rows: int
    columns: int

    @property
    def right(self) -> float:
        """Right edge."""
        return self.left + self.columns * self.across_px

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.top + self.rows * self.down_px

    def x(self, column: float) -> float:
        """Pixel of the centre of a picture column."""
        return self.left + (column - self.first_column + 0.5) * self.across_px

    def y(self, row: float) -> float:
        """Pixel of the centre of a picture row."""
        return self.top + (row - self.first_row + 0.5) * self.down_px


def blank(width: float, height: float) -> tuple[Sheet, Canvas]:
    """A white sheet with pixel coordinates: origin at the upper left."""
    sheet = Sheet(figsize=(round(width) / DPI, round(height) / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(sheet)
    canvas = sheet.add_axes((0, 0, 1, 1))
    canvas.axis("off")
    canvas.set_xlim(0, round(width))
    canvas.set_ylim(round(height), 0)
    return sheet, canvas


def finished(sheet: Sheet, title: str) -> Figure:
    """What was drawn, as pixels."""
    canvas = FigureCanvasAgg(sheet)
    canvas.draw()  # type: ignore[no-untyped-call]  # not annotated by matplotlib
    drawn = canvas.buffer_rgba()  # type: ignore[no-untyped-call]  # nor is this
    pixels = np.asarray(drawn, dtype=np.uint8)[..., :3]
    return Figure(title=title, pixels=np.ascontiguousarray(pixels))


def show(canvas: Canvas, picture: NDArray[np.generic], frame: Frame, window: Window) -> None:
    """Put a picture (grey by the window, or RGB as it is) into its frame."""
    canvas.imshow(
        picture,
        cmap="gray_r",
        vmin=window.low,
        vmax=window.high,
        extent=(frame.left, frame.right, frame.bottom, frame.top),
        interpolation="bilinear",
        aspect="auto",
    )


def draw_outline(canvas: Canvas, shadow: Shadow, outline: Outline, frame: Frame) -> None:
    """Line around the true pixels of a shadow."""
    rows, columns = np.flatnonzero(shadow.any(axis=1)), np.flatnonzero(shadow.any(axis=0))
    if rows.size == 0:
        return
    part = shadow[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    canvas.contour(
        [frame.x(c) for c in range(columns[0] - 1, columns[-1] + 2)],
        [frame.y(r) for r in range(rows[0] - 1, rows[-1] + 2)],
        np.pad(part, 1).astype(np.float32),
        levels=[0.5],
        colors=[colour(outline.rgb)],
        linewidths=points(DASHED_PX if outline.dashed else LINE_PX),
        linestyles="dashed" if outline.dashed else "solid",
    )


def write(
    canvas: Canvas, x: float, y: float, text: str, *, weight: str = "normal", ha: str = "left"
) -> None:
    """Black text with a white edge, vertically centred."""
    canvas.text(
        x,
        y,
        text,
        fontsize=points(TEXT_PX),
        weight=weight,
        ha=ha,
        va="center",
        path_effects=[withStroke(linewidth=points(5), foreground="white")],
    )


def number(canvas: Canvas, x: float, y: float, text: str, rgb: tuple[int, int, int]) -> None:
    """White text on a coloured plate."""
    plate = {"boxstyle": "round,pad=0.18", "facecolor": colour(rgb), "edgecolor": "none"}
    canvas.text(
        x,
        y,
        text,
        fontsize=points(NUMBER_PX),
        color="white",
        weight="bold",
        ha="center",
        va="center",
        bbox=plate,
    )


def small_number(canvas: Canvas, x: float, y: float, text: str, rgb: tuple[int, int, int]) -> None:
    """Coloured text with a black edge, for places inside a picture."""
    canvas.text(
        x,
        y,
        text,
        fontsize=points(NUMBER_PX),
        color=tuple(0.5 + 0.5 * part for part in colour(rgb)),
        weight="bold",
        va="center",
        path_effects=[withStroke(linewidth=points(4), foreground="black")],
    )


def draw_length(canvas: Canvas, frame: Frame, px_per_mm: float) -> None:
    """Bar of 10 cm, or 5 cm below a small picture, at its lower right."""
    length_mm = 100.0 if frame.right - frame.left > 300.0 * px_per_mm else 50.0
    y, right = frame.bottom + TEXT_PX / 2, frame.right
    left = right - length_mm * px_per_mm
    canvas.plot([left, right], [y, y], color="black", linewidth=points(6), solid_capstyle="butt")
    write(canvas, (left + right) / 2, y + TEXT_PX, f"{length_mm / 10:g} cm", ha="center")


def points(pixels: float) -> float:
    """Length of a number of pixels as matplotlib takes it for letters and lines."""
    return pixels * 72 / DPI


def colour(rgb: tuple[int, int, int]) -> tuple[float, float, float]:
    """Colour as matplotlib takes it."""
    return rgb[0] / 255, rgb[1] / 255, rgb[2] / 255


def filled(lines: NDArray[np.bool_], margin: int) -> range:
    """Range of the true rows or columns with a margin; all of them where none is true."""
    where = np.flatnonzero(lines)
    if where.size == 0:
        return range(lines.size)
    return range(max(0, int(where[0]) - margin), min(lines.size, int(where[-1]) + 1 + margin))


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places near the wanted ones (ascending), at least a gap apart, between two ends.

    Where they do not fit, the gap shrinks.
    """
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + gap if places else low))
    limit = high
    for index in reversed(range(len(places))):
        places[index] = min(places[index], limit)
        limit = places[index] - gap
    return places


def draw_bar(
    canvas: Canvas,
    window: Window,
    left: float,
    span: tuple[float, float],
    *,
    colours: str = "gray_r",
) -> None:
    """Scale of the greys or colours within a span of heights, with the unit above it."""
    top = span[0] + 2 * TEXT_PX
    bottom = max(top + 2 * TEXT_PX, min(span[1] - TEXT_PX / 2, top + BAR_HEIGHT_PX))
    right = left + BAR_WIDTH_PX
    canvas.imshow(
        np.linspace(window.high, window.low, 256)[:, None],
        cmap=colours,
        vmin=window.low,
        vmax=window.high,
        extent=(left, right, bottom, top),
        aspect="auto",
    )
    edge = ([left, right, right, left, left], [top, top, bottom, bottom, top])
    canvas.plot(*edge, color="black", linewidth=points(1.5))
    for value in np.linspace(window.low, window.high, 3):
        share = (value - window.low) / (window.high - window.low)
        write(canvas, right + 8, bottom + share * (top - bottom), f"{value:g}")
    write(canvas, left - 4, span[0] + TEXT_PX / 2, window.unit)
