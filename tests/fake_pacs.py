"""A Storage SCP in this process, on a free port, that keeps what it gets and can misbehave."""

import socket
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from pydicom.dataset import Dataset
from pynetdicom import ALL_TRANSFER_SYNTAXES, evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.events import Event
from pynetdicom.presentation import (
    AllStoragePresentationContexts,
    PresentationContext,
    build_context,
)
from pynetdicom.transport import ThreadedAssociationServer

from dicom_node.domain.peer import Destination

VERIFICATION = "1.2.840.10008.1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One object as it came: the data set's bytes, without File Meta Information."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset: bytes
    calling_ae: str


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@lru_cache  # a hundred milliseconds each time
def _contexts(transfer_syntaxes: tuple[str, ...]) -> tuple[PresentationContext, ...]:
    storage = [str(context.abstract_syntax) for context in AllStoragePresentationContexts]
    return tuple(build_context(uid, list(transfer_syntaxes)) for uid in (VERIFICATION, *storage))


class FakePacs:
    """Destination for tests; a context manager.

    Parameters
    ----------
    status : int or callable
        Status to answer to C-STORE: always the same, or made of the object. None aborts the
        association instead of answering.
    refused_classes : collection of str
        SOP classes for which no presentation context is accepted.
    transfer_syntaxes : collection of str
        The only ones that are accepted, in this order of preference.
    rejection : (result, source, reason), optional
        Rejects every association so.
    delay_s : float
        Pause before each answer.
    deaf : bool
        Accept associations, then read nothing more.

    Attributes
    ----------
    received : list of Received
        In order; also those that were answered with a failure.
    associations : int
        How many were asked for.
    requestors : list of (str, str)
        Implementation class UID and version name of who asked.
    echoes : int
    """

    def __init__(
        self,
        *,
        ae_title: str = "FAKE_PACS",
        status: int | Callable[[Received], int | None] | None = 0x0000,
        refused_classes: Collection[str] = (),
        transfer_syntaxes: Collection[str] = tuple(ALL_TRANSFER_SYNTAXES),
        rejection: tuple[int, int, int] | None = None,
        delay_s: float = 0.0,
        deaf: bool = False,
    ) -> None:
        self.ae_title, self.status, self.rejection = ae_title, status, rejection
        self.delay_s, self.deaf = delay_s, deaf
        self.received: list[Received] = []
        self.associations = self.echoes = 0
        self.requestors: list[tuple[str, str]] = []
        self.port = free_port()
        self._entity = ApplicationEntity(ae_title)
        self._contexts = [
            context
            for context in _contexts(tuple(transfer_syntaxes))
            if context.abstract_syntax not in refused_classes
        ]
        self._server: Any = None
        self._accepting: threading.Thread | None = None
        self._deafened: list[Any] = []
        self._lock = threading.Lock()

    @property
    def instance_uids(self) -> list[str]:
        """SOP Instance UIDs in the order in which they came."""
        return [one.sop_instance_uid for one in self.received]

    def destination(self, **changes: Any) -> Destination:
        """How to reach it; keywords change what is configured."""
        configured: dict[str, Any] = {
            "name": "fake-pacs",
            "ae_title": self.ae_title,
            "host": "127.0.0.1",
            "port": self.port,
            "timeout_s": 5.0,
        }
        return Destination(**(configured | changes))

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._server = self._entity.make_server(
            ("127.0.0.1", self.port),
            contexts=self._contexts,
            evt_handlers=[
                (evt.EVT_REQUESTED, self._on_requested),
                (evt.EVT_ESTABLISHED, self._on_established),
                (evt.EVT_C_STORE, self._on_store),
                (evt.EVT_C_ECHO, self._on_echo),
            ],
            server_class=ThreadedAssociationServer,
        )
        # As start_server does, which would look for a stop only every half second.
        self._entity._servers.append(self._server)
        self._accepting = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._accepting.start()

    def stop(self) -> None:
        """Be away: end every association and close the port."""
        if self._server is None or self._accepting is None:
            return
        for association in self._deafened:
            del association.dul._is_transport_event
        self._deafened.clear()
        self._let_rejected_go()
        self._entity.shutdown()
        self._accepting.join()
        self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_for(self, instances: int, timeout_s: float = 10.0) -> None:
        """Wait until so many objects have come; AssertionError after the time."""
        deadline = time.monotonic() + timeout_s
        while len(self.received) < instances:
            assert time.monotonic() < deadline, f"{len(self.received)} of {instances} have come"
            time.sleep(0.01)

    def _let_rejected_go(self) -> None:
        # pynetdicom's shutdown aborts whatever is alive; an association that was rejected and
        # waits for the peer to hang up knows no abort and ends with an exception in its reactor.
        for association in self._entity.active_associations:
            if association.is_rejected:
                association.join(5)

    def _on_requested(self, event: Event) -> None:
        with self._lock:
            self.associations += 1
            asks = event.assoc.requestor
            self.requestors.append(
                (str(asks.implementation_class_uid), str(asks.implementation_version_name))
            )
        if self.rejection is not None:
            event.assoc.acse.send_reject(*self.rejection)
            event.assoc.kill()

    def _on_established(self, event: Event) -> None:
        if self.deaf:
            event.assoc.dul._is_transport_event = lambda: False
            self._deafened.append(event.assoc)

    def _on_echo(self, _: Event) -> int:
        with self._lock:
            self.echoes += 1
        return 0x0000

    def _on_store(self, event: Event) -> int | Dataset:
        request: Any = event.request
        one = Received(
            sop_class_uid=str(request.AffectedSOPClassUID),
            sop_instance_uid=str(request.AffectedSOPInstanceUID),
            transfer_syntax_uid=str(event.context.transfer_syntax),
            dataset=event.encoded_dataset(include_meta=False),
            calling_ae=str(event.assoc.requestor.ae_title),
        )
        with self._lock:
            self.received.append(one)
        time.sleep(self.delay_s)
        status = self.status(one) if callable(self.status) else self.status
        if status is None:
            event.assoc.abort()
            return 0x0000
        return status
