"""Pixel data that measure nothing, are cut off, damaged or not to be decoded: each by its name."""

from pathlib import Path
from typing import Any

import pytest
from encapsulated import encapsulated, with_syntax
from factories import ct_series, item
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)
from read_back import headers_of, values_of

from dicom_node.domain.errors import InputRejected, MissingAttribute, UnsupportedObject
from dicom_node.reading.header import Header
from dicom_node.reading.header import read_header as read


@pytest.mark.parametrize(
    ("change", "keyword"),
    [
        ({"SamplesPerPixel": 3}, "SamplesPerPixel"),
        ({"PhotometricInterpretation": "RGB"}, "PhotometricInterpretation"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "PhotometricInterpretation"),
        ({"BitsAllocated": 12}, "BitsAllocated"),
        ({"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0}, "BitsAllocated"),
        ({"BitsStored": 17}, "BitsStored"),
        ({"HighBit": 14}, "HighBit"),
        ({"PixelRepresentation": 2}, "PixelRepresentation"),
    ],
)
def test_a_format_that_measures_nothing_is_refused_by_name(
    tmp_path: Path, change: dict[str, Any], keyword: str
) -> None:
    with pytest.raises(UnsupportedObject, match=f"^{keyword}"):
        values_of(headers_of(ct_series(slices=2, **change), tmp_path))


@pytest.mark.parametrize("keyword", ["BitsStored", "PixelRepresentation", "PixelData"])
def test_an_absent_attribute_of_the_pixels_is_named(tmp_path: Path, keyword: str) -> None:
    made = ct_series(slices=2)
    delattr(made[1], keyword)
    with pytest.raises(MissingAttribute, match=keyword):
        values_of(headers_of(made, tmp_path))


@pytest.mark.parametrize("keyword", ["RescaleSlope", "RescaleIntercept"])
def test_a_ct_without_slope_or_intercept_is_refused(tmp_path: Path, keyword: str) -> None:
    made = ct_series(slices=2)
    delattr(made[1], keyword)
    with pytest.raises(MissingAttribute, match=f"^{keyword}.*instance number 2"):
        values_of(headers_of(made, tmp_path))


@pytest.mark.parametrize("missing", [1, 100, 383])
def test_pixel_data_that_are_cut_off_are_refused(tmp_path: Path, missing: int) -> None:
    headers = headers_of(ct_series(slices=2), tmp_path)
    path = headers[1].path
    assert path is not None
    path.write_bytes(path.read_bytes()[:-missing])
    with pytest.raises(InputRejected, match=r"PixelData .* cut off: 384 bytes are needed"):
        values_of([headers[0], read(path)])


def test_a_file_that_shrinks_after_its_header_was_read_is_refused(tmp_path: Path) -> None:
    headers = headers_of(ct_series(slices=1), tmp_path)
    path = headers[0].path
    assert path is not None
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputRejected, match="cut off"):
        values_of(headers)


def test_fewer_pixel_bytes_than_rows_and_columns_are_refused(tmp_path: Path) -> None:
    made = ct_series(slices=1)
    made[0].PixelData = made[0].PixelData[:-2]
    with pytest.raises(InputRejected, match="382 bytes"):
        values_of(headers_of(made, tmp_path))


@pytest.mark.parametrize("syntax", [JPEGLSLossless, JPEG2000Lossless, RLELossless, HTJ2KLossless])
def test_a_damaged_stream_is_refused(tmp_path: Path, syntax: str) -> None:
    made = encapsulated(ct_series(slices=1)[0], syntax, b"\xff\x4f\xff\x51 no image \x00")
    with pytest.raises(InputRejected, match="damaged or cut off, frame 1"):
        values_of(headers_of([made], tmp_path))


# JPEG XL, MPEG-4, and a private one. By the name that pydicom has, which for JPEG XL is the UID
# until pynetdicom is imported.
@pytest.mark.parametrize(
    "syntax", ["1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.102", "1.2.840.113619.5.2"]
)
def test_a_transfer_syntax_without_decoder_is_named(tmp_path: Path, syntax: str) -> None:
    path = with_syntax(syntax, bytes(2), tmp_path)
    with pytest.raises(UnsupportedObject, match=r"TransferSyntaxUID \(0002,0010\)") as caught:
        values_of([read(path)])
    assert UID(syntax).name in str(caught.value)


def test_fragments_without_compression_are_refused(tmp_path: Path) -> None:
    whole = with_syntax(ExplicitVRLittleEndian, bytes(384), tmp_path)
    bare = tmp_path / "bare.dcm"
    bare.write_bytes(whole.read_bytes()[132:])
    for path in (whole, bare):
        with pytest.raises(UnsupportedObject, match="fragments"):
            values_of([read(path)])


def test_a_data_set_without_file_meta_information_is_refused() -> None:
    made = ct_series(slices=1)[0]
    bare = Header(item(**{one.keyword: one.value for one in made}))
    with pytest.raises(UnsupportedObject, match="TransferSyntaxUID"):
        values_of([bare])


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    headers = headers_of(ct_series(slices=1), tmp_path)
    path = headers[0].path
    assert path is not None
    path.unlink()
    with pytest.raises(InputRejected, match="the file cannot be read"):
        values_of(headers)


def test_a_size_beyond_memory_is_refused(tmp_path: Path) -> None:
    headers = headers_of(ct_series(slices=1, Rows=65535, Columns=65535), tmp_path)
    with pytest.raises(InputRejected, match=r"cut off|do not fit into memory"):
        values_of(headers)
