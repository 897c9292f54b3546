"""The stores of one installation, and how it names itself: what the node and its commands open."""

from dataclasses import dataclass
from datetime import UTC, datetime

from dicom_node import __version__
from dicom_node.archive.commitments import CommitmentStore
from dicom_node.archive.database import open_database
from dicom_node.archive.destinations import DestinationStore
from dicom_node.archive.executors import ExecutorStore
from dicom_node.archive.fetches import FetchStore
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.instances import InstanceStore
from dicom_node.archive.job_control import JobControl
from dicom_node.archive.jobs import JobStore
from dicom_node.archive.outbox import Outbox
from dicom_node.archive.remote_series import RemoteSeriesStore
from dicom_node.domain.equipment import Equipment
from dicom_node.settings import Settings

DATABASE_FILE = "node.sqlite"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The stores of one storage folder."""

    index: InstanceIndex
    instances: InstanceStore
    jobs: JobStore
    control: JobControl
    outbox: Outbox
    destinations: DestinationStore
    commitments: CommitmentStore
    executors: ExecutorStore
    fetches: FetchStore
    remote: RemoteSeriesStore


def open_archive(settings: Settings, *, executor_id: str | None = None) -> Archive:
    """Stores of the configured folder; makes folder and tables where they are absent.

    Parameters
    ----------
    executor_id : str or None
        Of a process that shares the work with others.
    """
    folder = settings.storage_folder
    folder.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.database or folder / DATABASE_FILE)
    index = InstanceIndex(database, folder)
    return Archive(
        index=index,
        instances=InstanceStore(folder, index, shared=settings.database is not None),
        jobs=JobStore(database, folder, executor_id=executor_id),
        control=JobControl(database),
        outbox=Outbox(database, folder),
        destinations=DestinationStore(database),
        commitments=CommitmentStore(database, folder),
        executors=ExecutorStore(database),
        fetches=FetchStore(database),
        remote=RemoteSeriesStore(database),
    )
