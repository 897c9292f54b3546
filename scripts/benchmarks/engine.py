"""What the engine costs: time to start a job, CPU per job, CPU when idle, and 10,000 old jobs.

Runs a node as a process of its own on the loopback, with a PACS in this process, and sends it small
PET series one after the other. CPU is that of the main process of the node, without its worker and
without what it uses when idle: reception and delivery are part of it, algorithm and encoding not.
"""

import argparse
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from factories import pet_series, write_series
from fake_pacs import FakePacs
from peers import RunningNode, free_port, running_node, wait_until, write_config

from dicom_node.archive.database import Database, open_database
from dicom_node.archive.jobs import JobStore
from dicom_node.archive.outbox import Outbox
from dicom_node.domain.job import Job, JobOutcome, JobState, ResultObject
from dicom_node.domain.peer import Destination
from dicom_node.domain.series import Instance, SeriesKey
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.storage_scu import send

_OLD_JOBS = 10_000
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_COPY = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
INSERT INTO {table} ({columns}) SELECT {values} FROM {table}, n WHERE {table}.job_id = 'first'
"""


def main() -> int:
    """Run everything and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10)
    parser.add_argument("--slices", type=int, default=20)
    parser.add_argument("--idle-s", type=float, default=30.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _running_node(Path(folder), asked.jobs, asked.slices, asked.idle_s)
        _old_jobs(Path(folder))
    return 0


def _running_node(folder: Path, jobs: int, slices: int, idle_s: float) -> None:
    for number in range(jobs):
        series = pet_series(study=f"study-{number}", slices=slices)
        write_series(series, folder / "studies" / str(number))
    port = free_port()
    with FakePacs() as pacs:
        to_pacs = pacs.destination()
        config = write_config(
            folder, node_port=port, pacs_port=to_pacs.port, pacs_ae_title=to_pacs.ae_title
        )
        routes = config / "routes.toml"
        routes.write_text(routes.read_text().replace("wait_s = 60.0", "wait_s = 0.0"))
        with running_node(config, port) as node:
            _one_job(node, folder / "studies" / "0", 1)  # the worker is warm
            idle = _idle_share(node, idle_s)
            before_s, began_at = _cpu_s(node.process.pid), perf_counter()
            for number in range(1, jobs):
                _one_job(node, folder / "studies" / str(number), number + 1)
            used_s = _cpu_s(node.process.pid) - before_s - idle * (perf_counter() - began_at)
            cpu_s = used_s / (jobs - 1)
            _print_starts(node)
            _print(f"CPU of the node per job ({slices} images each)", f"{cpu_s:.3f} s")
            _print("idle node", f"{100 * idle:.2f} % of one core")


def _one_job(node: RunningNode, folder: Path, number: int) -> None:
    to_node = Destination(name="node", ae_title="DICOM_NODE", host="127.0.0.1", port=node.port)
    assert all(one.stored for one in send(outgoing_files(folder)[0], to_node))

    def _delivered() -> bool:
        jobs = node.jobs()
        return len(jobs) == number and jobs[0]["state"] == "DELIVERED"

    wait_until("the result is delivered", _delivered, limit_s=120.0, every_s=1.0)


def _print_starts(node: RunningNode) -> None:
    """Delays from the last image, and from the completion of the series, to the algorithm."""
    from_image, from_queue = [], []
    for job in node.jobs()[:-1]:
        told = node.command("jobs", "show", job["job_id"])
        at = {event["new"]: datetime.fromisoformat(event["at"]) for event in told["events"]}
        last = datetime.fromisoformat(told["last_input_at"])
        from_image.append((at["RUNNING"] - last).total_seconds())
        from_queue.append((at["RUNNING"] - at["QUEUED"]).total_seconds())
    _print("last image to algorithm start", _spread(from_image))
    _print("complete series to algorithm start", _spread(from_queue))


def _idle_share(node: RunningNode, idle_s: float) -> float:
    """Part of one core that the node uses while nothing comes."""
    before_s = _cpu_s(node.process.pid)
    time.sleep(idle_s)
    return (_cpu_s(node.process.pid) - before_s) / idle_s


def _cpu_s(pid: int) -> float:
    """CPU seconds of a process so far, user and system (proc(5): fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _old_jobs(folder: Path) -> None:
    """Time of the database steps of a job, in a new database and among finished jobs."""
    database = open_database(folder / "old.sqlite")
    _steps_s(database, folder, "first")
    empty = [_steps_s(database, folder, f"empty-{number}") for number in range(20)]
    _multiply(folder / "old.sqlite")
    full = [_steps_s(database, folder, f"full-{number}") for number in range(20)]
    database.close()
    _print("database steps of a job, new database", _spread(empty))
    _print(f"the same after {_OLD_JOBS} finished jobs", _spread(full))


def _steps_s(database: Database, folder: Path, job_id: str) -> float:
    """Seconds to create, claim, finish and deliver a job with three objects."""
    jobs, outbox, now = JobStore(database, folder), Outbox(database, folder), datetime.now(UTC)
    key = SeriesKey(study_instance_uid="1.2", series_instance_uid=f"1.2.{job_id}")
    instances = tuple(
        Instance(key=key, sop_class_uid="1", sop_instance_uid=str(one), path=folder / str(one))
        for one in range(300)
    )
    objects = tuple(
        ResultObject(
            path=folder / f"{job_id}.{one}",
            sop_class_uid="1",
            sop_instance_uid=f"{job_id}.{one}",
            modality="SEG",
        )
        for one in range(3)
    )
    job = Job(
        job_id=job_id,
        result_id=job_id,
        route="pet",
        algorithm="nothing",
        version="1",
        inputs={"pet": instances},
        destinations=("pacs",),
        created_at=now,
    )
    began_at = perf_counter()
    jobs.create(job, JobState.QUEUED)
    claimed = jobs.claim_next(now)
    assert claimed is not None
    outcome = JobOutcome(state=JobState.ENCODED, objects=objects)
    jobs.finish(job_id, outcome, destinations=("pacs",), now=now)
    for one in outbox.due(now, "pacs"):
        outbox.delivered(one.delivery_id, now)
    return perf_counter() - began_at


def _multiply(file: Path) -> None:
    """Copy the first job with all that belongs to it."""
    connection = sqlite3.connect(file)
    keys = {"number", "id", "delivery_id"}
    for table in ("jobs", "job_inputs", "job_events", "job_objects", "deliveries"):
        listed = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        columns = [one for one in listed if one not in keys]
        values = ["'old-' || i" if one == "job_id" else f"{table}.{one}" for one in columns]
        connection.execute(
            _COPY.format(
                count=_OLD_JOBS, table=table, columns=", ".join(columns), values=", ".join(values)
            )
        )
    connection.commit()
    connection.close()


def _spread(seconds: Sequence[float]) -> str:
    return f"median {statistics.median(seconds):.3f} s, longest {max(seconds):.3f} s"


def _print(what: str, figure: str) -> None:
    sys.stdout.write(f"{what + ':':<50} {figure}\n")


if __name__ == "__main__":
    sys.exit(main())
