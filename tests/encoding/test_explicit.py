"""What is encoded by hand is what pydicom reads, and what it would have written itself."""

from io import BytesIO

import numpy as np
import pydicom
import pytest
from pydicom import Dataset

from dicom_node.domain.coding import Code
from dicom_node.encoding.codes import FINDING, SOURCE
from dicom_node.encoding.content import (
    Relation,
    code,
    code_item,
    image_item,
    number_item,
    polyline_item,
    text_item,
)
from dicom_node.encoding.explicit import element, put_sequences, sequence, text
from dicom_node.encoding.patient_study import CHARACTER_SET


def decoded(*items: bytes) -> list[Dataset]:
    """Items of a sequence as pydicom decodes them."""
    made = Dataset()
    made.SpecificCharacterSet = CHARACTER_SET
    put_sequences(made, ContentSequence=items)
    buffer = BytesIO()
    made.save_as(buffer, implicit_vr=False, little_endian=True)
    return list(pydicom.dcmread(buffer, force=True).ContentSequence)


def test_text_of_any_script_is_read_back() -> None:
    words = "Ελληνικά, 山田, 王小东, Иванов, Ünïcödé"
    (item,) = decoded(text_item(Relation.CONTAINS, FINDING, words))
    assert item.TextValue == words
    assert item.RelationshipType == "CONTAINS"


def test_a_number_is_read_back_as_text_and_in_full() -> None:
    (item,) = decoded(number_item(FINDING, 0.12345678901234567, Code("mm", "UCUM", "mm")))
    value = item.MeasuredValueSequence[0]
    assert value.FloatingPointValue == 0.12345678901234567
    assert len(str(value.NumericValue)) <= 16
    assert float(value.NumericValue) == pytest.approx(0.123456789012346)


def test_an_outline_names_its_image_and_frame() -> None:
    image = image_item(
        Relation.SELECTED, SOURCE, sop_class_uid="1.2", sop_instance_uid="1.2.3", frame=7
    )
    points = np.array([[0.0, 0.5], [2.0, 1.0], [0.0, 0.5]])
    (item,) = decoded(polyline_item(SOURCE, points, image))
    assert np.reshape(item.GraphicData, (-1, 2)).tolist() == points.tolist()
    (reference,) = item.ContentSequence[0].ReferencedSOPSequence
    assert (reference.ReferencedSOPInstanceUID, reference.ReferencedFrameNumber) == ("1.2.3", 7)


def test_a_long_code_is_a_long_code_value() -> None:
    long = Code("a-code-of-more-than-sixteen", "99X", "A long code")
    (item,) = decoded(code_item(Relation.CONTAINS, FINDING, long))
    (said,) = item.ConceptCodeSequence
    assert said.LongCodeValue == long.value
    assert "CodeValue" not in said


def test_values_that_their_representation_cannot_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="0008,0104"):
        text(0x00080104, "LO", "x" * 70_000)
    with pytest.raises(ValueError, match="at most 64"):
        code(0x0040A043, Code("1", "99X", "x" * 65))


def test_elements_have_an_even_length() -> None:
    assert element(0x00081150, "UI", b"1.2")[-1:] == b"\0"
    assert text(0x00080060, "CS", "OTH")[-1:] == b" "


def test_only_a_sequence_can_be_put_as_one() -> None:
    with pytest.raises(ValueError, match="PatientName is no sequence"):
        put_sequences(Dataset(), PatientName=[b""])


def test_an_empty_sequence_is_one() -> None:
    assert sequence(0x0040A730, []).endswith(bytes(4))
