"""The result page's pictures: polar maps, slices along and across the long axis, gated curve."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray

from algorithms.mpi_spect.bullseye import DIAMETER_PX, draw_map
from algorithms.mpi_spect.found import Compared, Found
from algorithms.mpi_spect.function import Function
from algorithms.toolbox.brain_template import sampled
from algorithms.toolbox.canvas import (
    BAR_WIDTH_PX,
    TEXT_PX,
    Canvas,
    Frame,
    Window,
    blank,
    draw_bar,
    finished,
    points,
    show,
    write,
)
from dicom_node.domain.result import Figure
from dicom_node.domain.volume import Volume

Floats = NDArray[np.float64]

_WIDTH = 1500
_GAP, _HEAD = 16, 60
_STEP_MM = 1.5
_HALF_MM = 54.0
_SHORT_AXES = (0.80, 0.62, 0.40, 0.18)  # heights of short-axis slices over the length, apex first
_CHANGE = 40.0  # percent points that are the end of the scale
_PERCENT = Window(low=0.0, high=100.0, unit="% max")
_POINTS = Window(low=-_CHANGE, high=_CHANGE, unit="% pt")


def draw(
    spect: Volume, rest: Volume | None, found: Found, compared: Compared | None
) -> tuple[Figure, ...]:
    """Polar maps, slices, and the curve where the scan is gated."""
    scans = [(spect, found)]
    if rest is not None and compared is not None:
        scans.append((rest, compared.rest))
    figures = [_maps(found, compared), _slices(scans)]
    curves = [(one.state, one.function) for _, one in scans if one.function is not None]
    if curves:
        figures.append(_curve(curves))
    return tuple(figures)


def _maps(found: Found, compared: Compared | None) -> Figure:
    """Stress, rest and their difference, or the one map there is."""
    maps = [(found.state.capitalize(), found.polar, _PERCENT, "inferno")]
    if compared is not None:
        maps.append(("Rest, scaled to stress", compared.rest_polar, _PERCENT, "inferno"))
        maps.append(("Rest - stress", compared.difference, _POINTS, "RdBu_r"))
    sheet, canvas = blank(_WIDTH, _HEAD + DIAMETER_PX + 2 * TEXT_PX)
    for place, (title, polar, window, colours) in enumerate(maps):
        left = _GAP + place * (DIAMETER_PX + _GAP)
        write(canvas, left + DIAMETER_PX / 2, _HEAD / 2, title, weight="bold", ha="center")
        draw_map(canvas, polar, left, _HEAD, window=window, colours=colormaps[colours])
    right = _GAP + len(maps) * (DIAMETER_PX + _GAP)
    span = (_HEAD - TEXT_PX, _HEAD + DIAMETER_PX)
    if right + 4 * BAR_WIDTH_PX < _WIDTH:
        draw_bar(canvas, _PERCENT, right, span, colours="inferno")
    foot = "% of the hottest; anterior at the top, septum left"
    if compared is not None:
        foot += "; difference in points, red: more at rest"
    write(canvas, _GAP, _HEAD + DIAMETER_PX + TEXT_PX, foot)
    return finished(sheet, "Polar maps, means of 17 segments")


def _slices(scans: Sequence[tuple[Volume, Found]]) -> Figure:
    """Rows of short-axis, horizontal and vertical long-axis slices, one row per scan."""
    count = len(_SHORT_AXES) + 2
    side = (_WIDTH - (count + 1) * _GAP) / count
    row_height = side + _GAP
    sheet, canvas = blank(_WIDTH, _HEAD + len(scans) * (row_height + TEXT_PX) + TEXT_PX / 2)
    names = [f"SA {n}" for n in ("apical", "mid", "mid", "basal")] + ["HLA", "VLA"]
    for column, name in enumerate(names):
        middle = _GAP + column * (side + _GAP) + side / 2
        write(canvas, middle, _HEAD / 2, name, ha="center")
    for row, (scan, found) in enumerate(scans):
        top = _HEAD + row * (row_height + TEXT_PX)
        cuts = _cuts(scan, found)
        level = float(np.percentile(found.counts, 98))
        for column, cut in enumerate(cuts):
            _panel(canvas, cut / level, _GAP + column * (side + _GAP), top, side)
        write(canvas, _GAP, top + side + TEXT_PX * 0.6, found.state.capitalize(), weight="bold")
    return finished(sheet, "Slices across and along the axis")


def _panel(canvas: Canvas, cut: Floats, left: float, top: float, side: float) -> None:
    frame = Frame(
        left=left,
        top=top,
        across_px=side / cut.shape[1],
        down_px=side / cut.shape[0],
        first_row=0,
        first_column=0,
        rows=cut.shape[0],
        columns=cut.shape[1],
    )
    show(canvas, cut, frame, Window(low=0.0, high=1.0, unit=""))


def _cuts(scan: Volume, found: Found) -> list[Floats]:
    """Short-axis slices, then the two long-axis planes through the axis."""
    axis = found.posed.axis
    steps = np.arange(-_HALF_MM, _HALF_MM + 1, _STEP_MM)
    across, down = np.meshgrid(steps, steps)
    zero, middle = np.zeros_like(across), 0.5 * axis.length_mm
    planes = [
        axis.place(np.full_like(across, height * axis.length_mm), -down, across)
        for height in _SHORT_AXES
    ]
    # Horizontal: apex at the top, septum at the left. Vertical: anterior at the top, apex right.
    planes.append(axis.place(middle - down, zero, across))
    planes.append(axis.place(middle + across, -down, zero))
    return [np.asarray(sampled(scan.array, scan.geometry, plane), dtype=float) for plane in planes]


def _curve(curves: Sequence[tuple[str, Function]]) -> Figure:
    """Cavity volume over the beat, gates as points and the fitted course as a line."""
    height, left, right, top, foot = 520, 130, 420, 40, 430
    sheet, canvas = blank(_WIDTH, height)
    most = 1.15 * max(max(*one.volumes_ml, one.end_diastolic_ml) for _, one in curves)
    tick = next(step for step in (10, 20, 50, 100, 200) if most / step <= 6)
    scale = (foot - top) / most
    for value in np.arange(0, most, tick):
        y = foot - scale * value
        canvas.plot([left, _WIDTH - right], [y, y], color="0.85", linewidth=points(1.5))
        write(canvas, left - 16, y, f"{value:g}", ha="right")
    width = _WIDTH - right - left
    styles = {"stress": ("#b2182b", "solid"), "rest": ("#2166ac", "dashed")}
    for row, (state, one) in enumerate(curves):
        colour, style = styles.get(state, ("black", "solid"))
        course = np.append(one.course_ml, one.course_ml[0])
        x = left + width * np.linspace(0, 1, course.size)
        canvas.plot(x, foot - scale * course, color=colour, linestyle=style, linewidth=points(4))
        gates = len(one.volumes_ml)
        at = left + width * (np.arange(gates) + 0.5) / gates
        canvas.plot(
            at, foot - scale * np.array(one.volumes_ml), "o", color=colour, markersize=points(14)
        )
        words = (
            f"{state.capitalize()}: LVEF {one.ejection_percent:.0f} %",
            f"EDV {one.end_diastolic_ml:.0f}  ESV {one.end_systolic_ml:.0f} ml",
        )
        for line, text in enumerate(words):
            y = top + TEXT_PX + (3 * row + line) * 1.3 * TEXT_PX
            canvas.text(
                _WIDTH - right + 24, y, text, color=colour, fontsize=points(TEXT_PX), va="center"
            )
    write(canvas, left, foot + 1.2 * TEXT_PX, "R wave")
    write(canvas, _WIDTH - right, foot + 1.2 * TEXT_PX, "next R wave", ha="right")
    return finished(sheet, "Volume of the cavity over the beat, ml")
