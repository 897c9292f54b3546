"""Kills a node again and again while images pour in: what it acknowledged is there as sent."""

import multiprocessing
import random
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

from ingest.blast import (
    agreed_pdu_bytes,
    answered_status,
    associate_request,
    associated,
    store_message,
)
from ingest.made import Made, instances, templates
from peers import free_port, listens, wait_until, write_config
from soak.kill_node import Process, supervised

from dicom_node.settings import read_settings
from dicom_node.stores import open_archive

_SERIES = 500  # images of each
_SIZE = 64  # pixels: 10 kB an image, so that 100,000 fit on a disk
_LIMIT_S = 3600.0
_TOLD = 20  # images, of which a sender tells at once
_AGAIN_S = 0.1  # until a sender asks once more


@dataclass(frozen=True)
class Report:
    """What happened in a run."""

    images: int
    acknowledged: int
    lost: int
    kills: int
    sent_again: int
    seconds: float
    starts_s: tuple[float, ...]


def receive_among_kills(
    folder: Path, *, images: int, associations: int, kills: int, seed: int
) -> Report:
    """Run it, check it, and tell what happened; an AssertionError names what was lost.

    Parameters
    ----------
    images : int
        In series of 500, shared by the associations.
    kills : int
        SIGKILLs, spread over the run by how much was acknowledged.
    """
    port, made = free_port(), _Images(templates(size=_SIZE), images)
    config = write_config(folder, node_port=port, pacs_port=free_port())
    settings = config / "node.toml"  # the images are what counts: no series is ever complete
    settings.write_text(settings.read_text().replace("quiet_s = 5.0", "quiet_s = 36000.0"))
    node, chance = Process(config), random.Random(seed)
    marks = sorted(chance.uniform(0.02, 0.95) * images for _ in range(kills))
    starts: list[float] = []
    with supervised([node]):
        _until_listening(node, port, instead_of=None)
        senders = _Senders(port, made, associations=associations)
        began_at = time.monotonic()
        for mark in marks:
            senders.until(lambda mark=mark: senders.acknowledged >= mark)
            killed, killed_at = node.process, time.monotonic()
            assert killed is not None
            killed.kill()
            _until_listening(node, port, instead_of=killed)
            starts.append(time.monotonic() - killed_at)
        senders.until(lambda: senders.acknowledged >= images)
        seconds = time.monotonic() - began_at
        senders.join()
    lost = _lost(config, made)
    assert not lost, f"{len(lost)} acknowledged images are not there as they were sent: {lost[:3]}"
    return Report(
        images=images,
        acknowledged=senders.acknowledged,
        lost=len(lost),
        kills=len(marks),
        sent_again=senders.sent_again,
        seconds=round(seconds, 1),
        starts_s=tuple(round(one, 1) for one in starts),
    )


def _until_listening(
    node: Process, port: int, *, instead_of: subprocess.Popen[bytes] | None
) -> None:
    """Wait for the process that follows a killed one."""

    def up() -> bool:
        running = node.process
        return (
            running is not None
            and running is not instead_of
            and running.poll() is None
            and listens(port, running)
        )

    wait_until("the node listens", up, limit_s=120.0)


@dataclass(frozen=True)
class _Images:
    """So many images in series, the same whenever they are made."""

    slices: tuple[bytes, ...]
    count: int

    @property
    def numbers(self) -> range:
        """Of the series."""
        return range(-(-self.count // _SERIES))

    def series(self, number: int) -> list[Made]:
        return instances(self.slices, number, min(_SERIES, self.count - number * _SERIES))


class _Senders:
    """Processes, one for each association, that send until every image was acknowledged."""

    def __init__(self, port: int, images: _Images, *, associations: int) -> None:
        self.acknowledged = self.sent_again = 0
        fork = multiprocessing.get_context("fork")
        self._pipes: list[Connection] = []
        self._processes = []
        for first in range(associations):
            ours, theirs = fork.Pipe(duplex=False)
            numbers = images.numbers[first::associations]
            process = fork.Process(target=_send, args=(port, images, numbers, theirs), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def until(self, done: Callable[[], bool]) -> None:
        """Count what the senders tell until something holds."""
        end = time.monotonic() + _LIMIT_S
        while not done():
            assert time.monotonic() < end, f"{self.acknowledged} were acknowledged in time"
            for pipe in wait(self._pipes, timeout=1.0):
                assert isinstance(pipe, Connection)
                try:
                    stored, again = pipe.recv()
                except EOFError:  # it has sent all of its images
                    self._pipes.remove(pipe)
                    continue
                self.acknowledged += stored
                self.sent_again += again

    def join(self) -> None:
        """Wait for their ends."""
        for process in self._processes:
            process.join(60)
            assert process.exitcode == 0, f"a sender ended with {process.exitcode}"


def _send(port: int, images: _Images, numbers: range, told: Connection) -> None:
    """Some of the series, each image until it is acknowledged; tells (stored, sent again)."""
    sender = _Sender(port)
    for number in numbers:
        series = images.series(number)
        for first in range(0, len(series), _TOLD):
            some = series[first : first + _TOLD]
            again = sum(sender.send(one, first) for one in some)
            told.send((len(some), again))


class _Sender:
    """Sends an image until it is acknowledged, over a new association where the last was cut."""

    def __init__(self, port: int) -> None:
        self._port, self._request = port, associate_request("DICOM_NODE")
        self._connection: socket.socket | None = None
        self._pdu_bytes = 0

    def send(self, one: Made, number: int) -> int:
        """How often it was sent in vain."""
        in_vain = 0
        while True:
            try:
                status = self._answered(one, number)
            except OSError:  # killed: it will be back
                if self._connection is not None:
                    self._connection.close()
                    in_vain += 1
                self._connection = None
                time.sleep(_AGAIN_S)
                continue
            assert status == 0x0000, f"answered with {status}"
            return in_vain

    def _answered(self, one: Made, number: int) -> int | None:
        if self._connection is None:
            self._pdu_bytes = self._pdu_bytes or agreed_pdu_bytes(self._port, self._request)
            self._connection = associated(self._port, self._request)
        self._connection.sendall(store_message(one, number, self._pdu_bytes))
        return answered_status(self._connection)


def _lost(config: Path, images: _Images) -> list[str]:
    """UIDs whose row is missing, or whose file is not what was sent; all were acknowledged."""
    archive = open_archive(read_settings(config))
    lost = []
    for number in images.numbers:
        for one in images.series(number):
            row = archive.index.find(one.sop_instance_uid)
            if row is None or not _holds(config.parent / "var" / row.path, one):
                lost.append(one.sop_instance_uid)
    return lost


def _holds(file: Path, sent: Made) -> bool:
    return file.is_file() and file.read_bytes().endswith(sent.data_set)
