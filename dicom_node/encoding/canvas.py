"""A page in pixels, drawn with matplotlib without its global state.

Pixel coordinates have their origin at the top left; they are given to matplotlib in inches, for a
PDF has other pixels than a page of the screen. Everything is drawn by the Agg backend through
its own Figure, so that pages can be drawn in any thread and come out alike.
"""

from bisect import bisect_left
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from numpy.typing import NDArray
from PIL import Image

_DPI = 100
_POINTS_PER_INCH = 72
# Comes with matplotlib, so that every machine draws the same page; has Greek and Cyrillic.
_FAMILY = "DejaVu Sans"

INK, MUTED, RED, RULE, PAPER = "#111111", "#444444", "#b00020", "#999999", "#ffffff"


class Canvas:
    """A white page of some pixels.

    Parameters
    ----------
    width, height : int
        In pixels.
    """

    def __init__(self, *, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor=PAPER)
        self._agg = FigureCanvasAgg(self._figure)
        self._pictures: list[tuple[NDArray[np.uint8], tuple[float, float, float, float]]] = []
        self._widths: dict[tuple[str, float, bool], float] = {}

    def text(
        self,
        words: str,
        *,
        x: float,
        y: float,
        size: float,
        color: str = INK,
        bold: bool = False,
        right: bool = False,
        centre: bool = False,
    ) -> None:
        """Write one line; x is its left end (or right end, or centre), y its baseline.

        `size` is the font's size in pixels. Nothing in the words is read as markup.
        """
        self._figure.add_artist(
            Text(
                x / _DPI,
                (self.height - y) / _DPI,
                words,
                color=color,
                horizontalalignment="right" if right else "center" if centre else "left",
                verticalalignment="baseline",
                fontproperties=_font(size, bold=bold),
                transform=self._figure.dpi_scale_trans,
                parse_math=False,
            )
        )

    def width_of(self, words: str, *, size: float, bold: bool = False) -> float:
        """Width in pixels that a line would have."""
        key = (words, size, bold)
        if key not in self._widths:
            self._widths[key] = self._measured(*key)
        return self._widths[key]

    def _measured(self, words: str, size: float, bold: bool) -> float:
        """Width of a line; laying it out takes a millisecond, so that each is measured once."""
        renderer = self._agg.get_renderer()  # type: ignore[no-untyped-call]  # matplotlib's own
        width, _, _ = renderer.get_text_width_height_descent(
            words, _font(size, bold=bold), ismath=False
        )
        return float(width)

    def wrapped(self, words: str, *, width: float, size: float) -> list[str]:
        """Lines of at most a width; a word longer than that is cut."""
        lines: list[str] = []
        space, used = self.width_of(" ", size=size), 0.0
        for word in words.split():
            wide = self.width_of(word, size=size)
            if lines and used + space + wide <= width:
                lines[-1] = f"{lines[-1]} {word}"
                used += space + wide
            else:
                lines.append(self.fitted(word, width=width, size=size))
                used = wide
        return lines

    def fitted(self, words: str, *, width: float, size: float, bold: bool = False) -> str:
        """The words, cut with an ellipsis where they are wider."""
        if self.width_of(words, size=size, bold=bold) <= width:
            return words

        def too_wide(end: int) -> bool:
            return self.width_of(_cut(words, end), size=size, bold=bold) > width

        end = bisect_left(range(len(words)), True, key=too_wide) - 1
        return _cut(words, max(end, 0))

    def box(self, *, x: float, y: float, width: float, height: float, color: str) -> None:
        """Fill a rectangle; x and y are its top left corner."""
        self._figure.add_artist(
            Rectangle(
                (x / _DPI, (self.height - y - height) / _DPI),
                width / _DPI,
                height / _DPI,
                facecolor=color,
                edgecolor="none",
                transform=self._figure.dpi_scale_trans,
            )
        )

    def picture(
        self, pixels: NDArray[np.uint8], *, x: float, y: float, width: float, height: float
    ) -> None:
        """Draw an RGB picture into a rectangle, which should have its aspect."""
        self._pictures.append((pixels, (x, y, width, height)))

    def pixels(self) -> NDArray[np.uint8]:
        """The page as (height, width, 3) RGB."""
        self._agg.draw()  # type: ignore[no-untyped-call]  # matplotlib's own
        drawn = self._agg.buffer_rgba()  # type: ignore[no-untyped-call]  # matplotlib's own
        page = np.asarray(drawn)[..., :3].copy()
        for picture, (x, y, width, height) in self._pictures:
            left, top = round(x), round(y)
            size = (max(round(x + width) - left, 1), max(round(y + height) - top, 1))
            shown = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
            page[top : top + size[1], left : left + size[0]] = np.asarray(shown)
        return page

    def save(self, pdf: PdfPages) -> None:
        """Add the page to a PDF, its pictures in full."""
        for picture, (x, y, width, height) in self._pictures:
            left, bottom = x / self.width, 1 - (y + height) / self.height
            axes = self._figure.add_axes((left, bottom, width / self.width, height / self.height))
            axes.imshow(picture, interpolation="none", aspect="auto")
            axes.set_axis_off()
        pdf.savefig(self._figure)  # type: ignore[no-untyped-call]  # matplotlib's own


def pdf_of(pages: Sequence[Canvas], *, title: str) -> bytes:
    """Pages as one PDF without the time of writing, so that it depends on the pages alone."""
    buffer = BytesIO()
    told = {"Title": title, "CreationDate": None, "Producer": None, "Creator": None}
    with PdfPages(buffer, metadata=told) as pdf:
        for page in pages:
            page.save(pdf)
    return buffer.getvalue()


def _cut(words: str, end: int) -> str:
    """The first characters of the words, with an ellipsis."""
    return f"{words[:end].rstrip()}…"


def _font(size: float, *, bold: bool) -> FontProperties:
    """The page's font in a size in pixels."""
    return FontProperties(
        family=_FAMILY, size=size * _POINTS_PER_INCH / _DPI, weight="bold" if bold else "normal"
    )
