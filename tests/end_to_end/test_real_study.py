"""The main job, as its user does it: DCMTK sends a real PET/CT study, Orthanc is the PACS."""

import subprocess
from collections import Counter
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from peers import (
    Orthanc,
    free_port,
    own_tool,
    running_node,
    running_orthanc,
    storescu,
    tool,
    wait_until,
    write_config,
)

RESULTS = ("SEG", "SR", "OT")
RESULT_LIMIT_S = 120.0


@pytest.fixture(scope="module")
def study(shared_data) -> Path:
    return Path(shared_data) / "petct-fdg-ge"


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory):
    with running_orthanc(tmp_path_factory.mktemp("orthanc")) as running:
        yield running


@pytest.fixture(scope="module")
def node(tmp_path_factory, orthanc, study):
    """A node that was sent the whole study once, and has delivered."""
    port = free_port()
    config = write_config(
        tmp_path_factory.mktemp("node"), node_port=port, pacs_port=orthanc.dicom_port
    )
    with running_node(config, port, ahead=True) as running:
        storescu(port, study)
        wait_until(
            "the job is delivered",
            lambda: running.states() == ["DELIVERED"],
            limit_s=RESULT_LIMIT_S,
        )
        yield running


def results(orthanc: Orthanc) -> dict[str, list[pydicom.Dataset]]:
    return {
        modality: [
            pydicom.dcmread(BytesIO(orthanc.file(one))) for one in orthanc.instances(modality)
        ]
        for modality in RESULTS
    }


def test_one_job_runs_on_the_corrected_pet_with_its_ct(node, study):
    (job,) = node.jobs()
    pet = pydicom.dcmread(next((study / "PT_PET_AC_61081015").iterdir()), stop_before_pixels=True)
    ct = pydicom.dcmread(next((study / "CT_CT_IMAGES_94858561").iterdir()), stop_before_pixels=True)
    assert job["inputs"] == {"pet": pet.SeriesInstanceUID, "ct": ct.SeriesInstanceUID}


def test_it_starts_within_three_seconds_of_the_last_image_that_it_needs(node):
    (job,) = node.jobs()
    told = node.command("jobs", "show", job["job_id"])
    started = next(one["at"] for one in told["events"] if one["new"] == "RUNNING")
    waited = datetime.fromisoformat(started) - datetime.fromisoformat(told["last_input_at"])
    assert waited.total_seconds() <= 3.0


def test_orthanc_holds_exactly_one_of_each_in_the_original_study(node, orthanc, study):
    source = pydicom.dcmread(
        next((study / "PT_PET_AC_61081015").iterdir()), stop_before_pixels=True
    )
    made = results(orthanc)
    assert {modality: len(found) for modality, found in made.items()} == dict.fromkeys(RESULTS, 1)
    for (result,) in made.values():
        assert result.StudyInstanceUID == source.StudyInstanceUID
        assert (result.PatientID, result.PatientName) == (source.PatientID, source.PatientName)
        assert result.ContentQualification == "RESEARCH"


def test_every_other_series_has_its_reason(node):
    told = node.command("jobs")["series"]
    reasons = Counter(reason["code"] for series in told for reason in series["reasons"])
    assert len(told) == 9  # CT, scout, NAC, three value maps, three segmentations
    assert all(series["reasons"] for series in told)
    assert reasons["projection"] == 1
    assert reasons["not-an-input"] == 3


def test_the_objects_satisfy_the_standard_and_other_peoples_readers(node, orthanc, tmp_path):
    for modality, (result,) in results(orthanc).items():
        path = tmp_path / f"{modality}.dcm"
        result.save_as(path)
        said = subprocess.run(
            [own_tool("dciodvfy"), str(path)],
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
        assert "Error" not in said.stderr + said.stdout, f"{modality}: {said.stderr}"
    report = subprocess.run(
        [tool("dsrdump"), str(tmp_path / "SR.dcm")], capture_output=True, check=True, timeout=60
    )
    assert b"PET Measurement Report" in report.stdout
    subprocess.run(
        [
            *(own_tool("segimage2itkimage"), "--inputDICOM", str(tmp_path / "SEG.dcm")),
            *("--outputDirectory", str(tmp_path), "-t", "nii"),
        ],
        capture_output=True,
        check=True,
        timeout=120,
    )
    assert len(list(tmp_path.glob("*.nii.gz"))) == len(results(orthanc)["SEG"][0].SegmentSequence)


def test_the_same_study_again_changes_nothing_and_runs_nothing(node, orthanc, study):
    before = [(job["job_id"], job["updated_at"]) for job in node.jobs()]
    files = {one: orthanc.file(one) for modality in RESULTS for one in orthanc.instances(modality)}
    storescu(node.port, study)
    with pytest.raises(AssertionError, match="a second job"):
        wait_until("a second job", lambda: len(node.states()) > 1, limit_s=8.0)
    assert [(job["job_id"], job["updated_at"]) for job in node.jobs()] == before
    again = {one: orthanc.file(one) for modality in RESULTS for one in orthanc.instances(modality)}
    assert again == files
