"""Contours of others: what is read, what is refused by name, and what is told of the rest."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contoured import mask_of
from dicom_parts import item, uid
from factories import pet_series
from factories_contours import FRAME, on_plane, rectangle, segmentation, structure_set
from pydicom import Dataset
from volumes import grid

from dicom_node.domain.contour import Contour, ContourSet
from dicom_node.domain.errors import (
    DicomNodeError,
    InconsistentGeometry,
    InputRejected,
    MissingAttribute,
    UnsupportedObject,
)
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import AlgorithmType, Region
from dicom_node.domain.series import Reason, SeriesKey
from dicom_node.domain.volume import FrameSource
from dicom_node.reading.contours import CONTOUR_CLASSES, read_contours
from dicom_node.reading.header import Header, read_header

GRID = grid((8, 10, 12), spacing_mm=(3, 2, 2), frame_of_reference_uid=FRAME)


def block(geometry: Geometry = GRID) -> np.ndarray:
    mask = np.zeros(geometry.shape, bool)
    mask[2:5, 3:7, 4:9] = True
    mask[2, 3, 4:6] = False
    return mask


def seg(**given: Any) -> Dataset:
    return segmentation({1: block()}, GRID, **given)


def box(z: float) -> np.ndarray:
    return on_plane(rectangle((-6, -5), (5, 4)), z=z)


def rtstruct(**given: Any) -> Dataset:
    return structure_set({"GTV": [box(-3), box(0), box(3)]}, **given)


MAKERS = {"SEG": seg, "RTSTRUCT": rtstruct}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_a_contour_set_tells_where_it_comes_from(make: Callable[..., Dataset]) -> None:
    made = make()
    if "ReferencedFrameOfReferenceSequence" not in made:
        made.ReferencedSeriesSequence = [item(SeriesInstanceUID=uid("study", "pet"))]
    found = read_contours(Header(made), GRID)
    assert found.source == FrameSource(
        sop_class_uid=made.SOPClassUID, sop_instance_uid=made.SOPInstanceUID
    )
    assert found.key.series_instance_uid == made.SeriesInstanceUID
    assert found.referenced_series_uids == (uid("study", "pet"),)
    assert found.geometry is GRID
    assert [one.number for one in found.drawn] == [1]


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_another_frame_of_reference_is_refused_with_both_uids(make: Callable[..., Dataset]) -> None:
    other = grid((8, 10, 12), spacing_mm=(3, 2, 2), frame_of_reference_uid="1.2.3.4")
    with pytest.raises(InconsistentGeometry, match=f"{FRAME}'; the image has 1.2.3.4"):
        read_contours(Header(make()), other)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frame_of_reference_uid": None}, "FrameOfReferenceUID .* the image needs one"),
        ({"placed": False}, "neither orientation nor position"),
    ],
)
def test_an_image_without_a_place_takes_no_contours(
    make: Callable[..., Dataset], changes: dict[str, Any], message: str
) -> None:
    facts = {"affine": GRID.affine, "shape": GRID.shape, "frame_of_reference_uid": FRAME}
    with pytest.raises(MissingAttribute, match=message):
        read_contours(Header(make()), Geometry(**(facts | changes)))


def test_a_segmentation_without_frame_of_reference_is_refused() -> None:
    with pytest.raises(MissingAttribute, match="FrameOfReferenceUID"):
        read_contours(Header(seg(FrameOfReferenceUID=None)), GRID)


@pytest.mark.parametrize(
    "sop_class",
    [
        "1.2.840.10008.5.1.4.1.1.66.5",  # Surface Segmentation
        "1.2.840.10008.5.1.4.1.1.481.2",  # RT Dose
        "1.2.840.10008.5.1.4.1.1.88.34",  # Comprehensive 3D SR
    ],
)
def test_an_object_of_another_class_is_refused_by_its_name(sop_class: str) -> None:
    with pytest.raises(UnsupportedObject, match="Storage holds no contours"):
        read_contours(Header(seg(SOPClassUID=sop_class)), GRID)


def test_an_image_is_no_contour() -> None:
    with pytest.raises(UnsupportedObject, match="Positron Emission Tomography Image Storage"):
        read_contours(Header(pet_series()[0]), GRID)


def test_a_contour_without_region_says_why_when_it_is_needed() -> None:
    contour = Contour(number=1, label="x", absent=Reason(code="empty", message="ROI 1 is empty"))
    with pytest.raises(InputRejected, match="ROI 1 is empty"):
        contour.need_region()


def test_a_contour_has_a_region_or_a_reason_and_not_both() -> None:
    region, reason = Region.from_mask(block()), Reason(code="empty", message="empty")
    assert Contour(number=1, label="", region=region).need_region() is region
    for given in ({}, {"region": region, "absent": reason}):
        with pytest.raises(ValueError, match="a region, or a reason"):
            Contour(number=1, label="", **given)


def contour_set(*contours: Contour) -> ContourSet:
    return ContourSet(
        contours=contours,
        geometry=GRID,
        source=FrameSource(sop_class_uid="1.2", sop_instance_uid="1.3"),
        key=SeriesKey(study_instance_uid="1.4", series_instance_uid="1.5"),
    )


def test_contours_of_a_set_have_different_numbers_and_lie_on_its_grid() -> None:
    one = Contour(number=1, label="", region=Region.from_mask(block()))
    outside = Region(origin=(7, 0, 0), mask=np.ones((2, 1, 1), bool))
    assert contour_set(one).drawn == (one,)
    with pytest.raises(ValueError, match="different numbers"):
        contour_set(one, one)
    with pytest.raises(ValueError, match="leaves the grid"):
        contour_set(Contour(number=2, label="", region=outside))


def test_the_words_of_a_source_are_kept_and_appear_in_no_warning() -> None:
    given = structure_set({"Smith^John": [box(-3), box(0), on_plane([(0, 0)], z=0)]})
    contours = given.ROIContourSequence[0].ContourSequence
    contours[2].ContourGeometricType = "POINT"
    (one,) = read_contours(Header(given), GRID).contours
    assert (one.label, one.interpreted_type) == ("Smith^John", "GTV")
    assert one.algorithm_type is AlgorithmType.MANUAL
    assert one.warnings
    assert "Smith" not in " ".join(one.warnings)


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    broken = bytearray(data)
    for place in rng.integers(200, len(data), 12):
        broken[place] = rng.integers(0, 256)
    return bytes(broken[: rng.integers(300, len(data))] if rng.random() < 0.3 else broken)


@pytest.mark.filterwarnings("ignore")  # of pydicom and numpy, about the damage
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())
def test_a_damaged_object_is_read_or_refused_by_name(
    make: Callable[..., Dataset], tmp_path: Path
) -> None:
    rng, path = np.random.default_rng(5), tmp_path / "one.dcm"
    made = make()
    made.save_as(path, enforce_file_format=True)
    whole = path.read_bytes()
    for _ in range(150):
        path.write_bytes(damaged(whole, rng))
        try:
            found = read_contours(read_header(path), GRID)
        except DicomNodeError:
            continue
        assert all(mask_of(one, GRID).shape == GRID.shape for one in found.contours)


@pytest.mark.filterwarnings("ignore")  # of pydicom, about odd values
def test_odd_and_broken_real_files_are_read_or_refused_by_name(shared_data: Path) -> None:
    refused = read = 0
    for path in sorted((shared_data / "robustness").rglob("*")):
        if path.is_file():
            try:
                header = read_header(path)
                frame = header.item("ReferencedFrameOfReferenceSequence")
                uid_there = frame.text("FrameOfReferenceUID") if frame else "1.2"
                read_contours(header, grid(frame_of_reference_uid=uid_there))
                read += header.text("SOPClassUID") in CONTOUR_CLASSES
            except DicomNodeError:
                refused += 1
    assert read == 1
    assert refused > 100
