"""Bad input ends in a named reason that somebody can see, and the node goes on."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from factories import ct_series, pet_series, write_series
from fake_pacs import FakePacs
from peers import RunningNode, free_port, running_node, wait_until, write_config
from pydicom.uid import PositronEmissionTomographyImageStorage, generate_uid
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE

from dicom_node.domain.peer import Destination
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.reactor import ReactorGate
from dicom_node.network.storage_scu import send

PET = str(PositronEmissionTomographyImageStorage)


@pytest.fixture(scope="module")
def pacs() -> Iterator[FakePacs]:
    with FakePacs() as running:
        yield running


@pytest.fixture(scope="module")
def node(tmp_path_factory, pacs) -> Iterator[RunningNode]:
    port = free_port()
    config = write_config(
        tmp_path_factory.mktemp("node"),
        node_port=port,
        pacs_port=pacs.destination().port,
        pacs_ae_title=pacs.destination().ae_title,
    )
    with running_node(config, port) as running:
        yield running


@pytest.fixture
def robustness(shared_data) -> Path:
    return Path(shared_data) / "robustness"


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def to_node(node: RunningNode) -> Destination:
    return Destination(name="node", ae_title="DICOM_NODE", host="127.0.0.1", port=node.port)


def test_every_file_can_be_explained_and_the_unreadable_are_listed(node, robustness):
    told = node.command("explain", str(robustness))
    files = files_of(robustness)
    read = sum(series["instances"] for series in told["series"])
    assert read + len(told["unreadable"]) + len(told["copies"]) == len(files)
    assert all(one["reason"] for one in told["unreadable"])
    for series in told["series"]:
        assert series["routes"] or series["reasons"]


def test_every_file_that_is_dicom_can_be_sent_to_a_running_node(node, robustness):
    outgoing, unreadable = outgoing_files(robustness)
    reports = send(outgoing, to_node(node))
    assert len(outgoing) + len(unreadable) == len(files_of(robustness))
    for report in reports:  # what has no transfer syntax, or was cut off, cannot be sent by anyone
        assert report.stored or report.cause
    assert sum(report.stored for report in reports) > 150


def _associate(node: RunningNode) -> Association:
    entity = AE(ae_title="VANDAL")
    entity.add_requested_context(PET)
    association = entity.associate("127.0.0.1", node.port, ae_title="DICOM_NODE")
    assert association.is_established
    return association


def test_every_file_can_be_sent_as_if_its_raw_bytes_were_a_data_set(node, robustness):
    """Nothing of this is a data set; each is kept, and each has its reason."""
    association = _associate(node)
    gate = ReactorGate.install(association)
    gate.hold(association)  # else pynetdicom's own thread takes some of the answers
    context = association.accepted_contexts[0].context_id
    aside = len(node.command("jobs")["set_aside"])
    files = [path for path in files_of(robustness) if path.stat().st_size < 1_000_000]
    for number, path in enumerate(files):
        request = C_STORE()
        request.MessageID = number % 65535 + 1
        request.Priority = 0
        request.AffectedSOPClassUID = PET
        request.AffectedSOPInstanceUID = generate_uid(entropy_srcs=[str(number)])
        request.DataSet = BytesIO(path.read_bytes())
        association.dimse.send_msg(request, context)
        _, answer = association.dimse.get_msg(block=True)
        assert answer is not None, f"no answer to {path.name}"
        assert answer.Status in (0x0000, 0xB007), f"{path.name}: 0x{answer.Status:04X}"
    association.release()
    gate.set()
    kept = node.command("jobs")["set_aside"][aside:]
    assert len(kept) > 150
    assert all(one["reason"] and Path(one["path"]).exists() for one in kept)


def test_the_node_still_takes_a_healthy_study_afterwards(node, pacs, tmp_path):
    before = len(pacs.received)
    write_series(ct_series(study="healthy", slices=6), tmp_path / "ct")
    write_series(pet_series(study="healthy", slices=6), tmp_path / "pet")
    outgoing, _ = outgoing_files(tmp_path)
    assert all(report.stored for report in send(outgoing, to_node(node)))
    wait_until("SR and SC", lambda: len(pacs.received) - before >= 2, limit_s=120.0)
    assert node.process.poll() is None
    log = (node.config.parent / "node.log").read_text()
    assert "Traceback" not in log


def test_no_patient_name_or_id_is_in_the_log(node, robustness):
    log = (node.config.parent / "node.log").read_text()
    for path in files_of(robustness):
        try:
            header = pydicom.dcmread(path, stop_before_pixels=True)
        except (pydicom.errors.InvalidDicomError, ValueError, EOFError, TypeError):
            continue
        for keyword in ("PatientName", "PatientID"):
            value = str(header.get(keyword) or "")
            assert len(value) < 6 or value not in log, f"{keyword} of {path.name}"
