"""Receivers that are measured, a process each: `python -m ingest.serve KIND PORT FOLDER`."""

import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.events import Event
from pynetdicom.presentation import AllStoragePresentationContexts

from dicom_node.archive.database import open_database
from dicom_node.archive.free_space import FreeSpace
from dicom_node.archive.index import InstanceIndex
from dicom_node.archive.instances import InstanceStore
from dicom_node.archive.part10 import FileMeta, encode_file_head
from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.peer import Listener, ReceivedInstance, StoreOutcome
from dicom_node.network.storage_scp import StorageScp
from dicom_node.stores import DATABASE_FILE, utc_now

Store = Callable[[ReceivedInstance], StoreOutcome]
StoreAll = Callable[[Sequence[ReceivedInstance]], Sequence[StoreOutcome | ArchiveError]]


def durable(folder: Path, *, journaled: bool = True) -> tuple[Store, StoreAll | None]:
    """What the node does for each instance: on the disk and in the index before it is answered.

    Parameters
    ----------
    journaled : bool
        Whether as on SQLite with `storage.journal`, or by three syncs as on PostgreSQL.
    """
    space = FreeSpace(folder, refuse_below_mib=1)
    store = InstanceStore(folder, InstanceIndex(open_database(folder / DATABASE_FILE), folder))
    if journaled:
        assert store.open_journal(), "the journal cannot be used here"

    def _store(received: ReceivedInstance) -> StoreOutcome:
        space.check()
        return store.store(received, utc_now())

    def _store_all(batch: Sequence[ReceivedInstance]) -> Sequence[StoreOutcome | ArchiveError]:
        space.check()
        return store.store_all(batch, utc_now())

    return _store, _store_all if journaled else None


def files_only(folder: Path) -> Store:
    """What DCMTK's storescp does: a Part 10 file, that is not waited for."""

    def _store(received: ReceivedInstance) -> StoreOutcome:
        meta = FileMeta(
            sop_class_uid=received.sop_class_uid,
            sop_instance_uid=received.sop_instance_uid,
            transfer_syntax_uid=received.transfer_syntax_uid,
            calling_ae=received.calling_ae,
            called_ae=received.called_ae,
        )
        path = f"{folder}/{received.sop_instance_uid}.dcm"
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
        try:
            os.writev(opened, (encode_file_head(meta), received.dataset))
        finally:
            os.close(opened)
        return StoreOutcome.STORED

    return _store


def node(store: Store, store_all: StoreAll | None, port: int, *, fast: bool) -> None:
    """Our Storage SCP in front of a store, until the process is ended."""
    listener = Listener(
        ae_title="NODE", address="127.0.0.1", port=port, max_associations=64, fast_path=fast
    )
    with StorageScp(listener, store, lambda _: None, store_all=store_all):
        threading.Event().wait()


def pynetdicom(folder: Path, port: int) -> None:
    """Stock pynetdicom as its documentation shows it: decode and save."""

    def _on_store(event: Event) -> int:
        dataset = event.dataset
        dataset.file_meta = event.file_meta
        dataset.save_as(folder / f"{dataset.SOPInstanceUID}.dcm", enforce_file_format=True)
        return 0x0000

    entity = ApplicationEntity("NODE")
    entity.maximum_associations = 64
    for context in AllStoragePresentationContexts:
        entity.add_supported_context(context.abstract_syntax or "", [ExplicitVRLittleEndian])
    handlers = [(evt.EVT_C_STORE, _on_store)]
    entity.start_server(("127.0.0.1", port), evt_handlers=handlers)


def main(kind: str, port: int, folder: Path) -> None:
    """Serve as one kind of receiver."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "pynetdicom":
        pynetdicom(folder, port)
        return
    keeping, path = kind.split("-")
    if keeping == "files":
        stores: tuple[Store, StoreAll | None] = (files_only(folder), None)
    else:
        stores = durable(folder, journaled=keeping == "durable")
    store, store_all = stores
    node(store, None if path == "alone" else store_all, port, fast=path != "stock")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
