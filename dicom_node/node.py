"""The composition root: builds every part from the settings, starts and stops them."""

import random
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from dicom_node import __version__
from dicom_node.archive.commitments import CommitmentStore
from dicom_node.archive.database import open_database
from dicom_node.archive.destinations import DestinationStore
from dicom_node.archive.folder_lock import FolderLock
from dicom_node.archive.free_space import FreeSpace
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.instances import InstanceStore
from dicom_node.archive.job_control import JobControl
from dicom_node.archive.jobs import JobStore
from dicom_node.archive.outbox import Outbox
from dicom_node.archive.result_retention import sweep_results
from dicom_node.archive.retention import sweep
from dicom_node.domain.commitment import CommitmentReport
from dicom_node.domain.delivery import Delivery
from dicom_node.domain.equipment import Equipment
from dicom_node.domain.peer import Destination, ReceivedInstance, SendReport, StoreOutcome
from dicom_node.engine.assembler import Assembler
from dicom_node.engine.committer import Committer
from dicom_node.engine.dispatcher import Dispatcher
from dicom_node.engine.loop import Loop
from dicom_node.engine.runner import JobRunner
from dicom_node.engine.sender import Sender
from dicom_node.engine.series_cache import SeriesCache
from dicom_node.network.commitment import CommitmentRequest, request_commitment
from dicom_node.network.outgoing import Outgoing
from dicom_node.network.storage_scp import StorageScp
from dicom_node.network.storage_scu import send
from dicom_node.reading.site_tracers import read_site_tracers
from dicom_node.registry import Registry
from dicom_node.settings import Settings
from dicom_node.worker import Worker

log = structlog.get_logger(__name__)

DATABASE_FILE = "node.sqlite"
RESULTS_FOLDER = "results"
_POLL_S = 0.5  # of the job and delivery loops; they are woken when there is something to do
_COMMITMENT_POLL_S = 2.0
_RETENTION_EVERY_S = 3600.0


def utc_now() -> datetime:
    """Aware time of now."""
    return datetime.now(UTC)


def equipment_of(settings: Settings) -> Equipment:
    """How this installation names itself in its results."""
    return Equipment(
        software_version=__version__,
        device_serial_number=settings.device_serial_number,
        station_name=settings.listener.ae_title,
    )


@dataclass(frozen=True, slots=True)
class Archive:
    """The stores of one storage folder."""

    index: InstanceIndex
    instances: InstanceStore
    jobs: JobStore
    control: JobControl
    outbox: Outbox
    destinations: DestinationStore
    commitments: CommitmentStore


def open_archive(settings: Settings) -> Archive:
    """Stores of the configured folder; makes folder and tables where they are absent."""
    folder = settings.storage_folder
    folder.mkdir(parents=True, exist_ok=True)
    database = open_database(folder / DATABASE_FILE)
    index = InstanceIndex(database, folder)
    return Archive(
        index=index,
        instances=InstanceStore(folder, index),
        jobs=JobStore(database, folder),
        control=JobControl(database),
        outbox=Outbox(database, folder),
        destinations=DestinationStore(database),
        commitments=CommitmentStore(database, folder),
    )


class Node:
    """The running node: listener, assembly, job runner, one sender per destination."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._settings, self._registry = settings, registry
        self._archive = open_archive(settings)
        self._lock = FolderLock(settings.storage_folder)
        self._associations: set[str] = set()
        self._associations_lock = threading.Lock()
        self._worker = Worker()
        self._space = FreeSpace(
            settings.storage_folder, refuse_below_mib=settings.refuse_below_free_mib
        )
        self._scp = StorageScp(
            settings.listener,
            self._store,
            self._association_ended,
            self._commitment_reported,
            self._space.is_low,
        )
        self._senders = [
            Loop(f"sender-{one.name}", self._sender(one).tick, pause_s=_POLL_S)
            for one in settings.destinations.values()
        ]
        self._committers = [
            Loop(f"committer-{one.name}", self._committer(one).tick, pause_s=_COMMITMENT_POLL_S)
            for one in settings.destinations.values()
            if one.commitment
        ]
        self._runner = Loop("runner", self._job_runner().tick, pause_s=_POLL_S)
        self._assembly = Loop("assembly", self._assemble, pause_s=settings.assembly.tick_s)
        self._retention = Loop("retention", self._sweep, pause_s=_RETENTION_EVERY_S)
        self._assembler = self._new_assembler()

    @property
    def port(self) -> int:
        """Port the node listens on."""
        return self._scp.port

    @property
    def archive(self) -> Archive:
        """The stores, to look at."""
        return self._archive

    def start(self) -> None:
        """Recover what an earlier run left, then start every part; raises ConfigError."""
        self._lock.acquire()
        recovered = self._archive.instances.recover()
        requeued = self._archive.jobs.requeue_interrupted(utc_now())
        log.info("node.recovered", instances=recovered.indexed, jobs=requeued)
        self._worker.start()
        self._scp.start()
        for loop in self._loops():
            loop.start()
        log.info("node.started", ae_title=self._settings.listener.ae_title, port=self.port)

    def stop(self) -> None:
        """Stop receiving first, then the loops, then the worker; bounded in time."""
        self._scp.stop()
        for loop in self._loops():
            loop.ask_to_stop()
        for loop in self._loops():
            loop.stop()  # a job that runs is handed back and runs again at the next start
        self._worker.stop()
        self._lock.release()
        log.info("node.stopped")

    def serve_until_stopped(self) -> None:
        """Run until SIGINT or SIGTERM."""
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        self.start()
        stopped.wait()
        self.stop()

    def _loops(self) -> tuple[Loop, ...]:
        return (self._assembly, self._runner, *self._senders, *self._committers, self._retention)

    def _store(self, received: ReceivedInstance) -> StoreOutcome:
        with self._associations_lock:
            self._associations.add(received.association_id)
        self._space.check()
        return self._archive.instances.store(received, utc_now())

    def _association_ended(self, association_id: str) -> None:
        with self._associations_lock:
            self._associations.discard(association_id)
        self._assembly.wake()

    def _commitment_reported(self, report: CommitmentReport) -> None:
        self._archive.commitments.take(report, utc_now())

    def _ask_commitment(
        self, objects: Sequence[Delivery], transaction_uid: str, destination: Destination
    ) -> CommitmentRequest:
        return request_commitment(
            objects, transaction_uid, destination, reported=self._commitment_reported
        )

    def _open_associations(self) -> frozenset[str]:
        with self._associations_lock:
            return frozenset(self._associations)

    def _assemble(self) -> bool:
        more = self._assembler.tick()
        self._runner.wake()
        return more

    def _sweep(self) -> bool:
        settings, now = self._settings, utc_now()
        sweep(self._archive.instances, keep_days=settings.retention_days, now=now)
        database, folder = self._archive.index.database, settings.storage_folder
        sweep_results(database, folder, keep_days=settings.results_retention_days, now=now)
        return False

    def _wake_senders(self) -> None:
        for loop in self._senders:
            loop.wake()

    def _new_assembler(self) -> Assembler:
        settings, archive = self._settings, self._archive
        cache = SeriesCache(read_site_tracers(settings.tracers_file))
        dispatcher = Dispatcher(
            index=archive.index,
            jobs=archive.jobs,
            cache=cache,
            registry=self._registry,
            routes=settings.routes,
        )
        return Assembler(
            index=archive.index,
            cache=cache,
            dispatcher=dispatcher,
            routes=settings.routes,
            rules=settings.assembly,
            open_associations=self._open_associations,
            clock=utc_now,
        )

    def _job_runner(self) -> JobRunner:
        return JobRunner(
            jobs=self._archive.jobs,
            worker=self._worker,
            registry=self._registry,
            results_folder=self._settings.storage_folder / RESULTS_FOLDER,
            site_tracers=read_site_tracers(self._settings.tracers_file),
            equipment=equipment_of(self._settings),
            forms={one.name: one.forms for one in self._settings.destinations.values()},
            clock=utc_now,
            on_result=self._wake_senders,
            routes=self._settings.routes,
            rules=self._settings.jobs,
            stopping=lambda: self._runner.stopping,
            chance=random.Random(),  # noqa: S311  jitter, no secret
        )

    def _committer(self, destination: Destination) -> Committer:
        return Committer(
            book=self._archive.commitments,
            destination=destination,
            ask=self._ask_commitment,
            rules=self._settings.delivery.pauses,
            clock=utc_now,
            chance=random.Random(),  # noqa: S311  jitter, no secret
        )

    def _sender(self, destination: Destination) -> Sender:
        return Sender(
            outbox=self._archive.outbox,
            destination=destination,
            send=_send,
            health=self._archive.destinations,
            rules=self._settings.delivery,
            clock=utc_now,
            chance=random.Random(),  # noqa: S311  jitter, no secret
        )


def _send(due: Sequence[Delivery], destination: Destination) -> tuple[SendReport, ...]:
    outgoing = [
        Outgoing(
            path=one.path,
            sop_class_uid=one.sop_class_uid,
            sop_instance_uid=one.sop_instance_uid,
        )
        for one in due
    ]
    return send(outgoing, destination)
