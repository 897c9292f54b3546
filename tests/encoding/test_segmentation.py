"""The SEG names its source, its segments and its algorithm, and holds no more than it must."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
import pytest
from encoding.reports import (
    CARD,
    EQUIPMENT,
    corner_block,
    encoded_seg,
    geometry_of,
    report_of,
    result_of,
    segment,
    spect_report,
)
from factories import nm_recon_tomo, pet_series
from pydicom import Dataset

from dicom_node.domain import coding
from dicom_node.domain.errors import EncodingFailed
from dicom_node.domain.report import Report
from dicom_node.domain.result import Result, SegmentationResult
from dicom_node.encoding.frames import overlap
from dicom_node.encoding.uids import tracking_uid


def seg_of(report: Report) -> Dataset:
    return pydicom.dcmread(BytesIO(encoded_seg(report)))


def with_masks(report: Report, masks: Sequence[Any]) -> Report:
    return replace(report, result=result_of(report.source.geometry, masks))


def test_each_frame_names_the_instance_of_its_slice_and_keeps_its_place(tmp_path: Path) -> None:
    source = pet_series()
    at = {one.SOPInstanceUID: list(one.ImagePositionPatient) for one in source}
    dataset = seg_of(report_of(tmp_path, source))
    for item in dataset.PerFrameFunctionalGroupsSequence:
        (image,) = item.DerivationImageSequence[0].SourceImageSequence
        assert (
            item.PlanePositionSequence[0].ImagePositionPatient == at[image.ReferencedSOPInstanceUID]
        )
        assert "ReferencedFrameNumber" not in image
        assert image.SpatialLocationsPreserved == "YES"
        assert image.PurposeOfReferenceCodeSequence[0].CodeValue == "121322"


def test_the_whole_series_is_referenced_by_instance(tmp_path: Path) -> None:
    source = pet_series()
    dataset = seg_of(report_of(tmp_path, source))
    (series,) = dataset.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == source[0].SeriesInstanceUID
    named = {item.ReferencedSOPInstanceUID for item in series.ReferencedInstanceSequence}
    assert named == {one.SOPInstanceUID for one in source}
    assert len(dataset.SourceImageSequence) == len(source)


def test_the_frame_of_reference_is_that_of_the_source(tmp_path: Path) -> None:
    source = pet_series(PositionReferenceIndicator="SACRAL")
    dataset = seg_of(report_of(tmp_path, source))
    assert dataset.FrameOfReferenceUID == source[0].FrameOfReferenceUID
    assert dataset.PositionReferenceIndicator == "SACRAL"


def test_an_nm_source_without_a_frame_of_reference_gets_one_for_all_its_results(
    tmp_path: Path,
) -> None:
    source = nm_recon_tomo(FrameOfReferenceUID=None, PositionReferenceIndicator=None)
    first = seg_of(spect_report(tmp_path / "a", source))
    second = seg_of(spect_report(tmp_path / "b", source, result_id="f" * 40))
    assert first.FrameOfReferenceUID == second.FrameOfReferenceUID
    assert first.FrameOfReferenceUID.startswith("2.25.")


def test_a_single_frame_source_without_a_frame_of_reference_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncodingFailed, match="FrameOfReferenceUID"):
        encoded_seg(report_of(tmp_path, pet_series(FrameOfReferenceUID=None)))


def test_segments_say_what_they_are_and_who_made_them(tmp_path: Path) -> None:
    report = report_of(tmp_path)
    first, second = seg_of(report).SegmentSequence
    assert (first.SegmentNumber, second.SegmentNumber) == (1, 2)
    assert first.SegmentLabel == "Uptake candidate 1 (41 % of maximum)"
    assert first.SegmentAlgorithmType == "AUTOMATIC"
    assert first.SegmentAlgorithmName == CARD.name
    assert first.TrackingID == "candidate-1 41%"
    assert first.TrackingUID == tracking_uid(report.result_id, "candidate-1 41%")
    assert first.SegmentedPropertyTypeCodeSequence[0].CodeValue == coding.UPTAKE_CANDIDATE.value
    (algorithm,) = first.SegmentationAlgorithmIdentificationSequence
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == (CARD.name, CARD.version)
    assert algorithm.AlgorithmFamilyCodeSequence[0].CodeValue == "123105"
    assert "fixed threshold=SUVbw 4.0" in algorithm.AlgorithmParameters
    assert "training data=none (deterministic)" in algorithm.AlgorithmParameters


def test_colours_are_those_of_the_segments(tmp_path: Path) -> None:
    for item, rgb in zip(
        seg_of(report_of(tmp_path)).SegmentSequence, [(230, 60, 60), (60, 160, 60)], strict=True
    ):
        stored = tuple(item.RecommendedDisplayCIELabValue)
        shown = hd.color.CIELabColor.from_dicom_value(stored).to_rgb()
        np.testing.assert_allclose(shown, rgb, atol=1)


def test_site_and_side_are_written(tmp_path: Path) -> None:
    report = report_of(tmp_path)
    lung = coding.Code("39607008", "SCT", "Lung")
    geometry = report.source.geometry
    sided = segment(1, corner_block(geometry.shape), site=lung, laterality=coding.LEFT)
    bare = segment(2, corner_block(geometry.shape), laterality=coding.RIGHT)
    result = Result(
        segmentation=SegmentationResult(role="pet", geometry=geometry, segments=(sided, bare))
    )
    first, second = seg_of(replace(report, result=result)).SegmentSequence
    (region,) = first.AnatomicRegionSequence
    assert region.CodeValue == "39607008"
    assert region.AnatomicRegionModifierSequence[0].CodeValue == "7771000"
    kind = second.SegmentedPropertyTypeCodeSequence[0]
    assert kind.SegmentedPropertyTypeModifierCodeSequence[0].CodeValue == "24028007"


def test_overlapping_segments_are_both_whole_and_said_to_overlap(tmp_path: Path) -> None:
    report = report_of(tmp_path)
    whole = np.ones(report.source.geometry.shape, bool)
    inner = corner_block(report.source.geometry.shape)
    encoded = encoded_seg(with_masks(report, [whole, inner]))
    seg = hd.seg.segread(BytesIO(encoded))
    assert seg.SegmentsOverlap == "YES"
    volume = seg.get_volume(combine_segments=False)
    assert int(volume.array[..., 0].sum()) == whole.size
    assert int(volume.array[..., 1].sum()) == int(inner.sum())


def test_segments_side_by_side_do_not_overlap_though_their_boxes_do(tmp_path: Path) -> None:
    checks = np.indices((6, 16, 12)).sum(axis=0) % 2 == 0
    report = with_masks(report_of(tmp_path), [checks, ~checks])
    assert seg_of(report).SegmentsOverlap == "NO"
    found = report.result.segmentation
    assert found is not None
    assert not overlap(found.segments)


def test_a_single_segment_can_be_referenced_by_highdicom(tmp_path: Path) -> None:
    # Its own objects put the segment number into the shared groups, where this call fails.
    mask = corner_block((6, 16, 12))
    encoded = encoded_seg(with_masks(report_of(tmp_path), [mask]))
    seg = hd.seg.segread(BytesIO(encoded))
    reference = hd.sr.ReferencedSegment.from_segmentation(seg, segment_number=1)
    assert reference[0].referenced_segment_numbers == [1]


def test_highdicom_finds_the_pixels_by_source_instance(tmp_path: Path) -> None:
    source = pet_series(ascending=False, rows=13, columns=11)
    geometry, ordered = geometry_of(source)
    mask = corner_block(geometry.shape)
    encoded = encoded_seg(with_masks(report_of(tmp_path, source), [mask]))
    seg = hd.seg.segread(BytesIO(encoded))
    pixels = seg.get_pixels_by_source_instance(
        [one.SOPInstanceUID for one in ordered], assert_missing_frames_are_empty=True
    )
    np.testing.assert_array_equal(pixels[..., 0], mask)


def test_only_frames_that_hold_voxels_are_written(tmp_path: Path) -> None:
    mask = np.zeros((6, 16, 12), bool)
    mask[2, 3, 4] = mask[3, 3, 4] = True
    dataset = seg_of(with_masks(report_of(tmp_path), [mask]))
    assert dataset.NumberOfFrames == len(dataset.PerFrameFunctionalGroupsSequence) == 2
    assert dataset.pixel_array.any(axis=(1, 2)).all()


def test_dimension_indices_are_unique_and_count_from_one(tmp_path: Path) -> None:
    dataset = seg_of(report_of(tmp_path))
    indices = [
        tuple(item.FrameContentSequence[0].DimensionIndexValues)
        for item in dataset.PerFrameFunctionalGroupsSequence
    ]
    assert len(set(indices)) == len(indices)
    assert {index[0] for index in indices} == {1, 2}
    assert {index[1] for index in indices} == {1, 2, 3, 4}
    (organization,) = dataset.DimensionOrganizationSequence
    for item in dataset.DimensionIndexSequence:
        assert item.DimensionOrganizationUID == organization.DimensionOrganizationUID


def test_it_is_research_by_this_node_in_a_series_of_its_own(tmp_path: Path) -> None:
    dataset = seg_of(report_of(tmp_path))
    assert dataset.ContentQualification == "RESEARCH"
    assert dataset.SeriesNumber == 9001
    assert dataset.SeriesDescription.startswith("AI RESEARCH - ")
    assert dataset.ContentCreatorName == "Algorithm^pet-threshold"
    assert dataset.SegmentationType == "BINARY"
    scanner, node = dataset.ContributingEquipmentSequence
    assert scanner.PurposeOfReferenceCodeSequence[0].CodeValue == "109101"
    assert scanner.Manufacturer == "Example Scanner"
    assert node.PurposeOfReferenceCodeSequence[0].CodeValue == "109102"
    assert node.DeviceSerialNumber == EQUIPMENT.device_serial_number
    assert "pet-threshold 1.2.0" in node.ContributionDescription


def test_a_lossy_source_is_told(tmp_path: Path) -> None:
    source = pet_series(
        LossyImageCompression="01",
        LossyImageCompressionRatio=[10.0],
        LossyImageCompressionMethod=["ISO_10918_1"],
    )
    dataset = seg_of(report_of(tmp_path, source))
    assert dataset.LossyImageCompression == "01"
    assert dataset.LossyImageCompressionRatio == 10.0
