"""The whole way to COMMITTED with Orthanc as the PACS; skipped where it is not installed."""

from factories import pet_series, write_series
from peers import free_port, running_node, running_orthanc, wait_until, write_config

from dicom_node.domain.peer import Destination
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.storage_scu import send


def test_orthanc_commits_what_the_node_sent_it(tmp_path):
    port = free_port()
    with running_orthanc(tmp_path / "orthanc", node_port=port) as orthanc:
        config = write_config(tmp_path, node_port=port, pacs_port=orthanc.dicom_port)
        file = config / "destinations.toml"
        file.write_text(file.read_text() + "commitment = true\n")
        routes = config / "routes.toml"
        routes.write_text(routes.read_text().replace("wait_s = 60.0", "wait_s = 0.0"))
        write_series(pet_series(slices=4), tmp_path / "pet")
        to_node = Destination(name="node", ae_title="DICOM_NODE", host="127.0.0.1", port=port)
        with running_node(config, port) as node:
            reports = send(outgoing_files(tmp_path / "pet")[0], to_node)
            assert all(one.stored for one in reports)
            wait_until(
                "the result is committed",
                lambda: node.states() == ["COMMITTED"],
                limit_s=120.0,
            )
            (job,) = node.jobs()
            told = node.command("jobs", "show", job["job_id"])
            assert {one["state"] for one in told["deliveries"]} == {"COMMITTED"}
            steps = [one["new"] for one in told["events"]]
            assert steps == ["QUEUED", "RUNNING", "ENCODED", "DELIVERED", "COMMITTED"]
            (pacs,) = node.command("destinations")["destinations"]
            assert (pacs["uncommitted"], pacs["objects"]["committed"]) == (0, len(job["objects"]))
