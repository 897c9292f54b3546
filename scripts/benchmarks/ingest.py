"""Reception and sending beside Orthanc, DCMTK and stock pynetdicom: ratios of the same run.

Every contest runs its sides in turn, several times, with the same sender and the same instances
(PET 168 x 168, made here), and compares medians. Only the ratios are worth keeping: figures of a
machine that does something else at the same time, too, are not those of the machine. Receivers
listen on the loopback and store into a temporary folder; the durable ones need a real disk there.
"""

import argparse
import csv
import logging
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import structlog
from ingest.blast import blast, processor_s, resident_mib
from ingest.made import instances, templates, write_files
from ingest.receivers import ROUTER, Receiver, receiving
from ingest.sending import LostAnswer, by_pynetdicom, by_storescu, by_us, per_second


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; speeds in instances per second."""

    what: str
    ours: float
    theirs: float
    to_reach: str

    @property
    def ratio(self) -> float:
        """How many times as fast as the other."""
        return self.ours / self.theirs


class Bench:
    """Runs contests in one temporary folder."""

    def __init__(self, folder: Path, *, images: int, repeats: int) -> None:
        self._folder, self._images, self._repeats = folder, images, repeats
        self._templates, self._batches = templates(), count(1)
        self.rows: list[Row] = []

    def receive(
        self,
        what: str,
        sides: tuple[str, str],
        associations: int,
        *,
        to_reach: str = "",
        each: int = 0,
    ) -> None:
        """Two receivers, one after the other, from the same sender."""

        def _blasted(receiver: Receiver) -> float:
            made = instances(self._templates, next(self._batches), self._images)
            told = blast(receiver.port, made, associations=associations, each=each)
            assert not told.not_stored, f"{receiver.kind}: {told.not_stored} were not stored"
            return told.per_second

        self._contest(f"{what}, A={associations}", sides, to_reach, _blasted)

    def nagle(self, theirs: str, to_reach: str) -> None:
        """An unmodified storescu sends to both."""

        def _sent(receiver: Receiver) -> float:
            return per_second(by_storescu, self._files(600), receiver.port)

        what = f"from storescu with Nagle, against {theirs}"
        self._contest(what, ("files-fast", theirs), to_reach, _sent)

    def send(self, what: str, theirs: Callable[[Path, int], None], to_reach: str) -> None:
        """Two senders, one after the other, to the same receiver, which delays nobody."""
        found: dict[bool, list[float]] = {True: [], False: []}
        with receiving("files-fast", self._folder) as receiver:
            for _ in range(self._repeats):
                for ours, sending in ((True, by_us), (False, theirs)):
                    with suppress(LostAnswer):  # of the other one; the round does not count
                        found[ours].append(per_second(sending, self._files(600), receiver.port))
        self._add(what, found, to_reach)

    def memory_mib(self, associations: int) -> float:
        """Most resident memory while so many associations bring images."""
        with receiving("durable-fast", self._folder) as receiver:
            made = instances(self._templates, next(self._batches), max(self._images, 400))
            blast(receiver.port, made, associations=associations)
            return resident_mib(receiver.process.pid)

    def processor_ms(self, kind: str, associations: int) -> float:
        """Processor time of a receiver for an image, the least of several batches."""
        found: list[float] = []
        with receiving(kind, self._folder) as receiver:
            for _ in range(self._repeats + 1):  # the first one is of a receiver that just began
                made = instances(self._templates, next(self._batches), self._images)
                before = processor_s(receiver.process.pid)
                told = blast(receiver.port, made, associations=associations)
                assert not told.not_stored, f"{kind}: {told.not_stored} were not stored"
                found.append((processor_s(receiver.process.pid) - before) / len(made) * 1000)
        return min(found[1:])

    def _contest(
        self,
        what: str,
        kinds: tuple[str, str],
        to_reach: str,
        speed: Callable[[Receiver], float],
    ) -> None:
        found: dict[bool, list[float]] = {True: [], False: []}
        with ExitStack() as running:
            sides = [
                (is_ours, running.enter_context(receiving(kind, self._folder)))
                for is_ours, kind in zip((True, False), kinds, strict=True)
            ]
            for _ in range(self._repeats):
                for is_ours, receiver in sides:
                    found[is_ours].append(speed(receiver))
        self._add(what, found, to_reach)

    def _add(self, what: str, found: dict[bool, list[float]], to_reach: str) -> None:
        ours, theirs = (statistics.median(found[one]) for one in (True, False))
        self.rows.append(Row(what, ours, theirs, to_reach))
        sys.stdout.write(_line(self.rows[-1]))
        sys.stdout.flush()

    def _files(self, how_many: int) -> Path:
        batch = next(self._batches)
        folder = self._folder / f"files-{batch}"
        write_files(instances(self._templates, batch, min(how_many, self._images)), folder)
        return folder


def durable_contests(bench: Bench, only: str) -> None:
    """Those of receivers that answer when an instance is on the disk."""
    if only in ("all", "durable"):
        for associations, goal in ((1, "2"), (4, "2.3"), (8, "3")):
            sides = ("durable-fast", "orthanc")
            bench.receive("durable, against Orthanc", sides, associations, to_reach=goal)
    if only in ("all", "journal"):
        for associations in (1, 4, 8):
            sides = ("durable-fast", "synced-fast")
            bench.receive("durable, journal against three syncs", sides, associations)


def contests(bench: Bench, only: str) -> None:
    """The rows of the table whose group is asked for."""
    durable_contests(bench, only)
    if only in ("all", "files"):
        for associations, goals in ((1, ("1.5", "1.0")), (8, ("1.0", "0.8"))):
            for theirs, goal in zip(("storescp", "storescp+B"), goals, strict=True):
                what = f"not durable, against {theirs} --fork"
                bench.receive(what, ("files-fast", theirs), associations, to_reach=goal)
        what = "not durable, against decode and save of pynetdicom"
        bench.receive(what, ("files-fast", "pynetdicom"), 1, to_reach="8")
        if ROUTER in os.environ:
            what = "durable, against dicom-ai-router (not durable)"
            for associations in (1, 4):
                sides = ("durable-fast", "dicom-ai-router")
                bench.receive(what, sides, associations, to_reach="8")
        else:
            sys.stdout.write(f"dicom-ai-router is left out: {ROUTER} names no command\n")
    if only in ("all", "short"):
        what = "one image each, against storescp --fork"
        bench.receive(what, ("files-fast", "storescp"), 4, each=1)
    if only in ("all", "path"):
        for kind in ("durable", "files"):
            for associations in (1, 8):
                what = f"{kind}: fast path against stock path"
                bench.receive(what, (f"{kind}-fast", f"{kind}-stock"), associations)
    if only in ("all", "nagle"):
        bench.nagle("storescp", "20")
        bench.nagle("orthanc", "20")
    if only in ("all", "send"):
        bench.send("sending, against stock pynetdicom", by_pynetdicom, "5")
        bench.send("sending, against storescu", by_storescu, "1.0")


def main() -> int:
    """Run what is asked for, print the table and keep it as CSV."""
    parser = argparse.ArgumentParser(description=__doc__)
    groups = ("durable", "journal", "files", "short", "path", "nagle", "send", "cost", "memory")
    parser.add_argument("--only", choices=("all", *groups), default="all")
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--csv", type=Path, default=Path("benchmark-ingest.csv"))
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    load = os.getloadavg()[0]
    sys.stdout.write(f"{os.cpu_count()} processors, load {load:.1f} before it began\n")
    sys.stdout.write(f"{'':50} {'ours/s':>8} {'theirs/s':>8} {'ratio':>6}  to reach\n")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), images=asked.images, repeats=asked.repeats)
        contests(bench, asked.only)
        if asked.only in ("all", "cost"):
            for kind in ("durable-fast", "durable-alone", "files-fast"):
                for associations in (1, 4, 8):
                    cost = bench.processor_ms(kind, associations)
                    sys.stdout.write(f"{kind}, A={associations}: {cost:.2f} ms of a processor\n")
        if asked.only in ("all", "memory"):
            most = bench.memory_mib(20)
            sys.stdout.write(f"resident memory with 20 associations: {most:.0f} MiB (300)\n")
    _keep(asked.csv, bench.rows, load)
    return 0


def _line(row: Row) -> str:
    speeds = f"{row.ours:8.0f} {row.theirs:8.0f} {row.ratio:6.2f}"
    return f"{row.what:50} {speeds}  {row.to_reach}\n"


def _keep(path: Path, rows: Sequence[Row], load: float) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("what", "ours_per_s", "theirs_per_s", "ratio", "to_reach", "load_before"))
        for row in rows:
            figures = (f"{row.ours:.1f}", f"{row.theirs:.1f}", f"{row.ratio:.2f}")
            writer.writerow((row.what, *figures, row.to_reach, f"{load:.1f}"))


if __name__ == "__main__":
    sys.exit(main())
