"""Frames of a segmentation: each placed by its own groups, and each fault by its name."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contoured import mask_of, masks_of
from dicom_parts import decimals, item
from factories_contours import FRAME, segmentation
from pydicom import Dataset
from pydicom.uid import RLELossless
from volumes import grid

from dicom_node.domain.contour import ContourSet
from dicom_node.domain.errors import (
    InconsistentGeometry,
    InputRejected,
    MissingAttribute,
    UnsupportedObject,
)
from dicom_node.domain.geometry import Geometry
from dicom_node.reading.contours import read_contours
from dicom_node.reading.header import Header

GRID = grid((8, 10, 12), spacing_mm=(3, 2, 2), frame_of_reference_uid=FRAME)


def block(*, shift: int = 0) -> np.ndarray:
    """A body that is alike in no two directions."""
    mask = np.zeros(GRID.shape, bool)
    mask[2 + shift : 5 + shift, 3:7, 4:9] = True
    mask[2 + shift, 3, 4:6] = False
    mask[6, 5, 1] = True
    return mask


def read(made: Dataset, geometry: Geometry = GRID) -> ContourSet:
    return read_contours(Header(made), geometry)


def test_frames_of_a_tilted_gantry_are_placed_one_by_one() -> None:
    made = segmentation({1: block()}, GRID, keep_empty=True)
    for index, frame in enumerate(made.PerFrameFunctionalGroupsSequence):
        place = GRID.index_to_lps((index, index % 3, 0))  # beside each other by whole rows
        frame.PlanePositionSequence[0].ImagePositionPatient = decimals(place)
    (contour,) = read(made).contours
    expected = np.stack([np.roll(plane, k % 3, axis=0) for k, plane in enumerate(block())])
    np.testing.assert_array_equal(mask_of(contour, GRID), expected)


def test_frames_with_their_own_orientation_and_spacing_are_placed_by_them() -> None:
    made = segmentation({1: block()}, GRID, keep_empty=True)
    shared = made.SharedFunctionalGroupsSequence.pop()
    for number, frame in enumerate(made.PerFrameFunctionalGroupsSequence):
        frame.PixelMeasuresSequence = shared.PixelMeasuresSequence
        frame.PlaneOrientationSequence = shared.PlaneOrientationSequence
        if number == 6:  # its one voxel lies in row 5, column 1 of ten rows
            frame.PlaneOrientationSequence = [
                item(ImageOrientationPatient=decimals((1, 0, 0, 0, -1, 0)))
            ]
            place = decimals(GRID.index_to_lps((6, 9, 0)))
            frame.PlanePositionSequence[0].ImagePositionPatient = place
    (contour,) = read(made).contours
    expected = block()
    expected[6] = np.flipud(expected[6])
    np.testing.assert_array_equal(mask_of(contour, GRID), expected)


def test_a_wrong_spacing_of_slices_gives_way_to_the_positions() -> None:
    made = segmentation({1: block()}, GRID, keep_empty=True)
    made.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].SpacingBetweenSlices = 5
    np.testing.assert_array_equal(masks_of(read(made))[1], block())


def test_frames_apart_by_several_slices_are_each_one_slice_thick() -> None:
    mask = np.zeros(GRID.shape, bool)
    mask[[1, 5], 4, 4] = True
    np.testing.assert_array_equal(masks_of(read(segmentation({1: mask}, GRID)))[1], mask)


def shared_item(made: Dataset, sequence: str) -> Dataset:
    return made.SharedFunctionalGroupsSequence[0][sequence].value[0]


def own_item(made: Dataset, sequence: str, number: int = 1) -> Dataset:
    return made.PerFrameFunctionalGroupsSequence[number][sequence].value[0]


def test_uneven_frames_are_refused_with_the_place() -> None:
    made = segmentation({1: block()}, GRID, keep_empty=True)
    for number in (5, 6, 7):
        place = GRID.index_to_lps((number + 0.45, 0, 0))
        own_item(made, "PlanePositionSequence", number).ImagePositionPatient = decimals(place)
    with pytest.raises(InconsistentGeometry, match=r"4.35 mm between z = 1.5 mm and z = 5.85 mm"):
        read(made)


def test_two_frames_of_one_segment_at_one_place_are_refused() -> None:
    made = segmentation({1: block(), 2: block()}, GRID)
    for frame in made.PerFrameFunctionalGroupsSequence:
        frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber = 1
    with pytest.raises(InconsistentGeometry, match="frames 1 and 5 of segment 1 both lie at z"):
        read(made)


@pytest.mark.parametrize(
    ("sequence", "message"),
    [
        ("PixelMeasuresSequence", "PixelMeasuresSequence .*frame 1 needs an item"),
        ("PlaneOrientationSequence", "PlaneOrientationSequence .*frame 1 needs an item"),
    ],
)
def test_frames_that_do_not_tell_their_plane_are_refused(sequence: str, message: str) -> None:
    made = segmentation({1: block()}, GRID)
    del made.SharedFunctionalGroupsSequence[0][sequence]
    with pytest.raises(MissingAttribute, match=message):
        read(made)


@pytest.mark.parametrize(
    ("sequence", "message"),
    [
        ("PlanePositionSequence", "PlanePositionSequence .*frame 2 needs an item"),
        ("SegmentIdentificationSequence", "SegmentIdentificationSequence .*frame 2 needs"),
    ],
)
def test_a_frame_that_does_not_tell_place_or_segment_is_refused(
    sequence: str, message: str
) -> None:
    made = segmentation({1: block()}, GRID)
    del made.PerFrameFunctionalGroupsSequence[1][sequence]
    with pytest.raises(MissingAttribute, match=message):
        read(made)


def test_one_plane_without_thickness_is_refused() -> None:
    mask = np.zeros(GRID.shape, bool)
    mask[3, 4, 5] = True
    made = segmentation({1: mask}, GRID)
    measures = shared_item(made, "PixelMeasuresSequence")
    del measures.SliceThickness, measures.SpacingBetweenSlices
    with pytest.raises(MissingAttribute, match="SliceThickness"):
        read(made)


def test_a_broken_position_is_refused() -> None:
    made = segmentation({1: block()}, GRID)
    own_item(made, "PlanePositionSequence").ImagePositionPatient = [0, 0, 1e300]
    with pytest.raises(InconsistentGeometry, match="nowhere in a patient"):
        read(made)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"SegmentSequence": None}, MissingAttribute, "SegmentSequence"),
        ({"SegmentationType": "SURFACE"}, UnsupportedObject, "allowed: BINARY, FRACTIONAL, LABEL"),
        ({"NumberOfFrames": 3}, InconsistentGeometry, "NumberOfFrames .*there are 4"),
        ({"PerFrameFunctionalGroupsSequence": None}, MissingAttribute, "the place of each frame"),
        ({"PixelData": None}, MissingAttribute, "PixelData"),
        ({"PixelData": b"\0\0"}, InputRejected, "cut off: frame 1 needs 15 bytes"),
        ({"BitsAllocated": 32, "BitsStored": 32}, UnsupportedObject, "BitsAllocated .*1, 8, 16"),
        ({"SamplesPerPixel": 3}, UnsupportedObject, "SamplesPerPixel"),
        ({"DimensionOrganizationType": "TILED_FULL"}, UnsupportedObject, "tiles of a slide"),
        (
            {"ConcatenationUID": "1.2", "InConcatenationTotalNumber": 2},
            UnsupportedObject,
            "one part of a concatenation",
        ),
    ],
)
def test_faults_of_the_object_are_refused_by_name(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        read(segmentation({1: block()}, GRID, **changes))


def test_pixels_of_a_segment_that_is_not_described_are_refused() -> None:
    with pytest.raises(InputRejected, match="pixels of segment 2 have no item"):
        read(segmentation({1: block(), 2: block()}, GRID, segments=[1]))


def test_two_segments_of_one_number_are_refused() -> None:
    with pytest.raises(InputRejected, match=r"SegmentNumber .*1, 1"):
        read(segmentation({1: block()}, GRID, segments=[1, 1]))


def test_a_tile_of_a_slide_is_refused() -> None:
    made = segmentation({1: block()}, GRID)
    made.PerFrameFunctionalGroupsSequence[0].PlanePositionSlideSequence = [item()]
    with pytest.raises(UnsupportedObject, match="frame 1 is a tile of a slide"):
        read(made)


def test_single_bits_that_are_compressed_are_refused(tmp_path: Path) -> None:
    made = segmentation({1: block()}, GRID)
    made.file_meta.TransferSyntaxUID = RLELossless
    with pytest.raises(UnsupportedObject, match=r"RLE Lossless.*1 bit"):
        read(made)


@pytest.mark.parametrize("most", [0, None])
def test_fractions_of_nothing_are_refused(most: int | None) -> None:
    made = segmentation({1: block()}, GRID, kind="FRACTIONAL", MaximumFractionalValue=most)
    with pytest.raises(InputRejected, match="MaximumFractionalValue"):
        read(made)
