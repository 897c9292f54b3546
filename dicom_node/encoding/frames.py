"""Frames of a binary segmentation: which there are, their functional groups, their packed bits.

highdicom takes one array of all segments, (slices, rows, columns, segments): 7.5 GB for sixty
overlapping segments of a total-body scan. Here each frame is made of the box of its segment, one
at a time, so that time and memory go with the frames that are written.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.valuerep import DSfloat

from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Segment, SegmentationResult
from dicom_node.domain.volume import FrameSource
from dicom_node.encoding.codes import SEGMENTATION, SOURCE_IMAGE
from dicom_node.encoding.content import code
from dicom_node.encoding.explicit import element, sequence, text
from dicom_node.encoding.references import image_reference

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
) -> list[bytes]:
    """Functional groups of each frame: index, position, source, segment.

    Viewers place a frame by its source instance first (OHIF), by its position otherwise: each
    frame names both.
    """
    used = sorted({frame.slice_index for frame in frames})
    planes = {
        index: Plane(
            number=number,
            position=position_of(geometry, index),
            derivation=derivation_of(sources[index]),
        )
        for number, index in enumerate(used, start=1)
    }
    return [_groups(frame, planes[frame.slice_index]) for frame in frames]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """What all frames of a slice share: its number among the planes, its place, its source."""

    number: int
    position: bytes
    derivation: bytes


def _groups(frame: SegmentFrame, plane: Plane) -> bytes:
    """Functional groups of one frame."""
    segment = element(0x0062000B, "US", struct.pack("<H", frame.segment.number))
    return b"".join(
        (
            plane.derivation,
            frame_content([frame.segment.number, plane.number]),
            plane.position,
            sequence(0x0062000A, [segment]),
        )
    )


def frame_content(indices: Sequence[int]) -> bytes:
    """Frame Content Sequence (0020,9111) with the frame's values of the dimensions."""
    values = element(0x00209157, "UL", struct.pack(f"<{len(indices)}I", *indices))
    return sequence(0x00209111, [values])


def position_of(geometry: Geometry, slice_index: int) -> bytes:
    """Plane Position Sequence (0020,9113) of a slice."""
    position = _decimals(geometry.index_to_lps((slice_index, 0, 0)))
    item = text(0x00200032, "DS", "\\".join(str(one) for one in position))
    return sequence(0x00209113, [item])


def derivation_of(source: FrameSource) -> bytes:
    """Derivation Image Sequence (0008,9124): segmented from this instance and frame."""
    image = [image_reference(source)]
    image.append(text(0x0028135A, "CS", "YES"))  # the segments are on the grid of the source
    image.append(code(0x0040A170, SOURCE_IMAGE))
    item = sequence(0x00082112, [b"".join(image)]) + code(0x00089215, SEGMENTATION)
    return sequence(0x00089124, [item])


def _decimals(values: Sequence[float] | NDArray[np.float64]) -> list[DSfloat]:
    """Numbers as DS, in 16 characters at most (PS3.5 6.2)."""
    return [DSfloat(float(value), auto_format=True) for value in values]
