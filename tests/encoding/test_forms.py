"""Each destination gets its forms; what several take is made once and refers to the right SEGs."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from encoding.reports import EQUIPMENT, petct_report, report_of, result_of, spect_report, volume_of
from encoding.tools import errors_of, study_errors_of
from factories import pet_series
from pydicom import Dataset

from dicom_node.domain.forms import ResultForms, SrForm, SrTracking
from dicom_node.domain.report import Report
from dicom_node.domain.result import Result
from dicom_node.encoding.encode import EncodedObject, encode_report, write_objects
from dicom_node.encoding.uids import Role

BOTH = (SrForm.MEASUREMENTS, SrForm.REPORT)
OHIF = ResultForms(sr_forms=BOTH, sr_tracking=SrTracking.CORNERSTONE)
SPLIT = ResultForms(sr_forms=BOTH, seg_frame_limit=6, seg_overlap=False)


def names(made: tuple[EncodedObject, ...], destination: str) -> list[str]:
    return [one.form.name for one in made if one.audience is None or destination in one.audience]


def read(one: EncodedObject) -> Dataset:
    return pydicom.dcmread(BytesIO(one.encoded))


def four_segments(folder: Path) -> Report:
    """Report with four segments of three frames each."""
    series = pet_series()
    geometry = volume_of(series).geometry
    masks = np.zeros((4, *geometry.shape), bool)
    for number, mask in enumerate(masks):
        mask[1:4, 2:5, 3 * number : 3 * number + 2] = True
    return report_of(folder, series, result=result_of(geometry, list(masks)))


def test_without_destinations_there_is_one_set_for_everyone(tmp_path: Path) -> None:
    made = encode_report(petct_report(tmp_path), EQUIPMENT)
    assert [one.form.name for one in made] == ["seg", "sr", "sc"]
    assert {one.audience for one in made} == {None}


def test_each_destination_gets_its_forms_and_what_is_common_is_made_once(tmp_path: Path) -> None:
    wanted = {"archive": ResultForms(), "viewer": OHIF}
    made = encode_report(petct_report(tmp_path), EQUIPMENT, wanted)
    assert names(made, "archive") == ["seg", "sr", "sc"]
    assert names(made, "viewer") == ["seg", "sr", "sr-measurements-cornerstone", "sc"]
    assert len(made) == 4
    assert len({read(one).SOPInstanceUID for one in made}) == 4
    assert len({read(one).SeriesInstanceUID for one in made}) == 4
    assert len({read(one).SeriesNumber for one in made}) == 4


def test_the_default_forms_have_the_same_objects_whoever_else_takes_others(tmp_path: Path) -> None:
    report = petct_report(tmp_path)
    alone = {one.form.name: one.encoded for one in encode_report(report, EQUIPMENT)}
    beside = encode_report(report, EQUIPMENT, {"archive": ResultForms(), "viewer": SPLIT})
    assert {one.form.name: one.encoded for one in beside}.items() >= alone.items()


@pytest.mark.parametrize("forms", [OHIF, ResultForms(sr_forms=(SrForm.MEASUREMENTS,))])
def test_a_result_without_segments_is_a_report_in_every_case(
    forms: ResultForms, tmp_path: Path
) -> None:
    report = petct_report(tmp_path, result=Result())
    assert names(encode_report(report, EQUIPMENT, {"viewer": forms}), "viewer") == ["sr", "sc"]


def test_a_segmentation_over_the_limit_is_split_into_series_of_its_own(tmp_path: Path) -> None:
    made = encode_report(four_segments(tmp_path), EQUIPMENT, {"viewer": SPLIT})
    segs = [read(one) for one in made if one.role is Role.SEG]
    assert [int(seg.NumberOfFrames) for seg in segs] == [6, 6]
    assert [[s.SegmentNumber for s in seg.SegmentSequence] for seg in segs] == [[1, 2], [1, 2]]
    assert [s.TrackingID for seg in segs for s in seg.SegmentSequence] == [
        f"candidate-{number} 41%" for number in (1, 2, 3, 4)
    ]
    assert len({seg.SeriesInstanceUID for seg in segs}) == 2
    assert [seg.SeriesDescription.split(": ")[0] for seg in segs] == [
        "AI RESEARCH - segments 1 of 2 of series 2",
        "AI RESEARCH - segments 2 of 2 of series 2",
    ]


def test_the_reports_refer_to_the_parts_that_their_destination_gets(tmp_path: Path) -> None:
    wanted = {"archive": ResultForms(), "viewer": SPLIT}
    made = encode_report(four_segments(tmp_path), EQUIPMENT, wanted)
    for destination in wanted:
        objects = [read(one) for one in made if destination in (one.audience or ())]
        tracked = {
            (seg.SOPInstanceUID, segment.SegmentNumber): segment.TrackingUID
            for seg in objects
            if seg.Modality == "SEG"
            for segment in seg.SegmentSequence
        }
        for sr in (one for one in objects if one.Modality == "SR"):
            assert referred(sr) == tracked


def referred(sr: Dataset) -> dict[tuple[str, int], str]:
    """SEG instance and segment number to the Tracking UID of the group that refers to it."""
    found = {}
    for group in walk(sr):
        children = group.get("ContentSequence", ())
        tracking = [one.UID for one in children if one.ValueType == "UIDREF"]
        for image in (one for one in children if one.ValueType == "IMAGE"):
            (reference,) = image.ReferencedSOPSequence
            if "ReferencedSegmentNumber" in reference:
                place = (reference.ReferencedSOPInstanceUID, reference.ReferencedSegmentNumber)
                found[place] = tracking[0]
    return found


def walk(item: Dataset) -> list[Dataset]:
    return [item, *(one for child in item.get("ContentSequence", ()) for one in walk(child))]


def test_a_limit_that_is_not_reached_changes_nothing(tmp_path: Path) -> None:
    wanted = {"archive": ResultForms(), "viewer": ResultForms(seg_frame_limit=12)}
    made = encode_report(four_segments(tmp_path), EQUIPMENT, wanted)
    assert names(made, "archive") == names(made, "viewer") == ["seg", "sr", "sc"]
    assert len(made) == 3


def test_a_segment_with_more_frames_than_the_limit_stays_whole(tmp_path: Path) -> None:
    wanted = {"viewer": ResultForms(seg_frame_limit=2)}
    made = encode_report(four_segments(tmp_path), EQUIPMENT, wanted)
    segs = [read(one) for one in made if one.role is Role.SEG]
    assert [int(seg.NumberOfFrames) for seg in segs] == [3, 3, 3, 3]


def test_segments_that_overlap_are_kept_apart_where_the_viewer_loses_them(tmp_path: Path) -> None:
    series = pet_series()
    geometry = volume_of(series).geometry
    masks = np.zeros((4, *geometry.shape), bool)
    masks[0, 1:4, 2:6, 1:5] = masks[1, 2:3, 3:5, 2:4] = True  # the second inside the first
    masks[2, 1:4, 8:12, 1:5] = masks[3, 2:3, 9:11, 2:4] = True
    report = report_of(tmp_path, series, result=result_of(geometry, list(masks)))
    wanted = {"archive": ResultForms(), "viewer": ResultForms(sr_forms=BOTH, seg_overlap=False)}
    made = encode_report(report, EQUIPMENT, wanted)
    assert names(made, "archive") == ["seg", "sr", "sc"]
    assert names(made, "viewer") == [
        *("seg-apart-1", "seg-apart-2"),
        *("sr-apart", "sr-measurements-apart", "sc"),
    ]
    segs = {one.form.name: read(one) for one in made if one.role is Role.SEG}
    assert [seg.SegmentsOverlap for seg in segs.values()].count("NO") == 2
    assert [
        [segment.TrackingID for segment in segs[f"seg-apart-{part}"].SegmentSequence]
        for part in (1, 2)
    ] == [["candidate-1 41%", "candidate-3 41%"], ["candidate-2 41%", "candidate-4 41%"]]


def test_files_carry_the_name_of_their_form_and_the_destinations(tmp_path: Path) -> None:
    made = encode_report(petct_report(tmp_path), EQUIPMENT, {"viewer": OHIF})
    written = write_objects(made, tmp_path / "out")
    assert [one.path.name.split("-2.25")[0] for one in written] == [one.form.name for one in made]
    assert {one.destinations for one in written} == {frozenset({"viewer"})}


@pytest.mark.parametrize("make", [petct_report, four_segments, spect_report])
@pytest.mark.parametrize("forms", [OHIF, SPLIT], ids=["OHIF", "split"])
def test_every_form_is_valid_and_fits_its_study(make, forms: ResultForms, tmp_path: Path) -> None:
    report = make(tmp_path)
    written = write_objects(encode_report(report, EQUIPMENT, {"viewer": forms}), tmp_path / "out")
    for one in written:
        assert errors_of(one.path) == []
    sources = [one.path for one in (*report.source_instances, *report.companions)]
    assert study_errors_of([*(one.path for one in written), *sources]) == []
