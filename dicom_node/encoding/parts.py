"""A segmentation cut into several, none of which has more frames than a viewer takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydicom.dataset import Dataset

from dicom_node.domain.result import Segment, SegmentationResult


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Some segments of a result, numbered from 1 as an object of their own (PS3.3 C.8.20.4).

    Parameters
    ----------
    numbers : tuple of int
        What the segments are called in the result, in the order that they have here.
    """

    numbers: tuple[int, ...]
    segmentation: SegmentationResult


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WrittenPart:
    """A part and the SEG object that it became."""

    numbers: tuple[int, ...]
    dataset: Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentPlace:
    """Where a segment of the result is: an object, and its number there."""

    sop_class_uid: str
    sop_instance_uid: str
    number: int


def split(segmentation: SegmentationResult, limit: int | None) -> tuple[Part, ...]:
    """Parts of a segmentation, each of whole segments in their order.

    Parameters
    ----------
    limit : int or None
        Most frames of a part. A single segment with more is a part by itself, which has more: cut
        in two, no viewer would show it as one.
    """
    parts: list[list[Segment]] = []
    used = 0
    for segment in segmentation.segments:
        frames = int(np.count_nonzero(segment.region.mask.any(axis=(1, 2))))
        if not parts or (limit is not None and used + frames > limit):
            parts.append([])
            used = 0
        parts[-1].append(segment)
        used += frames
    return tuple(_part(segmentation, segments) for segments in parts)


def _part(whole: SegmentationResult, segments: Sequence[Segment]) -> Part:
    numbered = tuple(replace(one, number=new) for new, one in enumerate(segments, start=1))
    return Part(
        numbers=tuple(one.number for one in segments),
        segmentation=replace(whole, segments=numbered),
    )


def places_of(written: Sequence[WrittenPart]) -> dict[int, SegmentPlace]:
    """Where each segment of the result was written, by its number there."""
    return {
        number: SegmentPlace(
            sop_class_uid=str(part.dataset.SOPClassUID),
            sop_instance_uid=str(part.dataset.SOPInstanceUID),
            number=place,
        )
        for part in written
        for place, number in enumerate(part.numbers, start=1)
    }
