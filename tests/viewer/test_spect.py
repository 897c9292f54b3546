"""A reconstructed SPECT, one multi-frame object, with its results in OHIF.

Its destination asks for a label map, which the PACS refuses: what is looked at is the spare.
"""

import pytest
from peers import RunningNode
from viewer.conftest import Reviewed
from viewer.reader import Reader
from viewer.test_review import CLEAR_PIXELS, SAME_PLANE_MM, open_result
from viewer.truth import SegmentTruth


@pytest.fixture(scope="module")
def segments(reader: Reader, spect: Reviewed) -> tuple[SegmentTruth, ...]:
    """Segments of the SPECT, open in the viewer."""
    (seg,) = spect.results.segs
    open_result(reader, spect, seg.SeriesDescription)
    assert reader.ask("offered"), "OHIF does not offer to open the segmentation"
    reader.ask("accept")
    found: tuple[SegmentTruth, ...] = spect.results.segments[0]
    return found


def test_the_refused_label_map_was_replaced_and_that_is_told(
    spect: Reviewed, node: RunningNode
) -> None:
    (seg,) = spect.results.segs
    assert seg.SegmentationType == "BINARY"
    (job,) = (one for one in node.jobs() if one["route"] == "spect")
    assert job["state"] == "DELIVERED"
    told = node.command("jobs", "show", job["job_id"])
    states = {one["state"]: one["last_error"] for one in told["deliveries"]}
    assert states.keys() == {"DELIVERED", "REPLACED"}
    assert "refuses" in states["REPLACED"]
    reasons = [one["reason"] for one in told["events"]]
    assert "labels refused a form and took its spare" in reasons


def test_the_viewer_holds_every_voxel_on_the_frame_of_its_slice(
    reader: Reader, segments: tuple[SegmentTruth, ...]
) -> None:
    (held,) = reader.ask("segments")
    found = {int(number): one for number, one in held["found"].items()}
    assert len(segments) == 2
    for one in segments:
        assert found[one.number]["voxels"] == one.voxels
        held_range = (found[one.number]["low"], found[one.number]["high"])
        assert held_range == pytest.approx((one.low_mm, one.high_mm), abs=SAME_PLANE_MM), one.label


def test_segments_are_drawn_over_the_spect_in_their_colours(
    reader: Reader, spect: Reviewed, segments: tuple[SegmentTruth, ...]
) -> None:
    for one in segments:
        assert one.clear_pixels >= CLEAR_PIXELS
        reader.scroll_to(one.inside_mm)
        reader.shot(f"spect-{one.label}")
        seen, beside = reader.colour(one.inside_mm), reader.colour(one.beside_mm)
        assert seen.like(one.rgb), f"{one.label}: {seen}, expected {one.rgb}"
        assert beside.strength < 0.05, f"beside {one.label}: {beside}, expected grey"


def test_the_contours_are_offered_and_listed_by_name(reader: Reader, spect: Reviewed) -> None:
    open_result(reader, spect, "AI RESEARCH - contours")
    assert reader.ask("offered"), "OHIF does not offer to open the structure set"
    reader.ask("accept")
    (held,) = reader.ask("segments")
    assert list(held["names"].values()) == spect.results.labels
    reader.scroll_to(spect.results.segments[0][1].inside_mm)
    reader.shot("spect-contours")


def test_the_measurements_are_outlined_and_listed(reader: Reader, spect: Reviewed) -> None:
    open_result(reader, spect, spect.results.measurements.SeriesDescription)
    assert reader.ask("offered"), "OHIF does not offer to take the measurements over"
    reader.ask("turn", notches=1)
    reader.ask("turn", notches=-1)
    reader.shot("spect-measurements-offered")
    assert spect.results.labels[0] in str(reader.ask("drawn"))
    reader.ask("accept")
    reader.ask("panel", name="trackedMeasurements-btn")
    rows = reader.ask("rows")
    reader.shot("spect-measurements")
    assert len(rows) == 2
    assert all(any(label in row for row in rows) for label in spect.results.labels)


def test_the_report_is_written_out(reader: Reader, spect: Reviewed) -> None:
    open_result(reader, spect, spect.results.report.SeriesDescription, afresh=False)
    text = reader.ask("text")
    reader.shot("spect-report")
    assert "NM Measurement Report" in text
    assert "RESEARCH ONLY - NOT FOR CLINICAL USE" in text
    assert "Hot spot 2" in text


def test_nothing_in_the_browser_failed(reader: Reader, spect: Reviewed) -> None:
    assert [one for one in reader.ask("troubles") if "favicon" not in one] == []
