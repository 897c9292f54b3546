"""Pixel data to real-world values: decoded, rescaled plane by plane, in parallel."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
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
from dicom_node.reading.plane import Plane, instance_of
from dicom_node.reading.rescale import Scale
from dicom_node.reading.scanned_file import PIXEL_DATA, UNDEFINED, ScannedFile

Stored = NDArray[np.integer]

_PLAIN = frozenset({ImplicitVRLittleEndian, ExplicitVRLittleEndian})
_NATIVE = _PLAIN | {ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian}
_GREY = ("MONOCHROME1", "MONOCHROME2")
_FORMAT = (
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)
# The quickest of several plug-ins (RLE: 16 times, JPEG-LS: twice as quick as the one that pydicom
# takes first); the others are tried where it fails.
_QUICKEST = {
    RLELossless: "pylibjpeg",
    JPEGLSLossless: "pyjpegls",
    JPEGLSNearLossless: "pyjpegls",
}
_MOST_THREADS = 8
# Several shares for each thread, so that one slow file does not hold up the others.
_SHARES_PER_THREAD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelFormat:
    """How the numbers of a plane are stored (PS3.3 C.7.6.3).

    Parameters
    ----------
    unused_bits : int
        Bits above High Bit, which hold anything: overlays, in old objects.
    """

    rows: int
    columns: int
    dtype: np.dtype[np.integer]
    unused_bits: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame, not compressed."""
        return self.rows * self.columns * self.dtype.itemsize


@dataclass(frozen=True, slots=True)
class _Task:
    """Where one plane goes, and how its stored values are scaled."""

    index: int
    plane: Plane
    scale: Scale


def scaled_values(planes: Sequence[Plane], scales: Sequence[Scale]) -> NDArray[np.float32]:
    """Values (planes, rows, columns) of planes that share one layout.

    Each is stored x slope + intercept in float64, then rounded to float32.

    Parameters
    ----------
    scales : one for each plane

    Raises
    ------
    UnsupportedObject
        For colours, palettes and transfer syntaxes that cannot be decoded.
    MissingAttribute
        Where an attribute of the pixel module or the pixel data are absent.
    InputRejected
        Where pixel data are cut off or damaged.
    """
    layout = planes[0].layout
    values = np.empty((len(planes), layout.rows, layout.columns), dtype=np.float32)
    tasks = [
        _Task(index, plane, scale)
        for index, (plane, scale) in enumerate(zip(planes, scales, strict=True))
    ]
    threads = min(_MOST_THREADS, os.cpu_count() or 1, len(tasks))
    shares = np.array_split(np.arange(len(tasks)), min(len(tasks), threads * _SHARES_PER_THREAD))
    with ThreadPoolExecutor(max_workers=threads) as pool:
        work = [pool.submit(_fill, values, tasks[s[0] : s[-1] + 1]) for s in shares]
        for one in work:
            one.result()
    return values


def _fill(values: NDArray[np.float32], tasks: Sequence[_Task]) -> None:
    """Decode and rescale some planes, each file opened once."""
    scratch = np.empty(values.shape[1:], dtype=np.float64)
    formats: dict[tuple[object, ...], PixelFormat] = {}
    for _, several in groupby(tasks, key=lambda task: id(task.plane.header)):
        of_one = list(several)
        header = of_one[0].plane.header
        key = header.stored(_FORMAT)
        if key not in formats:
            formats[key] = format_of(header)
        numbers = [task.plane.frame_number or 1 for task in of_one]
        decoded = stored_planes(header, formats[key], numbers)
        for task, stored in zip(of_one, decoded, strict=True):
            _rescale(stored, task, scratch, values[task.index])


def _rescale(stored: Stored, task: _Task, scratch: NDArray[np.float64], out: np.ndarray) -> None:
    """Values of one plane; the rounding to float32 comes last."""
    slope, intercept = task.scale
    if intercept == 0:
        np.multiply(stored, slope, out=out, dtype=np.float64, casting="unsafe")
    else:
        np.multiply(stored, slope, out=scratch)
        np.add(scratch, intercept, out=out, casting="unsafe")


def format_of(header: Header) -> PixelFormat:
    """Pixel format of an object with one grey value a pixel.

    Raises
    ------
    UnsupportedObject
        For colours, palettes and numbers of bits that no volume has.
    MissingAttribute
        Where an attribute is absent.
    """
    if header.need_number("SamplesPerPixel") != 1:
        _refuse(header, "SamplesPerPixel", "1, a grey value; colours measure nothing")
    if header.need_text("PhotometricInterpretation") not in _GREY:
        _refuse(header, "PhotometricInterpretation", " or ".join(_GREY))
    allocated = header.need_number("BitsAllocated")
    if allocated not in (8, 16, 32):
        _refuse(header, "BitsAllocated", "8, 16, 32")
    stored = header.need_number("BitsStored")
    if not 1 <= stored <= allocated:
        _refuse(header, "BitsStored", f"1 to {allocated:g}")
    if header.need_number("HighBit") != stored - 1:
        _refuse(header, "HighBit", f"{stored - 1:g}, one less than Bits Stored")
    signed = header.need_number("PixelRepresentation")
    if signed not in (0, 1):
        _refuse(header, "PixelRepresentation", "0, 1")
    return PixelFormat(
        rows=int(header.need_number("Rows")),
        columns=int(header.need_number("Columns")),
        dtype=np.dtype(f"<{'i' if signed else 'u'}{int(allocated) // 8}"),
        unused_bits=int(allocated - stored),
    )


def _refuse(header: Header, keyword: str, allowed: str) -> None:
    raise UnsupportedObject(
        f"allowed: {allowed} ({instance_of(header)})",
        keyword=named(keyword),
        value=header.text(keyword),
    )


def stored_planes(
    header: Header, form: PixelFormat, frame_numbers: Iterable[int]
) -> Iterable[Stored]:
    """Stored values (rows, columns) of frames of one instance; an array is valid until the next.

    Raises as `scaled_values`.
    """
    source = header.source
    if isinstance(source, ScannedFile) and source.transfer_syntax_uid in _PLAIN:
        yield from _plain_planes(header, source, form, frame_numbers)
        return
    for number in frame_numbers:
        yield _without_unused_bits(_decoded(header, form, number - 1), form)


def _plain_planes(
    header: Header, source: ScannedFile, form: PixelFormat, frame_numbers: Iterable[int]
) -> Iterable[Stored]:
    """Frames that lie in the file as they are: read in place, one buffer for all."""
    place = source.index.get(PIXEL_DATA)
    if place is None:
        raise MissingAttribute("pixel data are needed", keyword=named("PixelData"))
    _, start, length = place
    if length == UNDEFINED:
        _refuse_fragments(header, UID(source.transfer_syntax_uid))
    there = min(length, source.file_size - start)
    buffer = np.empty((form.rows, form.columns), dtype=form.dtype)
    with open(source.path, "rb", buffering=0) as file:
        for number in frame_numbers:
            if number * form.frame_bytes > there:
                _refuse_cut_off(header, there, number * form.frame_bytes)
            _read_into(file, start + (number - 1) * form.frame_bytes, buffer, header)
            yield _without_unused_bits(buffer, form)


def _refuse_fragments(header: Header, syntax: UID) -> None:
    raise UnsupportedObject(
        f"fragments in a transfer syntax without compression ({instance_of(header)})",
        keyword=named("PixelData"),
        value=syntax.name,
    )


def _read_into(file: BinaryIO, offset: int, buffer: Stored, header: Header) -> None:
    """Fill an array from a place in a file, in as many reads as the system takes."""
    view = buffer.data.cast("B")
    file.seek(offset)
    done = 0
    while done < len(view):
        got = file.readinto(view[done:])  # type: ignore[attr-defined]  # raw files have it
        if not got:
            _refuse_cut_off(header, done, len(view))
        done += got


def _refuse_cut_off(header: Header, there: int, needed: int) -> None:
    raise InputRejected(
        f"cut off: {needed} bytes are needed ({instance_of(header)})",
        keyword=named("PixelData"),
        value=f"{there} bytes",
    )


def _decoded(header: Header, form: PixelFormat, index: int) -> Stored:
    """One frame (index from 0) by pydicom's decoders, each of its plug-ins in turn."""
    dataset = header.dataset
    if "PixelData" not in dataset:
        raise MissingAttribute("pixel data are needed", keyword=named("PixelData"))
    meta = getattr(dataset, "file_meta", {})
    syntax = UID(str(meta.get("TransferSyntaxUID", "")))
    if dataset["PixelData"].is_undefined_length and syntax in _NATIVE:
        _refuse_fragments(header, syntax)
    try:
        decoder = get_decoder(syntax)
        try:
            plugin = _QUICKEST.get(syntax, "")
            found, _ = decoder.as_array(dataset, index=index, raw=True, decoding_plugin=plugin)
        except RuntimeError:
            found, _ = decoder.as_array(dataset, index=index, raw=True)
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
        _refuse_cut_off(header, found.nbytes, form.frame_bytes)
    return found


def _without_unused_bits(stored: Stored, form: PixelFormat) -> Stored:
    """Values without what lies above High Bit; a shift up and down extends the sign."""
    if form.unused_bits == 0:
        return stored
    exact = stored.astype(form.dtype, copy=False)
    return np.right_shift(np.left_shift(exact, form.unused_bits), form.unused_bits)
