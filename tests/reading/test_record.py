"""One value for a whole series, or a refusal that shows what differs."""

import pytest
from dicom_parts import item

from dicom_node.domain.errors import NotCalibrated
from dicom_node.reading.header import Header
from dicom_node.reading.record import Record, common, common_text


def test_two_spellings_of_one_number_are_one_value() -> None:
    assert common(["70", "70.0", "7e1"], "PatientWeight") == "70"
    assert common([None, None], "PatientWeight") is None
    assert common([], "PatientWeight") is None


@pytest.mark.parametrize("values", [["70", "71"], ["70", None], ["GML", "BQML"], ["M", "1"]])
def test_what_differs_is_refused_with_what_came(values: list[str | None]) -> None:
    with pytest.raises(NotCalibrated, match=r"Name is .*same in all slices") as caught:
        common(values, "Name")
    for value in values:
        assert (value or "absent") in str(caught.value)


def test_an_attribute_is_named_with_its_tag() -> None:
    headers = [Header(item(Units="GML")), Header(item(Units="BQML"))]
    with pytest.raises(NotCalibrated, match=r"Units \(0054,1001\) is 'GML, BQML'"):
        common_text(headers, "Units")
    assert common_text(headers[:1], "Units") == "GML"


def test_a_warning_is_kept_once() -> None:
    record = Record()
    record.warn("same")
    record.warn("same")
    record.note("Units", "GML")
    assert (record.warnings, record.values) == (["same"], {"Units": "GML"})
