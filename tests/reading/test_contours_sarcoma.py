"""Six sarcomas: an expert's contours on PET and on CT give the expert's mask on the PET grid."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
import pytest
from contoured import dice, labels_and_grid, mask_of
from pydicom import Dataset
from read_back import series_in

from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import AlgorithmType
from dicom_node.reading.contours import read_contours
from dicom_node.reading.header import Header, read_header

PATIENTS = tuple(f"STS_{number:03}" for number in range(2, 8))
# Contours that were drawn on CT outline the same tumour a little differently on its finer pixels.
AT_LEAST = {"PET": 1.0, "CT": 0.995}


@cache
def grid_of(folder: Path) -> Geometry:
    (series,) = series_in(folder)
    return series.stacks[0].geometry


def truth_of(folder: Path, grid: Geometry) -> np.ndarray:
    labels, there = labels_and_grid(folder / "nifti" / "PET_mask.nii.gz", None)
    assert there.same_grid(grid)
    return labels > 0


@pytest.mark.parametrize("drawn_on", ["PET", "CT"])
@pytest.mark.parametrize("patient", PATIENTS)
def test_the_contours_of_an_expert_give_his_mask(
    shared_data: Path, patient: str, drawn_on: str
) -> None:
    folder = shared_data / "sarcoma-fdg" / patient
    grid = grid_of(folder / "PET" / "image")
    found = read_contours(read_header(folder / drawn_on / "mask" / "RS.dcm"), grid)
    (tumour,) = found.contours
    assert dice(mask_of(tumour, grid), truth_of(folder, grid)) >= AT_LEAST[drawn_on]
    assert (tumour.label, tumour.interpreted_type) == (f"GTV_Mass_{drawn_on}", "GTV")
    assert tumour.algorithm_type is AlgorithmType.MANUAL
    assert (tumour.warnings, found.warnings) == ((), ())
    assert len(found.referenced_series_uids) == 1


@pytest.mark.parametrize("drawn_on", ["PET", "CT"])
@pytest.mark.parametrize("patient", PATIENTS)
def test_the_same_contours_have_the_same_volume_on_the_grid_of_the_ct(
    shared_data: Path, patient: str, drawn_on: str
) -> None:
    folder = shared_data / "sarcoma-fdg" / patient
    header = read_header(folder / drawn_on / "mask" / "RS.dcm")
    volumes = []
    for scan in ("PET", "CT"):
        grid = grid_of(folder / scan / "image")
        (tumour,) = read_contours(header, grid).contours
        volumes.append(tumour.need_region().voxels * grid.voxel_volume_ml)
    assert volumes[0] == pytest.approx(volumes[1], rel=0.02)


def every_second_plane(path: Path, first: int) -> Dataset:
    made = pydicom.dcmread(path)
    contours = made.ROIContourSequence[0].ContourSequence
    heights = [round(float(contour.ContourData[2]), 1) for contour in contours]
    kept = set(sorted(set(heights))[first::2])
    made.ROIContourSequence[0].ContourSequence = chosen(contours, heights, kept)
    return made


def chosen(contours: Iterable[Dataset], heights: list[float], kept: set[float]) -> list[Dataset]:
    return [one for one, height in zip(contours, heights, strict=True) if height in kept]


def test_what_lies_between_planes_is_restored(shared_data: Path) -> None:
    found = []
    for number, patient in enumerate(PATIENTS):
        folder = shared_data / "sarcoma-fdg" / patient
        grid = grid_of(folder / "PET" / "image")
        made = every_second_plane(folder / "PET" / "mask" / "RS.dcm", number % 2)
        (tumour,) = read_contours(Header(made), grid).contours
        found.append(dice(mask_of(tumour, grid), truth_of(folder, grid)))
        assert "6.54 mm apart, slices 3.27 mm" in tumour.warnings[0]
    assert np.mean(found) > 0.98
    assert min(found) > 0.97
