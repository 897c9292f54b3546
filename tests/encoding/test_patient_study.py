"""A result belongs to exactly the patient and study of its source, in any character set."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from dicom_parts import code, item
from encoding.reports import EQUIPMENT, encoded_seg, report_of
from factories import ct_series, pet_series
from pydicom import Dataset

from dicom_node.encoding.encode import EncodedObject, encode_report
from dicom_node.encoding.patient_study import patient_and_study

NAMES: dict[str, tuple[Any, str]] = {
    "Greek": ("ISO_IR 126", "Διονυσιος^Αθηνα"),
    "Japanese": (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    "Japanese, half width": (
        ["ISO 2022 IR 13", "ISO 2022 IR 87"],
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    ),
    "Chinese": ("GB18030", "Wang^XiaoDong=王^小东"),
    "Korean": (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    "Cyrillic": ("ISO_IR 144", "Иванов^Анна"),
    "Latin 1": ("ISO_IR 100", "Äneas^Rüdiger"),
    "UTF-8": ("ISO_IR 192", "Wang^XiaoDong=王^小東"),
    "none": (None, "Plain^Name"),
}


def read_back(objects: tuple[EncodedObject, ...]) -> list[Dataset]:
    return [pydicom.dcmread(BytesIO(one.encoded)) for one in objects]


@pytest.mark.parametrize(("character_set", "name"), NAMES.values(), ids=NAMES.keys())
def test_names_survive_every_character_set(character_set: Any, name: str, tmp_path: Path) -> None:
    text = name.rsplit("=", maxsplit=1)[-1]
    nested = item(RequestedProcedureDescription=text)
    nested.add_new("CodeMeaning", "LO", text)
    source = pet_series(
        SpecificCharacterSet=character_set,
        PatientName=name,
        OtherPatientNames=[name, name],
        StudyDescription=text,
        PatientComments=text,
        ReferringPhysicianName=name,
        ProcedureCodeSequence=[nested],
    )
    report = report_of(tmp_path, source)
    stored = pydicom.dcmread(report.source_instances[0].path)
    assert str(stored.PatientName) == name  # the file says what the test means it to say
    for made in read_back(encode_report(report, EQUIPMENT)):
        assert made.SpecificCharacterSet == "ISO_IR 192"
        assert made.PatientName == stored.PatientName
        assert str(made.PatientName) == name
        assert [str(one) for one in made.OtherPatientNames] == [name, name]
        assert str(made.ReferringPhysicianName) == name
        assert made.StudyDescription == made.PatientComments == text
        assert made.ProcedureCodeSequence[0].CodeMeaning == text


def test_an_item_with_a_character_set_of_its_own_survives(tmp_path: Path) -> None:
    name = "王^小东"
    other = item(SpecificCharacterSet="GB18030", PatientID="2")
    other.PatientName = name
    source = pet_series(SpecificCharacterSet="ISO_IR 100", OtherPatientIDsSequence=[other])
    made = pydicom.dcmread(BytesIO(encoded_seg(report_of(tmp_path, source))))
    (copied,) = made.OtherPatientIDsSequence
    assert str(copied.PatientName) == name
    assert "SpecificCharacterSet" not in copied


def values(dataset: Dataset) -> dict[int, str]:
    """Values as text by tag; an empty one is an empty text, however it is held."""
    return {int(one.tag): "" if one.value is None else str(one.value) for one in dataset}


FULL = {
    "IssuerOfPatientID": "HOSPITAL",
    "OtherPatientIDs": ["A", "B"],
    "PatientBirthTime": "010203.123",
    "EthnicGroup": "X",
    "PatientSex": "O",
    "PatientSexNeutered": "UNALTERED",
    "PatientSpeciesDescription": "",
    "PregnancyStatus": 4,
    "PatientMotherBirthName": "Mother^Name",
    "AdditionalPatientHistory": "line one\r\nline two",
    "PatientIdentityRemoved": "YES",
    "DeidentificationMethod": "TEST",
    "LongitudinalTemporalInformationModified": "MODIFIED",
    "ClinicalTrialSponsorName": "Sponsor",
    "ClinicalTrialProtocolID": "P-1",
    "ClinicalTrialSiteID": "",
    "ClinicalTrialSubjectID": "S-1",
    "ClinicalTrialTimePointID": "T-1",
    "AdmissionID": "ADM",
    "ServiceEpisodeDescription": "Episode",
    "PatientState": "stable",
    "RequestingService": "Oncology",
    "TimezoneOffsetFromUTC": "+0200",
    "IssuerOfAccessionNumberSequence": [item(LocalNamespaceEntityID="RIS")],
    "PhysiciansOfRecord": ["One^A", "Two^B"],
    "ProcedureCodeSequence": [code("44139-4", "LN", "PET whole body")],
}
SPARSE = {
    "PatientWeight": None,
    "PatientAge": None,
    "PatientSize": None,
    "AccessionNumber": "",
    "StudyID": "",
    "StudyDescription": None,
    "PatientBirthDate": "",
    "PatientSex": "",
    "ReferringPhysicianName": None,
    "Manufacturer": "",
    "BodyPartExamined": None,
}
# What the standard forbids and the field brings: it must neither fail nor be put right.
ODD = {
    "PatientID": "X" * 70,
    "StudyID": "eighteen characters",
    "PatientBirthDate": "1960.01.01",
    "StudyTime": "9:55",
    "PatientSex": "MALE",
    "AccessionNumber": "longer than sixteen characters",
}


@pytest.mark.filterwarnings("ignore:Invalid value for VR", "ignore:The value length")
@pytest.mark.parametrize("changes", [{}, FULL, SPARSE, ODD], ids=["plain", "full", "sparse", "odd"])
def test_patient_and_study_modules_equal_those_of_the_source(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    source = pet_series(**changes)
    report = report_of(tmp_path, source, companions=ct_series())
    stored = pydicom.dcmread(report.source_instances[0].path)
    expected = patient_and_study(stored)
    for keyword in set(changes) - {"Manufacturer", "BodyPartExamined"}:
        if changes[keyword] is not None:
            assert expected.get(keyword) == stored.get(keyword)
    for made in read_back(encode_report(report, EQUIPMENT)):
        assert values(patient_and_study(made)) == values(expected)


@pytest.mark.parametrize(
    "keyword", ["PatientID", "PatientName", "AccessionNumber", "StudyID", "ReferringPhysicianName"]
)
def test_a_type_2_attribute_that_the_source_lacks_is_written_empty(
    keyword: str, tmp_path: Path
) -> None:
    made = read_back(encode_report(report_of(tmp_path, pet_series(**{keyword: None})), EQUIPMENT))
    assert all(keyword in one and not one[keyword].value for one in made)


@pytest.mark.filterwarnings("ignore:Invalid value for VR", "ignore:The value length")
@pytest.mark.parametrize(
    ("age", "kept"), [("64", False), ("064Y", True), ("", True), ("old", False)]
)
def test_an_age_that_is_none_is_left_out(age: str, kept: bool, tmp_path: Path) -> None:
    made = read_back(encode_report(report_of(tmp_path, pet_series(PatientAge=age)), EQUIPMENT))
    assert all(("PatientAge" in one) is kept for one in made)


def test_a_trial_module_that_lacks_what_it_must_have_is_left_out_whole(tmp_path: Path) -> None:
    source = pet_series(
        ClinicalTrialSponsorName="",
        ClinicalTrialProtocolID="6668",
        ClinicalTrialSiteID="",
        ClinicalTrialTimePointID="15",
    )
    made = pydicom.dcmread(BytesIO(encoded_seg(report_of(tmp_path, source))))
    assert "ClinicalTrialProtocolID" not in made
    assert "ClinicalTrialSiteID" not in made
    assert made.ClinicalTrialTimePointID == "15"  # of another module, which is whole


def test_series_attributes_of_the_source_are_not_those_of_the_result(tmp_path: Path) -> None:
    source = pet_series(ClinicalTrialSeriesID="PET-1", ProtocolName="WB", OperatorsName="Some^One")
    made = pydicom.dcmread(BytesIO(encoded_seg(report_of(tmp_path, source))))
    for keyword in ("ClinicalTrialSeriesID", "ProtocolName", "OperatorsName"):
        assert keyword not in made
    assert made.BodyPartExamined == "CHEST"
