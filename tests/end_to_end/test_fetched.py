"""A PET that comes without its CT: the node has it sent, runs once with it, and starts no loop."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from archive_peers import archive_at, dcmqrscp
from factories import ct_series, pet_series, write_series
from peers import (
    free_port,
    running_node,
    running_orthanc,
    storescu,
    tool,
    wait_until,
    write_config,
)

from dicom_node.domain.peer import Destination
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.query_retrieve import find_series
from dicom_node.network.storage_scu import send

# What an archive does that forwards whatever it gets: results come back to who made them.
FORWARD_RESULTS = """
function OnStoredInstance(instanceId, tags, metadata)
  if tags['Modality'] ~= 'CT' and tags['Modality'] ~= 'PT' then
    SendToModality(instanceId, 'node')
  end
end
"""

CT_ROUTE = """
[[routes]]
name = "any-ct"
algorithm = "pet-threshold"
destinations = ["pacs"]
when = { modality = "CT" }
"""


@contextmanager
def orthanc(folder: Path, node_port: int) -> Iterator[Destination]:
    with running_orthanc(folder, node_port=node_port, lua=FORWARD_RESULTS) as running:
        for path in sorted((folder.parent / "ct").glob("*.dcm")):
            running.put(path.read_bytes())
        yield archive_at(running.dicom_port)


@contextmanager
def dcmtks(folder: Path, node_port: int) -> Iterator[Destination]:
    with dcmqrscp(folder, tool("dcmqrscp"), node_port) as running:
        assert all(one.stored for one in send(outgoing_files(folder.parent / "ct")[0], running))
        yield running


def configured(folder: Path, port: int, archive: Destination, method: str) -> Path:
    """A node whose shipped route fetches, and that would run something on any CT, too."""
    config = write_config(folder, node_port=port, pacs_port=archive.port)
    (config / "archives.toml").write_text(
        '[[archives]]\nname = "pacs"\nae_title = "PACS"\nhost = "127.0.0.1"\n'
        f'port = {archive.port}\nmethod = "{method}"\nfirst_retry_s = 0.5\n'
    )
    routes = config / "routes.toml"
    text = routes.read_text()
    fetching = 'wait_s = 1.0, fetch = "pacs", fetch_after_s = 0.5'
    assert "wait_s = 60.0" in text
    routes.write_text(text.replace("wait_s = 60.0", fetching) + CT_ROUTE)
    return config


def results_of(archive: Destination, modality: str) -> list[Any]:
    study = str(pet_series(slices=1)[0].StudyInstanceUID)
    return list(find_series(archive, study, modality=modality))


@pytest.mark.parametrize(("peer", "method"), [(orthanc, "move"), (dcmtks, "get")])
def test_a_pet_without_its_ct_has_it_sent_and_its_result_comes_back_once(
    tmp_path: Path, peer: Any, method: str
) -> None:
    write_series(ct_series(slices=6), tmp_path / "ct")
    write_series(pet_series(slices=6), tmp_path / "pet")
    port = free_port()
    with peer(tmp_path / "archive", port) as archive:
        config = configured(tmp_path, port, archive, method)
        with running_node(config, port) as node:
            storescu(port, tmp_path / "pet")
            wait_until(
                "the job is delivered", lambda: node.states() == ["DELIVERED"], limit_s=300.0
            )
            time.sleep(3.0)  # whatever would start now starts within a second
            (job,) = node.jobs()
            assert set(job["inputs"]) == {"pet", "ct"}
            assert job["attempts"] == 1
            assert len(results_of(archive, "SR")) == 1
            told = node.command("jobs")["series"]
            by_code = {reason["code"] for one in told for reason in one["reasons"]}
            assert "fetched" in by_code
            if peer is orthanc:
                assert "own-result" in by_code  # they came back, and started nothing
            history = node.command("jobs", "show", job["job_id"])
            reasons = [one["reason"] for one in history["events"] if one["reason"]]
            assert any("pacs was asked for ct at" in one for one in reasons)


def test_an_archive_that_does_not_know_the_node_is_told_with_its_status(tmp_path: Path) -> None:
    write_series(ct_series(slices=6), tmp_path / "ct")
    write_series(pet_series(slices=6), tmp_path / "pet")
    port = free_port()
    with dcmtks(tmp_path / "archive", port) as archive:
        config = configured(tmp_path, port, archive, "move")
        file = config / "archives.toml"
        file.write_text(file.read_text() + 'move_to = "STRANGER"\nmost_attempts = 2\n')
        routes = config / "routes.toml"
        routes.write_text(routes.read_text().replace('"run"', '"reject"'))
        with running_node(config, port) as node:
            storescu(port, tmp_path / "pet")
            wait_until(
                "the job is rejected",
                lambda: node.states() == ["REJECTED"],
                limit_s=300.0,
            )
            (job,) = node.jobs()
            assert "ct did not come (pacs was asked for ct at " in job["reason"]
            assert "0xA801" in job["reason"]
            assert "given up after 2 tries" in job["reason"]
            history = node.command("jobs", "show", job["job_id"])
            assert any("asked again at" in str(one["reason"]) for one in history["events"])
