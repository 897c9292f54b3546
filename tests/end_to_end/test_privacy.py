"""No ordinary log of a whole run names a patient; the audit trail does, and nothing else."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from factories import ct_series, pet_series, write_series
from fake_pacs import FakePacs
from peers import RunningNode, free_port, own_tool, running_node, wait_until, write_config
from pydicom.dataset import Dataset

from dicom_node.audit.files import Place, read_after
from dicom_node.domain.peer import Destination
from dicom_node.logs import LEVEL_VARIABLE
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.storage_scu import send

WHO = {
    "PatientName": "Zymurgist^Quintessa^Ottoline",
    "PatientID": "ZQ-471108-X",
    "PatientBirthDate": "19340217",
    "OtherPatientIDs": "OLD-993377",
    "PatientAddress": "Nightingale Lane 77",
    "AccessionNumber": "ACC-8812345",
    "ReferringPhysicianName": "Featherstone^Amos",
}
SECRETS = (
    *("zymurgist", "quintessa", "ottoline", "zq-471108", "471108", "19340217", "17.02.34"),
    *("old-993377", "nightingale", "acc-8812345", "featherstone"),
)


def odd_ones() -> list[Dataset]:
    """Instances that something is wrong with: each is told in the log, without its patient."""
    conflict, unfit, mixed = (pet_series(slices=1, series=f"odd-{n}", **WHO)[0] for n in range(3))
    conflict.SOPInstanceUID = str(pet_series(slices=1, **WHO)[0].SOPInstanceUID)
    conflict.file_meta.MediaStorageSOPInstanceUID = conflict.SOPInstanceUID
    unfit.PatientWeight = 0
    del unfit.RadiopharmaceuticalInformationSequence
    mixed.PatientName = "Zymurgist^Other"
    mixed.SeriesInstanceUID = unfit.SeriesInstanceUID
    return [conflict, unfit, mixed]


def _send(folder: Path, port: int) -> None:
    outgoing, _ = outgoing_files(folder)
    to_node = Destination(name="node", ae_title="DICOM_NODE", host="127.0.0.1", port=port)
    assert all(report.stored for report in send(outgoing, to_node))


def _commands(config: Path, jobs: list[dict[str, Any]], odd: Path) -> str:
    """What commands print on standard error: their log."""
    commands = [["check", "--echo"], ["explain", str(odd)]]
    commands += [["jobs", "show", job["job_id"]] for job in jobs[:1]]
    told = ""
    for one in commands:
        done = subprocess.run(
            [own_tool("dicom-node"), *one, "--config", str(config)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        told += done.stderr
    return told


def test_no_log_of_a_whole_run_names_the_patient_and_the_audit_trail_does(tmp_path, monkeypatch):
    monkeypatch.setenv(LEVEL_VARIABLE, "debug")
    scan, odd = tmp_path / "scan", tmp_path / "odd"
    write_series(pet_series(slices=6, **WHO), scan)
    write_series(ct_series(slices=6, **WHO), scan / "ct")
    for path in write_series(odd_ones(), odd):  # a date that is none, which libraries like to quote
        path.write_bytes(path.read_bytes().replace(b"19340217", b"17.02.34"))
    port = free_port()
    with FakePacs(status=lambda one: 0xA900 if one.sop_class_uid.endswith(".7.4") else 0) as pacs:
        to = pacs.destination()
        config = write_config(
            tmp_path, node_port=port, pacs_port=to.port, pacs_ae_title=to.ae_title
        )
        with running_node(config, port) as node:
            _send(scan, port)
            _send(odd, port)
            wait_until(
                "the job has ended and the odd series were decided",
                lambda: _is_decided(node),
                limit_s=120.0,
            )
            told = _commands(config, node.jobs(), odd)
        log = (tmp_path / "node.log").read_text()
    for event in ("job.ended", "instance.conflict", "delivery.", "association.ended"):
        assert event in log, event
    for secret in SECRETS:
        assert secret not in log.lower(), _lines(log, secret)
        assert secret not in told.lower(), _lines(told, secret)
    lines, _ = read_after(tmp_path / "var" / "audit", Place(), limit=1000)
    trail = json.dumps([line.message for line in lines]).lower()
    assert "zymurgist^quintessa" in trail  # what the secrets are looked for with is what was sent
    assert "zq-471108-x" in trail
    assert "19340217" not in trail
    assert os.stat(tmp_path / "var" / "audit").st_mode & 0o077 == 0


def _is_decided(node: RunningNode) -> bool:
    ended = {"DELIVERED", "UNDELIVERED", "REJECTED", "FAILED"}
    jobs = node.states()
    odd = {one.state for one in node.archive.index.statuses()} - {"routed"}
    return bool(jobs) and set(jobs) <= ended and bool(odd) and "receiving" not in odd


def _lines(log: str, secret: str) -> list[str]:
    return [line for line in log.splitlines() if secret in line.lower()]
