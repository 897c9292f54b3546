"""The composition root: builds the parts that a role asks for, starts and stops them."""

import signal
import socket
import threading
import time

import structlog

from dicom_node.archive.executor_slot import ExecutorSlot
from dicom_node.archive.folder_lock import FolderLock
from dicom_node.auditing import Audit
from dicom_node.delivery import Delivering, sending_to
from dicom_node.domain.errors import ArchiveError, ConfigError
from dicom_node.domain.role import Role
from dicom_node.engine.loop import Loop
from dicom_node.engine.membership import Membership
from dicom_node.fetching import Fetching, fetching_from
from dicom_node.processing import Processing
from dicom_node.reception import ASSEMBLE, RETAIN, Reception
from dicom_node.registry import Registry
from dicom_node.settings import NODE_FILE, Settings
from dicom_node.stores import Archive, open_archive, utc_now

log = structlog.get_logger(__name__)


class Node:
    """A running process of the node: all of it, or the part that its role names.

    Parameters
    ----------
    role : Role
        Any but ALL needs a database that several processes can share.

    Raises
    ------
    ConfigError
        Where the role needs another database.
    ArchiveError
        Where folder or database cannot be opened.
    """

    def __init__(self, settings: Settings, registry: Registry, role: Role = Role.ALL) -> None:
        if settings.database is None and role is not Role.ALL:
            allowed = f"the URL of a PostgreSQL database for role {role}; SQLite serves role all"
            raise ConfigError(file=NODE_FILE, key="storage.database", value=None, allowed=allowed)
        self._settings, self._registry, self._role = settings, registry, role
        settings.storage_folder.mkdir(parents=True, exist_ok=True)
        self._audit = Audit(settings, part=str(role))
        shared = settings.database is not None
        self._lock = FolderLock(settings.storage_folder, shared=shared)
        self._slot = self._new_slot() if shared else None
        executor_id = None if self._slot is None else self._slot.executor_id
        self._archive = open_archive(settings, executor_id=executor_id)
        self._membership = None if executor_id is None else self._new_membership(executor_id)
        self._delivering = self._new_delivering() if role.sends else None
        self._processing = self._new_processing() if role.works else None
        self._reception = self._new_reception(executor_id) if role.receives else None
        self._fetching = self._new_fetching()
        self._beat = self._new_beat()
        self._audit_loops = self._audit.loops

    @property
    def port(self) -> int:
        """Port it listens on; only of a role that receives."""
        assert self._reception is not None
        return self._reception.port

    @property
    def archive(self) -> Archive:
        """The stores, to look at."""
        return self._archive

    def start(self) -> None:
        """Recover what an earlier run left, then start every part; raises ConfigError."""
        self._lock.acquire()
        self._tell_broken_routes()
        self._audit.start()
        if self._membership is not None:
            self._membership.join()
        else:
            requeued = self._archive.jobs.requeue_interrupted(utc_now())
            log.info("node.recovered", jobs=requeued)
        if self._reception is not None:
            self._recover_instances()
        if self._processing is not None:
            self._processing.start()
        if self._reception is not None:
            self._reception.start()
            log.info("node.listens", ae_title=self._settings.listener.ae_title, port=self.port)
        for loop in self._loops():
            loop.start()
        log.info("node.started", role=str(self._role))

    def _tell_broken_routes(self) -> None:
        """Say at the start what a route lacks; the others work, and every image is kept."""
        for route in self._settings.routes:
            try:
                self._registry.spec_of(route)
            except ConfigError as cause:
                log.error("route.broken", route=route.name, cause=str(cause))

    def _recover_instances(self) -> None:
        store = self._archive.instances
        store.recover()
        if self._settings.journal:
            log.info("archive.journal", used=store.open_journal())

    def stop(self) -> None:
        """Stop receiving first, then the loops, then the worker; bounded in time."""
        if self._reception is not None:
            self._reception.stop()
        loops = self._loops()
        for loop in loops:
            loop.ask_to_stop()
        for loop in loops:
            loop.stop()  # a job that runs is handed back and runs again
        if self._processing is not None:
            self._processing.stop()
        self._audit.stop()
        self._settle_instances()
        self._leave()
        if self._slot is not None:
            self._slot.release()
        self._lock.release()
        log.info("node.stopped")

    def _settle_instances(self) -> None:
        """Empty the journal; what could not be brought where it belongs is so at the next start."""
        try:
            self._archive.instances.close()
        except ArchiveError as cause:
            log.warning("archive.journal_not_emptied", reason=str(cause))

    def _leave(self) -> None:
        """Let the others take over at once; they do so in time where the database is away."""
        if self._membership is None:
            return
        try:
            self._membership.leave()
        except ArchiveError as cause:
            log.warning("executor.left_untold", reason=str(cause))

    def serve_until_stopped(self) -> None:
        """Run until SIGINT or SIGTERM."""
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        self.start()
        stopped.wait()
        self.stop()

    def _loops(self) -> tuple[Loop, ...]:
        parts = (self._reception, self._fetching, self._processing, self._delivering)
        own = tuple(loop for part in parts if part is not None for loop in part.loops)
        own = (*self._audit_loops, *own)
        return own if self._beat is None else (self._beat, *own)

    def _holds(self, name: str) -> bool:
        return self._membership is None or self._membership.holds(name)

    def _is_member(self) -> bool:
        return self._membership is None or self._membership.is_member()

    def _new_slot(self) -> ExecutorSlot:
        folder, host = self._settings.storage_folder, socket.gethostname()
        return ExecutorSlot(folder, host=host, role=str(self._role))

    def _new_membership(self, executor_id: str) -> Membership:
        wanted = [ASSEMBLE, RETAIN] if self._role.receives else []
        if self._role.receives:
            wanted += [fetching_from(name) for name in self._settings.archives]
        if self._role.sends:
            wanted += [sending_to(name) for name in self._settings.destinations]
        return Membership(
            book=self._archive.executors,
            executor_id=executor_id,
            role=str(self._role),
            wanted=wanted,
            rules=self._settings.executors,
            clock=utc_now,
            uptime_s=time.monotonic,
        )

    def _new_fetching(self) -> Fetching | None:
        if self._reception is None:
            return None
        return Fetching(
            self._settings,
            self._archive,
            store=self._reception.store,
            ended=self._reception.association_ended,
            holds=self._holds,
            audit=self._audit,
        )

    def _new_beat(self) -> Loop | None:
        if self._membership is None:
            return None
        pause_s = self._settings.executors.beat_s
        return Loop("membership", self._membership.tick, pause_s=pause_s)

    def _new_delivering(self) -> Delivering:
        return Delivering(self._settings, self._archive, holds=self._holds, audit=self._audit)

    def _new_processing(self) -> Processing:
        return Processing(
            self._settings,
            self._registry,
            self._archive,
            number=0 if self._slot is None else self._slot.number,
            is_member=self._is_member,
            on_result=self._wake_delivering,
            audit=self._audit,
        )

    def _new_reception(self, executor_id: str | None) -> Reception:
        return Reception(
            self._settings,
            self._registry,
            self._archive,
            executor_id=executor_id,
            holds=self._holds,
            on_jobs=self._wake_processing,
            audit=self._audit,
        )

    def _wake_delivering(self) -> None:
        if self._delivering is not None:
            self._delivering.wake()

    def _wake_processing(self) -> None:
        if self._processing is not None:
            self._processing.wake()
