"""A LABELMAP says what the BINARY segmentation of the same result says, one frame a slice."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
import pytest
from encoding.points import by_dcmqi, by_headers, ordered
from encoding.reports import EQUIPMENT, petct_report, report_of, result_of, segment, volume_of
from encoding.tools import errors_of, run
from factories import pet_series
from numpy.typing import NDArray
from pydicom import Dataset

from dicom_node.domain.errors import EncodingFailed
from dicom_node.domain.forms import ResultForms, SegForm, SrForm
from dicom_node.domain.report import Report
from dicom_node.domain.result import SegmentationResult
from dicom_node.encoding.encode import EncodedObject, encode_report
from dicom_node.encoding.forms import Form
from dicom_node.encoding.labelmap import bits_of, label_pixels
from dicom_node.encoding.landmark import check_landmarks
from dicom_node.encoding.parts import Split
from dicom_node.encoding.segmentation import build_segmentation
from dicom_node.encoding.sources import read_source
from dicom_node.encoding.uids import Role

LABELMAP = "1.2.840.10008.5.1.4.1.1.66.7"
VIEWER = {"viewer": ResultForms(seg_form=SegForm.LABELMAP)}


def masks_apart() -> NDArray[np.bool_]:
    """Three segments that share slices, and touch, but share no voxel."""
    masks = np.zeros((3, *volume_of(pet_series()).geometry.shape), bool)
    masks[0, 1:4, 2:6, 1:5] = masks[1, 2:5, 6:9, 1:5] = masks[2, 3, 2:6, 5:9] = True
    return masks


def apart_report(folder: Path) -> Report:
    series = pet_series()
    result = result_of(volume_of(series).geometry, list(masks_apart()))
    return report_of(folder, series, result=result)


def labelmap_of(report: Report) -> EncodedObject:
    (made,) = (
        one for one in encode_report(report, EQUIPMENT, VIEWER) if one.form.name == "seg-labelmap"
    )
    return made


def read(one: EncodedObject) -> Dataset:
    return pydicom.dcmread(BytesIO(one.encoded))


def test_each_slice_is_one_frame_that_names_its_source(tmp_path: Path) -> None:
    made = read(labelmap_of(apart_report(tmp_path)))
    assert made.SOPClassUID == LABELMAP
    assert (made.SegmentationType, made.SegmentsOverlap) == ("LABELMAP", "NO")
    assert int(made.NumberOfFrames) == 4
    at = {one.SOPInstanceUID: list(one.ImagePositionPatient) for one in pet_series()}
    for number, item in enumerate(made.PerFrameFunctionalGroupsSequence, start=1):
        (image,) = item.DerivationImageSequence[0].SourceImageSequence
        where = item.PlanePositionSequence[0].ImagePositionPatient
        assert where == at[image.ReferencedSOPInstanceUID]
        assert item.FrameContentSequence[0].DimensionIndexValues == number


def test_no_background_segment_is_written_for_viewers_would_shift_the_colours(
    tmp_path: Path,
) -> None:
    made = read(labelmap_of(apart_report(tmp_path)))
    assert [one.SegmentNumber for one in made.SegmentSequence] == [1, 2, 3]
    assert made.PixelPaddingValue == 0


def test_every_reader_finds_each_voxel_where_the_source_headers_say(tmp_path: Path) -> None:
    made = labelmap_of(apart_report(tmp_path))
    path = tmp_path / "labels.dcm"
    path.write_bytes(made.encoded)
    assert errors_of(path) == []
    volume = hd.seg.segread(path).get_volume(combine_segments=True)
    for number, mask in enumerate(masks_apart(), start=1):
        truth = by_headers(pet_series(), mask)
        index = np.argwhere(volume.array == number)
        found = ordered(index @ volume.affine[:3, :3].T + volume.affine[:3, 3])
        np.testing.assert_allclose(found, truth, atol=2e-3)
        folder = tmp_path / f"dcmqi{number}"
        np.testing.assert_allclose(by_dcmqi(path, folder, number), truth, atol=2e-3)


def test_segments_that_overlap_become_several_label_maps(tmp_path: Path) -> None:
    made = encode_report(petct_report(tmp_path), EQUIPMENT, VIEWER)
    names = [one.form.name for one in made if one.audience == frozenset({"viewer"})]
    assert names == ["seg-labelmap-1", "seg-labelmap-2", "sr-labelmap", "sc"]


def test_the_binary_form_is_kept_as_a_spare(tmp_path: Path) -> None:
    made = encode_report(apart_report(tmp_path), EQUIPMENT, VIEWER | {"archive": ResultForms()})
    (binary,) = (one for one in made if one.form.name == "seg")
    assert binary.audience == frozenset({"archive"})
    assert binary.spare_for == frozenset({"viewer"})
    assert all(not one.spare_for for one in made if one is not binary)


def test_its_report_names_neither_form_but_shares_the_tracking_uids(tmp_path: Path) -> None:
    forms = ResultForms(seg_form=SegForm.LABELMAP, sr_forms=(SrForm.MEASUREMENTS, SrForm.REPORT))
    made = {
        one.form.name: one for one in encode_report(apart_report(tmp_path), EQUIPMENT, {"v": forms})
    }
    tracked = [one.TrackingUID for one in read(made["seg-labelmap"]).SegmentSequence]
    for name in ("sr-labelmap", "sr-measurements-labelmap"):
        report = made[name]
        path = tmp_path / f"{name}.dcm"
        path.write_bytes(report.encoded)
        assert errors_of(path) == []
        assert not run("dsrdump", path).returncode
        assert all(uid.encode() in report.encoded for uid in tracked)
        for seg in ("seg-labelmap", "seg"):
            assert str(made[seg].dataset.SOPInstanceUID).encode() not in report.encoded


def test_a_frame_limit_counts_slices(tmp_path: Path) -> None:
    forms = ResultForms(seg_form=SegForm.LABELMAP, seg_frame_limit=4)
    made = encode_report(apart_report(tmp_path), EQUIPMENT, {"viewer": forms})
    segs = [one for one in made if one.role is Role.SEG and one.form.labelmap]
    assert [int(one.dataset.NumberOfFrames) for one in segs] == [4]


def test_a_label_map_on_other_slices_is_refused(tmp_path: Path) -> None:
    report = apart_report(tmp_path)
    found = report.result.segmentation
    assert found is not None
    moved = replace(found, segments=(segment(1, np.roll(masks_apart()[0], 1, axis=0)),))
    with pytest.raises(EncodingFailed, match="missing or too many"):
        check_landmarks(labelmap_of(report).encoded, report, moved)


def test_a_voxel_of_two_segments_cannot_be_labelled(tmp_path: Path) -> None:
    report = petct_report(tmp_path)
    assert report.result.segmentation is not None
    with pytest.raises(ValueError, match="segment 2 shares a voxel"):
        label_pixels(report.result.segmentation)
    with pytest.raises(ValueError, match="cannot overlap"):
        Split(labelmap=True)


def test_more_than_255_segments_have_16_bits(tmp_path: Path) -> None:
    report = report_of(tmp_path, pet_series())
    geometry = report.source.geometry
    flat = [np.unravel_index(number, geometry.shape) for number in range(300)]
    masks = np.zeros((300, *geometry.shape), bool)
    for mask, where in zip(masks, flat, strict=True):
        mask[where] = True
    segments = tuple(segment(number, mask) for number, mask in enumerate(masks, start=1))
    many = SegmentationResult(role="pet", geometry=geometry, segments=segments)
    assert bits_of(many) == 16
    form = Form(role=Role.SEG, split=Split(overlap=False, labelmap=True))
    made = build_segmentation(report, many, EQUIPMENT, read_source(report), form)
    assert made.BitsAllocated == 16
    assert np.frombuffer(made.PixelData, "<u2")[:300].tolist() == list(range(1, 301))
