"""The summary page: figures on the left, numbers and what they rest on on the right.

16:9, readable at 1024 pixels. It names no patient. The top centre stays empty, because OHIF lays
its cine bar there.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dicom_node.domain.report import Report
from dicom_node.domain.result import Figure, Result
from dicom_node.encoding.canvas import INK, MUTED, PAPER, RED, RULE, Canvas, pdf_of
from dicom_node.encoding.number_text import number_text, unit_name, unit_text
from dicom_node.encoding.page_figures import draw_figures
from dicom_node.encoding.page_table import draw_table
from dicom_node.encoding.provenance import RESEARCH_ONLY, algorithm_statements
from dicom_node.encoding.statements import (
    NOTHING_MARKED,
    all_warnings,
    factor_text,
    parameter_text,
    scan_text,
    segments_of,
)
from dicom_node.encoding.thumbnails import reference_figures

WIDTH, HEIGHT = 1600, 900
_MARGIN, _TOP, _BOTTOM = 30, 84, 836
_LEFT_WIDTH = 715
_RIGHT_X = _MARGIN + _LEFT_WIDTH + 36
_RIGHT_WIDTH = WIDTH - _MARGIN - _RIGHT_X
_BANNER_HEIGHT = 50
_SIZE, _SMALL = 20, 18
_LINE, _SMALL_LINE = 29, 24
_TITLE_WIDTH, _TITLE_SIZES = 520, (30, 27, 24, 21)
_SOURCE_SIZES = (24, 22, 20)
_WARNING_LINES = 6  # kept free below the table where there is anything to warn of
_PARAGRAPH_LINES, _STUDY_LINES = 4, 6
_SHORT_HASH = 12
_KINDS = {"PT": "PET"}  # modalities whose code is not what people call them


def draw_page(report: Report, *, modality: str) -> NDArray[np.uint8]:
    """Summary page of a result, (900, 1600, 3) RGB.

    Parameters
    ----------
    modality : str
        Of the source.
    """
    return _summary(report, modality).pixels()


def pages_of(report: Report, *, modality: str, all_pages: bool) -> tuple[NDArray[np.uint8], ...]:
    """The summary page, and behind it, if asked for, each picture on a page of its own."""
    if not all_pages:
        return (draw_page(report, modality=modality),)
    return tuple(canvas.pixels() for canvas in _all_pages(report, modality))


def pages_pdf(report: Report, *, modality: str) -> bytes:
    """All pages as a PDF; the same report gives the same bytes."""
    return pdf_of(_all_pages(report, modality), title=report.card.title)


def _all_pages(report: Report, modality: str) -> list[Canvas]:
    """The summary page, then each picture."""
    return [_summary(report, modality), *(_picture(report, one) for one in report.result.figures)]


def _summary(report: Report, modality: str) -> Canvas:
    """The summary page."""
    canvas = Canvas(width=WIDTH, height=HEIGHT)
    _draw_title(canvas, report.card.title)
    _draw_banner(canvas, report)
    top_of_algorithm = _draw_algorithm(canvas, report)
    draw_figures(
        canvas,
        report.result.figures,
        reference_figures(report),
        x=_MARGIN,
        y=_TOP,
        width=_LEFT_WIDTH,
        height=top_of_algorithm - _TOP,
    )
    _draw_right(canvas, report, modality)
    return canvas


def _picture(report: Report, figure: Figure) -> Canvas:
    """A page with one picture, as large as it can be."""
    canvas = Canvas(width=WIDTH, height=HEIGHT)
    _draw_title(canvas, report.card.title)
    _draw_banner(canvas, report)
    draw_figures(
        canvas, [figure], (), x=_MARGIN, y=_TOP, width=WIDTH - 2 * _MARGIN, height=_BOTTOM - _TOP
    )
    return canvas


def _draw_title(canvas: Canvas, title: str) -> None:
    """Title at the left of the top centre, as large as it fits there."""
    _draw_bold(canvas, title, x=_MARGIN, y=52, width=_TITLE_WIDTH, sizes=_TITLE_SIZES)


def _draw_bold(
    canvas: Canvas, words: str, *, x: float, y: float, width: float, sizes: Sequence[float]
) -> None:
    """Words in the first size that fits, cut in the last."""
    fits = (size for size in sizes if canvas.width_of(words, size=size, bold=True) <= width)
    size = next(fits, sizes[-1])
    shown = canvas.fitted(words, width=width, size=size, bold=True)
    canvas.text(shown, x=x, y=y, size=size, bold=True)


def _draw_right(canvas: Canvas, report: Report, modality: str) -> None:
    """Source, table, values of the study, warnings, from the top down."""
    warnings = [
        canvas.wrapped(f"Warning: {one}", width=_RIGHT_WIDTH, size=_SMALL)
        for one in all_warnings(report)
    ]
    lines = sum(len(warning) for warning in warnings)
    study = _study_lines(canvas, report.result)
    told = _paragraph(canvas, " ".join(report.result.description), width=_RIGHT_WIDTH)
    below = len(study) * _LINE + len(told) * _SMALL_LINE
    y = _draw_source(canvas, report, modality)
    y = draw_table(
        canvas,
        report.result,
        x=_RIGHT_X,
        y=y,
        width=_RIGHT_WIDTH,
        bottom=_BOTTOM - min(lines, _WARNING_LINES) * _SMALL_LINE - below,
    )
    y = _draw_lines(canvas, study, y=y, size=_SIZE, step=_LINE, color=INK)
    y = _draw_lines(canvas, told, y=y, size=_SMALL, step=_SMALL_LINE, color=INK)
    shown = _fitting(warnings, int((_BOTTOM - y) // _SMALL_LINE))
    _draw_lines(canvas, shown, y=y, size=_SMALL, step=_SMALL_LINE, color=RED)


def _draw_banner(canvas: Canvas, report: Report) -> None:
    """The limit of use, across the foot of the page, with the time of making."""
    top = HEIGHT - _BANNER_HEIGHT
    canvas.box(x=0, y=top, width=WIDTH, height=_BANNER_HEIGHT, color=RED)
    canvas.text(
        RESEARCH_ONLY, x=WIDTH / 2, y=top + 34, size=26, color=PAPER, bold=True, centre=True
    )
    made = f"made {report.created_at:%Y-%m-%d %H:%M %Z}"
    canvas.text(made, x=WIDTH - _MARGIN, y=top + 33, size=_SMALL, color=PAPER, right=True)


def _draw_algorithm(canvas: Canvas, report: Report) -> float:
    """Algorithm with version, parameters and training data, below the figures; gives its top."""
    card = report.card
    statements = [
        parameter_text(name, value[:_SHORT_HASH] if name == "weights sha256" else value)
        for name, value in algorithm_statements(card)[:-1]
    ]
    said = f"Algorithm: {card.name} {card.version}. {'; '.join(statements)}".rstrip("; .")
    lines = [
        *_paragraph(canvas, said, width=_LEFT_WIDTH),
        *_paragraph(canvas, f"Training data: {card.training_data}", width=_LEFT_WIDTH),
    ]
    top = _BOTTOM - len(lines) * _SMALL_LINE
    _draw_lines(canvas, lines, x=_MARGIN, y=top, size=_SMALL, step=_SMALL_LINE, color=MUTED)
    return top - 10


def _draw_source(canvas: Canvas, report: Report, modality: str) -> float:
    """What was measured, in which unit, and by which rule; gives the y below."""
    source, provenance = report.source, report.source.unit_provenance
    when = "" if source.acquired_at is None else f"  {source.acquired_at:%Y-%m-%d %H:%M}"
    kind = _KINDS.get(modality, modality)
    named = f"{kind}  {scan_text(source)}{when}"
    _draw_bold(canvas, named, x=_RIGHT_X, y=_TOP + 26, width=_RIGHT_WIDTH, sizes=_SOURCE_SIZES)
    factor = f", factor {factor_text(provenance)}" if provenance.factors else ""
    unit = unit_name(source.unit)
    rule = f"{unit} from {provenance.stored_unit}{factor}: {provenance.rule}"
    lines = _paragraph(canvas, rule, width=_RIGHT_WIDTH)
    y = _draw_lines(canvas, lines, y=_TOP + 34, size=_SMALL, step=_SMALL_LINE, color=MUTED)
    canvas.box(x=_RIGHT_X, y=y + 10, width=_RIGHT_WIDTH, height=1, color=RULE)
    return y + 20


def _study_lines(canvas: Canvas, result: Result) -> list[str]:
    """Categories and values of the whole study, or that nothing was marked."""
    said = []
    for one in result.classifications:
        score = "" if one.probability is None else f" (score {one.probability:.2f})"
        said.append(f"{one.name.meaning}: {one.value.meaning}{score}")
    said += [
        f"{one.label}: {number_text(one.value, one.unit)} {unit_text(one.unit)}".rstrip()
        for one in result.measurements_of(None)
    ]
    lines = [] if segments_of(result) else [NOTHING_MARKED]
    told = "  ·  ".join(said)
    return lines + _paragraph(canvas, told, width=_RIGHT_WIDTH, size=_SIZE, most=_STUDY_LINES)


def _paragraph(
    canvas: Canvas, words: str, *, width: float, size: float = _SMALL, most: int = _PARAGRAPH_LINES
) -> list[str]:
    """Lines of a text, few enough to leave room for others."""
    lines = canvas.wrapped(words, width=width, size=size)
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], "… in full in the structured report"]


def _fitting(warnings: list[list[str]], room: int) -> list[str]:
    """Lines of the first warnings that fit whole, and how many are left out."""
    lines = [line for warning in warnings for line in warning]
    for count in range(len(warnings) - 1, -1, -1):
        if len(lines) <= room:
            break
        lines = [line for warning in warnings[:count] for line in warning]
        lines.append(f"{len(warnings) - count} more warnings: see the structured report")
    return lines


def _draw_lines(
    canvas: Canvas,
    lines: list[str],
    *,
    y: float,
    size: float,
    step: float,
    color: str,
    x: float = _RIGHT_X,
) -> float:
    """Lines from y down, as many as the page holds; gives the y below them."""
    room = max(int((_BOTTOM - y) // step), 0)
    for line in lines[:room]:
        y += step
        canvas.text(line, x=x, y=y - 6, size=size, color=color)
    return y
