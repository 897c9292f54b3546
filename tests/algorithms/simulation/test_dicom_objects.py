"""What is written is valid DICOM with the header of a scanner, complete for SUV and for viewers."""

import ast
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless

import algorithms.simulation

PACKAGE = Path(algorithms.simulation.__file__).parent


def _validator(name):
    tool = Path(sys.executable).with_name(name)
    if not tool.exists():
        pytest.skip(f"{name} (package dicom3tools) is not installed")
    return tool


def _output(*command):
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("series", ["pet", "ct"])
def test_dciodvfy_finds_neither_error_nor_warning(study, series):
    tool = _validator("dciodvfy")
    files = getattr(study, series)
    for path in (files[0], files[len(files) // 2], files[-1]):
        found = _output(tool, path)
        assert "Error" not in found, found
        assert "Warning" not in found, found
        assert f"{series.upper()}Image" in found


def test_dcentvfy_finds_the_instances_to_agree_on_patient_study_and_series(study):
    assert _output(_validator("dcentvfy"), *study.files) == ""


def test_instances_of_a_series_differ_in_uid_and_number_only_as_they_should(study, pet, ct):
    every = (*pet.datasets, *ct.datasets)
    assert len({d.SOPInstanceUID for d in every}) == len(study.files)
    assert {d.StudyInstanceUID for d in every} == {study.study_instance_uid}
    assert len({d.FrameOfReferenceUID for d in every}) == 1
    for series in (pet, ct):
        assert len({d.SeriesInstanceUID for d in series.datasets}) == 1
        numbers = [int(d.InstanceNumber) for d in series.datasets]
        assert numbers == list(range(len(numbers), 0, -1))  # 1 is at the head
    assert all(str(d.SOPInstanceUID).startswith("2.25.") for d in every)


def test_the_file_meta_names_the_instance_and_the_transfer_syntax(pet, ct):
    for series, syntax in ((pet, ExplicitVRLittleEndian), (ct, JPEGLSLossless)):
        for d in series.datasets:
            assert d.file_meta.TransferSyntaxUID == syntax
            assert d.file_meta.MediaStorageSOPInstanceUID == d.SOPInstanceUID
            assert d.file_meta.MediaStorageSOPClassUID == d.SOPClassUID


def test_the_pet_header_holds_everything_that_suv_needs(pet):
    d = pet.datasets[0]
    assert d.Units == "BQML"
    assert d.DecayCorrection == "START"
    assert {"ATTN", "DECY"} <= set(d.CorrectedImage)
    assert d.PatientSex == "M"
    assert 50 < float(d.PatientWeight) < 110
    assert 1.6 < float(d.PatientSize) < 1.9
    item = d.RadiopharmaceuticalInformationSequence[0]
    assert item.RadiopharmaceuticalCodeSequence[0].CodeValue == "35321007"
    assert item.RadionuclideCodeSequence[0].CodeValue == "77004003"
    assert {
        item.RadiopharmaceuticalCodeSequence[0].CodingSchemeDesignator,
        item.RadionuclideCodeSequence[0].CodingSchemeDesignator,
    } == {"SCT"}
    assert float(item.RadionuclideHalfLife) == 6586.2
    assert 2e8 < float(item.RadionuclideTotalDose) < 5e8
    assert item.RadiopharmaceuticalStartDateTime.endswith(item.RadiopharmaceuticalStartTime)


def test_the_pet_series_says_how_many_slices_belong_to_it(pet):
    assert {int(d.NumberOfSlices) for d in pet.datasets} == {len(pet.datasets)}
    assert {tuple(d.SeriesType) for d in pet.datasets} == {("WHOLE BODY", "IMAGE")}
    assert [int(d.ImageIndex) for d in pet.datasets] == list(range(1, len(pet.datasets) + 1))


def test_patient_position_stands_in_ct_and_the_orientation_codes_in_pet(pet, ct):
    assert ct.datasets[0].PatientPosition == "HFS"
    d = pet.datasets[0]
    assert "PatientPosition" not in d
    orientation = d.PatientOrientationCodeSequence[0]
    assert orientation.CodeMeaning == "recumbent"
    assert orientation.PatientOrientationModifierCodeSequence[0].CodeMeaning == "supine"
    assert d.PatientGantryRelationshipCodeSequence[0].CodeMeaning == "headfirst"


def test_every_slice_has_its_own_slope_and_uses_most_of_its_bits(pet):
    slopes = {str(d.RescaleSlope) for d in pet.datasets}
    assert len(slopes) > len(pet.datasets) / 2
    assert all(d.pixel_array.max() in (32766, 32767) for d in pet.datasets[::20])
    assert {float(d.RescaleIntercept) for d in pet.datasets} == {0.0}


def _moment(date, time):
    return datetime.strptime(date + time, "%Y%m%d%H%M%S")  # noqa: DTZ007


def test_beds_have_their_own_clock_and_lead_back_to_the_start_of_the_series(pet):
    decay = np.log(2) / 6586.2
    starts = set()
    for d in pet.datasets:
        acquired = _moment(d.AcquisitionDate, d.AcquisitionTime)
        starts.add(acquired)
        x = decay * float(d.ActualFrameDuration) / 1000
        mean_s = np.log(x / -np.expm1(-x)) / decay
        back = acquired + timedelta(seconds=mean_s - float(d.FrameReferenceTime) / 1000)
        series = _moment(d.SeriesDate, d.SeriesTime)
        assert abs((back - series).total_seconds()) < 0.01
        assert float(d.DecayFactor) == pytest.approx(
            np.exp(decay * float(d.FrameReferenceTime) / 1000), rel=1e-6
        )
    assert len(starts) == 6
    assert min(starts) == _moment(pet.datasets[0].SeriesDate, pet.datasets[0].SeriesTime)


def test_the_maker_is_fictitious_and_not_the_node(pet, ct):
    for d in (pet.datasets[0], ct.datasets[0]):
        assert d.Manufacturer == "dicom_node simulation"
        assert d.PatientName == "Phantom^FDG"
        assert d.PatientID == "SIM-FDG-1"


def test_no_attribute_is_private(pet, ct):
    for d in (pet.datasets[0], ct.datasets[0]):
        assert not [element.tag for element in d if element.tag.is_private]


def test_lossless_compression_gives_back_the_stored_ct_values(ct):
    stored = np.stack([d.pixel_array for d in ct.datasets[::30]])
    assert stored.dtype == np.uint16
    assert stored.min() == 0
    assert 1024 + 300 < stored.max() < 4096


def test_only_one_file_knows_pydicom():
    knowing = []
    for path in PACKAGE.glob("*.py"):
        names = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
        if any(name.split(".")[0] == "pydicom" for name in names):
            knowing.append(path.name)
    assert knowing == ["dicom_objects.py"]


def test_strings_are_short_enough_for_their_representation(pet):
    for d in pet.datasets[::40]:
        raw = pydicom.dcmread(d.filename)
        for element in raw:
            if element.VR == "DS" and element.value is not None:
                values = element.value if element.VM > 1 else [element.value]
                assert all(len(str(value)) <= 16 for value in values), element
