"""Kills a node again and again while studies arrive: nothing may be lost, nothing doubled."""

import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from factories import ct_series, pet_series, write_series
from fake_pacs import FakePacs
from numpy.typing import NDArray
from peers import RunningNode, free_port, own_tool, stop, wait_until, write_config

from dicom_node.domain.peer import Destination
from dicom_node.network.outgoing import Outgoing, outgoing_files
from dicom_node.network.storage_scu import send

_RESULT_LIMIT_S = 600.0


@dataclass
class Node:
    """A node process that is started again whenever it ended, as a service manager does."""

    config: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    ending: threading.Event = field(default_factory=threading.Event)

    def supervise(self) -> None:
        """Start it, wait for its end, start it again, until told to end."""
        with (self.config.parent / "node.log").open("ab") as told:
            while not self.ending.is_set():
                command = [own_tool("dicom-node"), "serve", "--config", str(self.config)]
                self.process = subprocess.Popen(command, stdout=told, stderr=told)
                self.process.wait()

    def children(self) -> list[int]:
        """Process ids of the node's own children (its worker)."""
        if self.process is None:
            return []
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        try:
            return [int(pid) for pid in listed.read_text().split()]
        except OSError:
            return []

    def kill_something(self, chance: random.Random) -> str:
        """SIGKILL to the node or to one of its children; what was killed."""
        children = self.children()
        if children and chance.random() < 0.4:
            victim = chance.choice(children)
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                return "nothing"
            return "child"
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            return "node"
        return "nothing"


@contextmanager
def supervised(config: Path, port: int) -> Iterator[Node]:
    """A supervised node, stopped by its handle at the end."""
    node = Node(config, port)
    thread = threading.Thread(target=node.supervise, daemon=True)
    thread.start()
    try:
        yield node
    finally:
        node.ending.set()
        if node.process is not None:
            stop(node.process)
        thread.join(30)


def made_studies(folder: Path, *, studies: int, slices: int) -> list[Path]:
    """Folders of small PET/CT studies, each with a hot spot that gives a segmentation."""
    made = []
    for number in range(studies):
        name = f"study-{number}"
        hot = _hot_spot(slices)
        write_series(pet_series(study=name, slices=slices, values=hot), folder / name / "pet")
        write_series(ct_series(study=name, slices=slices), folder / name / "ct")
        made.append(folder / name)
    return made


def _hot_spot(slices: int) -> NDArray[np.float64]:
    values = np.full((slices, 16, 12), 1000.0)
    values[slices // 2 - 1 : slices // 2 + 2, 5:11, 3:9] = 90000.0
    return values


def send_until_stored(folder: Path, to: Destination, acknowledged: Callable[[str], None]) -> None:
    """Send a study as a patient sender does: what was not stored is sent again."""
    left: Sequence[Outgoing] = outgoing_files(folder)[0]
    end = time.monotonic() + _RESULT_LIMIT_S
    while left:
        assert time.monotonic() < end, f"{len(left)} objects could not be sent"
        stored = {one.sop_instance_uid for one in send(left, to) if one.stored}
        for uid in stored:
            acknowledged(uid)
        left = [one for one in left if one.sop_instance_uid not in stored]
        if left:
            time.sleep(0.5)


@dataclass(frozen=True)
class Report:
    """What happened in a run."""

    kills: Counter[str]
    acknowledged: int
    states: Counter[str]
    results: int
    received: int


def kill_while_studies_arrive(
    folder: Path, *, studies: int, slices: int, kills: int, senders: int, seed: int
) -> Report:
    """Run it, check it, and tell what happened; an AssertionError names what was lost.

    Parameters
    ----------
    slices : int
        Of each PET and each CT.
    kills : int
        How many processes are killed while the studies are sent and processed.
    """
    chance = random.Random(seed)
    paths = made_studies(folder / "studies", studies=studies, slices=slices)
    port, acknowledged = free_port(), set[str]()
    with FakePacs() as pacs:
        to_pacs = pacs.destination()
        config = write_config(
            folder, node_port=port, pacs_port=to_pacs.port, pacs_ae_title=to_pacs.ae_title
        )
        to_node = Destination(
            name="node", ae_title="DICOM_NODE", host="127.0.0.1", port=port, timeout_s=10.0
        )
        with supervised(config, port) as node:
            killed = _storm(
                node,
                paths,
                to_node,
                acknowledged=acknowledged,
                kills=kills,
                senders=senders,
                chance=chance,
            )
            running = RunningNode(config, port, node.process)
            jobs = _ended_jobs(running, studies)
        check_files(config.parent / "var" / "instances", paths, acknowledged)
        states = Counter(job["state"] for job in jobs)
        assert states == {"DELIVERED": studies}, states
        made = [one["sop_instance_uid"] for job in jobs for one in job["objects"]]
        assert Counter(set(pacs.instance_uids)) == Counter(made), "results differ from the PACS"
        check_same_content(pacs)
        return Report(killed, len(acknowledged), states, len(made), len(pacs.received))


def _storm(  # everything of one run
    node: Node,
    paths: Sequence[Path],
    to_node: Destination,
    *,
    acknowledged: set[str],
    kills: int,
    senders: int,
    chance: random.Random,
) -> Counter[str]:
    queues = [paths[number::senders] for number in range(senders)]

    def _send_all(mine: Sequence[Path]) -> None:
        for path in mine:
            send_until_stored(path, to_node, acknowledged.add)

    threads = [threading.Thread(target=_send_all, args=(mine,)) for mine in queues]
    for thread in threads:
        thread.start()
    killed: Counter[str] = Counter()
    while killed["node"] + killed["child"] < kills:
        time.sleep(chance.uniform(0.5, 6.0))
        killed[node.kill_something(chance)] += 1
    for thread in threads:
        thread.join(_RESULT_LIMIT_S)
        assert not thread.is_alive(), "a sender did not end"
    return killed


def _ended_jobs(node: RunningNode, studies: int) -> list[dict[str, Any]]:
    open_states = {"WAITING", "QUEUED", "RUNNING", "ENCODED"}

    def _all() -> list[dict[str, Any]] | None:
        jobs = node.jobs()
        done = len(jobs) == studies and not any(job["state"] in open_states for job in jobs)
        return jobs if done else None

    return list(wait_until("every study ended", _all, limit_s=_RESULT_LIMIT_S, every_s=2.0))


def check_files(instances: Path, paths: Sequence[Path], acknowledged: set[str]) -> None:
    """Whatever was sent was acknowledged, and lies on the disk byte for byte."""
    stored = {path.stem: path for path in instances.rglob("*.dcm")}
    for folder in paths:
        for sent in folder.rglob("*.dcm"):
            uid = str(pydicom.dcmread(sent, specific_tags=["SOPInstanceUID"]).SOPInstanceUID)
            assert uid in acknowledged
            assert _data_set(stored[uid]) == _data_set(sent), f"{uid} is not what was sent"


def _data_set(path: Path) -> bytes:
    """Bytes after the File Meta Information."""
    content = path.read_bytes()
    meta = pydicom.filereader.read_file_meta_info(path)
    return content[132 + 12 + meta.FileMetaInformationGroupLength :]


def check_same_content(pacs: FakePacs) -> None:
    """What was sent twice, because the node died before it noted the answer, was the same."""
    contents: dict[str, set[bytes]] = {}
    for one in pacs.received:
        contents.setdefault(one.sop_instance_uid, set()).add(one.dataset)
    assert all(len(several) == 1 for several in contents.values())
