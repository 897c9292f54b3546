"""A node that is killed goes on where it was: nothing lost, nothing sent twice."""

import signal
from pathlib import Path

from factories import ct_series, pet_series, write_series
from fake_pacs import FakePacs
from peers import free_port, running_node, wait_until, write_config

from dicom_node.domain.peer import Destination
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.storage_scu import send


def _send(folder: Path, port: int) -> None:
    outgoing, _ = outgoing_files(folder)
    to_node = Destination(name="node", ae_title="DICOM_NODE", host="127.0.0.1", port=port)
    assert all(report.stored for report in send(outgoing, to_node))


def _config(folder: Path, pacs: FakePacs, port: int) -> Path:
    to_pacs = pacs.destination()
    return write_config(
        folder, node_port=port, pacs_port=to_pacs.port, pacs_ae_title=to_pacs.ae_title
    )


def test_a_node_killed_while_a_study_arrives_and_while_the_pacs_is_away_sends_each_result_once(
    tmp_path,
):
    ct, pet = tmp_path / "ct", tmp_path / "pet"
    write_series(ct_series(slices=6), ct)
    write_series(pet_series(slices=6), pet)
    port = free_port()
    with FakePacs() as pacs:
        config = _config(tmp_path, pacs, port)
        pacs.stop()  # the destination is away
        with running_node(config, port) as node:
            _send(ct, port)
            node.process.send_signal(signal.SIGKILL)
            node.process.wait(10)
        with running_node(config, port) as node:
            _send(pet, port)
            wait_until(
                "the result is encoded",
                lambda: node.states() == ["ENCODED"],
                limit_s=90.0,
            )
            (job,) = node.jobs()
            assert set(job["inputs"]) == {"pet", "ct"}
            node.process.send_signal(signal.SIGKILL)
            node.process.wait(10)
        pacs.start()
        with running_node(config, port) as node:
            wait_until(
                "the result is delivered",
                lambda: node.states() == ["DELIVERED"],
                limit_s=60.0,
            )
            _send(pet, port)
            _send(ct, port)
        made = sorted(one["sop_instance_uid"] for one in job["objects"])
        assert sorted(str(one.sop_instance_uid) for one in pacs.received) == made
