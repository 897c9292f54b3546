"""A node's inner part on the clock of a test: real archive, real files, no threads, no network."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydicom import Dataset
from received import encoded

from dicom_node.archive.commitments import CommitmentStore
from dicom_node.archive.database import open_database
from dicom_node.archive.destinations import DestinationStore
from dicom_node.archive.fetches import FetchStore
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.instances import InstanceStore
from dicom_node.archive.jobs import JobStore
from dicom_node.archive.outbox import Outbox
from dicom_node.archive.remote_series import RemoteSeriesStore
from dicom_node.domain.algorithm import AlgorithmCard, AlgorithmSpec, InputSpec
from dicom_node.domain.coding import Unit
from dicom_node.domain.fetch import RemoteSender
from dicom_node.domain.job import JobState
from dicom_node.domain.peer import ReceivedInstance, StoreOutcome
from dicom_node.domain.result import Result
from dicom_node.domain.route import CompanionRule, Condition, IfMissing, Route
from dicom_node.domain.rules import AssemblyRules
from dicom_node.engine.archive_evidence import ArchiveEvidence
from dicom_node.engine.assembler import Assembler
from dicom_node.engine.dispatcher import Dispatcher
from dicom_node.engine.series_cache import SeriesCache
from dicom_node.reading.site_tracers import NO_SITE_TRACERS
from dicom_node.registry import Registry

SPEC = AlgorithmSpec(
    card=AlgorithmCard(
        name="nothing", version="1.0.0", title="", summary="", training_data="none (deterministic)"
    ),
    inputs=(
        InputSpec(role="pet", modalities=("PT",), unit=Unit.SUVBW),
        InputSpec(role="ct", modalities=("CT",), required=False),
    ),
    load=lambda: lambda _: Result(),
)


def route(
    *, wait_s: float = 60.0, if_missing: IfMissing = IfMissing.RUN, name: str = "pet"
) -> Route:
    """A route for corrected PET with its CT."""
    return Route(
        name=name,
        algorithm="nothing",
        destinations=("pacs",),
        when=Condition(modality=("PT",), attenuation_corrected=True),
        companions={"ct": CompanionRule(modality="CT", if_missing=if_missing, wait_s=wait_s)},
    )


@dataclass
class House:
    """Archive, assembler and dispatcher over one folder; `restart` makes new ones over the same."""

    folder: Path
    routes: tuple[Route, ...] = field(default_factory=lambda: (route(),))
    now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    open_associations: set[str] = field(default_factory=set)
    specs: dict[str, AlgorithmSpec] = field(default_factory=lambda: {"nothing": SPEC})
    counting: dict[str, RemoteSender] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """What a new process does: everything anew but the folder."""
        self.database = database = open_database(self.folder / "node.sqlite")
        self.index = InstanceIndex(database, self.folder)
        self.instances = InstanceStore(self.folder, self.index)
        self.jobs = JobStore(database, self.folder)
        self.outbox = Outbox(database, self.folder)
        self.commitments = CommitmentStore(database, self.folder)
        self.destinations = DestinationStore(database)
        self.fetches, self.remote = FetchStore(database), RemoteSeriesStore(database)
        cache = SeriesCache(NO_SITE_TRACERS)
        dispatcher = Dispatcher(
            index=self.index,
            jobs=self.jobs,
            cache=cache,
            registry=Registry(specs=self.specs, broken={}),
            routes=self.routes,
            fetches=self.fetches,
        )
        self.assembler = Assembler(
            index=self.index,
            cache=cache,
            dispatcher=dispatcher,
            routes=self.routes,
            rules=AssemblyRules(settle_s=1.0, quiet_s=30.0, tick_s=0.5),
            open_associations=lambda: self.open_associations,
            clock=lambda: self.now,
            archives=ArchiveEvidence(self.remote, self.counting),
        )

    def receive(
        self, datasets: Sequence[Dataset], *, association: str = "a1", calling: str = "SCANNER"
    ) -> None:
        """Store instances as an association brings them, and look at them."""
        for dataset in datasets:
            received = ReceivedInstance(
                sop_class_uid=dataset.SOPClassUID,
                sop_instance_uid=dataset.SOPInstanceUID,
                transfer_syntax_uid=dataset.file_meta.TransferSyntaxUID,
                dataset=encoded(dataset),
                calling_ae=calling,
                called_ae="DICOM_NODE",
                peer_address="127.0.0.1",
                association_id=association,
            )
            if self.instances.store(received, self.now) is StoreOutcome.DUPLICATE:
                self.remote.note_sent(received, self.now)  # as `reception` does
        self.assembler.tick()

    def wait(self, seconds: float) -> None:
        """Let time pass and look again."""
        self.now += timedelta(seconds=seconds)
        self.assembler.tick()

    def states(self) -> list[JobState]:
        """States of the jobs, newest first."""
        return [record.state for record in self.jobs.list()]

    def roles(self) -> list[set[str]]:
        """Roles of the inputs of the jobs, newest first."""
        return [set(record.inputs) for record in self.jobs.list()]
