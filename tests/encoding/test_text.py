"""Names in the source's character set are the same names in every object that is written."""

from pathlib import Path

import pydicom
import pytest
from encoding.reports import EQUIPMENT, report_of
from encoding.tools import errors_of, run
from factories import pet_series

from dicom_node.domain.forms import ExtraForm, ResultForms
from dicom_node.encoding.encode import encode_report, write_objects

ALL = {"all": ResultForms(extra_forms=tuple(ExtraForm))}

NAMES = {
    "Greek": ("ISO_IR 126", "Διονυσιος^Παπαδόπουλος", "Ιπποκράτειο"),
    "Japanese": (
        ["", "ISO 2022 IR 87"],
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
        "東京病院",
    ),
    "Japanese, half width": (
        ["ISO 2022 IR 13", "ISO 2022 IR 87"],
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        "東京病院",
    ),
    "Chinese": ("GB18030", "Wang^XiaoDong=王^小东=", "北京医院"),
    "Korean": (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동", "서울병원"),
    "Cyrillic": ("ISO_IR 144", "Люксембург^Иван", "Больница"),
    "Latin 1": ("ISO_IR 100", "Müller^Jérôme", "Hôpital"),
    "UTF-8": ("ISO_IR 192", "Ελένη^山田^Иван^Ünal", "医院 Больница"),
}


@pytest.mark.parametrize(("charset", "name", "hospital"), NAMES.values(), ids=NAMES.keys())
def test_every_object_names_the_patient_as_the_source_does(
    charset: str | list[str], name: str, hospital: str, tmp_path: Path
) -> None:
    series = pet_series(
        SpecificCharacterSet=charset,
        PatientName=name,
        StudyDescription=hospital,
        InstitutionName=hospital,
    )
    report = report_of(tmp_path, series)
    source = pydicom.dcmread(report.source_instances[0].path)
    assert str(source.PatientName).rstrip("=") == name.rstrip("=")  # the source can say it
    made = write_objects(encode_report(report, EQUIPMENT, ALL), tmp_path / "out")
    assert len(made) == 6
    for one in made:
        dataset = pydicom.dcmread(one.path)
        assert dataset.SpecificCharacterSet == "ISO_IR 192"
        assert str(dataset.PatientName) == str(source.PatientName)
        assert dataset.StudyDescription == hospital
        scanner = dataset.ContributingEquipmentSequence[0]
        assert scanner.InstitutionName == hospital
        assert name.split("=", maxsplit=1)[0].encode() in one.path.read_bytes()


def test_other_programs_read_the_name(tmp_path: Path) -> None:
    charset, name, hospital = NAMES["Japanese"]
    series = pet_series(SpecificCharacterSet=charset, PatientName=name, StudyDescription=hospital)
    made = write_objects(encode_report(report_of(tmp_path, series), EQUIPMENT), tmp_path / "out")
    for one in made:
        assert errors_of(one.path) == []
        shown = run("dcmdump", "+U8", "+P", "PatientName", one.path).stdout
        assert name in shown
