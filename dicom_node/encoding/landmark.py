"""A written segmentation, read back as bytes, must lie where the result says; else it is not sent.

No validator notices a segmentation on the wrong slices. So what is about to be sent is decoded
with code of its own and compared with the regions in millimetres, and the source instances are
asked once more where they lie.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import TypeVar

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from scipy.ndimage import find_objects  # type: ignore[attr-defined]  # filled at run time

from dicom_node.domain.errors import EncodingFailed
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.report import Report
from dicom_node.domain.result import SegmentationResult
from dicom_node.domain.volume import FrameSource
from dicom_node.encoding.sources import stored_positions

_TOLERANCE_MM = 0.01  # decimal strings and float sums; a voxel is some hundred times larger
# Reading fits a regular grid to positions that scanners round; a wrong slice is a whole spacing.
_SLICE_TOLERANCE = 0.1

_PLACE = ("PlanePositionSequence", "DerivationImageSequence")
_SEGMENT = ("SegmentIdentificationSequence",)

T = TypeVar("T")
Points = NDArray[np.float64]
Key = tuple[object, ...]  # the bytes of elements


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Extent:
    """What a plane of a segment is known by: voxels, their centroid, two corners of their box."""

    voxels: int
    landmarks_mm: Points  # (3, 3): centroid, first corner, last corner, in LPS mm

    def same(self, other: "Extent") -> bool:
        """Whether both are one, within the precision of what is written."""
        apart = float(np.abs(self.landmarks_mm - other.landmarks_mm).max())
        return self.voxels == other.voxels and apart <= _TOLERANCE_MM


Extents = Mapping[tuple[int, int], Extent]  # by segment number and slice index


def check_landmarks(encoded: bytes, report: Report, segmentation: SegmentationResult) -> None:
    """Refuse a segmentation that does not lie where it should.

    Parameters
    ----------
    encoded : bytes
        The file as it would be sent.

    Raises
    ------
    EncodingFailed
        Where a frame's plane, its source instance or frame, or the voxels of a segment differ.
    """
    dataset = pydicom.dcmread(BytesIO(encoded))
    slices = check_planes(dataset, report)
    _check_voxels(_written_extents(dataset, slices), _expected_extents(segmentation))


def check_planes(dataset: Dataset, report: Report) -> list[int]:
    """Index of the slice of each frame, whose plane and whose source it must have.

    Raises
    ------
    EncodingFailed
        Where a frame lies elsewhere than the slice, or than the stored frame that it names.
    """
    known: dict[Key, int] = {}
    slices = [
        _once(item, _PLACE, known, partial(_check_plane, number, item, report))
        for number, item in enumerate(dataset.PerFrameFunctionalGroupsSequence, start=1)
    ]
    check_stored(report, sorted(set(slices)))
    return slices


def _once(item: Dataset, keywords: Sequence[str], known: dict[Key, T], find: Callable[[], T]) -> T:
    """What is found in the elements of an item; the same bytes are decoded and looked at once.

    A large segmentation has thousands of frames, of which those of a slice say the same.
    """
    elements = [item.get_item(keyword) for keyword in keywords if keyword in item]
    raw = [one.value for one in elements if isinstance(one, RawDataElement)]
    if len(raw) < len(elements):
        return find()
    key = tuple(raw)
    if key not in known:
        known[key] = find()
    return known[key]


def _check_plane(number: int, item: Dataset, report: Report) -> int:
    """Index of the slice whose plane and whose source a frame has."""
    geometry = report.source.geometry
    position = _position(item)
    index = int(np.rint(geometry.lps_to_index(position)[0]))
    inside = 0 <= index < geometry.shape[0]
    if not inside or _apart(position, _plane_mm(geometry, index)) > _TOLERANCE_MM:
        raise EncodingFailed(f"frame {number}: {position.tolist()} mm is no plane of the grid")
    images = item.DerivationImageSequence[0].SourceImageSequence
    if [_source_of(image) for image in images] != [report.source.frames[index]]:
        raise EncodingFailed(f"frame {number}: its source is not that of slice {index}")
    return index


def _source_of(image: Dataset) -> FrameSource:
    """Stored frame that an item of Source Image Sequence names."""
    frame = image.get("ReferencedFrameNumber")
    return FrameSource(
        sop_class_uid=str(image.ReferencedSOPClassUID),
        sop_instance_uid=str(image.ReferencedSOPInstanceUID),
        frame_number=None if frame is None else int(frame),
    )


def check_stored(report: Report, indices: Sequence[int]) -> None:
    """The source files must lie on the planes that they are named for."""
    geometry, frames = report.source.geometry, report.source.frames
    stored = stored_positions(report, [frames[index] for index in indices])
    allowed = max(_SLICE_TOLERANCE * geometry.spacing_mm[0], _TOLERANCE_MM)
    for index in indices:
        apart = _apart(stored[frames[index]], _plane_mm(geometry, index))
        if apart > allowed:
            raise EncodingFailed(
                f"source frame of slice {index} lies {apart:.2f} mm off; allowed: {allowed:.2f} mm"
            )


def _check_voxels(written: Extents, expected: Extents) -> None:
    """Segments must have the voxels of their regions, plane by plane, in millimetres."""
    if written.keys() != expected.keys():
        odd = sorted(written.keys() ^ expected.keys())[0]
        raise EncodingFailed(
            f"SEG segment {odd[0]}: frame of slice {odd[1]} is missing or too many"
        )
    for (number, index), wanted in expected.items():
        found = written[number, index]
        if not found.same(wanted):
            raise EncodingFailed(
                f"SEG segment {number} has {found.voxels} voxels on slice {index}, round "
                f"{found.landmarks_mm[0].round(2).tolist()} mm; expected {wanted.voxels}, round "
                f"{wanted.landmarks_mm[0].round(2).tolist()} mm"
            )


def _expected_extents(segmentation: SegmentationResult) -> Extents:
    """Extents of the regions of the result, by the geometry."""
    found: dict[tuple[int, int], tuple[int, Points]] = {}
    for segment in segmentation.segments:
        first, top, left = segment.region.origin
        for index, plane in enumerate(segment.region.mask, start=first):
            if plane.any():
                voxels, where = _landmarks(plane)
                points = np.full((len(where), 3), float(index))
                points[:, 1:] = where + np.array([top, left])
                found[segment.number, index] = (voxels, points)
    # All at once: a large segmentation has thousands of planes.
    places = segmentation.geometry.index_to_lps(np.array([points for _, points in found.values()]))
    return {
        key: Extent(voxels=voxels, landmarks_mm=place)
        for (key, (voxels, _)), place in zip(found.items(), places, strict=True)
    }


def _written_extents(dataset: Dataset, slices: Sequence[int]) -> Extents:
    """Extents by the object alone: its bits, positions, orientation and spacing (C.7.6.2.1.1)."""
    shared = dataset.SharedFunctionalGroupsSequence[0]
    cosines = _vector(shared.PlaneOrientationSequence[0].ImageOrientationPatient)
    row_mm, column_mm = _vector(shared.PixelMeasuresSequence[0].PixelSpacing)
    steps = np.stack([cosines[3:] * row_mm, cosines[:3] * column_mm])
    extents: dict[tuple[int, int], Extent] = {}
    known: dict[Key, Points] = {}
    planes = _labels(dataset) if dataset.SegmentationType == "LABELMAP" else _planes(dataset)
    numbers = _numbers(dataset)
    for frame, item, index, segment in zip(
        planes, dataset.PerFrameFunctionalGroupsSequence, slices, numbers, strict=True
    ):
        position = _once(item, _PLACE[:1], known, partial(_position, item))
        for number, plane, corner in _regions(frame, segment):
            if not plane.any() or (number, index) in extents:
                raise EncodingFailed(
                    f"SEG segment {number}: empty or second frame of slice {index}"
                )
            voxels, where = _landmarks(plane)
            points = position + (where + corner) @ steps
            extents[number, index] = Extent(voxels=voxels, landmarks_mm=points)
    return extents


def _position(item: Dataset) -> Points:
    """Image Position (Patient) of a frame."""
    return _vector(item.PlanePositionSequence[0].ImagePositionPatient)


def _numbers(dataset: Dataset) -> list[int | None]:
    """Segment number of each frame; None in a label map, where each pixel has its own."""
    known: dict[Key, int] = {}

    def number_in(item: Dataset) -> int:
        return int(item.SegmentIdentificationSequence[0].ReferencedSegmentNumber)

    frames = dataset.PerFrameFunctionalGroupsSequence
    if dataset.SegmentationType == "LABELMAP":
        return [None] * len(frames)
    return [_once(one, _SEGMENT, known, partial(number_in, one)) for one in frames]


def _regions(
    frame: NDArray[np.generic], segment: int | None
) -> Iterator[tuple[int, NDArray[np.bool_], tuple[int, int]]]:
    """Segments of a frame: number, pixels in a box, and the box's first (row, column)."""
    if segment is not None:
        yield segment, frame.astype(bool, copy=False), (0, 0)
        return
    for number, box in enumerate(find_objects(frame), start=1):
        if box is not None:
            yield number, frame[box] == number, (box[0].start, box[1].start)


def _labels(dataset: Dataset) -> Iterator[NDArray[np.generic]]:
    """Frames of labels, (rows, columns), 8 or 16 bits a pixel."""
    kind = np.dtype("<u1") if dataset.BitsAllocated == 8 else np.dtype("<u2")
    shape = (int(dataset.NumberOfFrames), dataset.Rows, dataset.Columns)
    size = int(np.prod(shape))
    yield from np.frombuffer(dataset.PixelData, dtype=kind, count=size).reshape(shape)


def _planes(dataset: Dataset) -> Iterator[NDArray[np.bool_]]:
    """Frames of 1 bit pixels, (rows, columns): low bit first, not padded between (PS3.5 8.1.1)."""
    packed = np.frombuffer(dataset.PixelData, dtype=np.uint8)
    size = dataset.Rows * dataset.Columns
    for number in range(int(dataset.NumberOfFrames)):
        first, skip = divmod(number * size, 8)
        last = -(-(number + 1) * size // 8)
        bits = np.unpackbits(packed[first:last], bitorder="little")[skip : skip + size]
        yield bits.reshape(dataset.Rows, dataset.Columns).astype(bool)


def _landmarks(plane: NDArray[np.bool_]) -> tuple[int, Points]:
    """Voxels of a plane; (row, column) of their centroid and of the corners of their box."""
    rows, columns = plane.sum(axis=1), plane.sum(axis=0)
    voxels = int(rows.sum())
    centroid = [np.arange(len(n)) @ n / voxels for n in (rows, columns)]
    ends = [np.flatnonzero(n)[[0, -1]] for n in (rows, columns)]
    return voxels, np.array([centroid, *np.transpose(ends)], dtype=np.float64)


def _plane_mm(geometry: Geometry, index: int) -> Points:
    """Image Position (Patient) of a slice of the grid."""
    return geometry.index_to_lps((index, 0, 0))


def _vector(values: object) -> Points:
    """Decimal strings as numbers."""
    return np.array(values, dtype=np.float64)


def _apart(one: Points, other: Points) -> float:
    """Distance of two points in mm."""
    return float(np.linalg.norm(one - other))
