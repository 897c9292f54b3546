"""Instances that do or do not belong together in one series: classes, patients, UIDs, copies."""

import shutil
from pathlib import Path

import pytest
from factories import ct_series, pet_series, write_series
from read_back import series_of

from dicom_node.reading.header import read_header
from dicom_node.reading.series import read_series
from dicom_node.reading.site_tracers import NO_SITE_TRACERS


def test_two_sop_classes_in_one_series_are_a_fault(tmp_path: Path) -> None:
    made = pet_series()
    made[2].SOPClassUID = made[2].file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    series = series_of(made, tmp_path).series
    assert (series.sop_class_uid, series.fault_code) == (made[0].SOPClassUID, "mixed-series")
    assert series.geometry_fault == (
        "several of SOPClassUID (0008,0016) in one series: "
        "Positron Emission Tomography Image Storage (5), Secondary Capture Image Storage (1)"
    )


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientID", "PH-2"),
        ("PatientName", "Other^Person"),
        ("PatientBirthDate", "19700101"),
        ("IssuerOfPatientID", "Elsewhere"),
    ],
)
def test_two_patients_in_one_series_are_a_fault_that_names_nobody(
    tmp_path: Path, keyword: str, value: str
) -> None:
    made = pet_series()
    setattr(made[2], keyword, value)
    series = series_of(made, tmp_path).series
    assert series.geometry_fault == "instances of different patients have one Series Instance UID"
    assert series.fault_code == "several-patients"


def test_spaces_around_an_id_are_no_second_patient(tmp_path: Path) -> None:
    made = pet_series()
    made[2].PatientID = "PH-1 "
    made[3].PatientID = " PH-1"
    assert series_of(made, tmp_path).series.geometry_fault is None


def test_the_digest_of_a_patient_tells_changes_and_no_name(tmp_path: Path) -> None:
    digests = [
        series_of(pet_series(slices=1, **change), tmp_path).series.patient_digest
        for change in ({}, {"PatientID": "PH-2"}, {"PatientName": "X"}, {"SeriesTime": "110000"})
    ]
    assert len(digests[0]) == 16
    assert "Phantom" not in digests[0]
    assert digests[3] == digests[0]
    assert len(set(digests[:3])) == 3


def test_a_copy_of_a_file_counts_once(tmp_path: Path) -> None:
    paths = write_series(pet_series(), tmp_path / "series")
    copy = tmp_path / "series" / "copy.dcm"
    shutil.copy(paths[2], copy)
    headers = [read_header(path) for path in (*paths, copy)]
    series = read_series(headers, NO_SITE_TRACERS).series
    assert (len(series.instances), series.geometry_fault) == (6, None)


def test_two_instances_with_one_uid_are_a_fault(tmp_path: Path) -> None:
    made = pet_series()
    made[3].SOPInstanceUID = made[2].SOPInstanceUID
    made[3].file_meta.MediaStorageSOPInstanceUID = made[2].SOPInstanceUID
    fault = series_of(made, tmp_path).series.geometry_fault
    assert fault is not None
    assert fault.startswith("2 different instances have the SOP Instance UID 1.2")


def test_documents_with_a_fault_have_no_slices(tmp_path: Path) -> None:
    made = ct_series(slices=2, SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33", Modality="SR")
    made[1].SOPInstanceUID = made[0].SOPInstanceUID
    made[1].file_meta.MediaStorageSOPInstanceUID = made[0].SOPInstanceUID
    series = series_of(made, tmp_path).series
    assert (series.fault_code, series.slices) == ("repeated-uid", 0)
