"""What is remembered of earlier data sets changes nothing but the time that the next one takes."""

import random

import pytest
from pydicom import Dataset, Sequence
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from received import encoded, made_dataset, sop_uid

from dicom_node.archive.dicom_header import read_identity
from dicom_node.archive.header_layout import HeaderLayouts
from dicom_node.domain.errors import UnreadableInstance

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]


class Counting(HeaderLayouts):
    """Counts how often a layout was found."""

    def __init__(self) -> None:
        super().__init__()
        self.found = 0

    def find(self, dataset, transfer_syntax_uid):
        spans = super().find(dataset, transfer_syntax_uid)
        self.found += spans is not None
        return spans


def rich_dataset(number=1):
    """With sequences of undefined length, long and short headers before the last UID."""
    made = made_dataset(number, SpecificCharacterSet="ISO_IR 192", PatientComments="text")
    item = Dataset()
    item.SOPInstanceUID, item.StudyInstanceUID = "9.9", "9.9.9"
    item.is_undefined_length_sequence_item = True
    made.ReferencedStudySequence = Sequence([item])
    made["ReferencedStudySequence"].is_undefined_length = True
    made.private_block(0x0009, "MAKER", create=True).add_new(1, "OB", b"\0\1\2\3")
    return made


def verdict(content, syntax, layouts=None):
    """Identity or the words of the refusal."""
    try:
        return read_identity(content, syntax, layouts)
    except UnreadableInstance as cause:
        return str(cause)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda one: one.name)
def test_an_instance_that_is_like_an_earlier_one_is_not_walked_and_read_the_same(syntax):
    layouts = Counting()
    for number in range(1, 8):
        content = encoded(rich_dataset(number), syntax)

        assert read_identity(content, syntax, layouts).sop_instance_uid == sop_uid(number)

    assert layouts.found == 6


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda one: one.name)
def test_damaged_data_sets_are_judged_as_without_what_is_remembered(syntax):
    chance, layouts = random.Random(20261123), Counting()
    whole = encoded(rich_dataset(), syntax)
    refused = 0
    for _ in range(1500):
        read_identity(whole, syntax, layouts)
        made, at = bytearray(whole), chance.randrange(len(whole))
        made[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
        content = bytes(made[: chance.choice((len(made), chance.randrange(len(made))))])

        expected = verdict(content, syntax)

        assert verdict(content, syntax, layouts) == expected
        refused += isinstance(expected, str)
    assert refused > 100
    assert layouts.found > 1000


def test_an_empty_uid_where_another_one_stood_is_refused_as_ever():
    layouts = HeaderLayouts()
    whole = encoded(made_dataset())
    read_identity(whole, ExplicitVRLittleEndian, layouts)
    emptied = whole.replace(sop_uid(1).encode(), b" " * len(sop_uid(1)))

    told = verdict(emptied, ExplicitVRLittleEndian, layouts)

    assert told == verdict(emptied, ExplicitVRLittleEndian)
    assert "SOPInstanceUID" in told


def test_a_layout_of_one_transfer_syntax_says_nothing_of_another():
    layouts = Counting()
    content = encoded(made_dataset())
    read_identity(content, ExplicitVRLittleEndian, layouts)

    expected = verdict(content, ExplicitVRBigEndian)

    assert verdict(content, ExplicitVRBigEndian, layouts) == expected
    assert layouts.found == 0


def test_the_layouts_that_were_seen_last_are_remembered_and_no_more():
    layouts = Counting()
    contents = [encoded(made_dataset(StudyDescription="x" * 2 * size)) for size in range(1, 30)]

    for content in contents + contents[-8:] + contents[:1]:
        read_identity(content, ExplicitVRLittleEndian, layouts)

    assert layouts.found == 8
