"""Axial slices for the result page: PET over CT where there is one, PET in inverted grey elsewhere.

The CT is sampled in the planes of the PET, by position in the patient; the PET stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates  # type: ignore[attr-defined]  # filled at run time

from algorithms.toolbox.canvas import (
    NUMBER_PX,
    TEXT_PX,
    Canvas,
    Frame,
    Outline,
    Window,
    blank,
    draw_bar,
    draw_length,
    draw_outline,
    filled,
    finished,
    show,
    small_number,
    write,
)
from algorithms.toolbox.views import Axes, View, axes_of
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Figure

Image = NDArray[np.float32]

PANELS_PX, PANEL_PX = 1500, 900  # all panels together, and one at most
HEAD_PX, FOOT_PX, GAP_PX, BAR_PX = 96, 120, 16, 140
CT_LOW_HU, CT_HIGH_HU, AIR_HU = -160.0, 240.0, -1000.0  # soft tissue window
CT_STEP_MM = 1.0
PET_COLOURS = colormaps["hot"]
MOST_COVER = 0.75
BODY_SHARE, BODY_MARGIN_MM = 0.03, 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One slice: index along the axis one looks along, two lines of heading, what is outlined."""

    index: int
    heading: tuple[str, str]
    outlines: tuple[Outline, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """An image and its grid: SUV of the PET, Hounsfield units of the CT."""

    image: Image
    geometry: Geometry


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """Rows and columns of the pictures of a view that are shown."""

    axes: Axes
    rows: range
    columns: range


def slices_figure(
    pet: Scan,
    panels: Sequence[Panel],
    *,
    title: str,
    caption: str = "",
    window: Window | None = None,
    ct: Scan | None = None,
) -> Figure:
    """Axial slices side by side, as seen from the feet (the patient's right at the left).

    Parameters
    ----------
    panels : sequence of Panel
        At least one.
    ct : Scan, optional
        Shown behind the PET by its place in the patient: both have one frame of reference.
    """
    shown = Window() if window is None else window
    crop = _crop(pet, [panel.index for panel in panels], shown)
    axes = crop.axes
    side_px = min(PANEL_PX, PANELS_PX / len(panels))
    scale = side_px / max(len(crop.rows) * axes.down_mm, len(crop.columns) * axes.across_mm)
    frames = [_frame(place, crop, scale) for place in range(len(panels))]
    last = frames[-1]
    sheet, canvas = blank(last.right + GAP_PX + BAR_PX, last.bottom + FOOT_PX)
    for panel, frame in zip(panels, frames, strict=True):
        show(canvas, picture_of(pet, ct, crop, panel.index, shown), frame, shown)
        draw_panel(canvas, panel, axes, frame, pet.geometry)
    draw_length(canvas, last, scale)
    colours = "gray_r" if ct is None else PET_COLOURS.name
    draw_bar(canvas, shown, last.right + GAP_PX, (HEAD_PX, last.bottom), colours=colours)
    write(canvas, GAP_PX, last.bottom + FOOT_PX - TEXT_PX, caption)
    return finished(sheet, title)


def _crop(pet: Scan, indices: Sequence[int], window: Window) -> Crop:
    """What holds more than air in any of the slices."""
    axes = axes_of(pet.geometry, View.AXIAL)
    level = window.low + BODY_SHARE * (window.high - window.low)
    body = np.any([axes.cut(pet.image, index) > level for index in indices], axis=0)
    return Crop(
        axes=axes,
        rows=filled(body.any(axis=1), round(BODY_MARGIN_MM / axes.down_mm)),
        columns=filled(body.any(axis=0), round(BODY_MARGIN_MM / axes.across_mm)),
    )


def _frame(place: int, crop: Crop, scale: float) -> Frame:
    width = len(crop.columns) * crop.axes.across_mm * scale
    return Frame(
        left=GAP_PX + place * (width + GAP_PX),
        top=HEAD_PX,
        across_px=crop.axes.across_mm * scale,
        down_px=crop.axes.down_mm * scale,
        first_row=crop.rows.start,
        first_column=crop.columns.start,
        rows=len(crop.rows),
        columns=len(crop.columns),
    )


def picture_of(
    pet: Scan, ct: Scan | None, crop: Crop, index: int, window: Window
) -> NDArray[np.floating]:
    """Part of a plane of the PET: its grey values, or RGB over the CT."""
    if ct is not None:
        return _fused(pet, ct, crop, index, window)
    cut = crop.axes.cut(pet.image, index)
    return cut[crop.rows.start : crop.rows.stop, crop.columns.start : crop.columns.stop]


def draw_panel(canvas: Canvas, panel: Panel, axes: Axes, frame: Frame, geometry: Geometry) -> None:
    """Outlines where the plane cuts them, letters of the sides, and the heading."""
    for outline in panel.outlines:
        shadow = axes.region_cut(outline.region, geometry.shape, panel.index)
        draw_outline(canvas, shadow, outline, frame)
        if outline.text and shadow.any():
            top, right = np.flatnonzero(shadow.any(1))[0], np.flatnonzero(shadow.any(0))[-1]
            x, y = frame.x(right) + NUMBER_PX / 2, frame.y(top) - NUMBER_PX / 2
            small_number(canvas, x, y, outline.text, outline.rgb)
    left, right, _, _ = axes.marks
    middle = (frame.top + frame.bottom) / 2
    write(canvas, frame.left + 6, middle, left, weight="bold")
    write(canvas, frame.right - 6, middle, right, weight="bold", ha="right")
    for line, text in enumerate(panel.heading):
        write(canvas, frame.left, (line + 0.6) * HEAD_PX / 2, text)


def _fused(pet: Scan, ct: Scan, crop: Crop, index: int, window: Window) -> NDArray[np.float64]:
    """RGB of PET over CT in a plane of the PET, sampled every millimetre."""
    rows = _fine(crop.rows, crop.axes.down_mm)
    columns = _fine(crop.columns, crop.axes.across_mm)
    places = crop.axes.array_index(rows, columns, index, pet.geometry.shape)
    uptake = _sampled(pet.image, places, outside=window.low)
    points = pet.geometry.index_to_lps(places)
    density = _sampled(ct.image, ct.geometry.lps_to_index(points), outside=AIR_HU)
    grey = np.clip((density - CT_LOW_HU) / (CT_HIGH_HU - CT_LOW_HU), 0.0, 1.0)[..., None]
    share = np.clip((uptake - window.low) / (window.high - window.low), 0.0, 1.0)
    # The hotter, the less of the CT is seen; a third of the window already shows its colour.
    cover = np.clip(2.0 * share, 0.0, MOST_COVER)[..., None]
    return np.asarray((1.0 - cover) * grey + cover * PET_COLOURS(share)[..., :3])


def _fine(pixels: range, step_mm: float) -> NDArray[np.float64]:
    """Places from edge to edge of a range of pixels, about a millimetre apart."""
    count = max(1, round(len(pixels) * step_mm / CT_STEP_MM))
    return np.asarray(pixels.start - 0.5 + len(pixels) * (np.arange(count) + 0.5) / count)


def _sampled(image: Image, places: NDArray[np.float64], *, outside: float) -> NDArray[np.float64]:
    """Linear interpolation at array indices (..., 3)."""
    lowest = np.floor(places.min(axis=(0, 1))).astype(int) - 1
    highest = np.ceil(places.max(axis=(0, 1))).astype(int) + 2
    start = np.clip(lowest, 0, image.shape)
    stop = np.clip(highest, start, image.shape)
    part = image[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))]
    if part.size == 0:
        return np.full(places.shape[:2], outside)
    moved = np.moveaxis(places - start, -1, 0)
    sampled = map_coordinates(
        part, moved, output=np.float64, order=1, mode="constant", cval=outside
    )
    return np.asarray(sampled)
