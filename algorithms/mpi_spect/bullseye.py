"""A polar map as people draw it: apex in the middle, anterior up, septum left, 17 segments."""

import numpy as np
from matplotlib.colors import Colormap
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates  # type: ignore[attr-defined]  # filled at run time

from algorithms.toolbox.canvas import NUMBER_PX, Canvas, Window, points
from algorithms.toolbox.heart_segments import SEGMENTS, segment_means

Floats = NDArray[np.float64]
DIAMETER_PX = 470
_DARK = 0.55  # brightness below which numbers are white


def draw_map(
    canvas: Canvas, polar: Floats, left: float, top: float, *, window: Window, colours: Colormap
) -> None:
    """Map (rings, sectors) with the lines and the means of its segments."""
    radius = DIAMETER_PX / 2
    middle = (left + radius, top + radius)
    shares = (_disc(polar) - window.low) / (window.high - window.low)
    picture = colours(np.clip(shares, 0.0, 1.0))
    picture[np.isnan(shares)] = 1.0
    canvas.imshow(picture, extent=(left, left + DIAMETER_PX, top + DIAMETER_PX, top), aspect="auto")
    _draw_lines(canvas, middle, radius)
    signed = window.low < 0
    for segment, value in zip(SEGMENTS, segment_means(polar), strict=True):
        at = 0.0 if segment.number == 17 else 0.5 * sum(segment.ring)
        turn = np.radians(segment.middle_deg)
        share = np.clip((value - window.low) / (window.high - window.low), 0, 1)
        canvas.text(
            middle[0] + radius * at * np.sin(turn),
            middle[1] - radius * at * np.cos(turn),
            f"{value:+.0f}" if signed else f"{value:.0f}",
            fontsize=points(NUMBER_PX),
            color="white" if _brightness(colours, float(share)) < _DARK else "black",
            weight="bold",
            ha="center",
            va="center",
        )


def _disc(polar: Floats) -> Floats:
    """Map on a square of pixels, NaN outside of the disc."""
    rings, sectors = polar.shape
    steps = (np.arange(DIAMETER_PX) + 0.5) / DIAMETER_PX * 2 - 1
    x, y = np.meshgrid(steps, steps)
    radius = np.hypot(x, y)
    angle = np.degrees(np.arctan2(x, -y)) % 360.0
    ring = np.clip(radius * rings - 0.5, 0, rings - 1)
    sector = angle / 360.0 * sectors
    wrapped = np.concatenate([polar, polar[:, :1]], axis=1)
    found = map_coordinates(wrapped, [ring, sector], order=1, mode="nearest")
    return np.where(radius <= 1.0, found, np.nan)


def _draw_lines(canvas: Canvas, middle: tuple[float, float], radius: float) -> None:
    """Circles between rings, and spokes between the segments of a ring."""
    turns = np.linspace(0, 2 * np.pi, 181)
    for ring in (0.25, 0.5, 0.75, 1.0):
        canvas.plot(
            middle[0] + ring * radius * np.cos(turns),
            middle[1] + ring * radius * np.sin(turns),
            color="0.6",
            linewidth=points(2),
        )
    for segment in SEGMENTS[:16]:
        turn = np.radians(segment.middle_deg + segment.width_deg / 2)
        ends = np.array(segment.ring) * radius
        canvas.plot(
            middle[0] + ends * np.sin(turn),
            middle[1] - ends * np.cos(turn),
            color="0.6",
            linewidth=points(2),
        )


def _brightness(colours: Colormap, share: float) -> float:
    red, green, blue, _ = colours(share)
    return float(0.3 * red + 0.59 * green + 0.11 * blue)
