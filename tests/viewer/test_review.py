"""A physician opens the results in OHIF: what is on the page is what the objects say.

Each test leaves a picture of the screen behind (environment variable DICOM_NODE_SHOTS).
"""

import re

import pytest
from viewer.conftest import Reviewed
from viewer.reader import Colour, Reader
from viewer.truth import SegmentTruth

SAME_PLANE_MM = 0.1  # stored positions are rounded; slices lie millimetres apart
CLEAR_PIXELS = 1.5  # a place that far from the next edge is not drawn over by its line


def open_result(reader: Reader, study: Reviewed, description: str, *, afresh: bool = True) -> None:
    """Open a result; afresh, where what was opened before would be in the way."""
    reader.ask("study", uid=study.uid, series=study.series, afresh=afresh)
    reader.ask("open", description=description)


@pytest.fixture(scope="module", params=[0, 1], ids=["part 1", "part 2"])
def segmentation(reader: Reader, study: Reviewed, request) -> tuple[SegmentTruth, ...]:
    """The segments of a part, with it open over the PET and its panel beside it."""
    open_result(reader, study, study.results.segs[request.param].SeriesDescription)
    assert reader.ask("offered"), "OHIF does not offer to open the segmentation"
    reader.ask("accept")
    reader.ask("panel", name="panelSegmentation-btn")
    segments: tuple[SegmentTruth, ...] = study.results.segments[request.param]
    return segments


@pytest.fixture(scope="module")
def outlined(reader: Reader, study: Reviewed) -> str:
    """What is drawn on the image where the measurements are offered, not yet taken over."""
    open_result(reader, study, study.results.measurements.SeriesDescription)
    assert reader.ask("offered"), "OHIF does not offer to take the measurements over"
    reader.ask("turn", notches=1)  # OHIF 3.13 sometimes draws an outline only when it is redrawn
    reader.ask("turn", notches=-1)
    return str(reader.ask("drawn"))


@pytest.fixture(scope="module")
def rows(reader: Reader, study: Reviewed, outlined: str) -> list[str]:
    """Rows of the list of measurements, taken over from the SR."""
    reader.ask("accept")
    reader.ask("panel", name="trackedMeasurements-btn")
    return list(reader.ask("rows"))


def test_every_result_is_listed_in_its_study_and_the_pet_is_in_suv(
    reader: Reader, study: Reviewed
) -> None:
    reader.ask("study", uid=study.uid, series=study.series, afresh=True)
    listed = reader.ask("series")
    results = study.results
    for one in (*results.segs, results.report, results.measurements, results.page):
        assert any(one.SeriesDescription in row for row in listed), listed
    assert reader.ask("suv_factor") > 0
    reader.shot(f"{study.name}-series")


def test_the_segments_are_listed_with_their_names(
    reader: Reader, study: Reviewed, segmentation: tuple[SegmentTruth, ...]
) -> None:
    page = reader.ask("page")
    assert [one.label for one in segmentation if one.label not in page] == []
    reader.shot(f"{study.name}-segmentation-{segmentation[0].label[-3:]}")


def test_the_viewer_holds_every_voxel_of_every_segment_on_its_slices(
    reader: Reader, segmentation: tuple[SegmentTruth, ...]
) -> None:
    (held,) = reader.ask("segments")
    found = {int(number): one for number, one in held["found"].items()}
    assert {number: one["voxels"] for number, one in found.items()} == {
        one.number: one.voxels for one in segmentation
    }
    for one in segmentation:
        held_range = (found[one.number]["low"], found[one.number]["high"])
        assert held_range == pytest.approx((one.low_mm, one.high_mm), abs=SAME_PLANE_MM), one.label


def test_segments_are_drawn_over_the_pet_in_their_colours_on_their_slices(
    reader: Reader, study: Reviewed, segmentation: tuple[SegmentTruth, ...]
) -> None:
    clear = [one for one in segmentation if one.clear_pixels >= CLEAR_PIXELS]
    assert clear, "no segment is large enough to be looked at"
    for one in {number: clear[number] for number in (0, len(clear) // 2, -1)}.values():
        reader.scroll_to(one.inside_mm)
        reader.shot(f"{study.name}-segment-{one.label}")
        seen, beside = reader.colour(one.inside_mm), reader.colour(one.beside_mm)
        assert seen.like(one.rgb), f"{one.label}: {seen}, expected {one.rgb}"
        assert beside.strength < 0.05, f"beside {one.label}: {beside}, expected grey"


def test_the_measurements_are_outlined_on_the_image(
    reader: Reader, study: Reviewed, outlined: str
) -> None:
    reader.shot(f"{study.name}-measurements-offered")
    assert study.results.labels[0] in outlined


def test_the_measurements_are_listed_by_name(
    reader: Reader, study: Reviewed, rows: list[str]
) -> None:
    labels = study.results.labels
    assert len(rows) == len(labels)
    assert [label for label in labels if not any(label in row for row in rows)] == []
    reader.shot(f"{study.name}-measurements")


def test_the_maximum_that_the_viewer_measures_itself_is_that_of_the_report(
    reader: Reader, study: Reviewed, rows: list[str]
) -> None:
    maxima = slice_maxima(study)
    for index in (0, len(rows) - 1):
        reader.ask("row", index=index)  # OHIF goes to the slice and measures its pixels
        row = reader.ask("rows")[index]
        label = next(label for label in maxima if label in row)
        shown = re.search(r"Max: ([\d.]+) ?(\S*)", row)
        assert shown is not None, row
        assert float(shown[1]) == pytest.approx(maxima[label], rel=0.006), row
        assert shown[2] == "SUV", row
        reader.shot(f"{study.name}-measurement-{index + 1}")


def slice_maxima(study: Reviewed) -> dict[str, float]:
    """Maximum on the slice of each outline, by its name, as the SR has it."""
    (container,) = (
        one
        for one in study.results.measurements.ContentSequence
        if one.ConceptNameCodeSequence[0].CodeValue == "126010"
    )
    found: dict[str, float] = {}
    for group in container.ContentSequence:
        by_name = {one.ConceptNameCodeSequence[0].CodeMeaning: one for one in group.ContentSequence}
        if "Comment" in by_name:
            value = by_name["Maximum"].MeasuredValueSequence[0].NumericValue
            found[by_name["Comment"].TextValue] = float(value)
    return found


def test_the_report_is_written_out(reader: Reader, study: Reviewed) -> None:
    open_result(reader, study, study.results.report.SeriesDescription, afresh=False)
    text = reader.ask("text")
    reader.shot(f"{study.name}-report")
    assert "PET Measurement Report" in text
    assert "RESEARCH ONLY - NOT FOR CLINICAL USE" in text
    assert "Warning: Uptake candidates only" in text
    for label in study.results.labels:
        assert f"candidate-{label.removeprefix('Candidate ')}" in text


def test_the_page_is_shown_in_colour(reader: Reader, study: Reviewed) -> None:
    open_result(reader, study, study.results.page.SeriesDescription, afresh=False)
    reader.shot(f"{study.name}-page")
    box = reader.ask("box")
    height = box["width"] * 9 / 16 / box["height"]  # of the page, by that of the viewport
    banner = Colour(reader.ask("spot", across=0.1, down=0.5 + height / 2 * 0.955))
    paper = Colour(reader.ask("spot", across=0.5, down=0.5 - height / 2 * 0.84))
    assert banner.like((176, 0, 32)), banner
    assert min(paper.rgb) > 240, paper


def test_nothing_in_the_browser_failed(reader: Reader, study: Reviewed) -> None:
    """To run last of a study: what the tests before it left in the browser's console."""
    troubles = [one for one in reader.ask("troubles") if "favicon" not in one]
    assert troubles == []
