"""Contours that are unfit, each by the name of its fault; others of the same object stay usable."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from factories_contours import FRAME, on_plane, rectangle, structure_set
from pydicom import Dataset
from volumes import grid

from dicom_node.domain.errors import (
    InconsistentGeometry,
    InputRejected,
    MissingAttribute,
    UnsupportedObject,
)
from dicom_node.reading.contours import read_contours
from dicom_node.reading.header import Header

GRID = grid((9, 20, 24), spacing_mm=(3, 2, 2), frame_of_reference_uid=FRAME)
TILTED = grid(
    (9, 20, 24),
    spacing_mm=(3, 2, 2),
    orientation=(1, 0, 0, 0, 0.8, 0.6),
    frame_of_reference_uid=FRAME,
)
BOX = rectangle((-16, -13), (14, 11))


def drawn(heights: Sequence[float] = (-3.0, 0.0, 3.0)) -> list[np.ndarray]:
    return [on_plane(BOX, z=z) for z in heights]


def first_contour(made: Dataset) -> Dataset:
    return made.ROIContourSequence[0].ContourSequence[0]


def lifted(points: Sequence[float]) -> list[np.ndarray]:
    one, *others = drawn()
    return [one + np.outer(points, (0, 0, 1)), *others]


def changed(**attributes: object) -> Callable[[Dataset], None]:
    def change(made: Dataset) -> None:
        for keyword, value in attributes.items():
            setattr(first_contour(made), keyword, value)

    return change


def without(keyword: str) -> Callable[[Dataset], None]:
    return lambda made: delattr(first_contour(made), keyword)


def test_a_contour_that_is_not_flat_is_refused() -> None:
    with pytest.raises(InconsistentGeometry, match="ROI 1: contour 1 is not flat"):
        read_contours(Header(structure_set({"GTV": lifted([0, 0, 0, 4])})), GRID)


def test_contours_that_are_not_parallel_are_refused_with_the_angle() -> None:
    tilt = np.tan(np.radians(5.0)) * (BOX[:, :1] + 16) * (0, 0, 1)
    smaller = on_plane(BOX / 2, z=9) + tilt / 2
    with pytest.raises(InconsistentGeometry, match="contour 4 is tilted by 5 degrees"):
        read_contours(Header(structure_set({"GTV": [*drawn(), smaller]})), GRID)


def test_a_gap_that_is_not_whole_planes_is_refused_with_the_place() -> None:
    heights = (-9.0, -6.0, -3.0, 4.5, 7.5, 10.5)
    with pytest.raises(
        InconsistentGeometry, match=r"3 mm apart, but 7\.5 mm after z = -3 mm: neither neighbours"
    ):
        read_contours(Header(structure_set({"GTV": drawn(heights)})), GRID)


def test_planes_too_far_apart_to_tell_what_lies_between_are_refused() -> None:
    with pytest.raises(InconsistentGeometry, match=r"20 mm apart, too far .*allowed: 15 mm"):
        read_contours(Header(structure_set({"GTV": drawn((-10.0, 10.0))})), GRID)


def test_one_plane_across_the_slices_needs_its_thickness() -> None:
    made = structure_set({"GTV": drawn((0.0,))})
    with pytest.raises(MissingAttribute, match=r"ROI 1: ContourSlabThickness \(3006,0044\)"):
        read_contours(Header(made), TILTED)
    told = structure_set({"GTV": drawn((0.0,))}, thickness_mm=3.0)
    assert read_contours(Header(told), TILTED).drawn


def test_contours_beyond_any_patient_are_refused() -> None:
    wide = [on_plane(BOX * 300, z=z) for z in (-3.0, 0.0, 3.0)]
    made = structure_set({"GTV": wide})
    tiny = grid((400, 40, 40), spacing_mm=(0.01, 0.5, 0.5), frame_of_reference_uid=FRAME)
    with pytest.raises(InputRejected, match="more than any patient"):
        read_contours(Header(made), tiny)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (without("ContourData"), MissingAttribute, "ContourData .*points are needed .contour 1"),
        (without("ContourGeometricType"), MissingAttribute, "ContourGeometricType"),
        (changed(NumberOfContourPoints=5), InputRejected, "12 numbers.; three for each of 5"),
        (changed(ContourData=[1, 2, 3, 4]), InputRejected, "4 numbers"),
        (changed(ContourData=[1e9] * 12), InputRejected, "lies nowhere in a patient"),
        (
            changed(ContourOffsetVector=[0, 0, 2]),
            UnsupportedObject,
            "ContourOffsetVector .*0.0.*2.0",
        ),
    ],
)
def test_faults_of_a_contour_are_refused_by_name(
    change: Callable[[Dataset], None], error: type[Exception], message: str
) -> None:
    made = structure_set({"GTV": drawn()})
    change(made)
    with pytest.raises(error, match=message):
        read_contours(Header(made), GRID)


def test_an_unfit_region_is_listed_with_its_fault_beside_a_fit_one() -> None:
    made = structure_set({"couch": lifted([0, 0, 0, 4]), "GTV": drawn()})
    couch, gtv = read_contours(Header(made), GRID).contours
    assert couch.absent is not None
    assert couch.absent.code == InconsistentGeometry.code
    assert "contour 1 is not flat" in couch.absent.message
    assert gtv.region is not None
    with pytest.raises(InputRejected, match="not flat"):
        couch.need_region()


def test_a_region_in_another_frame_of_reference_is_listed_with_it() -> None:
    made = structure_set({"planning": drawn(), "GTV": drawn()})
    made.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = "1.2.3"
    planning, gtv = read_contours(Header(made), GRID).contours
    assert planning.absent is not None
    assert "ReferencedFrameOfReferenceUID (3006,0024) is '1.2.3'" in planning.absent.message
    assert gtv.region is not None


def renumbered(made: Dataset) -> None:
    for one in made.StructureSetROISequence:
        one.ROINumber = 1


def orphaned(made: Dataset) -> None:
    made.ROIContourSequence[1].ReferencedROINumber = 9


def emptied(made: Dataset) -> None:
    made.StructureSetROISequence = []


def unnumbered(made: Dataset) -> None:
    del made.StructureSetROISequence[1].ROINumber


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (emptied, MissingAttribute, "StructureSetROISequence"),
        (renumbered, InputRejected, "ROINumber .*'1, 1'; regions have different numbers"),
        (orphaned, InputRejected, "ReferencedROINumber .*is 9; contours belong to no region"),
        (unnumbered, MissingAttribute, "ROINumber .*a whole number is needed"),
    ],
)
def test_items_that_contradict_each_other_are_refused(
    change: Callable[[Dataset], None], error: type[Exception], message: str
) -> None:
    made = structure_set({"one": drawn(), "two": drawn()})
    change(made)
    with pytest.raises(error, match=message):
        read_contours(Header(made), GRID)
