"""The short form of `scripts/soak bad-peers`: a Storage SCP with a real archive, and no time."""

import gc
import os
import threading
from pathlib import Path

import pytest
from bad_peers import plagued
from factories import pet_series, write_series
from peers import wait_until

from dicom_node.archive.database import Database, open_database
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.instances import InstanceStore
from dicom_node.domain.peer import Destination, Listener
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.storage_scp import StorageScp
from dicom_node.network.storage_scu import send
from dicom_node.stores import utc_now

EACH = 3
KINDS = (
    "stall",
    "never-release",
    "cut",
    "slow-loris",
    "oversize",
    "fuzz",
    "bomb",
    "path",
    "nested",
)


def resources(database: Database) -> tuple[int, int]:
    """Threads and descriptors of this process, without the connections that a database keeps."""
    database.close()
    gc.collect()
    return threading.active_count(), len(os.listdir("/proc/self/fd"))


def is_back(now: tuple[int, int], before: tuple[int, int]) -> bool:
    return all(one <= then for one, then in zip(now, before, strict=True))


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc to count descriptors in")
@pytest.mark.parametrize("fast_path", [False, True], ids=["stock", "fast"])
def test_among_bad_peers_a_healthy_one_is_served_and_nothing_stays_behind(
    tmp_path: Path, fast_path: bool
) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    database = open_database(archive / "node.sqlite")
    store = InstanceStore(archive, InstanceIndex(database, archive))
    listener = Listener(
        ae_title="DICOM_NODE",
        address="127.0.0.1",
        port=0,
        max_associations=60,
        idle_timeout_s=2.0,
        fast_path=fast_path,
    )
    write_series(pet_series(slices=20), tmp_path / "pet")
    outgoing = outgoing_files(tmp_path / "pet")[0]
    scp = StorageScp(listener, lambda one: store.store(one, utc_now()), lambda _: None)
    with scp:
        to = Destination(name="node", ae_title="DICOM_NODE", host="127.0.0.1", port=scp.port)
        assert send(outgoing[:2], to)[0].stored
        before = resources(database)
        with plagued(scp.port, dict.fromkeys(KINDS, EACH), bomb_mebibytes=64) as begun:
            wait_until("each kind began", lambda: min(begun.values()) >= EACH, limit_s=60.0)
            reports = send(outgoing, to)
        assert [one.stored for one in reports] == [True] * len(outgoing)
        wait_until(
            f"threads and descriptors are {before} again",
            lambda: is_back(resources(database), before),
            limit_s=60.0,
            every_s=0.5,
        )
    assert not (tmp_path / "etc").exists()
    outside = [one for one in tmp_path.rglob("*passwd*") if archive not in one.parents]
    assert outside == []
