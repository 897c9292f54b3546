"""The UIDs of an encoded data set: found in every encoding, bounded in memory, or refused."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset, Sequence, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
)
from received import PET, SERIES, STUDY, deflated, encoded, made_dataset, sop_uid

from dicom_node.archive.dicom_header import read_identity
from dicom_node.domain.errors import UnreadableInstance
from dicom_node.domain.series import SeriesKey

SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    JPEGLSLossless,
]


def is_first_instance(identity):
    key = SeriesKey(study_instance_uid=STUDY, series_instance_uid=SERIES)
    return (identity.sop_class_uid, identity.sop_instance_uid, identity.key) == (
        PET,
        sop_uid(1),
        key,
    )


def with_sequences(*, undefined_length):
    """UIDs of other instances in a sequence before our own; private data around them."""
    made = made_dataset(SpecificCharacterSet="ISO_IR 192", PatientComments="long text " * 100)
    item = Dataset()
    item.StudyInstanceUID, item.SeriesInstanceUID = "9.9", "9.9.9"
    item.SOPInstanceUID, item.SOPClassUID = "9.9.9.9", "9.9.9.9.9"
    deeper = Dataset()
    deeper.ReferencedSeriesSequence = Sequence([item])
    made.ReferencedStudySequence = Sequence([deeper, item])
    block = made.private_block(0x0009, "MAKER", create=True)
    block.add_new(1, "OB", b"\0\1\2\3")
    if undefined_length:
        for holder, keyword in (
            (made, "ReferencedStudySequence"),
            (deeper, "ReferencedSeriesSequence"),
        ):
            holder[keyword].is_undefined_length = True
        for one in (item, deeper):
            one.is_undefined_length_sequence_item = True
    return made


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda one: one.name)
def test_the_uids_are_found_in_every_encoding(syntax):
    assert is_first_instance(read_identity(encoded(made_dataset(), syntax), syntax))


@pytest.mark.parametrize("undefined_length", [False, True])
@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda one: one.name)
def test_uids_within_sequences_are_not_taken_for_those_of_the_instance(syntax, undefined_length):
    dataset = with_sequences(undefined_length=undefined_length)

    assert is_first_instance(read_identity(encoded(dataset, syntax), syntax))


def test_the_items_of_an_unknown_element_are_read_as_implicit():
    item = b"\x08\x00\x18\x00\x04\x00\x00\x009.9\x00"  # implicit (0008,0018), not ours
    unknown = (
        b"\x09\x00\x10\x10UN\x00\x00\xff\xff\xff\xff"
        + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
        + item
        + b"\xfe\xff\x0d\xe0\x00\x00\x00\x00"
        + b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    )
    content = encoded(made_dataset(), ExplicitVRLittleEndian)
    group_0020 = content.index(b"\x20\x00\x0d\x00UI")
    content = content[:group_0020] + unknown + content[group_0020:]

    assert is_first_instance(read_identity(content, ExplicitVRLittleEndian))


@pytest.mark.parametrize(
    ("keyword", "named"),
    [
        ("SOPClassUID", "SOPClassUID (0008,0016)"),
        ("SOPInstanceUID", "SOPInstanceUID (0008,0018)"),
        ("StudyInstanceUID", "StudyInstanceUID (0020,000D)"),
        ("SeriesInstanceUID", "SeriesInstanceUID (0020,000E)"),
    ],
)
@pytest.mark.parametrize("value", [None, ""])
def test_a_uid_that_is_absent_or_empty_is_named(keyword, named, value):
    content = encoded(made_dataset(**{keyword: value}))

    with pytest.raises(UnreadableInstance, match="absent, empty") as told:
        read_identity(content, ExplicitVRLittleEndian)
    assert named in str(told.value)


@pytest.mark.parametrize(
    ("announced", "sent"),
    [
        (ExplicitVRLittleEndian, ImplicitVRLittleEndian),
        (ImplicitVRLittleEndian, ExplicitVRLittleEndian),
    ],
)
def test_the_first_element_shows_the_encoding_where_the_sender_announced_another(announced, sent):
    assert is_first_instance(read_identity(encoded(made_dataset(), sent), announced))


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda one: one.name)
def test_a_data_set_cut_off_anywhere_is_refused_or_still_the_same_instance(syntax):
    content = encoded(with_sequences(undefined_length=True), syntax)
    refused = 0
    for length in range(len(content)):
        try:
            assert is_first_instance(read_identity(content[:length], syntax))
        except UnreadableInstance:
            refused += 1
    assert refused >= 100


@settings(max_examples=300, deadline=None)
@given(content=st.binary(max_size=400), syntax=st.sampled_from(SYNTAXES))
def test_random_bytes_raise_nothing_but_the_refusal(content, syntax):
    with pytest.raises(UnreadableInstance):
        read_identity(content, syntax)


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, 600), value=st.integers(0, 255), syntax=st.sampled_from(SYNTAXES))
def test_one_damaged_byte_raises_nothing_but_the_refusal(place, value, syntax):
    content = bytearray(encoded(with_sequences(undefined_length=True), syntax))
    content[place % len(content)] = value

    try:
        identity = read_identity(bytes(content), syntax)
    except UnreadableInstance:
        return
    assert identity.sop_instance_uid


def test_a_deflate_bomb_takes_bounded_memory():
    # an element of 128 MiB before the UIDs; the stream has 128 KiB
    bomb = deflated(b"\x07\x00\x10\x00OB\x00\x00\x00\x00\x00\x08" + bytes(1 << 27))
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableInstance):
            read_identity(bomb, DeflatedExplicitVRLittleEndian)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 64 * 1024 * 1024


def test_uids_behind_a_large_deflated_element_are_still_found():
    content = encoded(made_dataset())
    large = b"\x07\x00\x10\x00OB\x00\x00" + (1 << 20).to_bytes(4, "little") + bytes(1 << 20)

    assert is_first_instance(
        read_identity(deflated(large + content), DeflatedExplicitVRLittleEndian)
    )


def test_what_is_no_deflate_stream_is_refused_by_name():
    with pytest.raises(UnreadableInstance, match="deflate"):
        read_identity(b"\xff" * 100, DeflatedExplicitVRLittleEndian)


def test_a_data_set_of_countless_empty_elements_is_refused_in_bounded_time():
    endless = b"\x08\x00\x05\x00CS\x00\x00" * 1_000_000

    with pytest.raises(UnreadableInstance, match="first 200000 elements"):
        read_identity(endless, ExplicitVRLittleEndian)


def test_a_uid_of_kilobytes_is_refused_with_its_length():
    content = encoded(made_dataset(SeriesInstanceUID=None))
    content += b"\x20\x00\x0e\x00UI\xa0\x0f" + b"1" * 4000

    with pytest.raises(UnreadableInstance, match=r"SeriesInstanceUID \(0020,000E\) has 4000 bytes"):
        read_identity(content, ExplicitVRLittleEndian)


def test_real_files_of_many_makers_give_what_pydicom_reads(shared_data):
    compared = 0
    for file in (
        sorted(shared_data.glob("robustness/**/*"))
        + sorted(shared_data.glob("petct-fdg-ge/**/*.dcm"))[::20]
    ):
        if not file.is_file():
            continue
        try:
            read = dcmread(file, stop_before_pixels=True)
            syntax = str(read.file_meta.TransferSyntaxUID)
            uids = [str(read[name].value) for name in ("StudyInstanceUID", "SeriesInstanceUID")]
        except (InvalidDicomError, AttributeError, KeyError, ValueError, NotImplementedError):
            continue
        start = 144 + int(read.file_meta.FileMetaInformationGroupLength)
        try:
            identity = read_identity(file.read_bytes()[start:], syntax)
        except UnreadableInstance:
            assert not all(uids) or not read.get("SOPClassUID"), file.name
            continue
        key = SeriesKey(study_instance_uid=uids[0], series_instance_uid=uids[1])
        assert identity.key == key, file.name
        compared += 1
    assert compared > 50
