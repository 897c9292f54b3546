"""The figures of the page: rows of pictures of one height, cut so that they come out large."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from dicom_node.domain.result import Figure
from dicom_node.encoding.canvas import MUTED, Canvas

_FIGURES = 4
_TITLE_SIZE, _TITLE_HEIGHT = 18, 30
_SMALL_SIZE = 14  # two lines of it in the height of a title
_GAP = 14
_THUMBNAIL_WEIGHT = 0.15

Row = Sequence[Figure]


def draw_figures(
    canvas: Canvas,
    figures: Sequence[Figure],
    thumbnails: Sequence[Figure],
    *,
    x: float,
    y: float,
    width: float,
    height: float,
) -> None:
    """Draw up to four figures into a rectangle, each in its aspect under its title.

    Thumbnails follow behind them, however many figures there are.
    """
    shown = (*_shown(figures), *thumbnails)
    if not shown:
        canvas.text("The algorithm drew no figure.", x=x, y=y + 24, size=20, color=MUTED)
        return
    small = {id(one) for one in thumbnails}
    rows = max(_partitions(shown), key=lambda rows: _balance(rows, width, height, small))
    scale = _scale(rows, width, height)
    for row in rows:
        row_height = _height(row, width) * scale
        left = x + (width - _width(row, row_height)) / 2
        for figure in row:
            across = row_height * _aspect(figure)
            _draw_title(canvas, figure.title, x=left, y=y, width=across)
            top = y + _TITLE_HEIGHT
            canvas.picture(figure.pixels, x=left, y=top, width=across, height=row_height)
            left += across + _GAP
        y += row_height + _TITLE_HEIGHT + _GAP


def _shown(figures: Row) -> Row:
    """The first figures; the last of them says how many there are besides."""
    more = len(figures) - _FIGURES
    if more <= 0:
        return figures
    last = figures[_FIGURES - 1]
    return (*figures[: _FIGURES - 1], replace(last, title=f"(+{more} not shown) {last.title}"))


def _partitions(figures: Row) -> Iterator[tuple[Row, ...]]:
    """Every way to cut the figures, in their order, into rows."""
    yield (figures,)
    for cut in range(1, len(figures)):
        for rest in _partitions(figures[cut:]):
            yield (figures[:cut], *rest)


def _aspect(figure: Figure) -> float:
    """Width of a picture by its height."""
    rows, columns, _ = figure.pixels.shape
    return float(columns / rows)


def _height(row: Row, width: float) -> float:
    """Height at which the pictures of a row fill a width."""
    return (width - (len(row) - 1) * _GAP) / sum(_aspect(figure) for figure in row)


def _width(row: Row, height: float) -> float:
    """Width of a row of a height."""
    return height * sum(_aspect(figure) for figure in row) + (len(row) - 1) * _GAP


def _scale(rows: Sequence[Row], width: float, height: float) -> float:
    """Factor, at most 1, by which rows of full width must shrink to fit the height."""
    free = height - len(rows) * (_TITLE_HEIGHT + _GAP) + _GAP
    return min(1.0, free / sum(_height(row, width) for row in rows))


def _balance(rows: Sequence[Row], width: float, height: float, small: Collection[int]) -> float:
    """How large all pictures are, each by its own measure: none is large at another's cost.

    Logarithms of areas; those of thumbnails (by id) count little, as they are to be small.
    """
    scale = _scale(rows, width, height)
    if scale <= 0:
        return -math.inf
    heights = [_height(row, width) * scale for row in rows]
    return sum(
        math.log(tall**2 * _aspect(figure)) * (_THUMBNAIL_WEIGHT if id(figure) in small else 1.0)
        for row, tall in zip(rows, heights, strict=True)
        for figure in row
    )


def _draw_title(canvas: Canvas, title: str, *, x: float, y: float, width: float) -> None:
    """Title of a picture, above it, where the eye begins; a narrow one's stands in two lines."""
    if canvas.width_of(title, size=_TITLE_SIZE, bold=True) <= width:
        canvas.text(title, x=x, y=y + _TITLE_SIZE, size=_TITLE_SIZE, bold=True)
        return
    first, *more = canvas.wrapped(title, width=width, size=_SMALL_SIZE)
    rest = canvas.fitted(" ".join(more), width=width, size=_SMALL_SIZE)
    for number, line in enumerate((first, rest)):
        canvas.text(line, x=x, y=y + _SMALL_SIZE * (number + 0.85), size=_SMALL_SIZE)
