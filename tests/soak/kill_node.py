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

import numpy as np
import pydicom
from factories import ct_series, pet_series, write_series
from numpy.typing import NDArray
from peers import free_port, own_tool, stop, wait_until, write_config
from soak.pacs import data_set, pacs_of

from dicom_node.domain.job import ENDED
from dicom_node.domain.peer import Destination
from dicom_node.domain.records import JobRecord
from dicom_node.network.outgoing import Outgoing, outgoing_files
from dicom_node.network.storage_scu import send
from dicom_node.settings import read_settings
from dicom_node.stores import Archive, open_archive

_RESULT_LIMIT_S = 600.0


@dataclass
class Process:
    """A process of the node that is started again whenever it ended, as a service manager does.

    Parameters
    ----------
    returns : bool
        Whether it is started again once it was killed.
    """

    config: Path
    role: str = "all"
    returns: bool = True
    process: subprocess.Popen[bytes] | None = None
    ending: threading.Event = field(default_factory=threading.Event)

    def supervise(self) -> None:
        """Start it, wait for its end, start it again, until told to end."""
        with (self.config.parent / f"{self.role}.log").open("ab") as told:
            while not self.ending.is_set():
                command = [own_tool("dicom-node"), "serve", "--role", self.role]
                command += ["--config", str(self.config)]
                self.process = subprocess.Popen(command, stdout=told, stderr=told)
                self.process.wait()
                if not self.returns:
                    return

    def children(self) -> list[int]:
        """Process ids of its own children (the worker's)."""
        if self.process is None:
            return []
        try:
            listed = Path(f"/proc/{self.process.pid}/task").glob("*/children")
            return [int(pid) for one in listed for pid in one.read_text().split()]
        except OSError:
            return []

    def kill(self, chance: random.Random) -> str:
        """SIGKILL to it or to one of its children; what was killed."""
        children = self.children()
        if children and self.returns and chance.random() < 0.4:
            try:
                os.kill(chance.choice(children), signal.SIGKILL)
            except ProcessLookupError:
                return "nothing"
            return "child"
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            return self.role if self.returns else "worker for ever"
        return "nothing"


@contextmanager
def supervised(processes: Sequence[Process]) -> Iterator[None]:
    """Supervised processes, stopped by their handles at the end."""
    threads = [threading.Thread(target=one.supervise, daemon=True) for one in processes]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for one in processes:
            one.ending.set()
        for one in processes:
            if one.process is not None:
                stop(one.process)
        for thread in threads:
            thread.join(30)


def parts_of(config: Path, *, several: bool) -> list[Process]:
    """The whole node as one process; or its parts, with a second worker that never comes back."""
    if not several:
        return [Process(config)]
    roles = [Process(config, role) for role in ("receiver", "sender", "worker")]
    return [Process(config, "worker", returns=False), *roles]


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


def kill_while_studies_arrive(
    folder: Path,
    *,
    studies: int,
    slices: int,
    kills: int,
    senders: int,
    seed: int,
    longest_pause_s: float = 6.0,
    database: str = "",
    with_orthanc: bool = False,
) -> Report:
    """Run it, check it, and tell what happened; an AssertionError names what was lost.

    Parameters
    ----------
    slices : int
        Of each PET and each CT.
    kills : int
        How many processes are killed while the studies are sent and processed.
    longest_pause_s : float
        Between two kills; a node needs some seconds until it has a worker.
    database : str
        URL of a new database of PostgreSQL: then receiver, sender and two workers are processes of
        their own, and the first that is killed is a worker that never comes back.
    """
    chance = random.Random(seed)
    paths = made_studies(folder / "studies", studies=studies, slices=slices)
    port, acknowledged = free_port(), set[str]()
    with pacs_of(folder, port, orthanc=with_orthanc) as pacs:
        config = write_config(
            folder,
            node_port=port,
            pacs_port=pacs.port,
            pacs_ae_title=pacs.ae_title,
            database=database,
        )
        node = config / "node.toml"  # a receiver needs seconds to be back; a site has a minute
        node.write_text(node.read_text().replace("quiet_s = 5.0", "quiet_s = 30.0"))
        to_node = Destination(
            name="node", ae_title="DICOM_NODE", host="127.0.0.1", port=port, timeout_s=10.0
        )
        processes = parts_of(config, several=bool(database))
        with supervised(processes):
            sending = _sending(paths, to_node, senders=senders, acknowledged=acknowledged)
            killed = _storm(processes, kills, longest_pause_s, chance)
            for thread in sending:
                thread.join(_RESULT_LIMIT_S)
                assert not thread.is_alive(), "a sender did not end"
            archive = open_archive(read_settings(config))
            jobs = _ended_jobs(archive, studies)
        check_files(config.parent / "var" / "instances", paths, acknowledged)
        states = Counter(str(job.state) for job in jobs)
        assert states == {"DELIVERED": studies}, states
        made = {one.sop_instance_uid: one.path for job in jobs for one in job.objects}
        assert pacs.has_each_once(made), "results differ from what the PACS has"
        ends = [_ends(archive, job.job_id) for job in jobs]
        assert set(ends) == {1}, f"jobs ended {ends} times"
        return Report(killed, len(acknowledged), states, len(made))


def _sending(
    paths: Sequence[Path], to_node: Destination, *, senders: int, acknowledged: set[str]
) -> list[threading.Thread]:
    def _send_all(mine: Sequence[Path]) -> None:
        for path in mine:
            send_until_stored(path, to_node, acknowledged.add)

    queues = [paths[number::senders] for number in range(senders)]
    threads = [threading.Thread(target=_send_all, args=(mine,), daemon=True) for mine in queues]
    for thread in threads:
        thread.start()
    return threads


def _storm(
    processes: Sequence[Process], kills: int, longest_pause_s: float, chance: random.Random
) -> Counter[str]:
    """Kill so many processes, one now and then, those first that never come back."""
    killed: Counter[str] = Counter()
    first = [one for one in processes if not one.returns]
    while sum(killed.values()) - killed["nothing"] < kills:
        time.sleep(chance.uniform(0.5, longest_pause_s))
        victim = first[0] if first else chance.choice(processes)
        what = victim.kill(chance)
        if first and what != "nothing":
            first.pop()
        killed[what] += 1
    return killed


def _ended_jobs(archive: Archive, studies: int) -> tuple[JobRecord, ...]:
    def _all() -> tuple[JobRecord, ...] | None:
        jobs = archive.jobs.list(limit=10_000)
        done = len(jobs) == studies and all(job.state in ENDED for job in jobs)
        return jobs if done else None

    found = wait_until("every study ended", _all, limit_s=_RESULT_LIMIT_S, every_s=0.5)
    return tuple(found)


def _ends(archive: Archive, job_id: str) -> int:
    """How often a job came to an end."""
    return sum(event.new in ENDED for event in archive.jobs.events(job_id))


def check_files(instances: Path, paths: Sequence[Path], acknowledged: set[str]) -> None:
    """Whatever was sent was acknowledged, and lies on the disk byte for byte."""
    stored = {path.stem: path for path in instances.rglob("*.dcm")}
    for folder in paths:
        for sent in folder.rglob("*.dcm"):
            uid = str(pydicom.dcmread(sent, specific_tags=["SOPInstanceUID"]).SOPInstanceUID)
            assert uid in acknowledged
            assert data_set(stored[uid]) == data_set(sent), f"{uid} is not what was sent"
