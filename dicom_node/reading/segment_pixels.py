"""Pixels of a segmentation: the voxels of each segment in a frame (PS3.3 C.8.20.2.3, C.7.6.3)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import UID

from dicom_node.domain.errors import InputRejected, MissingAttribute, UnsupportedObject
from dicom_node.reading.header import BROKEN, Header, named
from dicom_node.reading.pixel_format import PixelFormat
from dicom_node.reading.segment_frames import SegmentFrame
from dicom_node.reading.stored_pixels import stored_planes

Mask = NDArray[np.bool_]

# A probability, or a part of a voxel, from which on the voxel counts as belonging to the segment.
_AT_LEAST = 0.5


class SegmentationType(StrEnum):
    """Segmentation Type (0062,0001)."""

    BINARY = "BINARY"
    FRACTIONAL = "FRACTIONAL"
    LABELMAP = "LABELMAP"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patch:
    """Voxels of one segment in one frame.

    Parameters
    ----------
    corner : (row, column)
        Of the first pixel of the mask, which is as tight as the segment.
    """

    segment: int
    corner: tuple[int, int]
    mask: Mask


def segmentation_type(header: Header) -> SegmentationType:
    """Type of the segmentation; UnsupportedObject for one that is not known."""
    found = header.need_text("SegmentationType")
    if found not in SegmentationType.__members__:
        raise UnsupportedObject(
            f"allowed: {', '.join(SegmentationType)}",
            keyword=named("SegmentationType"),
            value=found,
        )
    return SegmentationType(found)


def frame_patches(
    header: Header, frames: Sequence[SegmentFrame]
) -> Iterator[tuple[SegmentFrame, tuple[Patch, ...]]]:
    """Frames with the voxels of their segments; none for an empty frame.

    A FRACTIONAL pixel belongs to its segment from half of MaximumFractionalValue (0062,000E) on,
    be it a probability or an occupancy: more likely inside than not, or half of the voxel.

    Raises
    ------
    UnsupportedObject
        For a pixel format or transfer syntax that cannot be decoded.
    MissingAttribute, InputRejected
        Where pixel data are absent, cut off or damaged.
    """
    kind = segmentation_type(header)
    planes = _planes(header, frames)
    if kind is SegmentationType.LABELMAP:
        background = header.whole("PixelPaddingValue")
        for frame, stored in zip(frames, planes, strict=True):
            yield frame, tuple(_labelled(stored, background))
        return
    least = 1.0
    if kind is SegmentationType.FRACTIONAL:
        least = _AT_LEAST * _maximum(header)
    for frame, stored in zip(frames, planes, strict=True):
        patch = _cropped(frame.segment or 0, stored >= least)
        yield frame, () if patch is None else (patch,)


def _maximum(header: Header) -> float:
    """Maximum Fractional Value (0062,000E), which stands for certainty or for a whole voxel."""
    found = header.need_number("MaximumFractionalValue")
    if not found > 0:
        raise InputRejected(
            "it must be positive", keyword=named("MaximumFractionalValue"), value=found
        )
    return found


def _labelled(stored: NDArray[np.integer], background: int | None) -> Iterator[Patch]:
    """Voxels of each label of a frame; 0 is no segment (PS3.3 C.8.20.2), nor is the padding."""
    rows, columns = np.nonzero(stored)
    labels = stored[rows, columns]
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order])) + 1
    for members in np.split(order, starts) if len(order) else ():
        label = int(labels[members[0]])
        if label == background:
            continue
        row, column = rows[members], columns[members]
        first = (int(row.min()), int(column.min()))
        mask = np.zeros((int(row.max()) - first[0] + 1, int(column.max()) - first[1] + 1), bool)
        mask[row - first[0], column - first[1]] = True
        yield Patch(segment=label, corner=first, mask=mask)


def _cropped(segment: int, mask: Mask) -> Patch | None:
    """The part of a mask that holds voxels."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return None
    tight = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Patch(segment=segment, corner=(int(rows[0]), int(columns[0])), mask=tight.copy())


def _planes(header: Header, frames: Sequence[SegmentFrame]) -> Iterable[NDArray[np.integer]]:
    """Stored pixels of the frames."""
    form = _format(header)
    numbers = [frame.plane.frame_number or 1 for frame in frames]
    if form is None:
        return _bits(header, frames)
    return stored_planes(header, form, numbers)


def _format(header: Header) -> PixelFormat | None:
    """Format of the pixels; None for single bits."""
    if header.need_number("SamplesPerPixel") != 1:
        raise _refusal(header, "SamplesPerPixel", "1")
    allocated, stored = header.need_number("BitsAllocated"), header.need_number("BitsStored")
    if allocated == 1:
        return None
    if allocated not in (8, 16):
        raise _refusal(header, "BitsAllocated", "1, 8, 16")
    if not 1 <= stored <= allocated:
        raise _refusal(header, "BitsStored", f"1 to {allocated:g}")
    if header.need_number("PixelRepresentation") != 0:
        raise _refusal(header, "PixelRepresentation", "0, numbers without a sign")
    return PixelFormat(
        rows=int(header.need_number("Rows")),
        columns=int(header.need_number("Columns")),
        dtype=np.dtype(f"<u{int(allocated) // 8}"),
        unused_bits=int(allocated - stored),
    )


def _refusal(header: Header, keyword: str, allowed: str) -> UnsupportedObject:
    return UnsupportedObject(
        f"allowed: {allowed}", keyword=named(keyword), value=header.text(keyword)
    )


def _bits(header: Header, frames: Sequence[SegmentFrame]) -> Iterator[NDArray[np.uint8]]:
    """Pixels of 1 bit: low bit first, frames not padded to whole bytes (PS3.5 8.1.1)."""
    rows, columns = int(header.need_number("Rows")), int(header.need_number("Columns"))
    packed = _native_bytes(header)
    size = rows * columns
    for frame in frames:
        number = frame.plane.frame_number or 1
        first, skip = divmod((number - 1) * size, 8)
        last = -(-number * size // 8)
        if last > len(packed):
            raise InputRejected(
                f"cut off: frame {number} needs {last} bytes",
                keyword=named("PixelData"),
                value=f"{len(packed)} bytes",
            )
        bits = np.unpackbits(packed[first:last], bitorder="little")
        yield bits[skip : skip + size].reshape(rows, columns)


def _native_bytes(header: Header) -> NDArray[np.uint8]:
    """Pixel data that are not compressed."""
    dataset = header.dataset
    syntax = UID(str(getattr(dataset, "file_meta", {}).get("TransferSyntaxUID", "")))
    if syntax and syntax.is_transfer_syntax and syntax.is_compressed and syntax.is_encapsulated:
        raise UnsupportedObject(
            "pixels of 1 bit are not compressed",
            keyword=named("TransferSyntaxUID"),
            value=syntax.name,
        )
    if "PixelData" not in dataset:
        raise MissingAttribute("pixel data are needed", keyword=named("PixelData"))
    try:
        return np.frombuffer(dataset["PixelData"].value, dtype=np.uint8)
    except BROKEN as cause:
        raise InputRejected("it cannot be read", keyword=named("PixelData")) from cause
