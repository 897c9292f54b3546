"""Headers: the quick way into a file says what pydicom says, and broken files are refused."""

import io
import warnings
from itertools import islice
from pathlib import Path

import pydicom
import pytest
from factories import ct_series, enhanced_pet, fdg, item, nm_recon_tomo, pet_series
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.datadict import keyword_for_tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from dicom_node.domain.errors import DicomNodeError, MissingAttribute, UnreadableInstance
from dicom_node.reading.header import Header, named, read_header
from dicom_node.reading.scan import ScannedFile

LITTLE = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]


def written(dataset: Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    dataset.file_meta.TransferSyntaxUID = syntax
    buffer = io.BytesIO()
    pydicom.dcmwrite(
        buffer,
        dataset,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=syntax != ExplicitVRBigEndian,
        enforce_file_format=True,
    )
    path.write_bytes(buffer.getvalue())
    return path


def objects() -> list[Dataset]:
    return [pet_series(slices=1)[0], ct_series(slices=1)[0], nm_recon_tomo(), enhanced_pet()]


def assert_same_texts(quick: Header, path: Path) -> Header:
    slow = Header(pydicom.dcmread(path, force=True, stop_before_pixels=True))
    assert isinstance(quick.source, ScannedFile)
    for tag, (vr, _, _) in quick.source.index.items():
        keyword = keyword_for_tag(tag)
        if keyword and keyword != "PixelData" and vr != "SQ":
            assert quick.texts(keyword) == slow.texts(keyword), keyword
            assert quick.numbers(keyword) == slow.numbers(keyword), keyword
    return slow


def assert_says_the_same(quick: Header, path: Path) -> None:
    slow = assert_same_texts(quick, path)
    for element in slow.dataset:
        assert quick.dataset[element.tag] == element
    assert quick.dataset.file_meta == slow.dataset.file_meta


@pytest.mark.parametrize("syntax", LITTLE)
@pytest.mark.parametrize("kind", range(4))
def test_a_scanned_file_says_what_pydicom_says(tmp_path: Path, kind: int, syntax: str) -> None:
    path = written(objects()[kind], tmp_path / "one.dcm", syntax)
    assert_says_the_same(read_header(path), path)


texts = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"], exclude_characters="\\="))
words = st.lists(texts.map(lambda text: text[:16]), max_size=3)
decimals = st.lists(st.floats(-1e6, 1e6).map(lambda value: f"{value:.8g}"), max_size=4)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=words,
    name=texts,
    decimals=decimals,
    shorts=st.lists(st.integers(0, 65535), max_size=4),
    blob=st.binary(max_size=40),
    defined=st.booleans(),
    syntax=st.sampled_from(LITTLE),
)
def test_any_values_are_read_as_pydicom_reads_them(
    tmp_path: Path,
    *,
    words: list[str],
    name: str,
    decimals: list[str],
    shorts: list[int],
    blob: bytes,
    defined: bool,
    syntax: str,
) -> None:
    one = pet_series(slices=1, SpecificCharacterSet="ISO_IR 100")[0]
    one.PatientComments, one.ImageComments = "\\".join(words), name
    one.PatientName = name[:60]
    one.OtherPatientIDs = words
    one.WindowCenter, one.SliceVector = decimals, shorts
    one.private_block(0x0009, "TEST", create=True).add_new(1, "OB", blob + b"\0" * (len(blob) % 2))
    nested = item(PatientID="inner", RadiopharmaceuticalInformationSequence=[fdg()])
    nested["RadiopharmaceuticalInformationSequence"].is_undefined_length = not defined
    one.ReferencedImageSequence = [nested, item()]
    one["ReferencedImageSequence"].is_undefined_length = not defined
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = written(one, tmp_path / "one.dcm", syntax)
        assert_says_the_same(read_header(path), path)


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_other_encodings_are_read_with_the_same_values(tmp_path: Path, syntax: str) -> None:
    plain = read_header(written(ct_series(slices=1)[0], tmp_path / "plain.dcm"))
    other = read_header(written(ct_series(slices=1)[0], tmp_path / "other.dcm", syntax))
    assert not isinstance(other.source, ScannedFile)
    for keyword in ("PatientName", "ImagePositionPatient", "Rows", "SeriesInstanceUID"):
        assert other.texts(keyword) == plain.texts(keyword)


def test_a_long_header_is_read_to_its_end(tmp_path: Path) -> None:
    one = ct_series(slices=1)[0]
    one.add_new(0x00091001, "OB", bytes(100_000))
    header = read_header(written(one, tmp_path / "one.dcm"))
    assert header.numbers("PixelSpacing") == (3.0, 2.0)
    assert len(header.dataset.PixelData) == 16 * 12 * 2


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.floats(0, 1))
def test_a_file_cut_anywhere_is_refused_by_name_or_read(tmp_path: Path, part: float) -> None:
    whole = written(pet_series(slices=1, rows=4, columns=4)[0], tmp_path / "whole.dcm").read_bytes()
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(whole[: int(part * len(whole))])
    try:
        header = read_header(cut)
    except UnreadableInstance:
        return
    assert header.text("SeriesInstanceUID") is not None
    assert "PixelData" in header.dataset or part < 1


def test_a_file_cut_within_its_header_is_refused(tmp_path: Path) -> None:
    whole = written(pet_series(slices=1)[0], tmp_path / "whole.dcm").read_bytes()
    cut = tmp_path / "cut.dcm"
    cut.write_bytes(whole[:1501])
    with pytest.raises(UnreadableInstance, match="cut off within its header"):
        read_header(cut)


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"])
def test_an_instance_without_identity_is_refused(tmp_path: Path, keyword: str) -> None:
    one = ct_series(slices=1)[0]
    delattr(one, keyword)
    path = tmp_path / "one.dcm"
    pydicom.dcmwrite(path, one, implicit_vr=False, little_endian=True)
    with pytest.raises(UnreadableInstance, match=keyword):
        read_header(path)


@pytest.mark.parametrize("content", [b"", b"no DICOM", bytes(132) + b"DICM", b"PK" + bytes(500)])
def test_what_is_no_dicom_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "one"
    path.write_bytes(content)
    with pytest.raises(UnreadableInstance):
        read_header(path)


def test_absent_empty_and_broken_values_are_none() -> None:
    one = Header(item(PatientName="", PatientWeight="", Rows=7, ImagePositionPatient=[1, 2, 3]))
    assert one.text("PatientName") is None
    assert one.texts("PatientName") == ()
    assert one.number("PatientWeight") is None
    assert one.value("PatientID") is None
    assert one.items("DetectorInformationSequence") == ()
    assert one.item("DetectorInformationSequence") is None
    assert (one.whole("Rows"), one.number("Rows")) == (7, 7.0)
    assert one.numbers("ImagePositionPatient") == (1.0, 2.0, 3.0)


def test_needed_values_that_are_absent_are_named_with_their_tag() -> None:
    header = Header(item(PatientName="Phantom"))
    with pytest.raises(MissingAttribute, match=r"PatientWeight \(0010,1030\) is absent"):
        header.need_number("PatientWeight")
    with pytest.raises(MissingAttribute, match=r"Units \(0054,1001\)"):
        header.need_text("Units")


def test_a_number_that_is_none_is_shown(tmp_path: Path) -> None:
    path = written(pet_series(slices=1)[0], tmp_path / "one.dcm")
    stored = path.read_bytes()
    path.write_bytes(stored.replace(b"75.0", b"7x.0"))
    header = read_header(path)
    assert header.number("PatientWeight") is None
    assert header.whole("PatientWeight") is None
    with pytest.raises(MissingAttribute, match="a number is needed"):
        header.need_number("PatientWeight")


@pytest.mark.parametrize("infinite", ["inf", "nan", "1e999"])
def test_a_number_without_end_is_no_whole_number(infinite: str) -> None:
    header = Header(Dataset())
    header.dataset.add_new("PatientComments", "LT", infinite)
    assert header.whole("PatientComments") is None


def test_private_elements_are_addressed_by_their_creator() -> None:
    one = Dataset()
    one.private_block(0x0009, "OTHER", create=True).add_new(0x0D, "DT", "19990101")
    one.private_block(0x0009, "GEMS_PETD_01", create=True).add_new(0x0D, "DT", "20240305")
    assert Header(one).private(0x0009, "GEMS_PETD_01", 0x0D) == "20240305"
    assert Header(one).private(0x0009, "NOBODY", 0x0D) is None
    assert Header(one).private(0x0009, "GEMS_PETD_01", 0x0E) is None


def test_a_keyword_is_named_with_its_tag() -> None:
    assert named("PatientWeight") == "PatientWeight (0010,1030)"
    assert named("NoKeyword") == "NoKeyword"


def test_real_headers_say_what_pydicom_says(shared_data: Path) -> None:
    folders = {path.parent for path in shared_data.rglob("*.dcm")}
    compared = 0
    for folder in folders:
        for path in islice(sorted(folder.glob("*.dcm")), 3):
            try:
                header = read_header(path)
            except DicomNodeError:
                continue
            if isinstance(header.source, ScannedFile) and path.stat().st_size < 1_000_000:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    assert_same_texts(header, path)
                compared += 1
    assert compared > 50
