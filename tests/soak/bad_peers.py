"""A node among bad peers: what a healthy sender keeps of its throughput, and what stays behind."""

import multiprocessing
import os
import shutil
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from bad_peers import plagued
from factories import pet_series, write_series
from peers import free_port, running_node, wait_until, write_config

from dicom_node.domain.peer import Destination
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.storage_scu import send

PEERS = {
    "stall": 25,
    "never-release": 25,
    "cut": 25,
    "slow-loris": 5,
    "oversize": 5,
    "fuzz": 5,
    "bomb": 1,
    "path": 1,
    "nested": 1,
}
_IDLE_S = 20.0
_SETTLE_S = 300.0


@dataclass(frozen=True)
class Resources:
    """Of the process that receives."""

    threads: int
    descriptors: int
    resident_mib: float


@dataclass(frozen=True)
class Report:
    """Instances a second of the healthy sender, in rounds without and with bad peers."""

    quiet: tuple[float, ...]
    plagued: tuple[float, ...]
    begun: Mapping[str, int]
    before: Resources
    after: Resources

    @property
    def kept(self) -> float:
        """Share of its throughput that the healthy sender keeps: of the medians."""
        return statistics.median(self.plagued) / statistics.median(self.quiet)

    def __str__(self) -> str:
        quiet, bad = (
            ", ".join(f"{one:.0f}" for one in rates) for rates in (self.quiet, self.plagued)
        )
        return (
            f"healthy sender: {quiet} instances/s alone, {bad} among bad peers: "
            f"{self.kept:.0%} kept\nattempts: {dict(self.begun)}\n"
            f"before: {self.before}\nafter:  {self.after}"
        )


def plague_a_node(
    folder: Path,
    *,
    peers: Mapping[str, int] = PEERS,
    rounds: int = 3,
    instances: int = 150,
    bomb_mebibytes: int = 600,
    fast_path: bool = False,
) -> Report:
    """Send series alternately alone and among bad peers; AssertionError where one is not stored."""
    port = free_port()
    config = _configured(folder, port, fast_path=fast_path)
    quiet: list[float] = []
    bad: list[float] = []
    begun: dict[str, int] = dict.fromkeys(peers, 0)
    with running_node(config, port) as node:
        pid = node.process.pid
        with _plague(port, peers, bomb_mebibytes, seed=0):
            _rate(folder, port, "warm", instances)  # its database connections stay, as they should
        time.sleep(_IDLE_S)
        before = _resources(pid)
        for number in range(rounds):
            quiet.append(_rate(folder, port, f"quiet{number}", instances))
            with _plague(port, peers, bomb_mebibytes, seed=number + 1) as counts:
                bad.append(_rate(folder, port, f"plagued{number}", instances))
            begun = {kind: begun[kind] + counts[kind] for kind in peers}
        wait_until(
            f"threads and descriptors are {before} again",
            lambda: _is_back(_resources(pid), before),
            limit_s=_SETTLE_S,
            every_s=1.0,
        )
        after = _resources(pid)
    return Report(quiet=tuple(quiet), plagued=tuple(bad), begun=begun, before=before, after=after)


@contextmanager
def _plague(
    port: int, peers: Mapping[str, int], bomb_mebibytes: int, *, seed: int
) -> Iterator[dict[str, int]]:
    """Bad peers in a process of their own; after the block how often each kind began."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    given = (theirs, port, dict(peers), bomb_mebibytes, seed)
    process = context.Process(target=_serve_plague, args=given, daemon=True)
    process.start()
    counts: dict[str, int] = {}
    try:
        assert ours.poll(120.0), "the bad peers did not begin"
        ours.recv()
        yield counts
        ours.send("stop")
        assert ours.poll(120.0), "the bad peers did not end"
        counts.update(ours.recv())
        process.join(30.0)
    finally:
        process.kill()
        process.join(10.0)


def _serve_plague(
    pipe: Connection, port: int, peers: dict[str, int], bomb_mebibytes: int, seed: int
) -> None:
    with plagued(port, peers, bomb_mebibytes=bomb_mebibytes, seed=seed) as counts:
        wait_until("each kind began", lambda: all(counts.values()), limit_s=60.0)
        pipe.send("begun")
        pipe.recv()
    pipe.send(counts)


def _configured(folder: Path, port: int, *, fast_path: bool) -> Path:
    """A node that has room for all of them, and no route: only reception is measured."""
    config = write_config(folder, node_port=port, pacs_port=free_port())
    file = config / "node.toml"
    limits = f"[listener]\nmax_associations = 200\nidle_timeout_s = {_IDLE_S}\n"
    limits += f"fast_path = {str(fast_path).lower()}\n"
    file.write_text(file.read_text().replace("[listener]\n", limits))
    (config / "routes.toml").write_text("")
    return config


def _rate(folder: Path, port: int, series: str, instances: int) -> float:
    """Instances a second of one association of a healthy sender."""
    place = folder / "healthy"
    write_series(pet_series(slices=instances, rows=64, columns=64, series=series), place)
    outgoing = outgoing_files(place)[0]
    to = Destination(
        name="node", ae_title="DICOM_NODE", host="127.0.0.1", port=port, calling_ae_title="HEALTHY"
    )
    began_at = time.monotonic()
    reports = send(outgoing, to)
    seconds = time.monotonic() - began_at
    assert len(reports) == instances
    assert all(one.stored for one in reports), next(one for one in reports if not one.stored)
    shutil.rmtree(place)
    return instances / seconds


def _resources(pid: int) -> Resources:
    status = Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return Resources(
        threads=int(fields["Threads"]),
        descriptors=len(os.listdir(f"/proc/{pid}/fd")),
        resident_mib=round(int(fields["VmRSS"].split()[0]) / 1024, 1),
    )


def _is_back(now: Resources, before: Resources) -> bool:
    return now.threads <= before.threads and now.descriptors <= before.descriptors
