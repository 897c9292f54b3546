"""Structure sets on a grid: holes, several parts, planes between slices, and what has no area."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contoured import mask_of, masks_of
from dicom_parts import code, decimals, item
from factories_contours import FRAME, keyhole, on_plane, rectangle, structure_set
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from volumes import grid, places

from dicom_node.domain.coding import Code
from dicom_node.domain.contour import Contour, ContourSet
from dicom_node.domain.errors import MissingAttribute
from dicom_node.domain.geometry import Geometry
from dicom_node.reading.contours import read_contours
from dicom_node.reading.header import Header, read_header

GRID = grid((9, 20, 24), spacing_mm=(3, 2, 2), frame_of_reference_uid=FRAME)
HEIGHTS = (-6.0, -3.0, 0.0, 3.0)  # on the slices 2 to 5


def read(made: Dataset, geometry: Geometry = GRID) -> ContourSet:
    return read_contours(Header(made), geometry)


def only(polygons: Sequence[np.ndarray], geometry: Geometry = GRID, **given: Any) -> Contour:
    (found,) = read(structure_set({"GTV": polygons}, **given), geometry).contours
    return found


def drawn(*polygons: np.ndarray, heights: Sequence[float] = HEIGHTS) -> list[np.ndarray]:
    return [on_plane(one, z=z) for z in heights for one in polygons]


def between(low: Sequence[float], high: Sequence[float]) -> np.ndarray:
    """Voxels of the grid whose centres lie in a box, its lower sides included."""
    centres = places(GRID)
    return ((centres >= low) & (centres < high)).all(axis=-1)


OUTER, INNER = rectangle((-16, -13), (14, 11)), rectangle((-6.5, -5), (5, 6.5))
SOLID = between((-16, -13, -7.5), (14, 11, 4.5))
HOLE = between((-6.5, -5, -99), (5, 6.5, 99))


def test_a_box_holds_the_voxels_whose_centres_lie_in_it() -> None:
    found = only(drawn(OUTER))
    np.testing.assert_array_equal(mask_of(found, GRID), SOLID)
    assert found.warnings == ()


def test_a_file_gives_the_same_as_its_data_set(tmp_path: Path) -> None:
    structure_set({"GTV": drawn(OUTER)}).save_as(tmp_path / "rs.dcm", enforce_file_format=True)
    found = read_contours(read_header(tmp_path / "rs.dcm"), GRID)
    np.testing.assert_array_equal(masks_of(found)[1], SOLID)


@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"])
def test_an_outline_within_another_is_a_hole(kind: str) -> None:
    np.testing.assert_array_equal(
        mask_of(only(drawn(OUTER, INNER), kind=kind), GRID), SOLID & ~HOLE
    )


@pytest.mark.parametrize("inner", [INNER, INNER[::-1]])
def test_a_keyhole_leads_into_a_hole(inner: np.ndarray) -> None:
    found = only(drawn(keyhole(OUTER, inner)))
    np.testing.assert_array_equal(mask_of(found, GRID), SOLID & ~HOLE)


def test_an_island_in_a_hole_belongs_to_the_region() -> None:
    island = rectangle((-3, -2), (2.5, 3))
    found = only(drawn(OUTER, INNER, island))
    expected = SOLID & (~HOLE | between((-3, -2, -99), (2.5, 3, 99)))
    np.testing.assert_array_equal(mask_of(found, GRID), expected)


def test_several_outlines_on_a_plane_are_several_parts() -> None:
    left, right = rectangle((-16, -9), (-7, 9)), rectangle((5, -7), (15, 8))
    found = only(drawn(left, right))
    expected = between((-16, -9, -7.5), (-7, 9, 4.5)) | between((5, -7, -7.5), (15, 8, 4.5))
    np.testing.assert_array_equal(mask_of(found, GRID), expected)


def test_a_contour_that_is_given_twice_counts_once_and_is_told() -> None:
    found = only([*drawn(OUTER), *drawn(OUTER, heights=HEIGHTS[:2])])
    np.testing.assert_array_equal(mask_of(found, GRID), SOLID)
    assert found.warnings == ("ROI 1: 2 repeated contours are taken once",)


def test_outlines_that_cross_are_told() -> None:
    one, other = rectangle((-16, -9), (5, 9)), rectangle((-5, -7), (15, 8))
    found = only([*drawn(one), *drawn(other, heights=HEIGHTS[:3])])
    shared = between((-5, -7, -7.5), (5, 8, 1.5))
    assert not (mask_of(found, GRID) & shared).any()
    assert found.warnings == (
        "ROI 1: outlines cross on 3 planes; what they share counts as outside",
    )


def test_outlines_that_touch_do_not_cross() -> None:
    found = only(drawn(rectangle((-16, -9), (-5, 9)), rectangle((-5, -7), (15, 8))))
    assert found.warnings == ()


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_the_order_of_contours_and_their_direction_do_not_matter(*, data: st.DataObject) -> None:
    polygons = drawn(OUTER, INNER)
    order = data.draw(st.permutations(range(len(polygons))))
    turns = data.draw(st.lists(st.integers(0, 3), min_size=8, max_size=8))
    backwards = data.draw(st.lists(st.booleans(), min_size=8, max_size=8))
    mixed = [np.roll(polygons[n], turn, axis=0) for n, turn in zip(order, turns, strict=True)]
    mixed = [one[::-1] if back else one for one, back in zip(mixed, backwards, strict=True)]
    np.testing.assert_array_equal(mask_of(only(mixed), GRID), SOLID & ~HOLE)


def test_regions_that_overlap_are_kept_apart() -> None:
    made = structure_set({"one": drawn(OUTER), "two": drawn(INNER)})
    found = masks_of(read(made))
    np.testing.assert_array_equal(found[1], SOLID)
    np.testing.assert_array_equal(found[2], SOLID & HOLE)


def test_regions_with_a_common_edge_share_no_voxel() -> None:
    # The edge runs through voxel centres: x = -7, y = -3 and so on are centres of this grid.
    left, right = rectangle((-15, -13), (-7, 11)), rectangle((-7, -13), (13, 11))
    found = masks_of(read(structure_set({"left": drawn(left), "right": drawn(right)})))
    whole = mask_of(only(drawn(rectangle((-15, -13), (13, 11)))), GRID)
    assert not (found[1] & found[2]).any()
    np.testing.assert_array_equal(found[1] | found[2], whole)


def test_planes_finer_than_slices_are_met_where_the_slices_lie() -> None:
    heights = np.arange(-10.5, 10.6, 1.0)
    polygons = [on_plane(rectangle((-5.2 + z / 2, -5.5), (5.3 + z / 2, 5)), z=z) for z in heights]
    mask = mask_of(only(polygons), GRID)
    centres = places(GRID)
    for index, plane in enumerate(mask):
        z = centres[index, 0, 0, 2]
        expected = between((-5.2 + z / 2, -5.5, z - 1), (5.3 + z / 2, 5, z + 1))[index]
        np.testing.assert_array_equal(plane, expected if abs(z) <= 11 else expected & False)


def test_planes_coarser_than_slices_are_interpolated_and_it_is_told() -> None:
    wide, narrow = rectangle((-14, -14), (14, 14)), rectangle((-6, -6), (6, 6))
    found = only([on_plane(wide, z=-6), on_plane(narrow, z=0), on_plane(wide, z=6)])
    mask = mask_of(found, GRID)
    widths = [int(plane.any(axis=0).sum()) for plane in mask]
    assert widths == [0, 14, 14, 10, 6, 10, 14, 0, 0]  # from -9 mm on, to 9 mm
    assert found.warnings == (
        "ROI 1: contours are 6 mm apart, slices 3 mm; what lies between was interpolated",
    )


def test_a_part_without_a_counterpart_ends_half_way_to_the_next_plane() -> None:
    fine = grid((41, 20, 24), spacing_mm=(0.5, 2, 2), frame_of_reference_uid=FRAME)
    body, branch = rectangle((-16, -13), (-2, 11)), rectangle((8, -7), (18, 8))
    contours = [*drawn(body, heights=(-4.1, -0.1, 3.9)), *drawn(branch, heights=(3.9,))]
    mask = mask_of(only(contours, fine), fine)
    centres = places(fine)[mask]
    branch_heights = centres[centres[:, 0] > 7][:, 2]
    assert (branch_heights.min(), branch_heights.max()) == (2.0, 5.5)  # 1.9 to 5.9 mm; ends at 5.9
    assert mask.any(axis=(1, 2)).sum() == 24  # 12 mm


def test_planes_left_out_make_two_parts_and_are_told() -> None:
    found = only(drawn(OUTER, heights=(-9.0, -6.0, -3.0, 3.0, 6.0, 9.0)))
    slices = mask_of(found, GRID).any(axis=(1, 2))
    assert list(np.flatnonzero(slices)) == [1, 2, 3, 5, 6, 7]
    assert found.warnings == (
        "ROI 1: 1 plane is without contour after z = -3 mm; the parts on both sides end half way "
        "to the next plane",
    )


def test_a_single_plane_is_as_thick_as_the_source_says() -> None:
    mask = mask_of(only(drawn(OUTER, heights=(0.0,)), thickness_mm=9.0), GRID)
    assert list(np.flatnonzero(mask.any(axis=(1, 2)))) == [3, 4, 5]


def test_a_single_plane_is_as_thick_as_the_planes_of_the_other_regions() -> None:
    made = structure_set({"node": drawn(INNER, heights=(0.0,)), "mass": drawn(OUTER)})
    node = read(made).contours[0]
    assert list(np.flatnonzero(mask_of(node, GRID).any(axis=(1, 2)))) == [4]
    assert node.warnings == ()


def test_a_single_plane_of_which_nothing_is_told_is_one_slice_thick_with_a_warning() -> None:
    found = only(drawn(INNER, heights=(0.4,)))
    assert list(np.flatnonzero(mask_of(found, GRID).any(axis=(1, 2)))) == [4]
    assert "taken as that of a slice, 3 mm" in found.warnings[0]


def test_two_planes_far_apart_are_two_parts_by_the_distance_of_the_other_regions() -> None:
    made = structure_set({"nodes": drawn(INNER, heights=(-9.0, 9.0)), "mass": drawn(OUTER)})
    nodes = read(made).contours[0]
    assert list(np.flatnonzero(mask_of(nodes, GRID).any(axis=(1, 2)))) == [1, 7]
    assert "5 planes are without contour" in nodes.warnings[0]


def test_what_leaves_the_field_of_view_is_told_in_millilitres() -> None:
    found = only(drawn(rectangle((13, -5), (33, 5))))
    kept, whole = 6 * 5 * 4 * 0.012, 10 * 5 * 4 * 0.012
    assert found.region is not None
    assert found.region.voxels == 6 * 5 * 4
    assert found.warnings == (
        f"ROI 1 leaves the grid: {whole - kept:.3g} of {whole:.3g} ml are lost",
    )


def test_a_region_outside_of_the_field_of_view_is_listed_as_such() -> None:
    found = only(drawn(rectangle((113, -5), (133, 5))))
    assert found.absent is not None
    assert found.absent.code == "outside-grid"


def test_a_region_between_voxel_centres_is_told_with_its_volume() -> None:
    found = only(drawn(rectangle((-0.8, -0.7), (0.8, 0.8))))
    assert found.absent is not None
    assert found.absent.code == "between-voxels"
    assert "0.0288 ml, holds no voxel centre" in found.absent.message


def test_points_are_no_region_and_are_told() -> None:
    found = only([on_plane([(1, 2)], z=0)], kind="POINT")
    assert found.absent is not None
    assert found.absent.code == "no-area"
    assert found.absent.message == "ROI 1 has no closed contour, but 1 POINT"


def test_open_contours_beside_closed_ones_are_left_out_and_told() -> None:
    made = structure_set({"GTV": [*drawn(OUTER), on_plane(INNER, z=0)]})
    made.ROIContourSequence[0].ContourSequence[-1].ContourGeometricType = "OPEN_PLANAR"
    (found,) = read(made).contours
    np.testing.assert_array_equal(mask_of(found, GRID), SOLID)
    assert found.warnings == ("ROI 1: 1 OPEN_PLANAR enclose nothing and are left out",)


@pytest.mark.parametrize("kept", [True, False])
def test_a_region_without_contours_is_listed_as_empty(*, kept: bool) -> None:
    made = structure_set({"GTV": drawn(OUTER), "empty": []})
    if not kept:
        made.ROIContourSequence.pop()
    found = read(made).contours[1]
    assert found.absent is not None
    assert (found.absent.code, found.label) == ("empty", "empty")


def test_codes_of_a_region_are_kept() -> None:
    made = structure_set({"GTV": drawn(OUTER)})
    seen = made.RTROIObservationsSequence[0]
    seen.RTROIIdentificationCodeSequence = [code("86049000", "SCT", "Neoplasm, Primary")]
    seen.AnatomicRegionSequence = [code("39607008", "SCT", "Lung")]
    (found,) = read(made).contours
    assert found.type == Code("86049000", "SCT", "")
    assert found.site == Code("39607008", "SCT", "")


def test_the_only_frame_of_reference_of_an_object_serves_regions_that_name_none() -> None:
    made = structure_set({"GTV": drawn(OUTER)})
    del made.StructureSetROISequence[0].ReferencedFrameOfReferenceUID
    assert read(made).drawn
    made.ReferencedFrameOfReferenceSequence.append(item(FrameOfReferenceUID="1.2.3"))
    with pytest.raises(MissingAttribute, match="ReferencedFrameOfReferenceUID"):
        read(made)


def test_sagittal_contours_are_read_on_axial_slices() -> None:
    outline = np.array([(-9, -7), (8, -7), (8, 7), (-9, 7)], float)  # y and z
    polygons = [np.column_stack([np.full(4, x), outline]) for x in np.arange(-10, 10.1, 4)]
    expected = between((-12, -9, -7), (12, 8, 7))
    np.testing.assert_array_equal(mask_of(only(polygons), GRID), expected)


def test_decimals_of_positions_do_not_split_a_plane() -> None:
    made = structure_set({"GTV": drawn(OUTER, INNER)})
    for number, contour in enumerate(made.ROIContourSequence[0].ContourSequence):
        points = np.array(contour.ContourData, float).reshape(-1, 3)
        points[:, 2] += 0.01 * (-1) ** number
        contour.ContourData = decimals(points.ravel())
    (found,) = read(made).contours
    np.testing.assert_array_equal(mask_of(found, GRID), SOLID & ~HOLE)
