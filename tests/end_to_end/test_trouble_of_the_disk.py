"""A node whose disk is full, read-only, or whose database is locked, and then is not any more."""

import sqlite3
from contextlib import closing
from pathlib import Path

from disks import fill, mounted_disk, read_only
from factories import pet_series, write_series
from fake_pacs import FakePacs
from peers import free_port, running_node, wait_until, write_config

from dicom_node.domain.job import JobState
from dicom_node.domain.peer import Destination, SendReport
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.storage_scu import send
from dicom_node.settings import read_settings
from dicom_node.stores import open_archive


def refused(reports: tuple[SendReport, ...]) -> bool:
    """Whether every object is to be sent again, because the node is out of resources."""
    return all(one.transient and one.status == 0xA700 for one in reports)


def test_a_node_refuses_while_it_cannot_keep_and_is_healthy_again_by_itself(tmp_path: Path):
    port = free_port()
    write_series(pet_series(slices=3), tmp_path / "pet")
    objects = outgoing_files(tmp_path / "pet")[0]
    to_node = Destination(name="node", ae_title="DICOM_NODE", host="127.0.0.1", port=port)
    with FakePacs() as pacs, mounted_disk(tmp_path / "var", mib=24) as storage:
        to_pacs = pacs.destination()
        config = write_config(
            tmp_path, node_port=port, pacs_port=to_pacs.port, pacs_ae_title=to_pacs.ae_title
        )
        file = config / "node.toml"
        told = "[storage]\nrefuse_below_free_mib = 0"  # what comes where nobody watches
        file.write_text(file.read_text().replace("[storage]", told))
        routes = config / "routes.toml"
        routes.write_text(routes.read_text().replace("wait_s = 60.0", "wait_s = 0.0"))
        with running_node(config, port):
            filler = fill(storage)
            assert refused(send(objects, to_node)), "full disk"
            filler.unlink()
            (storage / "instances").mkdir(exist_ok=True)
            with read_only(storage / "instances"):
                assert refused(send(objects, to_node)), "read-only disk"
            with closing(sqlite3.connect(storage / "node.sqlite", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                assert refused(send(objects[:1], to_node)), "locked database"
            jobs = open_archive(read_settings(config)).jobs
            assert jobs.list() == ()
            assert all(one.stored for one in send(objects, to_node))
            wait_until(
                "the result is delivered",
                lambda: [job.state for job in jobs.list()] == [JobState.DELIVERED],
                limit_s=60.0,
            )
