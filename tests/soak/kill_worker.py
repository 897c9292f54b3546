"""Receiver, sender and two workers on PostgreSQL: one worker is killed and never comes back."""

import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fake_pacs import FakePacs
from peers import free_port, own_tool, stop, wait_until, write_config
from soak.kill_node import check_files, made_studies, send_until_stored
from soak.pacs import FakeOne

from dicom_node.domain.job import ENDED, JobState
from dicom_node.domain.peer import Destination
from dicom_node.domain.records import JobEvent, JobRecord
from dicom_node.settings import read_settings
from dicom_node.stores import Archive, open_archive

_RESULT_LIMIT_S = 600.0


@dataclass(frozen=True)
class Report:
    """What happened in a run."""

    acknowledged: int
    results: int
    received: int
    seconds_to_take_over: float  # the start of the other worker included


@contextmanager
def part(config: Path, role: str, name: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """A process of the node in a role; its log lies beside the configuration."""
    with (config.parent / f"{role}{name}.log").open("ab") as told:
        process = subprocess.Popen(
            [own_tool("dicom-node"), "serve", "--role", role, "--config", str(config)],
            stdout=told,
            stderr=told,
        )
        try:
            yield process
        finally:
            stop(process)


def kill_a_worker(
    folder: Path, database: str, *, studies: int, slices: int, senders: int
) -> Report:
    """Run it, check it, and tell what happened; an AssertionError names what was lost.

    Parameters
    ----------
    database : str
        URL of a new database of PostgreSQL.
    slices : int
        Of each PET and each CT.
    """
    paths = made_studies(folder / "studies", studies=studies, slices=slices)
    port, acknowledged = free_port(), set[str]()
    with FakePacs() as pacs, ExitStack() as parts:
        to_pacs = pacs.destination()
        config = write_config(
            folder,
            node_port=port,
            pacs_port=to_pacs.port,
            pacs_ae_title=to_pacs.ae_title,
            database=database,
        )
        archive = open_archive(read_settings(config))
        for role in ("receiver", "sender"):
            parts.enter_context(part(config, role))
        victim = parts.enter_context(part(config, "worker", "-victim"))
        sending = _send_all(paths, port, senders, acknowledged)
        lost = wait_until("a job runs", lambda: _running(archive), limit_s=120.0, every_s=0.005)
        victim.kill()
        killed_at_s = time.monotonic()
        parts.enter_context(part(config, "worker", "-other"))
        _wait_for_another_run(archive, lost)
        taken_over_s = time.monotonic() - killed_at_s
        for thread in sending:
            thread.join(_RESULT_LIMIT_S)
        jobs = wait_until(
            "every study ended",
            lambda: _all_ended(archive, studies),
            limit_s=_RESULT_LIMIT_S,
            every_s=0.5,
        )
        check_files(folder / "var" / "instances", paths, acknowledged)
        results = _checked(archive, jobs, pacs, lost)
        return Report(
            acknowledged=len(acknowledged),
            results=results,
            received=len(pacs.received),
            seconds_to_take_over=taken_over_s,
        )


def _send_all(
    paths: Sequence[Path], port: int, senders: int, acknowledged: set[str]
) -> list[threading.Thread]:
    to_node = Destination(
        name="node", ae_title="DICOM_NODE", host="127.0.0.1", port=port, timeout_s=10.0
    )

    def _send(mine: Sequence[Path]) -> None:
        for path in mine:
            send_until_stored(path, to_node, acknowledged.add)

    threads = [
        threading.Thread(target=_send, args=(paths[number::senders],), daemon=True)
        for number in range(senders)
    ]
    for thread in threads:
        thread.start()
    return threads


def _running(archive: Archive) -> str | None:
    found = archive.jobs.list(state=JobState.RUNNING)
    return found[0].job_id if found else None


def _wait_for_another_run(archive: Archive, job_id: str) -> None:
    wait_until(
        "the other worker runs what the killed one ran",
        lambda: archive.jobs.get(job_id).attempts > 1,
        limit_s=120.0,
        every_s=0.05,
    )


def _all_ended(archive: Archive, studies: int) -> tuple[JobRecord, ...] | None:
    jobs = archive.jobs.list()
    done = len(jobs) == studies and all(job.state in ENDED for job in jobs)
    return jobs if done else None


def _checked(archive: Archive, jobs: Sequence[JobRecord], pacs: FakePacs, lost: str) -> int:
    """Number of result objects, each of which the destination has exactly once."""
    states = Counter(str(job.state) for job in jobs)
    assert states == {"DELIVERED": len(jobs)}, states
    for job in jobs:
        _check_history(archive.jobs.events(job.job_id), again=job.job_id == lost)
    made = {one.sop_instance_uid: one.path for job in jobs for one in job.objects}
    assert Counter(pacs.instance_uids) == Counter(made.keys()), "results differ at the PACS"
    assert FakeOne(pacs).has_each_once(made)
    return len(made)


def _check_history(events: Sequence[JobEvent], *, again: bool) -> None:
    """Each job ends once, and runs once unless its worker was killed."""
    told: list[Any] = [event.new for event in events]
    assert told.count(JobState.DELIVERED) == 1, told
    assert told.count(JobState.ENCODED) == 1, told
    assert told.count(JobState.RUNNING) == (2 if again else 1), told
