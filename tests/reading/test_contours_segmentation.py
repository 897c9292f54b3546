"""Segmentations of others on a grid: every type, order of frames and kind of segment."""

from pathlib import Path

import numpy as np
import pytest
from contoured import masks_of
from dicom_parts import code
from factories_contours import FRAME, segmentation
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.uid import RLELossless
from volumes import grid

from dicom_node.domain.coding import ANATOMICAL_STRUCTURE, LEFT, Code
from dicom_node.domain.contour import ContourSet
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import AlgorithmType
from dicom_node.reading.contours import read_contours
from dicom_node.reading.header import Header, read_header

GRID = grid((8, 10, 12), spacing_mm=(3, 2, 2), frame_of_reference_uid=FRAME)
KINDS = ("BINARY", "FRACTIONAL", "LABELMAP")


def block(*, shift: int = 0) -> np.ndarray:
    """A body that is alike in no two directions."""
    mask = np.zeros(GRID.shape, bool)
    mask[2 + shift : 5 + shift, 3:7, 4:9] = True
    mask[2 + shift, 3, 4:6] = False
    mask[6, 5, 1] = True
    return mask


def read(made: Dataset, geometry: Geometry = GRID) -> ContourSet:
    return read_contours(Header(made), geometry)


@pytest.mark.parametrize("kind", KINDS)
def test_a_segmentation_on_the_grid_is_taken_voxel_by_voxel(kind: str) -> None:
    found = read(segmentation({3: block()}, GRID, kind=kind))
    np.testing.assert_array_equal(masks_of(found)[3], block())
    assert found.contours[0].warnings == ()


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_gives_the_same_as_its_data_set(kind: str, tmp_path: Path) -> None:
    made = segmentation({1: block()}, GRID, kind=kind)
    made.save_as(tmp_path / "seg.dcm", enforce_file_format=True)
    found = read_contours(read_header(tmp_path / "seg.dcm"), GRID)
    np.testing.assert_array_equal(masks_of(found)[1], block())


@pytest.mark.parametrize("kind", ["FRACTIONAL", "LABELMAP"])
def test_compressed_pixels_are_decoded(kind: str, tmp_path: Path) -> None:
    made = segmentation({1: block()}, GRID, kind=kind)
    made.compress(RLELossless)
    made.save_as(tmp_path / "seg.dcm", enforce_file_format=True)
    found = read_contours(read_header(tmp_path / "seg.dcm"), GRID)
    np.testing.assert_array_equal(masks_of(found)[1], block())


@settings(max_examples=40, deadline=None)
@given(data=st.data(), kind=st.sampled_from(KINDS), keep_empty=st.booleans())
def test_the_order_of_frames_does_not_matter(
    *, data: st.DataObject, kind: str, keep_empty: bool
) -> None:
    masks = {1: block(), 2: block(shift=1) & ~block()}
    count = segmentation(masks, GRID, kind=kind, keep_empty=keep_empty).NumberOfFrames
    order = data.draw(st.permutations(range(count)))
    found = read(segmentation(masks, GRID, kind=kind, keep_empty=keep_empty, order=order))
    for number, mask in masks.items():
        np.testing.assert_array_equal(masks_of(found)[number], mask)


def test_segments_that_overlap_are_kept_apart() -> None:
    masks = {1: block(), 2: block(shift=1)}
    found = masks_of(read(segmentation(masks, GRID)))
    assert (found[1] & found[2]).any()
    for number, mask in masks.items():
        np.testing.assert_array_equal(found[number], mask)


def test_a_segment_without_voxels_is_listed_as_empty() -> None:
    found = read(segmentation({1: block()}, GRID, segments=[1, 2]))
    first, second = found.contours
    assert first.region is not None
    assert second.absent is not None
    assert (second.absent.code, second.absent.message) == ("empty", "segment 2 is empty")


def test_frames_that_are_all_empty_are_an_empty_segment() -> None:
    (contour,) = read(segmentation({1: block() & False}, GRID, keep_empty=True)).contours
    assert contour.absent is not None
    assert contour.absent.code == "empty"


def test_fractions_count_from_a_half_on() -> None:
    fraction = np.zeros(GRID.shape)
    fraction[1, 2, 3:7] = [0.2, 0.49, 0.5, 1.0]
    found = read(segmentation({1: fraction}, GRID, kind="FRACTIONAL", most=200))
    assert found.contours[0].region is not None
    assert found.contours[0].region.origin == (1, 2, 5)
    assert found.contours[0].region.voxels == 2
    assert found.warnings == (
        "the segmentation is fractional (probability); pixels from half of its maximum on count",
    )


def test_the_background_of_a_label_map_is_no_contour() -> None:
    background = {"SegmentedPropertyTypeCodeSequence": [code("125040", "DCM", "Background")]}
    made = segmentation(
        {1: block(), 5: block(shift=2) & ~block()},
        GRID,
        kind="LABELMAP",
        segments=[0, 1, 5],
        facts={0: background, 5: background},
        PixelPaddingValue=5,
    )
    found = read(made)
    assert [one.number for one in found.contours] == [1]
    np.testing.assert_array_equal(masks_of(found)[1], block())


def test_what_a_source_says_of_a_segment_is_kept() -> None:
    side = code("7771000", "SCT", "Left")
    site = code("39607008", "SCT", "Lung")
    site.AnatomicRegionModifierSequence = [side]
    facts = {
        "SegmentLabel": "hilar mass",
        "SegmentAlgorithmType": "SEMIAUTOMATIC",
        "TrackingID": "lesion 7",
        "TrackingUID": "1.2.3.7",
        "AnatomicRegionSequence": [site],
    }
    (found,) = read(segmentation({1: block()}, GRID, facts={1: facts})).contours
    assert (found.label, found.tracking_id, found.tracking_uid) == (
        "hilar mass",
        "lesion 7",
        "1.2.3.7",
    )
    assert found.algorithm_type is AlgorithmType.SEMIAUTOMATIC
    assert found.type == Code("52988006", "SCT", "")
    assert (found.site, found.laterality) == (Code("39607008", "SCT", ""), LEFT)


@pytest.mark.parametrize(
    ("value", "scheme"), [("123037004", "SCT"), ("T-D000A", "SRT"), ("91723000", "SCT")]
)
def test_former_spellings_of_a_category_are_understood(value: str, scheme: str) -> None:
    facts = {"SegmentedPropertyCategoryCodeSequence": [code(value, scheme, "Anatomical Structure")]}
    (found,) = read(segmentation({1: block()}, GRID, facts={1: facts})).contours
    assert found.category == ANATOMICAL_STRUCTURE
