"""Fixtures of the network tests: an inbox behind a Storage SCP, and DCMTK's tools."""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.presentation import PresentationContext, build_context

from dicom_node.domain.peer import Listener, ReceivedInstance, StoreOutcome
from dicom_node.network.storage_scp import StorageScp

VERIFICATION = "1.2.840.10008.1.1"


class Inbox:
    """What stands behind the Storage SCP: keeps what comes, answers what the test says."""

    def __init__(self) -> None:
        self.instances: list[ReceivedInstance] = []
        self.ended: list[str] = []
        self.answer: Callable[[ReceivedInstance], StoreOutcome] = lambda _: StoreOutcome.STORED

    def store(self, instance: ReceivedInstance) -> StoreOutcome:
        self.instances.append(instance)
        return self.answer(instance)

    def association_ended(self, association_id: str) -> None:
        self.ended.append(association_id)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture(params=[True, False], ids=["fast", "stock"])
def fast_path(request: pytest.FixtureRequest) -> bool:
    """Everything that is asserted of reception holds on both paths."""
    return bool(request.param)


@pytest.fixture
def serve(inbox: Inbox, fast_path: bool) -> Iterator[Callable[..., StorageScp]]:
    """Starts a Storage SCP in front of the inbox; keywords are those of Listener."""
    with ExitStack() as running:
        own = {"ae_title": "NODE", "address": "127.0.0.1", "port": 0, "fast_path": fast_path}

        def _serve(**changes: Any) -> StorageScp:
            settings = own | changes
            scp = StorageScp(Listener(**settings), inbox.store, inbox.association_ended)
            running.callback(scp.stop, 0.2)
            scp.start()
            return scp

        yield _serve


@pytest.fixture
def ask() -> Iterator[Callable[..., Association]]:
    """Asks a Storage SCP for an association and gives it, accepted or not."""
    with ExitStack() as open_ones:

        def _ask(
            scp: StorageScp,
            contexts: list[PresentationContext] | None = None,
            *,
            called: str = "NODE",
            calling: str = "SENDER",
        ) -> Association:
            entity = ApplicationEntity(calling)
            entity.acse_timeout = entity.dimse_timeout = entity.connection_timeout = 5
            wanted = contexts or [build_context(VERIFICATION)]
            association = entity.associate("127.0.0.1", scp.port, wanted, ae_title=called)
            open_ones.callback(_end, association)
            return association

        yield _ask


def _end(association: Association) -> None:
    if association.is_established:
        association.abort()


@pytest.fixture
def dcmtk() -> Callable[[str], str]:
    """Path of a DCMTK tool; skips where DCMTK is not installed."""
    # The virtual environment has scripts of pynetdicom under the same names.
    own = Path(sys.executable).parent
    folders = [one for one in os.get_exec_path() if Path(one) != own]

    def _find(name: str) -> str:
        found = shutil.which(name, path=os.pathsep.join(folders))
        if found is None:
            pytest.skip(f"DCMTK's {name} is not installed")
        return found

    return _find


def wait_until(done: Callable[[], bool], *, what: str, timeout_s: float = 10.0) -> None:
    """Wait until something holds; AssertionError with `what` after the time."""
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)


@pytest.fixture
def eventually() -> Callable[..., None]:
    return wait_until


@pytest.fixture
def no_thread_left() -> Iterator[None]:
    """Checks at the end that no thread stayed behind."""
    before = set(threading.enumerate())
    yield
    wait_until(lambda: not set(threading.enumerate()) - before, what="threads ended")
