"""A segmentation cut into several, each of which a viewer can show whole."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydicom.dataset import Dataset

from dicom_node.domain.result import Segment, SegmentationResult
from dicom_node.encoding.frames import share_voxels
from dicom_node.encoding.labelmap import slices_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Why a segmentation is cut.

    Parameters
    ----------
    frame_limit : int or None
        Most frames of a part.
    overlap : bool
        Whether segments of one part may share voxels.
    labelmap : bool
        Whether a part has one frame for each slice, and so no overlap, instead of one for each
        segment and slice.
    """

    frame_limit: int | None = None
    overlap: bool = True
    labelmap: bool = False

    def __post_init__(self) -> None:
        if self.labelmap and self.overlap:
            raise ValueError("segments of a label map cannot overlap")

    @property
    def name(self) -> str:
        """Name of which UIDs are made; parts cut otherwise hold other segments."""
        words = [] if self.frame_limit is None else [str(self.frame_limit)]
        if self.labelmap:
            words.append("labelmap")
        elif not self.overlap:
            words.append("apart")
        return "-".join(words)


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


def split(segmentation: SegmentationResult, how: Split) -> tuple[Part, ...]:
    """Parts of a segmentation, each of whole segments in their order.

    A segment goes into the first part that can take it. One that alone has more frames than the
    limit is a part by itself, which has more: cut in two, no viewer would show it as one.
    """
    parts: list[list[Segment]] = []
    for segment in segmentation.segments:
        part = next((one for one in parts if _takes(one, segment, how)), None)
        if part is None:
            parts.append([segment])
        else:
            part.append(segment)
    return tuple(_part(segmentation, segments) for segments in parts)


def _takes(part: Sequence[Segment], segment: Segment, how: Split) -> bool:
    """Whether a part has room for a segment."""
    if how.frame_limit is not None:
        together = (*part, segment)
        frames = len(slices_of(together)) if how.labelmap else sum(map(_frames, together))
        if frames > how.frame_limit:
            return False
    return how.overlap or not any(share_voxels(one, segment) for one in part)


def _frames(segment: Segment) -> int:
    return int(np.count_nonzero(segment.region.mask.any(axis=(1, 2))))


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
