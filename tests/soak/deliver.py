"""Results to a healthy destination and three odd ones: one dead for two hours, one that refuses
segmentations, one that aborts every seventh association; and a restart in the middle."""

import random
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fake_pacs import FakePacs, Received
from peers import wait_until
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from dicom_node.archive.database import open_database
from dicom_node.archive.destinations import DestinationStore
from dicom_node.archive.jobs import JobStore
from dicom_node.archive.outbox import Outbox
from dicom_node.delivery import send_objects
from dicom_node.domain.delivery import DeliveryState
from dicom_node.domain.job import Job, JobOutcome, JobState, ResultObject
from dicom_node.domain.peer import Destination
from dicom_node.domain.rules import DeliveryRules, RetryRules
from dicom_node.domain.series import Instance, SeriesKey
from dicom_node.engine.loop import Loop
from dicom_node.engine.sender import Sender

SEG, SR = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.88.33"
_DEAD_FOR = timedelta(hours=2)
_LIMIT_S = 300.0
_LOOK_EVERY_S = 0.02
_WAVES = 10


class Pacs(FakePacs):
    """A destination that remembers what it answered with success."""

    def __init__(self, *, aborts_every: int = 0, refused: tuple[str, ...] = ()) -> None:
        super().__init__(status=self._answer, refused_classes=refused)
        self.stored: Counter[str] = Counter()
        self.stored_at_s: dict[str, float] = {}
        self._aborts_every = aborts_every

    def _answer(self, one: Received) -> int | None:
        if self._aborts_every and self.associations % self._aborts_every == 0:
            return None
        self.stored_at_s.setdefault(one.sop_instance_uid, time.monotonic())
        self.stored[one.sop_instance_uid] += 1
        return 0x0000


@dataclass
class Delivery:
    """The sending half of a node on a clock of the test, over one folder."""

    folder: Path
    destinations: tuple[Destination, ...]
    now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    loops: list[Loop] = field(default_factory=list)

    def start(self) -> None:
        """What a new process does: everything anew but the folder."""
        self.database = open_database(self.folder / "node.sqlite")
        self.jobs = JobStore(self.database, self.folder)
        self.outbox = Outbox(self.database, self.folder)
        self.loops = [
            Loop(to.name, self._sender(to).tick, pause_s=0.05) for to in self.destinations
        ]
        for loop in self.loops:
            loop.start()

    def stop(self) -> None:
        """End it as a node that is stopped."""
        for loop in self.loops:
            loop.ask_to_stop()
        for loop in self.loops:
            loop.stop()
        self.database.close()

    def _sender(self, to: Destination) -> Sender:
        return Sender(
            outbox=self.outbox,
            destination=to,
            send=send_objects,
            health=DestinationStore(self.database),
            rules=DeliveryRules(pauses=RetryRules(first_retry_s=5.0, longest_retry_s=600.0)),
            clock=lambda: self.now,
            chance=random.Random(1),
        )

    def add_result(self, number: int) -> tuple[str, str]:
        """A job with a segmentation and a report for every destination; their UIDs."""
        uids = (f"2.25.{1000 + number}1", f"2.25.{1000 + number}2")
        objects = tuple(
            _written(self.folder / f"{uid}.dcm", kind, uid)
            for kind, uid in zip((SEG, SR), uids, strict=True)
        )
        key = SeriesKey(study_instance_uid="1.2", series_instance_uid=f"1.2.{number}")
        instance = Instance(
            key=key, sop_class_uid="1", sop_instance_uid=f"{number}", path=self.folder / "x"
        )
        names = tuple(to.name for to in self.destinations)
        job = Job(
            job_id=f"job-{number}",
            result_id=f"result-{number}",
            route="pet",
            algorithm="nothing",
            version="1",
            inputs={"pet": (instance,)},
            destinations=names,
            created_at=self.now,
        )
        self.jobs.create(job, JobState.QUEUED)
        assert self.jobs.claim_next(self.now) is not None
        outcome = JobOutcome(state=JobState.ENCODED, objects=objects)
        self.jobs.finish(job.job_id, outcome, destinations=names, now=self.now)
        return uids


def _written(path: Path, kind: str, uid: str) -> ResultObject:
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = kind, uid
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2", f"{uid}.1"
    dataset.Modality = "SEG" if kind == SEG else "SR"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
    return ResultObject(
        path=path, sop_class_uid=kind, sop_instance_uid=uid, modality=dataset.Modality
    )


@dataclass(frozen=True)
class Report:
    """What happened in a run."""

    objects: int
    healthy_longest_s: float  # from the end of the job to the healthy destination
    dead_done_s: float  # from its return to the last object


def deliver_to_odd_destinations(folder: Path, *, results: int) -> Report:
    """Run it, check it, and tell what happened; an AssertionError names what is wrong."""
    healthy, dead = Pacs(), Pacs()
    picky, jumpy = Pacs(refused=(SEG,)), Pacs(aborts_every=7)
    by_name = {"healthy": healthy, "dead": dead, "picky": picky, "jumpy": jumpy}
    to = tuple(pacs.destination(name=name) for name, pacs in by_name.items())
    delivery = Delivery(folder, to)
    with ExitStack() as running:
        for pacs in (healthy, picky, jumpy):
            running.enter_context(pacs)
        running.callback(delivery.stop)
        delivery.start()
        uids, longest_s = _waves(delivery, healthy, results)
        began, returned_s = delivery.now, time.monotonic()
        running.enter_context(dead)
        delivery.now = began + timedelta(minutes=10)  # the longest pause between two probes
        _wait_for(delivery, dead, uids)
        done_s = time.monotonic() - returned_s
        _settle(delivery)
        _check(delivery, by_name, uids)
        return Report(len(uids), longest_s, done_s)


def _waves(delivery: Delivery, healthy: Pacs, results: int) -> tuple[list[str], float]:
    """Results over two hours, with a restart after the first; UIDs, longest way to the healthy."""
    uids: list[str] = []
    ended_at_s: dict[str, float] = {}
    for wave in range(_WAVES):
        if wave == _WAVES // 2:
            delivery.stop()
            delivery.start()
        for number in range(wave * results // _WAVES, (wave + 1) * results // _WAVES):
            made = delivery.add_result(number)
            uids += made
            ended_at_s |= dict.fromkeys(made, time.monotonic())
        _wait_for(delivery, healthy, uids)
        delivery.now += _DEAD_FOR / _WAVES
    return uids, max(healthy.stored_at_s[uid] - at_s for uid, at_s in ended_at_s.items())


def _wait_for(delivery: Delivery, pacs: Pacs, uids: list[str]) -> None:
    def _all_there() -> bool:
        # The clock goes on, five times as fast: an association that a busy machine let fail is
        # tried again.
        delivery.now += timedelta(seconds=5 * _LOOK_EVERY_S)
        return len(pacs.stored) == len(uids)

    wait_until("every object is there", _all_there, limit_s=_LIMIT_S, every_s=_LOOK_EVERY_S)


def _settle(delivery: Delivery) -> None:
    """Let what is tried again come to its end."""

    def _nothing_pending() -> bool:
        delivery.now += timedelta(minutes=1)
        time.sleep(0.05)
        return not delivery.outbox.list(states=[DeliveryState.PENDING])

    wait_until("nothing is pending", _nothing_pending, limit_s=_LIMIT_S)


def _check(delivery: Delivery, by_name: dict[str, Pacs], uids: list[str]) -> None:
    once = Counter(uids)
    reports = Counter(uids[1::2])
    wanted = {"healthy": once, "dead": once, "picky": reports, "jumpy": once}
    for name, pacs in by_name.items():
        assert pacs.stored == wanted[name], f"{name} has not each object once"
    dead_letters = delivery.outbox.list(states=[DeliveryState.DEAD], limit=10**6)
    assert Counter(one.sop_instance_uid for one in dead_letters) == Counter(uids[0::2])
    assert {one.destination for one in dead_letters} == {"picky"}
    states = Counter(record.state for record in delivery.jobs.list(limit=10**6))
    assert states == {JobState.UNDELIVERED: len(uids) // 2}, states
