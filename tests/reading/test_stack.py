"""Planes to a grid: any orientation and order, and each fault by its name and place."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from factories import item
from hypothesis import given, settings
from hypothesis import strategies as st
from orientations import AXIAL, CORONAL, FEET_UP, SAGITTAL, normal_of, orientations
from phantoms import axes_mm

from dicom_node.domain.errors import IncompleteSeries, InconsistentGeometry, MissingAttribute
from dicom_node.reading.header import Header
from dicom_node.reading.plane import Layout, Plane
from dicom_node.reading.stack import arrange, in_order

ORIGIN = (-10.0, 5.0, 40.0)


def planes(
    count: int = 6,
    *,
    orientation: Sequence[float] = AXIAL,
    step: float = 4.0,
    origin: Sequence[float] = ORIGIN,
    noise: Sequence[float] = (),
) -> list[Plane]:
    """Planes at origin + k step along the normal, plus noise (mm along the normal)."""
    layout = Layout(
        rows=16,
        columns=12,
        spacing_mm=(3.0, 2.0),
        orientation=tuple(orientation),
        frame_of_reference_uid="1.2",
    )
    normal = normal_of(tuple(orientation))
    along = step * np.arange(count) + (np.array(noise) if len(noise) else 0.0)
    return [
        Plane(
            header=Header(item(InstanceNumber=number)),
            frame_number=None,
            layout=layout,
            position_mm=tuple(np.array(origin) + place * normal),
        )
        for number, place in enumerate(along, start=1)
    ]


def moved(plane: Plane, *offset: float) -> Plane:
    return replace(plane, position_mm=tuple(np.array(plane.position_mm) + offset))


@settings(max_examples=100)
@given(
    orientation=orientations,
    step=st.floats(0.3, 20),
    count=st.integers(2, 40),
    origin=st.tuples(*[st.floats(-900, 900)] * 3),
    random=st.randoms(use_true_random=False),
)
def test_any_order_gives_the_grid_along_the_normal(
    *, orientation: tuple[float, ...], step: float, count: int, origin: object, random: object
) -> None:
    given_planes = planes(count, orientation=orientation, step=step, origin=origin)
    shuffled = list(given_planes)
    random.shuffle(shuffled)
    stack = arrange(shuffled)
    truth = axes_mm(spacing_mm=(step, 3.0, 2.0), origin_mm=origin, orientation=orientation)
    np.testing.assert_allclose(stack.geometry.affine, truth, atol=1e-6)
    assert stack.geometry.shape == (count, 16, 12)
    assert [one.header.whole("InstanceNumber") for one in stack.planes] == list(range(1, count + 1))


@given(
    orientation=orientations,
    count=st.integers(4, 30),
    missing=st.data(),
    promised=st.booleans(),
)
def test_a_missing_slice_is_named_with_its_count(
    *, orientation: tuple[float, ...], count: int, missing: st.DataObject, promised: bool
) -> None:
    given_planes = planes(count, orientation=orientation)
    del given_planes[missing.draw(st.integers(1, count - 2))]
    with pytest.raises(IncompleteSeries, match=f"^{count - 1} of {count} slices, gap at "):
        arrange(given_planes, expected=count if promised else None)


@pytest.mark.parametrize(
    ("orientation", "place"),
    [
        (AXIAL, "z = 48 mm"),
        (FEET_UP, "z = 32 mm"),
        (CORONAL, "y = 13 mm"),
        (SAGITTAL, "x = -18 mm"),
        ((0.8, 0.6, 0, 0, 0, 1), "mm along the normal"),
    ],
)
def test_a_gap_is_named_in_millimetres_of_the_patient(
    orientation: Sequence[float], place: str
) -> None:
    given_planes = planes(orientation=orientation)
    del given_planes[2]
    with pytest.raises(IncompleteSeries, match=place):
        arrange(given_planes)


def test_the_sentence_of_the_requirement_is_said() -> None:
    given_planes = planes(275, step=3.27, origin=(0, 0, -412.5 - 100 * 3.27))
    del given_planes[100]
    with pytest.raises(IncompleteSeries, match=r"^274 of 275 slices, gap at z = -412\.5 mm$"):
        arrange(given_planes, expected=275)


def test_several_gaps_and_missing_ends_are_counted() -> None:
    given_planes = planes(20)
    kept = given_planes[:3] + given_planes[4:9] + given_planes[12:]
    with pytest.raises(IncompleteSeries) as caught:
        arrange(kept, expected=22)
    assert str(caught.value) == (
        "16 of 22 slices, gaps at z = 52 mm, z = 76 mm, z = 80 mm and 1 more; 2 more missing at an "
        "end"
    )


def test_fewer_slices_than_promised_without_a_gap_are_incomplete() -> None:
    with pytest.raises(IncompleteSeries, match=r"6 of 8 slices, gap-free at z = 40 mm to z = 60"):
        arrange(planes(6), expected=8)
    with pytest.raises(IncompleteSeries, match=r"1 of 8 slices, gap-free at z = 40 mm:"):
        arrange(planes(1), expected=8)


def test_more_slices_than_promised_are_taken() -> None:
    assert arrange(planes(6), expected=3).geometry.shape[0] == 6


def test_two_slices_at_one_place_are_named() -> None:
    doubled = planes()
    doubled[3] = moved(doubled[2], 0, 0, 0.01)
    with pytest.raises(InconsistentGeometry, match=r"2 slices at z = 48 mm \(instance number 3, "):
        arrange(doubled)


def test_a_whole_second_volume_is_counted() -> None:
    with pytest.raises(InconsistentGeometry, match="6 of 12 slices lie where another one lies"):
        arrange(planes() + planes())


@settings(max_examples=60)
@given(step=st.floats(1, 10), noise=st.lists(st.floats(-1, 1), min_size=12, max_size=12))
def test_spacing_within_one_per_cent_is_even(step: float, noise: list[float]) -> None:
    small = 0.2 * max(0.01 * step, 0.05) * np.array(noise)
    stack = arrange(planes(12, step=step, noise=small))
    assert stack.geometry.spacing_mm[0] == pytest.approx(step, rel=0.01, abs=0.05)


@pytest.mark.parametrize("off", [0.3, -0.3, 1.7])
def test_an_uneven_spacing_is_named_with_both_places(off: float) -> None:
    uneven = planes()
    uneven[3] = moved(uneven[3], 0, 0, off)
    with pytest.raises(InconsistentGeometry, match=r"not evenly spaced: .* between z = 48 mm and"):
        arrange(uneven)


def test_small_deviations_of_one_sign_do_not_add_up() -> None:
    bent = np.concatenate([np.zeros(50), 0.035 * np.arange(1, 51)])
    with pytest.raises(InconsistentGeometry, match="not evenly spaced"):
        arrange(planes(100, step=4.0, noise=bent))


def test_a_sheared_stack_is_refused_as_gantry_tilt() -> None:
    tilted = [moved(plane, 0, 0.5 * index, 0) for index, plane in enumerate(planes())]
    with pytest.raises(InconsistentGeometry, match="gantry tilt"):
        arrange(tilted)


def test_rounded_cosines_and_positions_are_no_shear() -> None:
    orientation = (0.9962, 0.0, 0.0872, 0.0, 1.0, 0.0)
    exact = planes(40, orientation=orientation)
    rounded = [
        replace(one, position_mm=tuple(round(value, 2) for value in one.position_mm))
        for one in exact
    ]
    assert arrange(rounded).geometry.spacing_mm[0] == pytest.approx(4.0, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "keyword"),
    [
        ({"rows": 17}, "Rows"),
        ({"columns": 13}, "Columns"),
        ({"spacing_mm": (3.0, 2.1)}, "PixelSpacing"),
        ({"orientation": CORONAL}, "ImageOrientationPatient"),
        ({"frame_of_reference_uid": "1.3"}, "FrameOfReferenceUID"),
        ({"frame_of_reference_uid": None}, "FrameOfReferenceUID"),
    ],
)
def test_a_slice_that_differs_is_named_with_attribute_and_place(
    change: dict[str, object], keyword: str
) -> None:
    mixed = planes()
    mixed[3] = replace(mixed[3], layout=replace(mixed[3].layout, **change))
    with pytest.raises(InconsistentGeometry, match=f"mixed {keyword}") as caught:
        arrange(mixed)
    assert "at 1 of 6 slices, first at (-10, 5, 52) mm, instance number 4" in str(caught.value)


def test_rounding_of_spacing_and_cosines_is_no_difference() -> None:
    mixed = planes()
    mixed[3] = replace(
        mixed[3],
        layout=replace(
            mixed[3].layout, spacing_mm=(3.00001, 2.0), orientation=(1, 0, 1e-6, -0.0, 1, 0)
        ),
    )
    assert arrange(mixed).geometry.spacing_mm == pytest.approx((4, 3, 2))


@pytest.mark.parametrize("cosines", [(1, 0, 0, 1, 0, 0), (0, 0, 0, 0, 1, 0), (2, 0, 0, 0, 1, 0)])
def test_cosines_that_are_no_directions_are_refused(cosines: tuple[float, ...]) -> None:
    with pytest.raises(InconsistentGeometry, match="two orthogonal unit vectors"):
        arrange(planes(orientation=cosines))


def test_one_slice_takes_its_step_from_the_header() -> None:
    alone = replace(planes(1)[0], step_mm=5.0)
    assert arrange([alone]).geometry.spacing_mm == (5.0, 3.0, 2.0)


def test_one_slice_without_a_thickness_is_refused() -> None:
    with pytest.raises(MissingAttribute, match="SliceThickness"):
        arrange(planes(1))


def test_faulty_planes_are_still_listed_in_order() -> None:
    gapped = planes()
    del gapped[2]
    listed = in_order(gapped[::-1])
    assert [one.header.whole("InstanceNumber") for one in listed] == [1, 2, 4, 5, 6]
    broken = planes(orientation=(1, 0, 0, 1, 0, 0))
    assert in_order(broken) == tuple(broken)
