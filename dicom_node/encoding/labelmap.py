"""Frames of a LABELMAP segmentation (PS3.3 A.51, Supplement 243): one for each slice."""

from collections.abc import Sequence

import numpy as np

from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Segment, SegmentationResult
from dicom_node.domain.volume import FrameSource
from dicom_node.encoding.frames import derivation_of, frame_content, position_of

_MOST_IN_EIGHT_BITS = 255


def slices_of(segments: Sequence[Segment]) -> tuple[int, ...]:
    """Slices of the grid that hold voxels of any segment, in order."""
    found: set[int] = set()
    for segment in segments:
        planes = np.flatnonzero(segment.region.mask.any(axis=(1, 2)))
        found.update(int(plane) + segment.region.origin[0] for plane in planes)
    return tuple(sorted(found))


def bits_of(segmentation: SegmentationResult) -> int:
    """Bits of a pixel, 8 or 16 (PS3.3 C.8.20.2): 0 means no segment."""
    return 8 if len(segmentation.segments) <= _MOST_IN_EIGHT_BITS else 16


def label_pixels(segmentation: SegmentationResult) -> bytes:
    """Pixel Data: each pixel the number of its segment.

    Raises
    ------
    ValueError
        Where two segments share a voxel, which no label can say.
    """
    slices = slices_of(segmentation.segments)
    row_of = {index: row for row, index in enumerate(slices)}
    _, rows, columns = segmentation.geometry.shape
    kind = np.dtype("<u1") if bits_of(segmentation) == 8 else np.dtype("<u2")
    frames = np.zeros((len(slices), rows, columns), dtype=kind)
    for segment in segmentation.segments:
        first = segment.region.origin[0]
        _, down, across = segment.region.slices
        for plane, mask in enumerate(segment.region.mask, start=first):
            if plane in row_of:
                place = frames[row_of[plane], down, across]
                if place[mask].any():
                    raise ValueError(f"segment {segment.number} shares a voxel with another")
                place[mask] = segment.number
    pixels = frames.tobytes()
    return pixels + bytes(len(pixels) % 2)


def label_groups(
    slices: Sequence[int], geometry: Geometry, sources: Sequence[FrameSource]
) -> list[bytes]:
    """Functional groups of each frame: index, position, source."""
    return [
        derivation_of(sources[index]) + frame_content([number]) + position_of(geometry, index)
        for number, index in enumerate(slices, start=1)
    ]
