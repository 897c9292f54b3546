"""Nothing is removed from a folder while another process stores in it, and the other way round."""

import threading
from datetime import timedelta

import pytest
from received import SERIES, STUDY, received

from dicom_node.archive.instances import InstanceStore
from dicom_node.archive.removal_gate import RemovalGate
from dicom_node.archive.retention import sweep
from dicom_node.domain.peer import StoreOutcome
from dicom_node.domain.series import SeriesKey

KEY = SeriesKey(study_instance_uid=STUDY, series_instance_uid=SERIES)


@pytest.fixture
def store(archive) -> InstanceStore:
    """The store of one of several processes."""
    return InstanceStore(archive.folder, archive.index, shared=True)


def test_who_removes_waits_for_who_stores(archive, store, now):
    store.store(received(), now)
    removed = threading.Event()

    def _sweep() -> None:
        sweep(store, keep_days=1.0, now=now + timedelta(days=2))
        removed.set()

    with RemovalGate(archive.folder, shared=True).storing():  # another process
        thread = threading.Thread(target=_sweep)
        thread.start()
        assert not removed.wait(0.3)
        assert len(archive.index.instances_of(KEY)) == 1
    assert removed.wait(10.0)
    thread.join(10)
    assert archive.index.instances_of(KEY) == ()


def test_who_stores_waits_for_who_removes_and_then_keeps_the_instance(archive, store, now):
    store.store(received(), now)
    outcomes: list[StoreOutcome] = []
    with RemovalGate(archive.folder, shared=True).removing():  # another process
        thread = threading.Thread(target=lambda: outcomes.append(store.store(received(), now)))
        thread.start()
        thread.join(0.3)
        assert outcomes == []
        path = archive.index.find(received().sop_instance_uid).path
        archive.index.forget([path])
        (archive.folder / path).unlink()
    thread.join(10)
    assert outcomes == [StoreOutcome.STORED]
    assert (archive.folder / path).exists()


def test_a_process_alone_needs_no_lock_between_processes(archive):
    with RemovalGate(archive.folder, shared=False).removing():
        pass
    assert not (archive.folder / "removal.lock").exists()
