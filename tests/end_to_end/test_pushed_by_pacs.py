"""A whole study is pushed to the node from the PACS by C-MOVE, with what else lies in it."""

import subprocess
from pathlib import Path

import pydicom
import pytest
from peers import (
    Orthanc,
    free_port,
    running_node,
    running_orthanc,
    tool,
    wait_until,
    write_config,
)
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from soak.kill_node import made_studies

# What a PACS has beside the images, and what receivers often refuse: any refusal fails the C-MOVE.
OTHERS = {
    "1.2.840.10008.5.1.4.1.1.67": "RWV",
    "1.2.840.10008.5.1.4.1.1.104.1": "DOC",
    "1.2.840.10008.5.1.4.1.1.11.1": "PR",
    "1.2.840.10008.5.1.4.1.1.88.59": "KO",
    "1.2.840.10008.5.1.4.1.1.481.3": "RTSTRUCT",
    "1.2.840.10008.5.1.4.1.1.66": "OT",
}


def _other(sop_class_uid: str, modality: str, of_study: Dataset) -> Dataset:
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate", "StudyTime"):
        setattr(made, keyword, getattr(of_study, keyword))
    made.SOPClassUID, made.Modality = sop_class_uid, modality
    made.SOPInstanceUID, made.SeriesInstanceUID = generate_uid(), generate_uid()
    made.SeriesNumber, made.InstanceNumber = 77, 1
    return made


@pytest.fixture
def study(tmp_path) -> Path:
    """A small PET/CT study with a value map, reports and so on beside it."""
    (folder,) = made_studies(Path(tmp_path) / "made", studies=1, slices=8)
    one = pydicom.dcmread(next(folder.rglob("*.dcm")), stop_before_pixels=True)
    for sop_class_uid, modality in OTHERS.items():
        other = _other(sop_class_uid, modality, one)
        pydicom.dcmwrite(
            folder / f"{modality}-{sop_class_uid}.dcm",
            other,
            enforce_file_format=True,
        )
    return folder


def _moved(orthanc: Orthanc, study_instance_uid: str) -> str:
    done = subprocess.run(
        [
            *(tool("movescu"), "-v", "-S", "-aet", "DICOM_NODE", "-aec", "PACS"),
            *("-aem", "DICOM_NODE", "-k", "QueryRetrieveLevel=STUDY"),
            *("-k", f"StudyInstanceUID={study_instance_uid}"),
            *("127.0.0.1", str(orthanc.dicom_port)),
        ],
        check=True,
        capture_output=True,
        timeout=120,
        text=True,
    )
    return done.stdout + done.stderr


def test_a_study_moved_from_the_pacs_comes_back_with_its_results(tmp_path, study):
    files = sorted(study.rglob("*.dcm"))
    of_study = str(pydicom.dcmread(files[0], stop_before_pixels=True).StudyInstanceUID)
    port = free_port()
    with running_orthanc(tmp_path / "orthanc", node_port=port) as orthanc:
        for path in files:
            orthanc.put(path.read_bytes())
        config = write_config(tmp_path, node_port=port, pacs_port=orthanc.dicom_port)
        with running_node(config, port) as node:
            told = _moved(orthanc, of_study)
            assert "Received Final Move Response (Success)" in told
            wait_until(
                "the job is delivered",
                lambda: node.states() == ["DELIVERED"],
                limit_s=120.0,
            )
            for modality in ("SEG", "SR"):
                (made,) = orthanc.instances(modality)
                assert _study_of(orthanc, made) == of_study
            (job,) = node.jobs()
            assert set(job["inputs"]) == {"pet", "ct"}
            # The results lie in the same study now: moving it again starts nothing new.
            assert "Received Final Move Response (Success)" in _moved(orthanc, of_study)
            assert [one["job_id"] for one in node.jobs()] == [job["job_id"]]


def _study_of(orthanc: Orthanc, instance: str) -> str:
    return str(orthanc.get(f"/instances/{instance}/simplified-tags")["StudyInstanceUID"])
