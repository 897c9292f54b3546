"""Pixel data in every transfer syntax to exact values, and what cannot be decoded by its name."""

import base64
import copy
from pathlib import Path

import gdcm
import numpy as np
import pydicom
import pytest
from encapsulated import encapsulated
from factories import ct_series, nm_recon_tomo, write_series
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)
from read_back import headers_of, values_of

from dicom_node.reading.frames import planes_of
from dicom_node.reading.header import Header
from dicom_node.reading.header import read_header as read
from dicom_node.reading.pixels import scaled_values
from dicom_node.reading.rescale import Scale, scales_of

SHAPE = (3, 16, 12)
# 16 x 12 numbers of 16 bits, 7 x row-major index, as an encoder wrote them; none is at hand here.
HTJ2K = base64.b64decode(
    """
    /0//UQApQAAAAAAMAAAAEAAAAAAAAAAAAAAADAAAABAAAAAAAAAAAAABDwEB/1AACAACAAAACv9SAAwAAgABAAUEBE
    AB/1wAEyCIkJCQkJCQkJCQkJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAHMAAf+TwAAmxfwF
    B3QAAMAAEsAAEwD2AId0AP79Aod0AMAAEcAAE4AbcwD88vsAg1QAwAATwAAVQN7dgX7LdQB48fD+wBjAjLYAwAAqoA
    AV4CRJkt6np6dCdwCmJpPJZPr8ABD2IQHsuQD/2Q==
    """
)
gdcm_only = {
    "JPEG Lossless": gdcm.TransferSyntax.JPEGLosslessProcess14,
    "JPEG Lossless SV1": gdcm.TransferSyntax.JPEGLosslessProcess14_1,
}


def stored_values(seed: int = 0, low: int = -2000, high: int = 3000) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(low, high, SHAPE).astype(np.int16)


def test_stored_values_times_slope_plus_intercept_in_double_precision(tmp_path: Path) -> None:
    stored, slope, intercept = stored_values(), 1.2345678901, -1024.125
    made = ct_series(
        slices=3, values=stored, RescaleSlope=str(slope), RescaleIntercept=str(intercept)
    )
    found = values_of(headers_of(made, tmp_path))
    np.testing.assert_array_equal(found, (stored * slope + intercept).astype(np.float32))


@settings(max_examples=30, deadline=None)
@given(
    slope=st.floats(1e-6, 1e6),
    intercept=st.floats(-1e4, 1e4),
    seed=st.integers(0, 1000),
)
def test_any_line_is_applied_before_rounding(slope: float, intercept: float, seed: int) -> None:
    stored = stored_values(seed)
    planes = planes_of([Header(one) for one in ct_series(slices=3, values=stored)])
    found = scaled_values(planes, [Scale(slope, intercept)] * 3)
    np.testing.assert_allclose(found, stored * slope + intercept, rtol=6e-8, atol=1e-30)


def test_every_slice_has_its_own_slope(tmp_path: Path) -> None:
    stored = stored_values()
    made = ct_series(slices=3, values=stored, RescaleSlope=lambda index: 1.0 + index)
    found = values_of(headers_of(made, tmp_path))
    np.testing.assert_array_equal(found, stored * np.array([1, 2, 3])[:, None, None])


def encoded_natively(one: Dataset, syntax: str, path: Path) -> Path:
    one.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        one["PixelData"].VR = "OW"
        one.PixelData = np.frombuffer(one.PixelData, "<i2").astype(">i2").tobytes()
    pydicom.dcmwrite(
        path,
        one,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
        enforce_file_format=True,
    )
    return path


@pytest.mark.parametrize(
    "syntax",
    [
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ],
)
def test_native_transfer_syntaxes_give_the_same_values(tmp_path: Path, syntax: str) -> None:
    stored = stored_values()
    made = ct_series(slices=3, values=stored)
    paths = [
        encoded_natively(one, syntax, tmp_path / f"{index}.dcm") for index, one in enumerate(made)
    ]
    np.testing.assert_array_equal(values_of([read(path) for path in paths]), stored)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_compressed_transfer_syntaxes_give_the_same_values(tmp_path: Path, syntax: str) -> None:
    stored = np.random.default_rng(0).integers(-2000, 3000, (3, 64, 48)).astype(np.int16)
    made = ct_series(slices=3, rows=64, columns=48, values=stored)
    for one in made:
        one.compress(syntax, generate_instance_uid=False)
    np.testing.assert_array_equal(values_of(headers_of(made, tmp_path)), stored)


@pytest.mark.parametrize("syntax", gdcm_only)
def test_lossless_jpeg_gives_the_same_values(tmp_path: Path, syntax: str) -> None:
    stored = stored_values(low=0)
    paths = write_series(ct_series(slices=3, values=stored), tmp_path / "plain")
    encoded = []
    for path in paths:
        reader = gdcm.ImageReader()
        reader.SetFileName(str(path))
        assert reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm_only[syntax]))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer = gdcm.ImageWriter()
        encoded.append(tmp_path / path.name)
        writer.SetFileName(str(encoded[-1]))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        assert writer.Write()
    np.testing.assert_array_equal(values_of([read(path) for path in encoded]), stored)


def test_high_throughput_jpeg_2000_is_decoded(tmp_path: Path) -> None:
    made = ct_series(slices=1, PixelRepresentation=0)
    encapsulated(made[0], HTJ2KLossless, HTJ2K)
    expected = 7.0 * np.arange(16 * 12).reshape(1, 16, 12)
    np.testing.assert_array_equal(values_of(headers_of(made, tmp_path)), expected)


@pytest.mark.parametrize("syntax", [None, RLELossless])
def test_frames_of_one_object_are_taken_by_number(tmp_path: Path, syntax: str | None) -> None:
    stored = np.random.default_rng(1).integers(0, 60000, (2, 3, 16, 12)).astype(np.uint16)
    made = nm_recon_tomo(slices=3, gates=2, values=stored)
    if syntax:
        made.compress(syntax, generate_instance_uid=False)
    planes = planes_of(headers_of([made], tmp_path))[::-1]
    found = scaled_values(planes, scales_of(planes))
    np.testing.assert_array_equal(found, stored.reshape(6, 16, 12)[::-1])


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("syntax", [None, ExplicitVRBigEndian])
def test_bits_above_the_stored_ones_are_ignored(
    tmp_path: Path, signed: bool, syntax: str | None
) -> None:
    low, high = (-2048, 2047) if signed else (0, 4095)
    truth = np.random.default_rng(2).integers(low, high + 1, SHAPE)
    overlay = np.random.default_rng(3).integers(0, 16, SHAPE) << 12
    stored = (truth & 0x0FFF | overlay).astype(np.uint16).view(np.int16)
    facts = {"BitsStored": 12, "HighBit": 11, "PixelRepresentation": int(signed)}
    made = ct_series(slices=3, values=stored, **facts)
    paths = [
        encoded_natively(one, syntax or ExplicitVRLittleEndian, tmp_path / f"{index}.dcm")
        for index, one in enumerate(made)
    ]
    np.testing.assert_array_equal(values_of([read(path) for path in paths]), truth)


def test_eight_and_thirty_two_bits_are_read(tmp_path: Path) -> None:
    for bits, kind in ((8, np.uint8), (32, np.int32)):
        stored = np.random.default_rng(4).integers(0, 200, SHAPE).astype(kind)
        made = ct_series(
            slices=3,
            BitsAllocated=bits,
            BitsStored=bits,
            HighBit=bits - 1,
            PixelRepresentation=int(kind is np.int32),
        )
        for one, plane in zip(made, stored, strict=True):
            one.PixelData = plane.tobytes()
            one["PixelData"].VR = "OW"
        np.testing.assert_array_equal(values_of(headers_of(made, tmp_path)), stored)


def test_values_of_a_data_set_in_memory_are_the_same() -> None:
    stored = stored_values()
    made = [Header(copy.deepcopy(one)) for one in ct_series(slices=3, values=stored)]
    np.testing.assert_array_equal(values_of(made), stored)
