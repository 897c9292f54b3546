"""The table of the page: one row per finding, one column per kind of measurement."""

from collections.abc import Sequence

from dicom_node.domain.result import Result
from dicom_node.encoding.canvas import MUTED, RULE, Canvas
from dicom_node.encoding.number_text import unit_text
from dicom_node.encoding.page_rows import Column, Row, columns_of, legend_of, rows_of
from dicom_node.encoding.statements import segments_of

_ROWS = 12
_SIZE, _UNIT_SIZE = 19, 17
_ROW_HEIGHT, _LINE = 30, 23
_GAP = 16  # between columns
_SWATCH = 16
_HEAD_CHARACTERS = 11
_LABEL_WIDTH, _MOST_LABEL_WIDTH = 160, 230  # the least that is left for names, and the most


def draw_table(
    canvas: Canvas, result: Result, *, x: float, y: float, width: float, bottom: float
) -> float:
    """Draw the table between y and the bottom, at most twelve rows, and give the y below it.

    A result without segments draws nothing.
    """
    rows = rows_of(result)
    if not rows:
        return y
    columns = columns_of(result, segments_of(result))
    widths = [_width(canvas, column, rows, result) for column in columns]
    fitting = _fitting(widths, width - _names_width(canvas, rows))
    ends = _ends(widths[:fitting], x + width)
    label_end = ends[0] - widths[0] - _GAP if ends else x + width
    y = _draw_head(canvas, columns[:fitting], ends, x=x, y=y)
    canvas.box(x=x, y=y - 4, width=width, height=2, color=RULE)
    legend = legend_of(rows)
    notes = 2 if legend else 1  # the last lines say what is left out, and which number is which
    room = int((bottom - y) // _ROW_HEIGHT) - notes
    shown = rows[: max(min(room, _ROWS), 1)]
    for row in shown:
        y += _ROW_HEIGHT
        cells = [row.cell(result, column) for column in columns[:fitting]]
        _draw_row(canvas, row, cells, ends, x=x, y=y - 6, label_end=label_end)
    if legend:
        y += _ROW_HEIGHT
        words = canvas.fitted(f"Two numbers: {legend}", width=width, size=_UNIT_SIZE)
        canvas.text(words, x=x, y=y - 4, size=_UNIT_SIZE, color=MUTED)
    return _draw_rest(canvas, len(rows) - len(shown), columns[fitting:], x=x, y=y, width=width)


def _head(column: Column) -> list[str]:
    """Words of a column's name, long ones below each other."""
    lines: list[str] = []
    for word in column.label.split():
        if lines and len(lines[-1]) + len(word) < _HEAD_CHARACTERS:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


def _width(canvas: Canvas, column: Column, rows: Sequence[Row], result: Result) -> float:
    """Width of a column, whichever of its rows are shown."""
    widths = [canvas.width_of(line, size=_SIZE, bold=True) for line in _head(column)]
    widths += [canvas.width_of(row.cell(result, column), size=_SIZE) for row in rows]
    return max(*widths, canvas.width_of(unit_text(column.unit) or " ", size=_UNIT_SIZE))


def _names_width(canvas: Canvas, rows: Sequence[Row]) -> float:
    """Room for the names: the last columns go before names are cut, within bounds."""
    swatches = max(len(row.segments) for row in rows) * (_SWATCH + 4) + 6
    widest = max(canvas.width_of(row.label, size=_SIZE) for row in rows) + swatches
    return min(max(widest, _LABEL_WIDTH), _MOST_LABEL_WIDTH)


def _fitting(widths: Sequence[float], room: float) -> int:
    """How many of the first columns fit."""
    used = 0.0
    for count, width in enumerate(widths):
        used += width + _GAP
        if used > room:
            return count
    return len(widths)


def _ends(widths: Sequence[float], right: float) -> list[float]:
    """Right end of each column, the last one at the right edge."""
    ends: list[float] = []
    for width in reversed(widths):
        ends.insert(0, right)
        right -= width + _GAP
    return ends


def _draw_head(
    canvas: Canvas, columns: Sequence[Column], ends: Sequence[float], *, x: float, y: float
) -> float:
    """Names of the columns, standing on their units; gives the y below."""
    lines = max((len(_head(column)) for column in columns), default=1)
    unit_y = y + (lines + 1) * _LINE - 2
    canvas.text("Region", x=x, y=unit_y - _LINE, size=_SIZE, bold=True)
    for column, end in zip(columns, ends, strict=True):
        for line, words in enumerate(reversed(_head(column)), start=1):
            canvas.text(words, x=end, y=unit_y - line * _LINE, size=_SIZE, bold=True, right=True)
        unit = unit_text(column.unit)
        canvas.text(unit, x=end, y=unit_y, size=_UNIT_SIZE, color=MUTED, right=True)
    return unit_y + 14


def _draw_row(
    canvas: Canvas,
    row: Row,
    cells: Sequence[str],
    ends: Sequence[float],
    *,
    x: float,
    y: float,
    label_end: float,
) -> None:
    """Colours, name and values of a row; y is the baseline."""
    label_x = x
    for segment in row.segments:
        red, green, blue = segment.display_rgb
        color = f"#{red:02x}{green:02x}{blue:02x}"
        canvas.box(x=label_x, y=y - _SWATCH + 1, width=_SWATCH, height=_SWATCH, color=color)
        label_x += _SWATCH + 4
    label_x += 6
    name = canvas.fitted(row.label, width=label_end - label_x, size=_SIZE)
    canvas.text(name, x=label_x, y=y, size=_SIZE)
    for cell, end in zip(cells, ends, strict=True):
        canvas.text(cell, x=end, y=y, size=_SIZE, right=True)


def _draw_rest(
    canvas: Canvas, rows: int, columns: Sequence[Column], *, x: float, y: float, width: float
) -> float:
    """Say what the table leaves out, and give the y below."""
    left_out = [f"{rows} more rows"] if rows else []
    left_out += [", ".join(column.label for column in columns)] if columns else []
    if not left_out:
        return y + 10
    y += _ROW_HEIGHT
    words = f"Not shown here, see the structured report: {'; '.join(left_out)}"
    words = canvas.fitted(words, width=width, size=_UNIT_SIZE)
    canvas.text(words, x=x, y=y, size=_UNIT_SIZE, color=MUTED)
    return y + 10
