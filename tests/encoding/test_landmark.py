"""Segments lie where the source says, in millimetres, whoever reads them; else they are refused."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from encoding.points import by_dcmqi, by_headers, by_highdicom, ordered
from encoding.reports import (
    corner_block,
    encoded_seg,
    geometry_of,
    nm_geometry,
    report_of,
    result_of,
    segment,
    spect_report,
    volume_of,
)
from factories import ct_series, enhanced_pet, nm_recon_tomo, pet_series
from pydicom import Dataset

from dicom_node.domain.errors import EncodingFailed
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.report import Report
from dicom_node.domain.result import Region, Result, SegmentationResult
from dicom_node.domain.volume import FrameSource
from dicom_node.encoding.landmark import check_landmarks

TILT = np.deg2rad(25.0)
OBLIQUE = (np.cos(TILT), np.sin(TILT), 0.0, -np.sin(TILT) * 0.8, np.cos(TILT) * 0.8, 0.6)
FEET_FIRST = (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)

SOURCES: dict[str, Callable[[], list[Dataset]]] = {
    "axial": pet_series,
    "reversed order of slices": lambda: pet_series(ascending=False),
    "oblique": lambda: pet_series(orientation=OBLIQUE),
    "feet first": lambda: pet_series(orientation=FEET_FIRST, ascending=False),
    "coronal": lambda: pet_series(orientation=CORONAL),
    "anisotropic, odd size": lambda: pet_series(
        spacing_mm=(5.5, 1.17, 2.734375), rows=13, columns=11, slices=5
    ),
    "CT": lambda: ct_series(spacing_mm=(3.27, 0.9765625, 0.9765625)),
}


def seg_file(report: Report, folder: Path) -> Path:
    path = folder / "seg.dcm"
    path.write_bytes(encoded_seg(report))
    return path


@pytest.fixture(params=SOURCES.values(), ids=SOURCES.keys())
def source(request: pytest.FixtureRequest) -> list[Dataset]:
    """Datasets of a series in one of the orientations."""
    return request.param()  # type: ignore[no-any-return]


def test_highdicom_finds_each_voxel_where_the_source_headers_say(
    source: list[Dataset], tmp_path: Path
) -> None:
    shape = geometry_of(source)[0].shape
    masks = [corner_block(shape), corner_block(shape, shift=1)]
    encoded = encoded_seg(report_of(tmp_path, source))
    for number, mask in enumerate(masks, start=1):
        np.testing.assert_allclose(
            by_highdicom(encoded, number), by_headers(source, mask), atol=2e-3
        )


def test_dcmqi_finds_each_voxel_where_the_source_headers_say(
    source: list[Dataset], tmp_path: Path
) -> None:
    shape = geometry_of(source)[0].shape
    masks = [corner_block(shape), corner_block(shape, shift=1)]
    path = seg_file(report_of(tmp_path, source), tmp_path)
    for number, mask in enumerate(masks, start=1):
        found = by_dcmqi(path, tmp_path / "dcmqi", number)
        np.testing.assert_allclose(found, by_headers(source, mask), atol=2e-2)


def test_dcmqi_writes_a_nifti_that_lies_right(tmp_path: Path) -> None:
    source = pet_series(orientation=OBLIQUE)
    mask = corner_block(geometry_of(source)[0].shape)
    report = report_of(tmp_path, source)
    report = replace(report, result=result_of(report.source.geometry, [mask]))
    path = seg_file(report, tmp_path)
    found = by_dcmqi(path, tmp_path / "dcmqi", 1, kind="nii")
    np.testing.assert_allclose(found, by_headers(source, mask), atol=2e-2)


@pytest.mark.parametrize("spacing_mm", [4.0, -4.0], ids=["along the normal", "against it"])
def test_frames_of_an_nm_source_lie_where_its_detector_says(
    spacing_mm: float, tmp_path: Path
) -> None:
    source = nm_recon_tomo(spacing_mm=(spacing_mm, 3.0, 2.0), orientation=OBLIQUE)
    report = spect_report(tmp_path, source)
    mask = corner_block(report.source.geometry.shape)
    path = seg_file(report, tmp_path)
    points = np.argwhere(mask)
    expected = ordered(nm_geometry(source).index_to_lps(points))
    np.testing.assert_allclose(by_highdicom(path.read_bytes(), 1), expected, atol=2e-3)
    np.testing.assert_allclose(by_dcmqi(path, tmp_path / "q", 1), expected, atol=2e-2)


def test_frames_of_an_nm_source_name_the_frame_they_were_made_of(tmp_path: Path) -> None:
    report = spect_report(tmp_path)
    dataset = pydicom.dcmread(BytesIO(encoded_seg(report)))
    named = {
        int(item.DerivationImageSequence[0].SourceImageSequence[0].ReferencedFrameNumber)
        for item in dataset.PerFrameFunctionalGroupsSequence
    }
    assert named == {2, 3, 4, 5}  # the blocks lie on slices 1 to 4, frames count from 1


def test_a_segment_on_an_enhanced_pet_is_checked_against_its_functional_groups(
    tmp_path: Path,
) -> None:
    dataset = enhanced_pet()
    plain = geometry_of(pet_series())[0]  # the factories put both on the same grid
    frames = tuple(
        FrameSource(
            sop_class_uid=dataset.SOPClassUID,
            sop_instance_uid=dataset.SOPInstanceUID,
            frame_number=number,
        )
        for number in range(1, plain.shape[0] + 1)
    )
    geometry = Geometry(
        affine=plain.affine,
        shape=plain.shape,
        frame_of_reference_uid=dataset.FrameOfReferenceUID,
    )
    made = report_of(tmp_path, pet_series())
    report = report_of(
        tmp_path / "enhanced",
        [dataset],
        source=replace(
            made.source,
            geometry=geometry,
            frames=frames,
            key=replace(
                made.source.key,
                study_instance_uid=dataset.StudyInstanceUID,
                series_instance_uid=dataset.SeriesInstanceUID,
            ),
        ),
        result=result_of(geometry),
    )
    assert encoded_seg(report)
    shuffled = replace(report, source=replace(report.source, frames=frames[::-1]))
    with pytest.raises(EncodingFailed, match="mm off"):
        encoded_seg(shuffled)


def test_one_slice_and_a_segment_of_one_voxel_lie_right(tmp_path: Path) -> None:
    source = pet_series(slices=1)
    mask = np.zeros((1, 16, 12), bool)
    mask[0, 3, 9] = True
    report = report_of(tmp_path, source)
    report = replace(report, result=result_of(report.source.geometry, [mask]))
    path = seg_file(report, tmp_path)
    expected = by_headers(source, mask)
    np.testing.assert_allclose(by_highdicom(path.read_bytes(), 1), expected, atol=2e-3)
    np.testing.assert_allclose(by_dcmqi(path, tmp_path / "q", 1), expected, atol=2e-2)


def test_a_volume_whose_slices_and_instances_are_mixed_up_is_refused(tmp_path: Path) -> None:
    report = report_of(tmp_path)
    upside_down = replace(report.source, frames=report.source.frames[::-1])
    with pytest.raises(EncodingFailed, match=r"lies \d+\.\d+ mm off"):
        encoded_seg(replace(report, source=upside_down))


def test_segments_on_another_grid_than_the_source_are_refused(tmp_path: Path) -> None:
    report = report_of(tmp_path)
    moved = np.array(report.source.geometry.affine)
    moved[:3, 3] += 1.0
    geometry = replace(report.source.geometry, affine=moved)
    with pytest.raises(EncodingFailed, match="not on the grid"):
        encoded_seg(replace(report, result=result_of(geometry)))


def moved_frame(dataset: Dataset) -> None:
    position = dataset.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0]
    position.ImagePositionPatient = [*position.ImagePositionPatient[:2], 41.5]


def frame_on_the_next_plane(dataset: Dataset) -> None:
    groups = dataset.PerFrameFunctionalGroupsSequence
    groups[0].PlanePositionSequence = groups[1].PlanePositionSequence


def other_source_instance(dataset: Dataset) -> None:
    groups = dataset.PerFrameFunctionalGroupsSequence
    groups[0].DerivationImageSequence = groups[1].DerivationImageSequence


def turned_orientation(dataset: Dataset) -> None:
    shared = dataset.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0]
    shared.ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]


def one_bit_more(dataset: Dataset) -> None:
    pixels = bytearray(dataset.PixelData)
    pixels[0] |= 1
    dataset.PixelData = bytes(pixels)


def bits_shifted(dataset: Dataset) -> None:
    pixels = np.unpackbits(np.frombuffer(dataset.PixelData, np.uint8), bitorder="little")
    dataset.PixelData = np.packbits(np.roll(pixels, 1), bitorder="little").tobytes()


def other_segment_number(dataset: Dataset) -> None:
    groups = dataset.PerFrameFunctionalGroupsSequence
    groups[0].SegmentIdentificationSequence[0].ReferencedSegmentNumber = 2


def spacing_swapped(dataset: Dataset) -> None:
    measures = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    measures.PixelSpacing = measures.PixelSpacing[::-1]


@pytest.mark.parametrize(
    "spoil",
    [
        moved_frame,
        frame_on_the_next_plane,
        other_source_instance,
        turned_orientation,
        one_bit_more,
        bits_shifted,
        other_segment_number,
        spacing_swapped,
    ],
)
def test_a_spoilt_segmentation_is_refused(spoil: Callable[[Dataset], Any], tmp_path: Path) -> None:
    report = report_of(tmp_path)
    found = report.result.segmentation
    assert found is not None
    dataset = pydicom.dcmread(BytesIO(encoded_seg(report)))
    check_landmarks(rewritten(dataset), report, found)
    spoil(dataset)
    with pytest.raises(EncodingFailed):
        check_landmarks(rewritten(dataset), report, found)


def rewritten(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def test_a_region_with_empty_planes_and_a_hole_is_written_as_it_is(tmp_path: Path) -> None:
    source = pet_series()
    geometry = volume_of(source).geometry
    mask = np.zeros(geometry.shape, bool)
    mask[0, 4:9, 4:9] = True
    mask[0, 6, 6] = False
    mask[4, 5, 5] = True
    loose = segment(1, mask, region=Region(origin=(0, 0, 0), mask=mask))
    result = Result(
        segmentation=SegmentationResult(role="pet", geometry=geometry, segments=(loose,))
    )
    encoded = encoded_seg(report_of(tmp_path, source, result=result))
    dataset = pydicom.dcmread(BytesIO(encoded))
    assert dataset.NumberOfFrames == 2
    expected = by_headers(source, mask)
    np.testing.assert_allclose(by_frames(encoded), expected, atol=2e-3)


def by_frames(encoded: bytes) -> Any:
    """Points of the first segment, frame by frame, as pydicom decodes them."""
    dataset = pydicom.dcmread(BytesIO(encoded))
    points = []
    for number, item in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        position = np.array(item.PlanePositionSequence[0].ImagePositionPatient, float)
        for row, column in np.argwhere(dataset.pixel_array[number]):
            points.append(position + np.array([2.0 * column, 3.0 * row, 0.0]))
    return ordered(np.array(points))
