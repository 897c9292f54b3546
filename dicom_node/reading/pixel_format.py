"""How the numbers of a plane are stored, or why they measure nothing (PS3.3 C.7.6.3)."""

from dataclasses import dataclass

import numpy as np

from dicom_node.domain.errors import UnsupportedObject
from dicom_node.reading.header import Header, named
from dicom_node.reading.plane import instance_of

FORMAT_KEYWORDS = (
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
)
_GREY = ("MONOCHROME1", "MONOCHROME2")


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelFormat:
    """Size and type of the stored numbers of a plane.

    Parameters
    ----------
    unused_bits : int
        Bits above High Bit, which may hold anything: overlays, in old objects.
    """

    rows: int
    columns: int
    dtype: np.dtype[np.integer]
    unused_bits: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame that is not compressed."""
        return self.rows * self.columns * self.dtype.itemsize


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
        raise _refusal(header, "SamplesPerPixel", "1, a grey value; colours measure nothing")
    if header.need_text("PhotometricInterpretation") not in _GREY:
        raise _refusal(header, "PhotometricInterpretation", " or ".join(_GREY))
    allocated = header.need_number("BitsAllocated")
    if allocated not in (8, 16, 32):
        raise _refusal(header, "BitsAllocated", "8, 16, 32")
    stored = header.need_number("BitsStored")
    if not 1 <= stored <= allocated:
        raise _refusal(header, "BitsStored", f"1 to {allocated:g}")
    if header.need_number("HighBit") != stored - 1:
        raise _refusal(header, "HighBit", f"{stored - 1:g}, one less than Bits Stored")
    signed = header.need_number("PixelRepresentation")
    if signed not in (0, 1):
        raise _refusal(header, "PixelRepresentation", "0, 1")
    return PixelFormat(
        rows=int(header.need_number("Rows")),
        columns=int(header.need_number("Columns")),
        dtype=np.dtype(f"<{'i' if signed else 'u'}{int(allocated) // 8}"),
        unused_bits=int(allocated - stored),
    )


def _refusal(header: Header, keyword: str, allowed: str) -> UnsupportedObject:
    return UnsupportedObject(
        f"allowed: {allowed} ({instance_of(header)})",
        keyword=named(keyword),
        value=header.text(keyword),
    )
