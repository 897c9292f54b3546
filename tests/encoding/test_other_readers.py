"""Validators and readers by other hands accept every object, on made-up and on real sources."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from encoding.reports import (
    CARD,
    CREATED,
    EQUIPMENT,
    geometry_of,
    petct_report,
    report_of,
    result_of,
    spect_report,
    volume_of,
)
from encoding.tools import errors_of, run, study_errors_of
from factories import ct_series, nm_recon_tomo, pet_series
from pydicom import Dataset

from dicom_node.domain.coding import PRIVATE_SCHEME, Code
from dicom_node.domain.report import Report
from dicom_node.domain.result import Classification, Result
from dicom_node.domain.series import Instance, SeriesKey
from dicom_node.encoding.encode import encode_report, write_objects

SAID = Classification(
    name=Code("uptake-pattern", PRIVATE_SCHEME, "Uptake pattern"),
    value=Code("reduced", PRIVATE_SCHEME, "Reduced"),
    probability=0.5,
)
REPORTS: dict[str, Callable[[Path], Report]] = {
    "PET/CT": petct_report,
    "CT": lambda folder: report_of(folder, ct_series()),
    "SPECT": spect_report,
    "SPECT without frame of reference": lambda folder: spect_report(
        folder, nm_recon_tomo(FrameOfReferenceUID=None, PositionReferenceIndicator=None)
    ),
    "nothing found": lambda folder: petct_report(folder, result=Result()),
    "a category": lambda folder: petct_report(folder, result=Result(classifications=(SAID,))),
    "one slice": lambda folder: report_of(folder, pet_series(slices=1)),
    "sparse header": lambda folder: report_of(
        folder,
        pet_series(
            PatientWeight=None,
            PatientAge=None,
            PatientSize=None,
            AccessionNumber="",
            StudyID="",
            StudyDescription=None,
            ReferringPhysicianName="",
            BodyPartExamined=None,
            Manufacturer="",
        ),
    ),
    "breast, left": lambda folder: report_of(
        folder, pet_series(BodyPartExamined="BREAST", Laterality="L")
    ),
    "Japanese": lambda folder: report_of(
        folder,
        pet_series(
            SpecificCharacterSet=["", "ISO 2022 IR 87"],
            PatientName="Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
    ),
}


@pytest.mark.parametrize("make", REPORTS.values(), ids=REPORTS.keys())
def test_dciodvfy_finds_no_error(make: Callable[[Path], Report], tmp_path: Path) -> None:
    for one in write_objects(encode_report(make(tmp_path), EQUIPMENT), tmp_path / "out"):
        assert errors_of(one.path) == []


@pytest.mark.parametrize("make", [petct_report, spect_report], ids=["PET/CT", "SPECT"])
def test_dcentvfy_finds_the_objects_consistent_with_their_study(
    make: Callable[[Path], Report], tmp_path: Path
) -> None:
    report = make(tmp_path)
    written = write_objects(encode_report(report, EQUIPMENT), tmp_path / "out")
    sources = [one.path for one in (*report.source_instances, *report.companions)]
    assert study_errors_of([*(one.path for one in written), *sources]) == []


def test_dcmqi_reads_the_measurements_of_the_report(tmp_path: Path) -> None:
    written = write_objects(encode_report(petct_report(tmp_path), EQUIPMENT), tmp_path / "out")
    told = tmp_path / "sr.json"
    done = run("tid1500reader", "--inputDICOM", written[1].path, "--outputMetadata", told)
    assert done.returncode == 0, done.stderr
    groups = json.loads(told.read_text())["Measurements"]
    first = groups[0]
    assert first["TrackingIdentifier"] == "candidate-1 41%"
    assert first["ReferencedSegment"] == 1
    assert [item["value"] for item in first["measurementItems"]][:2] == ["12.345", "7.53045"]
    assert first["measurementAlgorithmIdentification"]["AlgorithmName"] == CARD.name


def test_dcmtk_prints_the_report(tmp_path: Path) -> None:
    written = write_objects(encode_report(petct_report(tmp_path), EQUIPMENT), tmp_path / "out")
    done = run("dsrdump", "+Pl", written[1].path)
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if line.startswith("E:")]
    assert "RESEARCH ONLY - NOT FOR CLINICAL USE" in done.stdout
    assert '"SUVbw")="12.345" (g/ml{SUVbw},UCUM' in done.stdout


def read_folder(folder: Path) -> tuple[list[Dataset], tuple[Instance, ...]]:
    """Headers of a folder's files, and their instances."""
    paths = sorted(folder.iterdir())
    datasets = [pydicom.dcmread(path, stop_before_pixels=True) for path in paths]
    instances = tuple(
        Instance(
            key=SeriesKey(
                study_instance_uid=one.StudyInstanceUID, series_instance_uid=one.SeriesInstanceUID
            ),
            sop_class_uid=one.SOPClassUID,
            sop_instance_uid=one.SOPInstanceUID,
            path=path,
        )
        for path, one in zip(paths, datasets, strict=True)
    )
    return datasets, instances


def test_objects_on_a_real_study_have_no_error_and_fit_it(
    shared_data: Path, tmp_path: Path
) -> None:
    # Its header lacks a body part and has a trial module without a sponsor.
    study = shared_data / "petct-fdg-ge"
    pet, pet_instances = read_folder(next(study.glob("PT_PET_AC_*")))
    _, ct_instances = read_folder(next(study.glob("CT_CT_IMAGES_*")))
    geometry, _ = geometry_of(pet)
    masks = np.zeros((3, *geometry.shape), bool)
    masks[0, 40:60, 50:80, 60:70] = masks[1, 50:52, 60:90, 60:65] = masks[2, -1, 0, -1] = True
    report = Report(
        result_id="a" * 40,
        card=CARD,
        result=result_of(geometry, list(masks)),
        source=volume_of(pet),
        source_instances=pet_instances,
        companions=ct_instances,
        created_at=CREATED,
    )
    written = write_objects(encode_report(report, EQUIPMENT), tmp_path)
    for one in written:
        assert errors_of(one.path) == []
    paths = [one.path for one in written]
    ours = [str(path) for path in paths]
    sources = [one.path for one in (*pet_instances, *ct_instances)]
    found = study_errors_of([*paths, *sources])
    # The PET files contradict each other in NumberOfTimeSlices; that is not ours.
    assert [line for line in found if any(path in line for path in ours)] == []
