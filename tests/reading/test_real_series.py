"""Real scans: the same numbers at the same millimetres as SimpleITK reads, and named refusals."""

import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from read_back import series_in, values_of

from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import (
    DicomNodeError,
    IncompleteSeries,
    NotCalibrated,
    UnsupportedObject,
)
from dicom_node.domain.geometry import Geometry
from dicom_node.reading.header import read_header
from dicom_node.reading.series import ReadSeries, read_series
from dicom_node.reading.site_tracers import NO_SITE_TRACERS
from dicom_node.reading.volume import read_volume, read_volumes

VOLUMES = [
    "petct-fdg-ge/CT_CT_IMAGES_94858561",
    "petct-fdg-ge/PT_PET_AC_61081015",
    "petct-fdg-ge/PT_PET_NAC_10462754",
    *(
        f"sarcoma-fdg/STS_00{number}/{kind}/image"
        for number in range(2, 8)
        for kind in ("CT", "PET")
    ),
    *(f"suv-reference-objects/DRO_{name}/PT" for name in ("0_0", "1_0", "2_0", "3_1", "4_1")),
    "seg-sr-samples/dcmqi/segmentations/ct-3slice",
]


def read_by_simpleitk(read: ReadSeries) -> SimpleITK.Image:
    reader = SimpleITK.ImageSeriesReader()
    names = reader.GetGDCMSeriesFileNames(
        str(read.headers[0].path.parent), read.series.key.series_instance_uid
    )
    reader.SetFileNames(names)
    return reader.Execute()


def assert_agrees(
    values: np.ndarray, geometry: Geometry, image: SimpleITK.Image, theirs: np.ndarray
) -> None:
    np.testing.assert_allclose(values, theirs, rtol=2e-7, atol=1e-9)
    directions = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    corner = np.array(geometry.shape) - 1
    far_end = directions[:, ::-1] @ corner + np.array(image.GetOrigin())
    np.testing.assert_allclose(geometry.affine[:3, 3], image.GetOrigin(), atol=1e-5)
    np.testing.assert_allclose(geometry.index_to_lps(corner), far_end, atol=1e-5)


@pytest.mark.parametrize("folder", VOLUMES)
def test_a_real_series_is_read_as_simpleitk_reads_it(shared_data: Path, folder: str) -> None:
    (read,) = series_in(shared_data / folder)
    assert read.series.geometry_fault is None
    assert read.series.stacked
    volume = read_volume(read, None)
    image = read_by_simpleitk(read)
    assert_agrees(volume.array, volume.geometry, image, SimpleITK.GetArrayFromImage(image))


def test_a_phantom_without_units_has_a_place_and_values_but_no_unit(shared_data: Path) -> None:
    (read,) = series_in(shared_data / "nema-iq" / "pet_recon_1")
    assert (read.series.slices, read.series.expected_instances) == (89, 89)
    image = read_by_simpleitk(read)
    # The file says MONOCHROME1: low values are shown bright (PS3.3 C.7.6.3.1.2). That is for
    # displays; SimpleITK turns the numbers round, and the water of the phantom would be hottest.
    top = 65535 * read.headers[0].need_number("RescaleSlope")
    theirs = top - SimpleITK.GetArrayFromImage(image)
    values = values_of([plane.header for plane in read.stacks[0].planes])
    np.testing.assert_allclose(values, theirs, rtol=2e-7, atol=1e-6 * top)
    assert_agrees(values, read.stacks[0].geometry, image, values)
    with pytest.raises(NotCalibrated, match="Units"):
        read_volume(read, Unit.SUVBW)


def test_a_heart_without_orientation_gives_counts_without_a_place(shared_data: Path) -> None:
    path = shared_data / "nm" / "heart_recon_tomo_13_frames.dcm"
    volume = read_volume(read_series([read_header(path)], NO_SITE_TRACERS), None)
    assert not volume.geometry.placed
    assert volume.unit is Unit.COUNTS
    assert volume.array.max() == 141  # Largest Image Pixel Value of the file
    np.testing.assert_array_equal(
        volume.array, SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    )
    assert volume.geometry.spacing_mm == pytest.approx((6.231669, 3.11583, 3.11583))


def test_bone_scans_and_scouts_are_no_volumes(shared_data: Path) -> None:
    for path in (shared_data / "nm").glob("NM1_*"):
        with pytest.raises(UnsupportedObject):
            read_volume(read_series([read_header(path)], NO_SITE_TRACERS), None)
    (scout,) = series_in(shared_data / "petct-fdg-ge" / "CT_SCOUT_70336581")
    assert (scout.series.stacked, scout.series.slices) == (False, 0)
    with pytest.raises(UnsupportedObject):
        read_volume(scout, None)


@pytest.mark.parametrize("missing", [0, 60, 134])
def test_a_real_series_without_one_slice_names_it(shared_data: Path, missing: int) -> None:
    (whole,) = series_in(shared_data / "petct-fdg-ge" / "PT_PET_AC_61081015")
    kept = [header for index, header in enumerate(whole.headers) if index != missing]
    read = read_series(kept, NO_SITE_TRACERS)
    place = whole.stacks[0].planes[missing].position_mm[2]
    assert read.series.geometry_fault is not None
    assert read.series.geometry_fault.startswith("134 of 135 slices")
    if missing == 60:
        assert f"gap at z = {round(place, 2):g} mm" in read.series.geometry_fault


def test_single_slices_of_a_series_are_incomplete(shared_data: Path) -> None:
    for path in (shared_data / "single-slices").glob("*.dcm"):
        read = read_series([read_header(path)], NO_SITE_TRACERS)
        with pytest.raises(IncompleteSeries, match=f"1 of {read.series.expected_instances} slices"):
            read_volume(read, None)


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        ("dicomParser/CT1_UNC.*", 3),
        ("dicomParser/encapsulated/single-frame/CT1_UNC.*", 5),
        ("dicomParser/encapsulated/multi-frame/CT0012.*jpeg_ls.80*", 3),
        ("dicomParser/encapsulated/multi-frame/CT0012.*rle*", 2),
        ("dicomParser/encapsulated/multi-frame/CT0012.*lossless*", 2),
        ("pydicom/MR_small*", 8),
    ],
)
def test_one_image_in_many_encodings_has_the_same_values(
    shared_data: Path, pattern: str, count: int
) -> None:
    paths = [path for path in (shared_data / "robustness").glob(pattern) if path.is_file()]
    found = [values_of([read_header(path)]) for path in paths]
    assert len(found) == count
    for values in found[1:]:
        np.testing.assert_array_equal(values, found[0])


def outcome_of(read: Callable[[Path], Iterable[np.ndarray]], path: Path) -> str:
    """Code of the refusal, or ``read``; anything but an error of ours fails the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            arrays = read(path)
        except DicomNodeError as refusal:
            return refusal.code if str(refusal) else "refused without a word"
    return "read" if all(np.isfinite(one).all() for one in arrays) else "not finite"


def outcomes_of(read: Callable[[Path], Iterable[np.ndarray]], folder: Path) -> Counter[str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return Counter(outcome_of(read, path) for path in files)


def test_odd_and_broken_files_give_volumes_or_named_refusals(shared_data: Path) -> None:
    def read(path: Path) -> list[np.ndarray]:
        series = read_series([read_header(path)], NO_SITE_TRACERS)
        return [volume.array for volume in read_volumes(series, None)]

    outcomes = outcomes_of(read, shared_data / "robustness")
    assert outcomes["unreadable"] > 20
    assert outcomes["unsupported-object"] > 20
    assert not {"refused without a word", "not finite"} & set(outcomes)


def test_pixels_of_odd_and_broken_files_are_decoded_or_refused(shared_data: Path) -> None:
    outcomes = outcomes_of(
        lambda path: [values_of([read_header(path)])], shared_data / "robustness"
    )
    assert outcomes["read"] > 20
    assert not {"refused without a word", "not finite"} & set(outcomes)
