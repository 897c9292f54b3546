"""The page is readable, whole, and keeps its edges, whatever the result holds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from encoding.reports import CARD, report_of, result_of
from numpy.typing import NDArray

from dicom_node.domain import coding
from dicom_node.domain.report import Report
from dicom_node.domain.result import Figure, Measurement, Result
from dicom_node.encoding.canvas import Canvas
from dicom_node.encoding.number_text import number_text, unit_name, unit_text
from dicom_node.encoding.page import draw_page
from dicom_node.encoding.page_rows import columns_of
from dicom_node.encoding.statements import parameter_text

WHITE = 255
BANNER_ROW, BANNER_COLUMN = 895, 5


def blocks(count: int) -> list[NDArray[np.bool_]]:
    masks = []
    for number in range(count):
        mask = np.zeros((6, 16, 12), bool)
        mask[number % 6, number % 16, number % 12] = True
        masks.append(mask)
    return masks


def inked(page: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray((page < WHITE).any(axis=2))


def busy_report(folder: Path) -> Report:
    report = report_of(folder)
    figures = tuple(
        Figure(
            title=f"Figure {n} " + "long " * 20, pixels=np.full((200, 90 + 70 * n, 3), 9, np.uint8)
        )
        for n in range(6)
    )
    result = result_of(
        report.source.geometry,
        blocks(40),
        figures=figures,
        warnings=tuple(f"warning {n} " + "word " * 40 for n in range(30)),
    )
    many = tuple(
        replace(one, label=f"{one.label} again {n}")
        for one in result.measurements
        for n in range(2)
    )
    card = replace(
        CARD,
        title="title " * 40,
        training_data="x" * 600,
        parameters={f"p{n}": "v" for n in range(40)},
    )
    return replace(report, card=card, result=replace(result, measurements=many))


def test_it_is_sixteen_to_nine_rgb(tmp_path: Path) -> None:
    page = draw_page(report_of(tmp_path), modality="PT")
    assert page.shape == (900, 1600, 3)
    assert page.dtype == np.uint8


def test_the_top_centre_stays_free_for_the_viewer_and_the_edges_are_kept(tmp_path: Path) -> None:
    for report in (report_of(tmp_path / "plain"), busy_report(tmp_path / "busy")):
        ink = inked(draw_page(report, modality="PT"))
        assert not ink[:76, 560:1600].any()
        assert not ink[:850, :20].any()
        assert not ink[:850, 1580:].any()
        assert not ink[840:850, :].any()  # nothing runs into the banner


def test_the_limit_of_use_crosses_the_foot_in_red(tmp_path: Path) -> None:
    page = draw_page(report_of(tmp_path), modality="PT")
    assert tuple(page[BANNER_ROW, BANNER_COLUMN]) == (176, 0, 32)
    assert (page[855:895] == WHITE).all(axis=2).sum() > 1000  # its letters


def test_figures_keep_their_aspect_and_colours(tmp_path: Path) -> None:
    green = np.zeros((100, 50, 3), np.uint8)
    green[..., 1] = 200
    report = report_of(tmp_path)
    result = replace(report.result, figures=(Figure(title="green", pixels=green),))
    page = draw_page(replace(report, result=result), modality="PT")
    where = np.argwhere((page == (0, 200, 0)).all(axis=2))
    height, width = np.ptp(where, axis=0) + 1
    assert height / width == pytest.approx(2.0, rel=0.02)
    assert width > 200


def test_the_same_report_gives_the_same_pixels(tmp_path: Path) -> None:
    report = busy_report(tmp_path)
    np.testing.assert_array_equal(
        draw_page(report, modality="PT"), draw_page(report, modality="PT")
    )


def test_a_page_without_figures_and_regions_says_so(tmp_path: Path) -> None:
    empty = inked(draw_page(report_of(tmp_path, result=Result()), modality="PT"))
    assert empty[90:110, 30:300].any()
    assert empty[180:230, 780:1500].any()


def test_dollar_signs_and_braces_are_text_not_formulas(tmp_path: Path) -> None:
    report = replace(report_of(tmp_path), card=replace(CARD, title=r"$\frac{1}{$ {x} _y"))
    assert draw_page(report, modality="PT").shape == (900, 1600, 3)


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (12.345, coding.G_PER_ML_SUVBW, "12.3"),
        (1.2345, coding.G_PER_ML_SUVBW, "1.23"),
        (0.004, coding.RATIO, "0.00"),
        (123456.7, coding.GRAM, "123457"),
        (17.0, coding.COUNT, "17"),
        (17.5, coding.COUNT, "17.5"),
        (-3.0, coding.PERCENT, "-3.00"),
    ],
)
def test_numbers_are_written_for_people(value: float, unit: coding.Code, shown: str) -> None:
    assert number_text(value, unit) == shown


def test_units_are_written_for_people() -> None:
    assert unit_text(coding.G_PER_ML_SUVBW) == "g/ml"
    assert unit_text(coding.RATIO) == "ratio"
    assert unit_text(coding.COUNT) == ""
    assert unit_name(coding.Unit.SUVBW) == "SUVbw (g/ml)"
    assert unit_name(coding.Unit.SUVLBM_JANMA) == "SUVlbm(Janma) (g/ml)"
    assert unit_name(coding.Unit.COUNTS) == "counts"
    assert unit_name(coding.Unit.BQML) == "Bq/ml"


def test_columns_follow_the_measurements_of_the_regions(tmp_path: Path) -> None:
    report = report_of(tmp_path)
    found = report.result.segmentation
    assert found is not None
    extra = Measurement(
        label="Tumour to liver", name=coding.SUVBW, value=2.0, unit=coding.RATIO, segment=2
    )
    result = replace(report.result, measurements=(*report.result.measurements, extra))
    labels = [column.label for column in columns_of(result, found.segments)]
    assert labels == [
        "SUVmax",
        "SUVmean",
        "SUVpeak",
        "Volume",
        "SUVmean x volume",
        "Tumour to liver",
    ]


def test_text_is_wrapped_and_cut_to_its_width() -> None:
    canvas = Canvas(width=400, height=100)
    lines = canvas.wrapped("some words and a" + "very" * 40 + "long one", width=150, size=18)
    assert len(lines) > 2
    assert all(canvas.width_of(line, size=18) <= 151 for line in lines)  # kerning
    assert canvas.fitted("short", width=150, size=18) == "short"
    assert canvas.fitted("much too long for that", width=90, size=18).endswith("…")
    assert canvas.wrapped("", width=150, size=18) == []


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("minimum_volume_ml", "minimum volume 0.5 ml"),
        ("threshold_suvbw", "threshold 0.5 SUVbw"),
        ("fraction_of_maximum", "fraction of maximum 0.5"),
        ("relative threshold", "relative threshold 0.5"),
        ("mm", "mm 0.5"),
    ],
)
def test_parameters_are_told_in_words(name: str, told: str) -> None:
    assert parameter_text(name, "0.5") == told
