"""What the table of the page says: a row for each finding, with the numbers of its contours."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from dicom_node.domain.coding import Code
from dicom_node.domain.result import Result, Segment
from dicom_node.encoding.number_text import number_text
from dicom_node.encoding.statements import segments_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A kind of measurement and its unit."""

    label: str
    unit: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A finding: one segment, or the contours that were drawn of it in several ways."""

    label: str
    segments: tuple[Segment, ...]

    @property
    def ways(self) -> tuple[str, ...]:
        """How each contour was drawn: what its label says behind the name of the finding."""
        return tuple(one.label.removeprefix(self.label).strip() for one in self.segments)

    def cell(self, result: Result, column: Column) -> str:
        """Numbers of the contours, one where all have the same; a dash where one has none."""
        texts = [_text(result, one, column) for one in self.segments]
        return texts[0] if len(set(texts)) == 1 else " / ".join(texts)


def rows_of(result: Result) -> tuple[Row, ...]:
    """Rows in the order of the segments; contours of one finding follow each other.

    Where findings were contoured in different ways, no legend could say which number is which:
    each segment then has a row of its own.
    """
    segments = segments_of(result)
    rows = tuple(
        Row(label=together[0].finding or together[0].label, segments=together)
        for _, found in groupby(segments, key=lambda one: one.finding or one.number)
        if (together := tuple(found))
    )
    if len({row.ways for row in rows if len(row.segments) > 1}) > 1:
        return tuple(Row(label=one.label, segments=(one,)) for one in segments)
    return rows


def legend_of(rows: Sequence[Row]) -> str:
    """Which of two numbers in a cell is which; empty where each cell has one."""
    return next((" / ".join(row.ways) for row in rows if len(row.segments) > 1), "")


def _text(result: Result, segment: Segment, column: Column) -> str:
    """A number of a segment; a dash where it has none."""
    for one in result.measurements_of(segment.number):
        if (one.label, one.unit) == (column.label, column.unit):
            return number_text(one.value, one.unit)
    return "-"


def columns_of(result: Result, segments: Sequence[Segment]) -> tuple[Column, ...]:
    """Columns in the order in which the measurements of the segments first name them."""
    numbers = {segment.number for segment in segments}
    found = (
        Column(label=m.label, unit=m.unit) for m in result.measurements if m.segment in numbers
    )
    return tuple(dict.fromkeys(found))
