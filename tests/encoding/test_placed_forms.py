"""Contours and voxel maps lie where the result says, or they are refused."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from encoding.reports import EQUIPMENT, petct_report
from encoding.sources import masks_of, report_on
from factories import pet_series
from pydicom import Dataset

from dicom_node.domain.errors import EncodingFailed
from dicom_node.domain.forms import ExtraForm, ResultForms
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.report import Report
from dicom_node.domain.result import Region
from dicom_node.encoding.contours import contours_of
from dicom_node.encoding.encode import encode_report
from dicom_node.encoding.structure_set import check_structure_set
from dicom_node.encoding.voxel_map import check_voxel_map

ALL = {"all": ResultForms(extra_forms=tuple(ExtraForm))}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return report_on(pet_series(), tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="module")
def made(report: Report) -> dict[str, bytes]:
    return {one.form.name: one.encoded for one in encode_report(report, EQUIPMENT, ALL)}


def spoilt(encoded: bytes, change: Callable[[Dataset], None]) -> bytes:
    dataset = pydicom.dcmread(BytesIO(encoded))
    change(dataset)
    buffer = BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def lifted(dataset: Dataset) -> None:
    contour = dataset.ROIContourSequence[0].ContourSequence[0]
    points = np.array(contour.ContourData, float).reshape(-1, 3) + np.array([0, 0, 1.0])
    contour.ContourData = [f"{value:.3f}" for value in points.ravel()]


def shrunk(dataset: Dataset) -> None:
    contour = dataset.ROIContourSequence[1].ContourSequence[0]
    contour.ContourData = list(contour.ContourData)[:-3]


def of_another_slice(dataset: Dataset) -> None:
    first, second = dataset.ROIContourSequence[0].ContourSequence[:2]
    first.ContourImageSequence = second.ContourImageSequence


def left_out(dataset: Dataset) -> None:
    dataset.ROIContourSequence[0].ContourSequence.pop()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lifted, "lies on no slice"),
        (shrunk, "contours of segment 2 hold"),
        (of_another_slice, "names another source"),
        (left_out, "contours of segment 1 hold"),
    ],
)
def test_contours_that_say_something_else_are_refused(
    change: Callable[[Dataset], None], told: str, report: Report, made: dict[str, bytes]
) -> None:
    assert report.result.segmentation is not None
    check_structure_set(made["rtstruct"], report, report.result.segmentation)
    with pytest.raises(EncodingFailed, match=told):
        check_structure_set(spoilt(made["rtstruct"], change), report, report.result.segmentation)


def test_contours_carry_number_name_colour_and_tracking_uid_of_their_segments(
    report: Report, made: dict[str, bytes]
) -> None:
    contours = pydicom.dcmread(BytesIO(made["rtstruct"]))
    seg = pydicom.dcmread(BytesIO(made["seg"]))
    regions = zip(
        contours.StructureSetROISequence,
        contours.ROIContourSequence,
        contours.RTROIObservationsSequence,
        seg.SegmentSequence,
        strict=True,
    )
    assert report.result.segmentation is not None
    for (roi, drawn, seen, segment), truth in zip(
        regions, report.result.segmentation.segments, strict=True
    ):
        assert roi.ROINumber == drawn.ReferencedROINumber == segment.SegmentNumber
        assert roi.ROIName == segment.SegmentLabel
        assert tuple(drawn.ROIDisplayColor) == truth.display_rgb
        assert seen.TrackingUID == segment.TrackingUID


def test_a_region_with_a_hole_and_an_island_keeps_its_area() -> None:
    masks = masks_of((6, 16, 12))
    region = Region.from_mask(masks[0])
    for index, mask in enumerate(masks[0]):
        drawn = sum(one.area for one in contours_of(region) if one.slice_index == index)
        assert drawn == pytest.approx(np.count_nonzero(mask))
    with_island = [one for one in contours_of(region) if one.slice_index == 2]
    assert len(with_island) == 2


def test_a_map_that_was_changed_or_moved_is_refused(report: Report, made: dict[str, bytes]) -> None:
    (voxels,) = report.result.maps

    def brighter(dataset: Dataset) -> None:
        values = np.frombuffer(dataset.FloatPixelData, "<f4").copy()
        values[17] += 1
        dataset.FloatPixelData = values.tobytes()

    def swapped(dataset: Dataset) -> None:
        one, other = dataset.PerFrameFunctionalGroupsSequence[:2]
        mine, its = one.PlanePositionSequence, other.PlanePositionSequence
        one.PlanePositionSequence, other.PlanePositionSequence = its, mine

    check_voxel_map(made["map"], report, voxels)
    with pytest.raises(EncodingFailed, match="reads otherwise"):
        check_voxel_map(spoilt(made["map"], brighter), report, voxels)
    with pytest.raises(EncodingFailed, match="its source is not that of slice"):
        check_voxel_map(spoilt(made["map"], swapped), report, voxels)


def test_a_map_on_another_grid_is_refused(report: Report) -> None:
    (voxels,) = report.result.maps
    affine = voxels.geometry.affine.copy()
    affine[0, 3] += 5
    moved = Geometry(affine=affine, shape=voxels.geometry.shape, frame_of_reference_uid="1.2")
    result = replace(report.result, maps=(replace(voxels, geometry=moved),))
    with pytest.raises(EncodingFailed, match="not on the grid"):
        encode_report(replace(report, result=result), EQUIPMENT, ALL)


def test_a_map_needs_a_finite_number_of_the_right_kind_in_each_voxel(report: Report) -> None:
    (voxels,) = report.result.maps
    with pytest.raises(ValueError, match="no finite number"):
        replace(voxels, values=np.full_like(voxels.values, np.nan))
    with pytest.raises(ValueError, match="float32 of that shape"):
        replace(voxels, values=voxels.values.astype(float))
    with pytest.raises(ValueError, match="1 to 16 characters"):
        replace(voxels, label="x" * 17)


def test_what_a_result_lacks_is_left_out_and_the_key_objects_list_what_there_is(
    tmp_path: Path,
) -> None:
    bare = petct_report(tmp_path)
    bare = replace(bare, result=replace(bare.result, segmentation=None, measurements=()))
    objects = encode_report(bare, EQUIPMENT, ALL)
    names = [one.form.name.split("-")[0] for one in objects]
    assert names == ["sr", "sc", "pdf", "ko"]
    listed = [
        one.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        for one in objects[-1].dataset.ContentSequence
        if "ReferencedSOPSequence" in one
    ]
    assert listed == [objects[1].dataset.SOPInstanceUID, objects[0].dataset.SOPInstanceUID]


def test_the_same_report_gives_the_same_bytes_in_every_form(
    report: Report, made: dict[str, bytes]
) -> None:
    again = {one.form.name: one.encoded for one in encode_report(report, EQUIPMENT, ALL)}
    assert again == made
