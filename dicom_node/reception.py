"""What a receiver does: listens, assembles series, makes their jobs, removes what is old."""

import threading
from collections.abc import Callable, Collection, Sequence
from itertools import zip_longest

from dicom_node.archive.free_space import FreeSpace
from dicom_node.archive.result_retention import sweep_results
from dicom_node.archive.retention import sweep
from dicom_node.audited import Arrivals, telling_removed
from dicom_node.auditing import Audit
from dicom_node.domain.commitment import CommitmentReport
from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.fetch import RemoteSender
from dicom_node.domain.peer import ReceivedInstance, StoreOutcome
from dicom_node.domain.web import WebListener
from dicom_node.engine.archive_evidence import ArchiveEvidence
from dicom_node.engine.assembler import Assembler
from dicom_node.engine.dispatcher import Dispatcher
from dicom_node.engine.loop import Loop
from dicom_node.engine.series_cache import SeriesCache
from dicom_node.network.storage_scp import StorageScp
from dicom_node.network.stow_handler import WebSeams
from dicom_node.network.stow_scp import StowScp
from dicom_node.reading.site_tracers import read_site_tracers
from dicom_node.registry import Registry
from dicom_node.settings import Settings
from dicom_node.stores import Archive, utc_now

ASSEMBLE, RETAIN = "assemble", "retain"  # what one process does at a time
_RETENTION_EVERY_S = 3600.0


class Associations:
    """Those that are open, here or at another receiver that shares the database.

    Parameters
    ----------
    executor_id : str or None
        None: this process receives alone, and keeps them in its memory.
    """

    def __init__(self, archive: Archive, executor_id: str | None) -> None:
        self._archive, self._executor_id = archive, executor_id
        self._lock = threading.Lock()
        self._open: set[str] = set()
        self._ended: set[str] = set()  # the others are still to be told

    def note(self, association_id: str) -> None:
        """Images come over an association; raises ArchiveError where that cannot be told."""
        with self._lock:
            if association_id in self._open:
                return
        if self._executor_id is not None:
            self._archive.executors.association_opened(association_id, self._executor_id)
        with self._lock:
            self._open.add(association_id)

    def end(self, association_id: str) -> None:
        """Nothing more comes over an association."""
        with self._lock:
            if association_id in self._open:
                self._open.discard(association_id)
                self._ended.add(association_id)

    def tell_others(self) -> None:
        """Tell of those that have ended; what fails is told the next time."""
        with self._lock:
            ended = tuple(self._ended)
            if self._executor_id is None:
                self._ended.clear()
                return
        for one in ended:
            self._archive.executors.association_ended(one)
            with self._lock:
                self._ended.discard(one)

    def all_open(self) -> Collection[str]:
        """Ids of all of them."""
        if self._executor_id is not None:
            return self._archive.executors.open_associations()
        with self._lock:
            return frozenset(self._open)


class Reception:
    """Listener, assembly and retention of one process.

    Parameters
    ----------
    holds : callable
        Whether this process, and no other, may do something now.
    on_jobs : callable
        There may be something to run.
    audit : Audit
    """

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        archive: Archive,
        *,
        executor_id: str | None,
        holds: Callable[[str], bool],
        on_jobs: Callable[[], None],
        audit: Audit,
    ) -> None:
        self._settings, self._registry, self._archive = settings, registry, archive
        self._holds, self._on_jobs = holds, on_jobs
        self._arrivals = Arrivals(audit, archive.index)
        self._removing = telling_removed(audit, archive.index)
        self._associations = Associations(archive, executor_id)
        self._space = FreeSpace(
            settings.storage_folder, refuse_below_mib=settings.refuse_below_free_mib
        )
        self._scp = StorageScp(
            settings.listener,
            self.store,
            self.association_ended,
            self._commitment_reported,
            self._space.is_low,
            refused=audit.refused,
            store_all=self.store_all if self._stores_together else None,
        )
        self._stow = None if settings.web is None else self._new_stow(settings.web, audit)
        self._assembler: Assembler | None = None  # made anew whenever it becomes this one's turn
        self._assembly = Loop("assembly", self._assemble, pause_s=settings.assembly.tick_s)
        self._retention = Loop("retention", self._sweep, pause_s=_RETENTION_EVERY_S)

    @property
    def port(self) -> int:
        """Port it listens on."""
        return self._scp.port

    @property
    def web_port(self) -> int:
        """Port on which it takes STOW-RS; only where that is configured."""
        assert self._stow is not None
        return self._stow.port

    @property
    def loops(self) -> tuple[Loop, ...]:
        """Threads of it."""
        return (self._assembly, self._retention)

    def start(self) -> None:
        """Listen; raises ConfigError where a port is taken."""
        self._scp.start()
        if self._stow is not None:
            self._stow.start()

    def stop(self) -> None:
        """Stop listening; bounded in time."""
        if self._stow is not None:
            self._stow.stop()
        self._scp.stop()

    def _new_stow(self, listener: WebListener, audit: Audit) -> StowScp:
        seams = WebSeams(
            store=self.store,
            ended=self.association_ended,
            full=self._space.is_low,
            refused=audit.refused,
            not_authenticated=audit.not_authenticated,
        )
        return StowScp(listener, seams)

    def store(self, received: ReceivedInstance) -> StoreOutcome:
        """Make an instance durable; raises ArchiveError where that cannot be."""
        self._associations.note(received.association_id)
        outcome: StoreOutcome | None = None
        try:
            self._space.check()
            outcome = self._archive.instances.store(received, utc_now())
        finally:
            self._arrivals.came(received, outcome)
        self._note_sent(received, outcome)
        return outcome

    @property
    def _stores_together(self) -> bool:
        """Whether many instances cost one sync; else each waits better in a thread of its own."""
        return self._settings.journal and self._archive.instances.can_have_journal

    def store_all(self, batch: Sequence[ReceivedInstance]) -> Sequence[StoreOutcome | ArchiveError]:
        """Like `store` for many, with the error of each that could not be made durable."""
        outcomes: Sequence[StoreOutcome | ArchiveError] = ()
        try:
            for one in batch:
                self._associations.note(one.association_id)
            self._space.check()
            outcomes = self._archive.instances.store_all(batch, utc_now())
        except ArchiveError as cause:
            outcomes = [cause] * len(batch)
        finally:
            for received, outcome in zip_longest(batch, outcomes):
                self._arrivals.came(received, _kept(outcome))
        return [self._noted(*one) for one in zip(batch, outcomes, strict=True)]

    def _noted(
        self, received: ReceivedInstance, outcome: StoreOutcome | ArchiveError
    ) -> StoreOutcome | ArchiveError:
        try:
            self._note_sent(received, _kept(outcome))
        except ArchiveError as cause:
            return cause
        return outcome

    def _note_sent(self, received: ReceivedInstance, outcome: StoreOutcome | None) -> None:
        """A series that was only fetched starts something when somebody sends it, too."""
        if self._settings.archives and outcome in (StoreOutcome.DUPLICATE, StoreOutcome.CONFLICT):
            self._archive.remote.note_sent(received, utc_now())

    def association_ended(self, association_id: str) -> None:
        """Nothing more comes over an association."""
        self._associations.end(association_id)
        self._arrivals.ended(association_id)
        self._assembly.wake()

    def _commitment_reported(self, report: CommitmentReport) -> None:
        self._archive.commitments.take(report, utc_now())

    def _assemble(self) -> bool:
        self._associations.tell_others()
        if not self._holds(ASSEMBLE):
            self._assembler = None
            return False
        if self._assembler is None:
            self._assembler = self._new_assembler()
        more = self._assembler.tick()
        self._on_jobs()
        return more

    def _sweep(self) -> bool:
        if not self._holds(RETAIN):
            return False
        settings, now = self._settings, utc_now()
        removing = self._removing
        keep_days = settings.retention_days
        sweep(self._archive.instances, keep_days=keep_days, now=now, removing=removing)
        database, folder = self._archive.index.database, settings.storage_folder
        keep_days = settings.results_retention_days
        sweep_results(database, folder, keep_days=keep_days, now=now, removing=removing)
        return False

    def _new_assembler(self) -> Assembler:
        settings, archive = self._settings, self._archive
        cache = SeriesCache(read_site_tracers(settings.tracers_file))
        dispatcher = Dispatcher(
            index=archive.index,
            jobs=archive.jobs,
            cache=cache,
            registry=self._registry,
            routes=settings.routes,
            fetches=archive.fetches,
        )
        senders = {
            one.peer.ae_title: RemoteSender(archive=one.name, calling_ae=one.peer.ae_title)
            for one in settings.archives.values()
            if one.count
        }
        return Assembler(
            index=archive.index,
            cache=cache,
            dispatcher=dispatcher,
            routes=settings.routes,
            rules=settings.assembly,
            open_associations=self._associations.all_open,
            clock=utc_now,
            archives=ArchiveEvidence(archive.remote, senders),
        )


def _kept(outcome: StoreOutcome | ArchiveError | None) -> StoreOutcome | None:
    """What the audit trail is told: None where it was not stored."""
    return outcome if isinstance(outcome, StoreOutcome) else None
