"""The table has a row for each finding, with the numbers of all of its contours."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from encoding.reports import corner_block, measured, report_of, segment

from dicom_node.domain import coding
from dicom_node.domain.result import Measurement, Result, Segment, SegmentationResult
from dicom_node.encoding.page import draw_page
from dicom_node.encoding.page_rows import columns_of, legend_of, rows_of
from dicom_node.encoding.thumbnails import reference_figures

SHAPE = (6, 16, 12)


def of_findings(*labels: tuple[str, str]) -> tuple[Segment, ...]:
    """Segments with a finding and a way in which they were contoured."""
    return tuple(
        segment(number, corner_block(SHAPE), finding=finding, label=f"{finding} {way}".strip())
        for number, (finding, way) in enumerate(labels, start=1)
    )


def result_with(tmp_path: Path, segments: tuple[Segment, ...]) -> Result:
    geometry = report_of(tmp_path).source.geometry
    found = SegmentationResult(role="pet", geometry=geometry, segments=segments)
    values = [one for number in range(1, len(segments) + 1) for one in measured(number)]
    return Result(segmentation=found, measurements=tuple(values))


def test_contours_of_one_finding_share_a_row_and_say_only_what_differs(tmp_path: Path) -> None:
    segments = of_findings(*[(f"Candidate {n}", way) for n in (1, 2) for way in ("4.0", "41%")])
    result = result_with(tmp_path, segments)
    rows = rows_of(result)
    columns = {one.label: one for one in columns_of(result, segments)}
    assert [row.label for row in rows] == ["Candidate 1", "Candidate 2"]
    assert legend_of(rows) == "4.0 / 41%"
    assert rows[0].cell(result, columns["SUVmax"]) == "12.3"
    assert rows[0].cell(result, columns["Volume"]) == "7.90 / 3.95"
    assert rows[1].cell(result, columns["Volume"]) == "2.63 / 1.98"


def test_a_number_that_one_contour_lacks_is_a_dash(tmp_path: Path) -> None:
    segments = of_findings(("A", "x"), ("A", "y"))
    result = result_with(tmp_path, segments)
    extra = Measurement(label="Ratio", name=coding.SUVBW, value=2.0, unit=coding.RATIO, segment=2)
    result = replace(result, measurements=(*result.measurements, extra))
    (row,) = rows_of(result)
    assert row.cell(result, columns_of(result, segments)[-1]) == "- / 2.00"


def test_findings_that_were_contoured_in_different_ways_have_a_row_for_each_contour(
    tmp_path: Path,
) -> None:
    segments = of_findings(("A", "x"), ("A", "y"), ("B", "y"), ("B", "x"))
    rows = rows_of(result_with(tmp_path, segments))
    assert [row.label for row in rows] == ["A x", "A y", "B y", "B x"]
    assert legend_of(rows) == ""


def test_segments_that_stand_alone_have_rows_of_their_own(tmp_path: Path) -> None:
    segments = of_findings(("", "Liver"), ("", "Spleen"), ("A", "x"), ("A", "y"))
    rows = rows_of(result_with(tmp_path, segments))
    assert [row.label for row in rows] == ["Liver", "Spleen", "A"]


def test_the_label_of_a_contour_begins_with_its_finding() -> None:
    with pytest.raises(ValueError, match="does not begin with"):
        segment(1, corner_block(SHAPE), finding="Candidate 2")


def test_reference_regions_are_shown_where_they_lie(tmp_path: Path) -> None:
    report = report_of(tmp_path)
    mask = np.zeros(SHAPE, bool)
    mask[2:4, 4:10, 2:8] = True
    placed = segment(
        1, mask, label="Liver reference", type=coding.REFERENCE_REGION, display_rgb=(0, 200, 0)
    )
    values = np.zeros(SHAPE, np.float32)
    values[:, :, 6:] = 5.0
    report = replace(report, source=replace(report.source, array=values))
    report = replace(report, result=result_with(tmp_path / "again", (placed,)))
    (figure,) = reference_figures(report)
    assert figure.title == "Liver reference"
    rows, columns, _ = figure.pixels.shape
    green = np.argwhere((figure.pixels == (0, 200, 0)).all(axis=2))
    low, high = green.min(axis=0) / (rows, columns), (green.max(axis=0) + 1) / (rows, columns)
    np.testing.assert_allclose(low, (4 / 16, 2 / 12), atol=0.01)
    np.testing.assert_allclose(high, (10 / 16, 8 / 12), atol=0.01)
    assert rows / columns == pytest.approx(16 * 3.0 / (12 * 2.0), rel=0.02)
    assert figure.pixels[0, 0].tolist() == [255, 255, 255]
    assert figure.pixels[0, -1].tolist() == [0, 0, 0]
    page = draw_page(report, modality="PT")
    assert ((page[..., 1] > 150) & (page[..., 0] < 60)).sum() > 100
