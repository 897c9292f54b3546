"""Contours by other programs on real scans, against other readers and the labels they came from."""

import csv
import warnings
from functools import cache
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from contoured import centroid_mm, dice, labels_and_grid, mask_of, masks_of
from encoding.tools import run
from read_back import series_in

from dicom_node.domain.coding import Unit
from dicom_node.domain.contour import ContourSet
from dicom_node.domain.errors import MissingAttribute, UnsupportedObject
from dicom_node.domain.geometry import Geometry
from dicom_node.reading.contours import read_contours
from dicom_node.reading.header import read_header
from dicom_node.reading.volume import read_volume

SAMPLES = "seg-sr-samples"
DCMQI = f"{SAMPLES}/dcmqi/segmentations"
# Files and the voxels of their segments.
FILES = {
    f"{SAMPLES}/DicomSeg.dcm": [683, 3333, 2364],
    f"{SAMPLES}/dcmjs/QIICR_Test3/tumor_User1_Manual_Trial1.dcm": [54, 212],
    f"{DCMQI}/23x38x3/seg/label.seg": [322],
    f"{DCMQI}/24x38x3/seg/label.seg": [315],
    f"{DCMQI}/liver.dcm": [107098],
    f"{DCMQI}/partial_overlaps.dcm": [9602, 11888, 10743, 6693, 4713],
    f"{DCMQI}/sparse-labelmap-noppv.dcm": [630],
    f"{DCMQI}/sparse-labelmap-ppv5.dcm": [630],
    f"{SAMPLES}/dcmqi/sr-example/seg.dcm": [795],
    f"{SAMPLES}/highdicom/seg_image_ct_binary.dcm": [638],
    f"{SAMPLES}/highdicom/seg_image_ct_binary_overlap.dcm": [64, 16],
    f"{SAMPLES}/highdicom/seg_image_ct_binary_fractional.dcm": [638],
    f"{SAMPLES}/highdicom/seg_image_ct_true_fractional.dcm": [None],
    f"{SAMPLES}/highdicom/seg_image_ct_binary_single_frame.dcm": [1832],
    "petct-fdg-ge/SEG_PT_Segmentation_7.504365": [2548, 23730],
    "petct-fdg-ge/SEG_PT_2_Segmentation_9.162308": [118130],
    "petct-fdg-ge/SEG_Segmentation_1.760111": [602948, 576543],
}


def file_at(shared_data: Path, name: str) -> Path:
    path = shared_data / name
    return next(path.iterdir()) if path.is_dir() else path


def frame_of(path: Path) -> str:
    return str(pydicom.dcmread(path, stop_before_pixels=True).FrameOfReferenceUID)


def by_number(found: ContourSet) -> dict[int, np.ndarray]:
    assert all(one.warnings == () for one in found.contours)
    return {number: mask for number, mask in masks_of(found).items() if mask.any()}


@pytest.mark.parametrize("name", FILES)
def test_dcmqi_reads_the_same_voxels_at_the_same_places(
    shared_data: Path, name: str, tmp_path: Path
) -> None:
    path = file_at(shared_data, name)
    done = run(
        "segimage2itkimage", "--inputDICOM", path, "--outputDirectory", tmp_path, "-t", "nrrd"
    )
    assert done.returncode == 0, done.stderr
    written = sorted(tmp_path.glob("*.nrrd"))
    assert written
    fractional = str(pydicom.dcmread(path).SegmentationType) == "FRACTIONAL"
    for image in written:
        labels, grid = labels_and_grid(image, frame_of(path))
        found = by_number(read_contours(read_header(path), grid))
        if fractional:  # dcmqi writes the fractions, of 255
            np.testing.assert_array_equal(found[1], labels >= 127.5)
            continue
        padding = pydicom.dcmread(path).get("PixelPaddingValue")
        for number in set(np.unique(labels)) - {0, padding}:
            np.testing.assert_array_equal(found[number], labels == number)


@pytest.mark.parametrize("name", FILES)
def test_highdicom_reads_the_same_voxels_at_the_same_places(shared_data: Path, name: str) -> None:
    path = file_at(shared_data, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        there = highdicom.seg.segread(path)
        numbers = [number for number in there.segment_numbers if number > 0]
        volume = there.get_volume(
            segment_numbers=numbers, combine_segments=False, rescale_fractional=True
        )
    a, b, c = volume.spatial_shape
    grid = Geometry(affine=volume.affine, shape=(a, b, c), frame_of_reference_uid=frame_of(path))
    found = masks_of(read_contours(read_header(path), grid))
    assert list(found) == numbers
    for channel, (number, expected) in enumerate(zip(numbers, FILES[name], strict=True)):
        np.testing.assert_array_equal(found[number], volume.array[..., channel] >= 0.5)
        assert expected in (None, int(found[number].sum()))


@pytest.mark.parametrize("sample", ["23x38x3", "24x38x3"])
def test_a_segmentation_of_dcmqi_has_the_voxels_of_the_labels_it_came_from(
    shared_data: Path, sample: str
) -> None:
    folder = shared_data / DCMQI / sample
    path = folder / "seg" / "label.seg"
    labels, grid = labels_and_grid(folder / "nrrd" / "label.nrrd", frame_of(path))
    (contour,) = read_contours(read_header(path), grid).contours
    np.testing.assert_array_equal(mask_of(contour, grid), labels > 0)


@cache
def grid_in(folder: Path) -> Geometry:
    (series,) = series_in(folder)
    return series.stacks[0].geometry


def test_segmentations_of_the_pet_lie_on_its_voxels(shared_data: Path) -> None:
    study = shared_data / "petct-fdg-ge"
    pet = grid_in(next(study.glob("PT_PET_AC_*")))
    for name in ("SEG_PT_Segmentation_7.504365", "SEG_PT_2_Segmentation_9.162308"):
        found = read_contours(read_header(file_at(study, name)), pet)
        voxels = [contour.need_region().voxels for contour in found.contours]
        assert voxels == FILES[f"petct-fdg-ge/{name}"]
        assert all(contour.warnings == () for contour in found.contours)
        assert found.referenced_series_uids[0].endswith("61081015")


def test_a_segmentation_of_the_ct_is_taken_to_the_pet_with_a_warning(shared_data: Path) -> None:
    study = shared_data / "petct-fdg-ge"
    path = file_at(study, "SEG_Segmentation_1.760111")
    pet, ct = (grid_in(next(study.glob(name))) for name in ("PT_PET_AC_*", "CT_CT_IMAGES_*"))
    on_ct, on_pet = (read_contours(read_header(path), grid).contours for grid in (ct, pet))
    for fine, coarse in zip(on_ct, on_pet, strict=True):
        assert fine.warnings == ()
        assert (
            "voxels of 3.27 x 0.977 x 0.977 mm and taken to 3.27 x 4.69 x 4.69"
            in (coarse.warnings[0])
        )
        volumes = [
            contour.need_region().voxels * grid.voxel_volume_ml
            for contour, grid in ((fine, ct), (coarse, pet))
        ]
        assert volumes[1] == pytest.approx(volumes[0], rel=0.03)
        apart = centroid_mm(mask_of(coarse, pet), pet) - centroid_mm(mask_of(fine, ct), ct)
        assert np.abs(apart).max() < 0.5


def test_slides_and_radiographs_are_refused_by_name(shared_data: Path) -> None:
    folder = shared_data / SAMPLES / "highdicom"
    for path in sorted(folder.glob("seg_image_sm_*.dcm")):
        grid = Geometry(affine=np.eye(4), shape=(2, 2, 2), frame_of_reference_uid=frame_of(path))
        with pytest.raises(UnsupportedObject, match="of a slide"):
            read_contours(read_header(path), grid)
    grid = Geometry(affine=np.eye(4), shape=(2, 2, 2), frame_of_reference_uid="1.2")
    with pytest.raises(MissingAttribute, match="FrameOfReferenceUID"):
        read_contours(read_header(folder / "seg_image_cr_binary.dcm"), grid)


def test_points_of_a_real_structure_set_are_told(shared_data: Path) -> None:
    header = read_header(shared_data / "robustness" / "pydicom" / "rtstruct.dcm")
    (frame,) = header.items("ReferencedFrameOfReferenceSequence")
    affine = np.diag([10.0, 4.0, 4.0, 1.0])[[2, 1, 0, 3]]
    affine[:3, 3] = (-198, -198, -220)
    grid = Geometry(
        affine=affine,
        shape=(9, 100, 100),
        frame_of_reference_uid=frame.need_text("FrameOfReferenceUID"),
    )
    body, *centres = read_contours(header, grid).contours
    assert body.interpreted_type == "EXTERNAL"
    assert body.need_region().voxels == 3 * 75 * 100  # 300 x 400 mm on three planes
    for centre in centres:
        assert centre.absent is not None
        assert centre.absent.code == "no-area"


def published(shared_data: Path, number: str) -> dict[str, float]:
    """Least, median and greatest SUV, as far as they are told."""
    table = (shared_data / "suv-reference-objects" / "expected.csv").read_text().splitlines()
    (row,) = (one for one in csv.DictReader(table) if one["ID"] == f"DRO_{number}")
    names = {"min": "SUVmin_expected", "med": "SUVmed_expected", "max": "SUVmax_expected"}
    return {key: float(row[name]) for key, name in names.items() if row[name]}


@pytest.mark.parametrize("number", ["0_0", "1_0", "2_0", "3_1", "4_1"])
def test_contours_of_a_reference_object_give_the_published_suv(
    shared_data: Path, number: str
) -> None:
    folder = shared_data / "suv-reference-objects" / f"DRO_{number}"
    (series,) = series_in(folder / "PT")
    volume = read_volume(series, Unit.SUVBW)
    path = next((folder / "RS").iterdir())
    (contour,) = read_contours(read_header(path), volume.geometry).contours
    values = volume.array[mask_of(contour, volume.geometry)]
    found = {"min": values.min(), "med": np.median(values), "max": values.max()}
    for key, expected in published(shared_data, number).items():
        assert found[key] == pytest.approx(expected, abs=0.005)  # two decimals


def test_contours_of_a_reference_object_lie_within_its_mask(shared_data: Path) -> None:
    # The published structure set was drawn smaller than the mask: on 16 of its 18 slices, and with
    # a jagged radius of 57.8 to 59.9 voxels, where the mask has 59.9.
    folder = shared_data / "suv-reference-objects" / "DRO_0_0"
    grid = grid_in(folder / "PT")
    (contour,) = read_contours(read_header(next((folder / "RS").iterdir())), grid).contours
    mask = mask_of(contour, grid)
    labels, there = labels_and_grid(folder / "mask" / "DRO_mask.nii.gz", None)
    assert there.same_grid(grid)
    truth = labels > 0
    assert not (mask & ~truth).any()
    drawn = mask.any(axis=(1, 2))
    assert (int(drawn.sum()), int(truth.any(axis=(1, 2)).sum())) == (16, 18)
    assert dice(mask[drawn], truth[drawn]) > 0.98
    apart = centroid_mm(mask, grid) - centroid_mm(truth, grid)
    assert np.abs(apart).max() < 0.2
