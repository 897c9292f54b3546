"""What this node writes as a segmentation it reads back as the identical regions."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from encoding.reports import encoded_seg, report_of, result_of, segment
from factories import enhanced_pet, nm_recon_tomo, pet_series
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from orientations import CORONAL, FEET_UP, SAGITTAL, orientations
from pydicom import Dataset
from read_back import series_of

from dicom_node.domain.coding import LEFT, Code
from dicom_node.domain.result import AlgorithmType, Region, Result, SegmentationResult
from dicom_node.reading.contours import read_contours
from dicom_node.reading.header import read_header
from dicom_node.reading.volume import read_volume

Masks = Sequence[NDArray[np.bool_]]


def assert_same(one: Region, other: Region) -> None:
    assert one.origin == other.origin
    np.testing.assert_array_equal(one.mask, other.mask)


def there_and_back(datasets: Sequence[Dataset], masks: Masks, folder: Path) -> None:
    """Write segments on a series as the node reads it, and read them back."""
    volume = read_volume(series_of(datasets, folder), None)
    regions = [Region.from_mask(mask) for mask in masks]
    report = report_of(
        folder, datasets, source=volume, result=result_of(volume.geometry, list(masks))
    )
    (folder / "seg.dcm").write_bytes(encoded_seg(report))
    found = read_contours(read_header(folder / "seg.dcm"), volume.geometry)
    assert found.warnings == ()
    assert found.referenced_series_uids == (volume.key.series_instance_uid,)
    for contour, region in zip(found.contours, regions, strict=True):
        assert_same(contour.need_region(), region)
        assert contour.warnings == ()


def noise(shape: tuple[int, int, int], count: int = 3, *, seed: int = 0) -> Masks:
    """Masks that overlap and are alike in no direction, each with a voxel at least."""
    rng = np.random.default_rng(seed)
    masks = rng.random((count, *shape)) < 0.3
    masks[:, shape[0] // 2, 0, 0] = True
    return list(masks)


SERIES: dict[str, Sequence[Dataset]] = {
    "axial": pet_series(),
    "descending": pet_series(ascending=False),
    "feet first": pet_series(orientation=FEET_UP),
    "coronal": pet_series(orientation=CORONAL),
    "sagittal": pet_series(orientation=SAGITTAL),
    "oblique": pet_series(orientation=(0.8, 0.6, 0, -0.48, 0.64, 0.6)),
    "one slice": pet_series(slices=1),
    "enhanced": [enhanced_pet()],
    "SPECT": [nm_recon_tomo()],
    "SPECT against the normal": [nm_recon_tomo(spacing_mm=(-4.0, 3.0, 2.0))],
}


@pytest.mark.parametrize("name", SERIES)
def test_segments_come_back_as_they_were(name: str, tmp_path: Path) -> None:
    volume = read_volume(series_of(SERIES[name], tmp_path), None)
    there_and_back(SERIES[name], noise(volume.geometry.shape), tmp_path)


@settings(max_examples=15, deadline=None)
@given(
    orientation=orientations,
    spacing=st.tuples(*[st.floats(0.6, 9)] * 3),
    origin=st.tuples(*[st.floats(-800, 800)] * 3),
    slices=st.integers(1, 9),
    ascending=st.booleans(),
    seed=st.integers(0, 999),
)
def test_segments_come_back_from_any_orientation_and_order(
    *, seed: int, slices: int, origin: tuple[float, ...], spacing: tuple[float, ...], **given: Any
) -> None:
    datasets = pet_series(
        slices=slices, rows=9, columns=7, spacing_mm=spacing, origin_mm=origin, **given
    )
    with TemporaryDirectory() as folder:
        there_and_back(datasets, noise((slices, 9, 7), 2, seed=seed), Path(folder))


def test_what_a_segment_says_comes_back(tmp_path: Path) -> None:
    datasets = pet_series()
    volume = read_volume(series_of(datasets, tmp_path), None)
    (mask,) = noise(volume.geometry.shape, 1)
    site = Code("39607008", "SCT", "Lung")
    one = segment(1, mask, site=site, laterality=LEFT, label="Uptake 1")
    result = Result(
        segmentation=SegmentationResult(role="pet", geometry=volume.geometry, segments=(one,))
    )
    report = report_of(tmp_path, datasets, source=volume, result=result)
    (tmp_path / "seg.dcm").write_bytes(encoded_seg(report))
    (found,) = read_contours(read_header(tmp_path / "seg.dcm"), volume.geometry).contours
    assert (found.label, found.tracking_id) == ("Uptake 1", one.tracking_id)
    assert (found.category, found.type) == (one.category, one.type)
    assert (found.site, found.laterality) == (site, LEFT)
    assert found.algorithm_type is AlgorithmType.AUTOMATIC
    assert found.tracking_uid is not None
