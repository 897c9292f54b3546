"""The whole path on one machine: a simulated study in, its results back, each step told.

The PACS is a stand-in that stores what it is sent in a folder, so that nothing but this project is
needed. Everything it makes lies under one folder and can be deleted.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from matplotlib.image import imsave
from pydicom import dcmread

from dicom_node.archive.database import open_database
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.instances import InstanceStore
from dicom_node.domain.errors import DicomNodeError
from dicom_node.domain.job import ENDED
from dicom_node.domain.peer import Destination, Listener, ReceivedInstance, StoreOutcome
from dicom_node.domain.records import JobRecord
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.storage_scp import StorageScp
from dicom_node.network.storage_scu import send
from dicom_node.node import Node
from dicom_node.registry import Registry
from dicom_node.settings import Settings
from dicom_node.stores import utc_now

LOOPBACK = "127.0.0.1"
_RESULT_LIMIT_S = 300.0
_LOOK_EVERY_S = 0.2


class DemoFailed(DicomNodeError):
    """The demonstration did not end with results; names the step."""

    code = "demo-failed"


class PacsStandIn:
    """A Storage SCP that keeps what it is sent in a folder: no query, no viewer."""

    def __init__(self, folder: Path, listener: Listener) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        index = InstanceIndex(open_database(folder / "pacs.sqlite"), folder)
        self._instances = InstanceStore(folder, index)
        self._scp = StorageScp(listener, self._store, lambda _: None)

    @property
    def port(self) -> int:
        """Port it listens on."""
        return self._scp.port

    def start(self) -> None:
        """Listen; raises ConfigError where the port is taken."""
        self._scp.start()

    def stop(self) -> None:
        """Stop listening."""
        self._scp.stop()

    def _store(self, received: ReceivedInstance) -> StoreOutcome:
        return self._instances.store(received, utc_now())


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """What came back.

    Parameters
    ----------
    record : JobRecord
        The job with its numbers.
    received : tuple of Path
        The files that the stand-in has.
    picture : Path
        The page of the secondary capture as PNG.
    """

    record: JobRecord
    received: tuple[Path, ...]
    picture: Path


@contextmanager
def running_demo(
    settings: Settings, registry: Registry, *, folder: Path, any_port: bool
) -> Iterator[tuple[Node, PacsStandIn]]:
    """A node with the configured routes, and a stand-in for its first destination.

    Parameters
    ----------
    folder : Path
        Where node and stand-in keep everything.
    any_port : bool
        Take free ports of the loopback instead of the configured ones.
    """
    name, pacs = next(iter(settings.destinations.items()))
    port = 0 if any_port else pacs.port
    listener = Listener(ae_title=pacs.ae_title, address=LOOPBACK, port=port)
    stand_in = PacsStandIn(folder / "pacs", listener)
    stand_in.start()
    try:
        settings = replace(
            settings,
            storage_folder=folder / "node",
            database=None,
            listener=replace(settings.listener, port=0) if any_port else settings.listener,
            destinations={name: replace(pacs, host=LOOPBACK, port=stand_in.port)},
        )
        node = Node(settings, registry)
        node.start()
        try:
            yield node, stand_in
        finally:
            node.stop()
    finally:
        stand_in.stop()


def send_and_wait(
    node: Node, study: Path, *, node_ae_title: str, folder: Path, tell: Callable[[str], None]
) -> DemoReport:
    """Send a study to the node over DICOM and wait for what comes back.

    Raises
    ------
    DemoFailed
        Where an image was not stored, the job did not end DELIVERED, or nothing came in time.
    """
    to_node = Destination(
        name="node",
        ae_title=node_ae_title,
        host=LOOPBACK,
        port=node.port,
        calling_ae_title="SIMULATOR",
    )
    outgoing, _ = outgoing_files(study)
    reports = send(outgoing, to_node)
    stored = sum(report.stored for report in reports)
    tell(f"sent {stored} of {len(reports)} images over DICOM to port {node.port}")
    if stored < len(reports):
        cause = next(report.cause for report in reports if not report.stored)
        raise DemoFailed(f"sending: {cause}")
    record = _ended_job(node)
    tell(f"job {record.job_id}: {record.algorithm} {record.version}, {record.state}")
    if record.state not in ("DELIVERED", "COMMITTED"):
        raise DemoFailed(f"job {record.job_id} is {record.state}: {record.reason}")
    page = next(made.path for made in record.objects if made.modality == "OT")
    picture = folder / "page.png"
    imsave(picture, dcmread(page).pixel_array)
    received = tuple(sorted((folder / "pacs" / "instances").rglob("*.dcm")))
    return DemoReport(record=record, received=received, picture=picture)


def _ended_job(node: Node) -> JobRecord:
    end = time.monotonic() + _RESULT_LIMIT_S
    while time.monotonic() < end:
        for record in node.archive.jobs.list(limit=1):
            if record.state in ENDED:
                return record
        time.sleep(_LOOK_EVERY_S)
    raise DemoFailed(f"no job ended within {_RESULT_LIMIT_S:g} s; see `dicom-node jobs`")
