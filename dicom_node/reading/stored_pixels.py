"""Stored numbers of frames: in place from plain files, through pydicom's decoders from others."""

from collections.abc import Iterable
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from dicom_node.domain.errors import InputRejected, MissingAttribute, UnsupportedObject
from dicom_node.reading.header import BROKEN, Header, named
from dicom_node.reading.pixel_format import PixelFormat
from dicom_node.reading.plane import instance_of
from dicom_node.reading.scanned_file import PIXEL_DATA, UNDEFINED, ScannedFile

Stored = NDArray[np.integer]

_PLAIN = frozenset({ImplicitVRLittleEndian, ExplicitVRLittleEndian})
_NATIVE = _PLAIN | {ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
# The quickest of several plug-ins (RLE: 16 times, JPEG-LS: twice as quick as the one that pydicom
# takes first); the others are tried where it fails.
_QUICKEST = {
    RLELossless: "pylibjpeg",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
}


def stored_planes(
    header: Header, form: PixelFormat, frame_numbers: Iterable[int]
) -> Iterable[Stored]:
    """Stored values (rows, columns) of frames of one instance; an array is valid until the next.

    Raises
    ------
    UnsupportedObject
        Where no plug-in decodes the transfer syntax.
    MissingAttribute
        Where there are no pixel data.
    InputRejected
        Where they are cut off or damaged, or the file is gone.
    """
    try:
        for found in _frames(header, form, frame_numbers):
            yield _without_unused_bits(found, form)
    except OSError as cause:
        raise InputRejected(
            f"the file cannot be read ({instance_of(header)}): {type(cause).__name__}"
        ) from cause


def require_pixel_data(header: Header, form: PixelFormat) -> None:
    """Refuse an instance whose pixel data are absent or, not compressed, shorter than its frames.

    Nothing is decoded; the length of compressed data tells nothing.

    Raises
    ------
    MissingAttribute, InputRejected
    """
    place = _pixel_place(header)
    if place is None:
        raise MissingAttribute("pixel data are needed", keyword=named("PixelData"))
    there, compressed = place
    needed = form.frame_bytes * max(1, header.whole("NumberOfFrames") or 1)
    if not compressed and there < needed:
        raise _cut_off(header, there, needed)


def _pixel_place(header: Header) -> tuple[int, bool] | None:
    """Bytes of pixel data that are there, and whether they are compressed; None without any."""
    source = header.source
    if isinstance(source, ScannedFile):
        place = source.index.get(PIXEL_DATA)
        if place is None:
            return None
        _, start, length = place
        return min(length, source.file_size - start), length == UNDEFINED
    found = source.get_item(PIXEL_DATA, keep_deferred=True) if PIXEL_DATA in source else None
    element: object = found  # pydicom tells one of its two kinds only
    if isinstance(element, DataElement):
        return len(element.value or b""), element.is_undefined_length
    if not isinstance(element, RawDataElement):
        return None
    left = element.length
    # The value is in the file still, as it was too long to be read; offsets of a deflated one are
    # those of the inflated data, which are whole or would not have been inflated.
    if header.path is not None and _syntax(source) != DeflatedExplicitVRLittleEndian:
        left = min(left, header.path.stat().st_size - element.value_tell)
    return left, element.length == UNDEFINED


def _syntax(dataset: Dataset) -> UID:
    """Transfer syntax of a data set; empty where it is not told."""
    return UID(str(getattr(dataset, "file_meta", {}).get("TransferSyntaxUID", "")))


def _frames(header: Header, form: PixelFormat, frame_numbers: Iterable[int]) -> Iterable[Stored]:
    source = header.source
    if isinstance(source, ScannedFile) and source.transfer_syntax_uid in _PLAIN:
        yield from _frames_in_place(header, source, form, frame_numbers)
        return
    for number in frame_numbers:
        yield _decoded(header, form, number - 1)


def _frames_in_place(
    header: Header, source: ScannedFile, form: PixelFormat, frame_numbers: Iterable[int]
) -> Iterable[Stored]:
    """Frames that lie in the file as they are: read in place, one buffer for all."""
    place = source.index.get(PIXEL_DATA)
    if place is None:
        raise MissingAttribute("pixel data are needed", keyword=named("PixelData"))
    _, start, length = place
    if length == UNDEFINED:
        raise _fragments(header, UID(source.transfer_syntax_uid))
    there = min(length, source.file_size - start)
    buffer: Stored | None = None
    with open(source.path, "rb", buffering=0) as file:
        for number in frame_numbers:
            if number * form.frame_bytes > there:
                raise _cut_off(header, there, number * form.frame_bytes)
            if buffer is None:
                buffer = np.empty((form.rows, form.columns), dtype=form.dtype)
            file.seek(start + (number - 1) * form.frame_bytes)
            _read_into(file, buffer, header)
            yield buffer


def _read_into(file: BinaryIO, buffer: Stored, header: Header) -> None:
    """Fill an array from a file, in as many reads as the system takes."""
    view = buffer.data.cast("B")
    done = 0
    while done < len(view):
        got = file.readinto(view[done:])  # type: ignore[attr-defined]  # raw files have it
        if not got:
            raise _cut_off(header, done, len(view))
        done += got


def _decoded(header: Header, form: PixelFormat, index: int) -> Stored:
    """One frame, its index from 0, by pydicom's decoders."""
    dataset = header.dataset
    syntax = _syntax(dataset)
    if "PixelData" not in dataset:
        raise MissingAttribute("pixel data are needed", keyword=named("PixelData"))
    try:
        if syntax in _NATIVE and dataset["PixelData"].is_undefined_length:
            raise _fragments(header, syntax)
        found = _by_plugins(dataset, syntax, index)
    except NotImplementedError as cause:
        raise UnsupportedObject(
            f"no decoder for this transfer syntax ({instance_of(header)})",
            keyword=named("TransferSyntaxUID"),
            value=syntax.name or None,
        ) from cause
    except (*BROKEN, RuntimeError) as cause:
        raise InputRejected(
            f"damaged or cut off, frame {index + 1} cannot be decoded ({instance_of(header)})",
            keyword=f"{named('PixelData')} in {syntax.name}",
            value=f"{form.rows} x {form.columns}",
        ) from cause
    if found.shape != (form.rows, form.columns):
        raise _cut_off(header, found.nbytes, form.frame_bytes)
    return found


def _by_plugins(dataset: Dataset, syntax: UID, index: int) -> Stored:
    """One frame by the quickest plug-in, else by each in turn."""
    decoder = get_decoder(syntax)
    if syntax in _QUICKEST:
        try:
            return decoder.as_array(
                dataset, index=index, raw=True, decoding_plugin=_QUICKEST[syntax]
            )[0]
        except RuntimeError:
            pass  # its refusal may be its own; when all refuse, the last of them is told
    return decoder.as_array(dataset, index=index, raw=True)[0]


def _fragments(header: Header, syntax: UID) -> UnsupportedObject:
    return UnsupportedObject(
        f"fragments in a transfer syntax without compression ({instance_of(header)})",
        keyword=named("PixelData"),
        value=syntax.name,
    )


def _cut_off(header: Header, there: int, needed: int) -> InputRejected:
    return InputRejected(
        f"cut off: {needed} bytes are needed ({instance_of(header)})",
        keyword=named("PixelData"),
        value=f"{there} bytes",
    )


def _without_unused_bits(stored: Stored, form: PixelFormat) -> Stored:
    """Values without what lies above High Bit; a shift up and down extends the sign."""
    if form.unused_bits == 0:
        return stored
    exact = stored.astype(form.dtype, copy=False)
    return np.right_shift(np.left_shift(exact, form.unused_bits), form.unused_bits)
