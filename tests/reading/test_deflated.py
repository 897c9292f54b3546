"""Deflated data sets: read where they are images, refused where they are bombs."""

import zlib
from pathlib import Path

import pydicom
import pytest
from factories import pet_series
from pydicom.uid import DeflatedExplicitVRLittleEndian

from dicom_node.domain.errors import UnreadableInstance
from dicom_node.reading.deflated import check_inflates
from dicom_node.reading.header import read_header


@pytest.fixture
def deflated(tmp_path: Path) -> Path:
    """A PET slice in Deflated Explicit VR Little Endian."""
    (image,) = pet_series(slices=1)
    image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = tmp_path / "deflated.dcm"
    pydicom.dcmwrite(path, image, enforce_file_format=True)
    return path


def test_a_deflated_slice_is_read(deflated: Path) -> None:
    assert read_header(deflated).text("Modality") == "PT"


def test_a_bomb_is_refused_before_it_is_unpacked(deflated: Path) -> None:
    whole = deflated.read_bytes()
    start = len(whole) - len(zlib_part(whole))
    element = b"\x09\x00\x10\x10OB\0\0" + (600 * 2**20).to_bytes(4, "little")
    engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = engine.compress(element)
    for _ in range(600):
        bomb += engine.compress(bytes(2**20))
    deflated.write_bytes(whole[:start] + bomb + engine.flush())
    assert deflated.stat().st_size < 2**20
    with pytest.raises(UnreadableInstance, match="more than 512 MiB"):
        read_header(deflated)


def test_the_limit_is_of_what_comes_out_not_of_what_goes_in(deflated: Path) -> None:
    whole = deflated.read_bytes()
    start = len(whole) - len(zlib_part(whole))
    check_inflates(deflated, start, largest_bytes=10_000)
    with pytest.raises(UnreadableInstance):
        check_inflates(deflated, start, largest_bytes=200)
    with pytest.raises(UnreadableInstance, match="no valid deflate stream"):
        check_inflates(deflated, 0)


def zlib_part(whole: bytes) -> bytes:
    """The data set of a Part 10 file: what follows the group of the File Meta Information."""
    length = int.from_bytes(whole[140:144], "little")
    return whole[144 + length :]
