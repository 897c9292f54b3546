"""A report becomes objects and files: the same ones each time, or a named failure."""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from encoding.reports import EQUIPMENT, petct_report, report_of, spect_report, volume_of
from factories import nm_recon_tomo, pet_series

from dicom_node.domain.errors import EncodingFailed, ResultNotWritten
from dicom_node.encoding import encode
from dicom_node.encoding.encode import encode_report, write_objects
from dicom_node.encoding.statements import NO_PLACE
from dicom_node.encoding.uids import Role


@pytest.mark.filterwarnings("ignore:A value of type 'DT'")  # the later clock is a new type
def test_the_same_report_gives_the_same_bytes_whenever_it_is_encoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = petct_report(tmp_path)
    first = encode_report(report, EQUIPMENT)

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):  # type: ignore[no-untyped-def]
            return super().now(tz) + timedelta(days=400)

    monkeypatch.setattr("datetime.datetime", Later)
    second = encode_report(report, EQUIPMENT)
    assert [one.encoded for one in first] == [two.encoded for two in second]


def test_no_object_knows_the_day_on_which_it_was_encoded(tmp_path: Path) -> None:
    today = datetime.now().strftime("%Y%m%d").encode()  # noqa: DTZ005  # as highdicom stamps it
    assert all(today not in one.encoded for one in encode_report(petct_report(tmp_path), EQUIPMENT))


def test_another_version_of_the_algorithm_has_other_uids(tmp_path: Path) -> None:
    report = petct_report(tmp_path)
    other = replace(report, result_id="f" * 40)
    uids = [
        {str(one.dataset.SOPInstanceUID) for one in encode_report(which, EQUIPMENT)}
        for which in (report, other)
    ]
    assert uids[0].isdisjoint(uids[1])


def test_objects_are_in_one_study_and_in_series_of_their_own(tmp_path: Path) -> None:
    report = petct_report(tmp_path)
    made = [one.dataset for one in encode_report(report, EQUIPMENT)]
    assert {one.StudyInstanceUID for one in made} == {report.source.key.study_instance_uid}
    assert len({one.SeriesInstanceUID for one in made}) == 3
    assert [one.SeriesNumber for one in made] == [9001, 9002, 9003]


def test_files_are_what_was_checked_under_names_that_follow_from_the_uids(tmp_path: Path) -> None:
    objects = encode_report(petct_report(tmp_path), EQUIPMENT)
    folder = tmp_path / "new" / "folder"
    written = write_objects(objects, folder)
    assert [one.modality for one in written] == ["SEG", "SR", "OT"]
    assert sorted(folder.iterdir()) == sorted(one.path for one in written)
    for one, made in zip(written, objects, strict=True):
        assert one.path.name == f"{made.role}-{one.sop_instance_uid}.dcm"
        assert one.path.read_bytes() == made.encoded
        assert pydicom.dcmread(one.path).SOPClassUID == one.sop_class_uid
    assert write_objects(objects, folder) == written


def test_a_file_has_its_name_only_when_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = encode_report(petct_report(tmp_path), EQUIPMENT)

    def full_disk(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(ResultNotWritten, match="No space left") as caught:
        write_objects(objects, tmp_path / "out")
    assert isinstance(caught.value.__cause__, OSError)
    assert not list((tmp_path / "out").glob("*.dcm"))


def test_a_source_file_that_is_gone_is_a_named_failure(tmp_path: Path) -> None:
    report = petct_report(tmp_path)
    report.source_instances[0].path.unlink()
    with pytest.raises(EncodingFailed, match="source: FileNotFoundError"):
        encode_report(report, EQUIPMENT)


def test_a_source_file_of_another_series_is_refused(tmp_path: Path) -> None:
    report = petct_report(tmp_path)
    other = pet_series(series="other")[0]
    other.SOPInstanceUID = report.source.frames[0].sop_instance_uid
    other.save_as(report.source_instances[0].path, enforce_file_format=True)
    with pytest.raises(EncodingFailed, match="SeriesInstanceUID of the source file"):
        encode_report(report, EQUIPMENT)


def test_a_slice_whose_file_is_not_listed_is_refused(tmp_path: Path) -> None:
    report = petct_report(tmp_path)
    with pytest.raises(EncodingFailed, match="not among the files"):
        encode_report(replace(report, source_instances=report.source_instances[:-1]), EQUIPMENT)


def test_a_library_fault_is_a_failure_that_quotes_no_patient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("Secret^Name is no valid value")

    monkeypatch.setattr(encode, "build_structured_report", fails)
    with pytest.raises(EncodingFailed) as caught:
        encode_report(petct_report(tmp_path), EQUIPMENT)
    assert str(caught.value) == "sr: ValueError"
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_source_without_a_place_gives_a_report_and_a_page_but_no_seg(tmp_path: Path) -> None:
    report = spect_report(tmp_path, nm_recon_tomo())
    unplaced = replace(report.source.geometry, placed=False)
    found = report.result.segmentation
    assert found is not None
    result = replace(report.result, segmentation=replace(found, geometry=unplaced))
    source = replace(report.source, geometry=unplaced)
    made = encode_report(replace(report, source=source, result=result), EQUIPMENT)
    assert [one.role for one in made] == [Role.SR, Role.SC]
    text = made[0].encoded
    assert NO_PLACE.encode() in text
    assert b"candidate-2 41%" in text
    assert b"12.345" in text


def test_a_volume_may_be_a_part_of_its_series(tmp_path: Path) -> None:
    whole = pet_series(slices=9)
    part = volume_of(whole[2:8])
    report = report_of(tmp_path, whole, source=part)
    seg = pydicom.dcmread(BytesIO(encode_report(report, EQUIPMENT)[0].encoded))
    assert len(seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence) == 9
