"""Frames of every kind of object: where each lies, and which volume it belongs to."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from factories import (
    ct_series,
    dynamic_pet,
    enhanced_pet,
    gated_pet,
    item,
    nm_projections,
    nm_recon_tomo,
    pet_series,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from orientations import CORONAL, orientations
from phantoms import axes_mm
from pydicom import Dataset
from pydicom.tag import Tag

from dicom_node.domain.errors import InconsistentGeometry, MissingAttribute, UnsupportedObject
from dicom_node.domain.geometry import Geometry
from dicom_node.reading.frames import planes_of, volumes_of
from dicom_node.reading.header import Header
from dicom_node.reading.plane import Plane
from dicom_node.reading.stack import Stack, arrange

ORIGIN = (-10.0, 5.0, 40.0)


def planes(*datasets: Dataset) -> tuple[Plane, ...]:
    return planes_of([Header(one) for one in datasets])


def stacks(*datasets: Dataset) -> list[Stack]:
    return [arrange(one) for one in volumes_of(planes(*datasets))]


def frame_numbers(stack: Stack) -> list[int | None]:
    return [one.frame_number for one in stack.planes]


def assert_grid(
    geometry: Geometry, *, spacing: Sequence[float], orientation: Sequence[float], slices: int
) -> None:
    """The grid of an object that was made with this signed spacing, whatever its sign."""
    made = axes_mm(spacing_mm=spacing, origin_mm=ORIGIN, orientation=orientation)
    first = made @ (0 if spacing[0] > 0 else slices - 1, 0, 0, 1)
    upward = axes_mm(
        spacing_mm=(abs(spacing[0]), *spacing[1:]), origin_mm=first[:3], orientation=orientation
    )
    np.testing.assert_allclose(geometry.affine, upward, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(
    orientation=orientations,
    spacing=st.tuples(
        st.floats(0.5, 10).flatmap(lambda size: st.sampled_from([size, -size])),
        st.floats(0.5, 10),
        st.floats(0.5, 10),
    ),
    slices=st.integers(1, 20),
)
def test_nm_slices_follow_the_sign_of_their_spacing(
    *, orientation: tuple[float, ...], spacing: tuple[float, float, float], slices: int
) -> None:
    (stack,) = stacks(nm_recon_tomo(slices=slices, orientation=orientation, spacing_mm=spacing))
    assert_grid(stack.geometry, spacing=spacing, orientation=orientation, slices=slices)
    upward = list(range(1, slices + 1))
    assert frame_numbers(stack) == (upward if spacing[0] > 0 else upward[::-1])
    assert stack.geometry.placed


def test_nm_frames_are_placed_by_their_slice_vector() -> None:
    (stack,) = stacks(nm_recon_tomo(slices=4, SliceVector=[3, 1, 4, 2]))
    assert frame_numbers(stack) == [2, 4, 1, 3]


@pytest.mark.parametrize("step", [4.0, -4.0])
def test_gates_of_nm_are_split_in_order(step: float) -> None:
    gates = stacks(nm_recon_tomo(slices=3, gates=2, spacing_mm=(step, 3.0, 2.0)))
    numbers = [[1, 2, 3], [4, 5, 6]]
    expected = numbers if step > 0 else [one[::-1] for one in numbers]
    assert [frame_numbers(one) for one in gates] == expected
    assert gates[0].geometry.same_grid(gates[1].geometry)


def test_gates_are_found_whatever_the_order_of_frames() -> None:
    slots, numbers = [2, 1, 2, 1, 2, 1], [1, 1, 2, 2, 3, 3]
    mixed = nm_recon_tomo(slices=3, gates=2, TimeSlotVector=slots, SliceVector=numbers)
    assert [frame_numbers(one) for one in stacks(mixed)] == [[2, 4, 6], [1, 3, 5]]


def test_nm_without_orientation_keeps_its_spacings_and_is_not_placed() -> None:
    (stack,) = stacks(nm_recon_tomo(orientation=None))
    assert not stack.geometry.placed
    assert stack.geometry.spacing_mm == (4.0, 3.0, 2.0)
    assert stack.geometry.frame_of_reference_uid is None


def test_nm_without_any_detector_item_is_not_placed() -> None:
    (stack,) = stacks(nm_recon_tomo(DetectorInformationSequence=None))
    assert not stack.geometry.placed


def test_nm_with_orientation_but_no_position_is_not_placed() -> None:
    detector = item(ImageOrientationPatient=list(CORONAL), ImagePositionPatient="")
    (stack,) = stacks(nm_recon_tomo(DetectorInformationSequence=[detector]))
    assert not stack.geometry.placed
    assert stack.geometry.image_orientation_patient == pytest.approx(CORONAL)


def test_half_an_orientation_is_refused_not_taken_as_none() -> None:
    detector = item(ImageOrientationPatient=[1, 0, 0], ImagePositionPatient=[0, 0, 0])
    with pytest.raises(MissingAttribute, match=r"ImageOrientationPatient .* 6 numbers are needed"):
        planes(nm_recon_tomo(DetectorInformationSequence=[detector]))


def test_thickness_stands_in_for_a_missing_nm_spacing_with_a_warning() -> None:
    (stack,) = stacks(nm_recon_tomo(SpacingBetweenSlices=None))
    assert stack.geometry.spacing_mm[0] == 4.0
    assert "SliceThickness" in stack.planes[0].warnings[0]


@pytest.mark.parametrize(
    "change",
    [{"SpacingBetweenSlices": None, "SliceThickness": None}, {"SpacingBetweenSlices": 0}],
)
def test_nm_without_a_distance_of_slices_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MissingAttribute, match="SpacingBetweenSlices"):
        planes(nm_recon_tomo(**change))


@pytest.mark.parametrize("kind", ["TOMO", "GATED TOMO", "STATIC", "WHOLE BODY", "DYNAMIC", "GATED"])
def test_nm_projections_and_planar_images_are_refused(kind: str) -> None:
    with pytest.raises(UnsupportedObject, match=f"value 3 is '{kind}'"):
        planes(nm_projections(ImageType=["ORIGINAL", "PRIMARY", kind, "EMISSION"]))


def test_nm_without_a_third_image_type_value_is_refused() -> None:
    with pytest.raises(UnsupportedObject, match="RECON TOMO"):
        planes(nm_recon_tomo(ImageType=["DERIVED", "PRIMARY"]))


@pytest.mark.parametrize("pointer", [None, Tag("TimeSlotVector")])
def test_nm_frames_without_a_slice_vector_are_refused(pointer: object) -> None:
    with pytest.raises(MissingAttribute, match=r"SliceVector \(0054,0080\)"):
        planes(nm_recon_tomo(FrameIncrementPointer=pointer))


@pytest.mark.parametrize("vector", [[1, 2, 3], None])
def test_an_index_vector_of_another_length_is_refused(vector: list[int] | None) -> None:
    with pytest.raises(InconsistentGeometry, match="SliceVector"):
        planes(nm_recon_tomo(SliceVector=vector))


def test_two_nm_frames_with_one_slice_number_are_refused() -> None:
    with pytest.raises(InconsistentGeometry, match=r"2 slices at z = 44 mm \(frame 2, frame 3\)"):
        stacks(nm_recon_tomo(SliceVector=[1, 2, 2, 3, 4, 5]))


@settings(max_examples=20, deadline=None)
@given(orientation=orientations, slices=st.integers(1, 6))
def test_enhanced_frames_lie_where_their_functional_groups_say(
    *, orientation: tuple[float, ...], slices: int
) -> None:
    (stack,) = stacks(enhanced_pet(orientation=orientation, slices=slices))
    assert_grid(stack.geometry, spacing=(4.0, 3.0, 2.0), orientation=orientation, slices=slices)


def test_enhanced_frames_may_come_in_any_order() -> None:
    one = enhanced_pet(slices=4)
    frames = one.PerFrameFunctionalGroupsSequence
    one.PerFrameFunctionalGroupsSequence = [frames[index] for index in (2, 0, 3, 1)]
    assert frame_numbers(stacks(one)[0]) == [2, 4, 1, 3]


def test_enhanced_time_points_are_split() -> None:
    volumes = stacks(enhanced_pet(slices=3, time_points=2))
    assert [frame_numbers(one) for one in volumes] == [[1, 2, 3], [4, 5, 6]]


def test_temporal_indices_of_different_beds_do_not_split_a_volume() -> None:
    one = enhanced_pet(slices=4)
    for index, frame in enumerate(one.PerFrameFunctionalGroupsSequence):
        frame.FrameContentSequence[0].TemporalPositionIndex = 1 + index // 2
    assert len(stacks(one)) == 1


def test_parts_of_a_concatenation_form_one_volume() -> None:
    whole, later = enhanced_pet(slices=6), enhanced_pet(slices=6)
    whole.PerFrameFunctionalGroupsSequence = whole.PerFrameFunctionalGroupsSequence[:4]
    later.PerFrameFunctionalGroupsSequence = later.PerFrameFunctionalGroupsSequence[4:]
    (stack,) = stacks(later, whole)
    assert frame_numbers(stack) == [1, 2, 3, 4, 1, 2]
    assert stack.geometry.shape[0] == 6


@pytest.mark.parametrize("reverse", [False, True])
def test_dynamic_pet_is_split_by_frame_reference_time(reverse: bool) -> None:
    made = dynamic_pet(time_slices=3, slices=4)
    volumes = stacks(*(made[::-1] if reverse else made))
    times = [{one.header.number("FrameReferenceTime") for one in stack.planes} for stack in volumes]
    assert times == [{0.0}, {60000.0}, {120000.0}]
    assert all(stack.geometry.shape == (4, 16, 12) for stack in volumes)


def test_gated_pet_is_split_by_trigger_time() -> None:
    volumes = stacks(*gated_pet(time_slots=3, slices=4))
    times = [{one.header.number("TriggerTime") for one in stack.planes} for stack in volumes]
    assert times == [{0.0}, {100.0}, {200.0}]


@pytest.mark.parametrize(
    ("made", "keyword"), [(dynamic_pet, "FrameReferenceTime"), (gated_pet, "TriggerTime")]
)
def test_a_frame_without_its_time_is_refused(made: Any, keyword: str) -> None:
    with pytest.raises(MissingAttribute, match=keyword):
        planes(*made(**{keyword: None}))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"ImagePositionPatient": None}, "ImagePositionPatient"),
        ({"ImagePositionPatient": [1, 2]}, "ImagePositionPatient"),
        ({"ImageOrientationPatient": None}, "ImageOrientationPatient"),
        ({"PixelSpacing": None}, "PixelSpacing"),
        ({"Rows": None}, "Rows"),
        ({"Columns": None}, "Columns"),
    ],
)
def test_a_slice_that_does_not_tell_where_it_lies_is_named(
    change: dict[str, Any], named: str
) -> None:
    made = ct_series(slices=3)
    for keyword, value in change.items():
        setattr(made[1], keyword, value)
    with pytest.raises(MissingAttribute, match=rf"^{named} .*instance number 2"):
        planes(*made)


def test_spacing_must_be_positive() -> None:
    with pytest.raises(InconsistentGeometry, match="PixelSpacing"):
        planes(*ct_series(PixelSpacing=[3.0, 0.0]))


def test_a_localizer_is_refused() -> None:
    with pytest.raises(UnsupportedObject, match="LOCALIZER"):
        planes(*ct_series(ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]))


def test_reprojections_are_refused() -> None:
    with pytest.raises(UnsupportedObject, match="REPROJECTION"):
        planes(*pet_series(SeriesType=["STATIC", "REPROJECTION"]))


def test_several_frames_in_a_single_frame_class_are_refused() -> None:
    with pytest.raises(UnsupportedObject, match="NumberOfFrames"):
        planes(*ct_series(slices=1, NumberOfFrames=2))


def test_a_class_without_volumes_is_named() -> None:
    with pytest.raises(UnsupportedObject, match="Secondary Capture Image Storage holds no volume"):
        planes(*ct_series(slices=1, SOPClassUID="1.2.840.10008.5.1.4.1.1.7"))
