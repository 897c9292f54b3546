"""Frames of a binary segmentation: which there are, their functional groups, their packed bits.

highdicom takes one array of all segments, (slices, rows, columns, segments): 7.5 GB for sixty
overlapping segments of a total-body scan. Here each frame is made of the box of its segment, one
at a time, so that time and memory go with the frames that are written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.valuerep import DSfloat

from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Segment, SegmentationResult
from dicom_node.domain.volume import FrameSource
from dicom_node.encoding.codes import SEGMENTATION, SOURCE_IMAGE, concept

# Frames packed at a time: eight of them fill whole bytes, whatever their size.
_FRAMES_A_TIME = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentFrame:
    """One plane of one segment that holds voxels."""

    segment: Segment
    slice_index: int  # in the grid, from 0

    def paint(self, plane: NDArray[np.bool_]) -> None:
        """Set the segment's voxels in a (rows, columns) plane of the grid."""
        region = self.segment.region
        _, rows, columns = region.slices
        plane[rows, columns] = region.mask[self.slice_index - region.origin[0]]


def frames_of(segmentation: SegmentationResult) -> tuple[SegmentFrame, ...]:
    """Frames that hold voxels, segment by segment, in the order of the slices."""
    return tuple(
        SegmentFrame(segment=segment, slice_index=segment.region.origin[0] + int(plane))
        for segment in segmentation.segments
        for plane in np.flatnonzero(segment.region.mask.any(axis=(1, 2)))
    )


def overlap(segments: Sequence[Segment]) -> bool:
    """Whether any voxel belongs to two segments."""
    return any(
        share_voxels(one, other)
        for number, one in enumerate(segments)
        for other in segments[number + 1 :]
    )


def share_voxels(one: Segment, other: Segment) -> bool:
    """Whether two regions share a voxel; only the common part of their boxes is looked at."""
    boxes = (one.region.slices, other.region.slices)
    low = [max(a.start, b.start) for a, b in zip(*boxes, strict=True)]
    high = [min(a.stop, b.stop) for a, b in zip(*boxes, strict=True)]
    if any(start >= stop for start, stop in zip(low, high, strict=True)):
        return False
    parts = []
    for segment in (one, other):
        origin = segment.region.origin
        inside = [slice(a - o, b - o) for a, b, o in zip(low, high, origin, strict=True)]
        parts.append(segment.region.mask[tuple(inside)])
    return bool((parts[0] & parts[1]).any())


def packed_bits(frames: Sequence[SegmentFrame], shape: tuple[int, int]) -> bytes:
    """Pixel Data of 1 bit frames: without padding between frames, low bit first (PS3.5 8.1.1)."""
    chunks = []
    for start in range(0, len(frames), _FRAMES_A_TIME):
        some = frames[start : start + _FRAMES_A_TIME]
        planes = np.zeros((len(some), *shape), dtype=bool)
        for plane, frame in zip(planes, some, strict=True):
            frame.paint(plane)
        chunks.append(np.packbits(planes, axis=None, bitorder="little").tobytes())
    length = sum(len(chunk) for chunk in chunks)
    return b"".join([*chunks, bytes(length % 2)])  # an even number of bytes (PS3.5 8.1.1)


def shared_groups(geometry: Geometry) -> Dataset:
    """Functional groups that all frames share: spacing and orientation (PS3.3 C.7.6.16.2)."""
    slices, rows, columns = geometry.spacing_mm
    measures = Dataset()
    measures.PixelSpacing = _decimals([rows, columns])
    measures.SliceThickness = measures.SpacingBetweenSlices = _decimals([slices])[0]
    orientation = Dataset()
    orientation.ImageOrientationPatient = _decimals(geometry.image_orientation_patient)
    shared = Dataset()
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [orientation]
    return shared


def per_frame_groups(
    frames: Sequence[SegmentFrame], geometry: Geometry, sources: Sequence[FrameSource]
) -> list[Dataset]:
    """Functional groups of each frame: index, position, source, segment.

    Viewers place a frame by its source instance first (OHIF), by its position otherwise: each
    frame names both.
    """
    used = sorted({frame.slice_index for frame in frames})
    planes = {
        index: (number, _position(geometry, index), _derivation(sources[index]))
        for number, index in enumerate(used, start=1)
    }
    return [_groups(frame, planes) for frame in frames]


def _groups(
    frame: SegmentFrame, planes: Mapping[int, tuple[int, DataElement, DataElement]]
) -> Dataset:
    """Functional groups of one frame; those of its plane are made once and shared."""
    plane_number, position, derivation = planes[frame.slice_index]
    content, segment, groups = Dataset(), Dataset(), Dataset()
    content.DimensionIndexValues = [frame.segment.number, plane_number]
    segment.ReferencedSegmentNumber = frame.segment.number
    groups.add(derivation)
    groups.FrameContentSequence = [content]
    groups.add(position)
    groups.SegmentIdentificationSequence = [segment]
    return groups


def _position(geometry: Geometry, slice_index: int) -> DataElement:
    """Plane Position Sequence (0020,9113) of a slice."""
    item = Dataset()
    item.ImagePositionPatient = _decimals(geometry.index_to_lps((slice_index, 0, 0)))
    return DataElement("PlanePositionSequence", "SQ", [item])


def _derivation(source: FrameSource) -> DataElement:
    """Derivation Image Sequence (0008,9124): segmented from this instance and frame."""
    image = Dataset()
    image.ReferencedSOPClassUID = source.sop_class_uid
    image.ReferencedSOPInstanceUID = source.sop_instance_uid
    if source.frame_number is not None:
        image.ReferencedFrameNumber = source.frame_number
    image.SpatialLocationsPreserved = "YES"  # the segments are on the grid of the source
    image.PurposeOfReferenceCodeSequence = [concept(SOURCE_IMAGE)]
    item = Dataset()
    item.SourceImageSequence = [image]
    item.DerivationCodeSequence = [concept(SEGMENTATION)]
    return DataElement("DerivationImageSequence", "SQ", [item])


def _decimals(values: Sequence[float] | NDArray[np.float64]) -> list[DSfloat]:
    """Numbers as DS, in 16 characters at most (PS3.5 6.2)."""
    return [DSfloat(float(value), auto_format=True) for value in values]
