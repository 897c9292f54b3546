"""A Storage Commitment SCP in this process that reports as destinations do, and as they should not.

Everything listens and talks on 127.0.0.1, on free ports, with bounded time.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from commitment_reports import (
    PUSH_MODEL,
    PUSH_MODEL_INSTANCE,
    SCP_ROLE,
    SYNTAXES,
    answer_to,
    event_report,
    information_of,
    report_to,
)
from fake_pacs import VERIFICATION, free_port
from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.presentation import build_context
from pynetdicom.transport import ThreadedAssociationServer

from dicom_node.domain.peer import Destination
from dicom_node.network.reactor import ReactorGate


class Way(StrEnum):
    """How a report reaches the node."""

    SAME = "same association"
    EARLY = "same association, before the answer to N-ACTION"
    NEW = "new association"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One N-ACTION request as it came."""

    transaction_uid: str
    objects: tuple[tuple[str, str], ...]
    calling_ae: str
    action_type: int
    instance_uid: str


class FakeCommitment:
    """Destination for tests of storage commitment; a context manager.

    Parameters
    ----------
    node : int, optional
        Port to which reports over a new association go.
    roles : (SCU, SCP), optional
        Role selection with which it reports over a new association.
    delay_s : float
        Before it reports.
    failed : mapping
        SOP Instance UID to Failure Reason, for those that it does not commit.
    transaction_uid : str, optional
        Reported instead of the one that was asked.
    strangers : sequence of (class, instance)
        Committed though never asked for.
    times : int
        How often it reports.
    status : int, optional
        Answer to N-ACTION; None aborts instead. Only after a success there is a report.
    answer_delay_s : float
        Before N-ACTION is answered.
    offered : bool
        Whether the presentation context is accepted.
    pending : Dataset, optional
        Event Information that it reports over the same association before it answers N-ACTION.
    greeting : Dataset, optional
        Event Information that it reports the instant an association opens.
    releases : bool
        Ask for release of the requestor's association after the answer to N-ACTION.

    Attributes
    ----------
    asked : list of Asked
    answers : list of int or None
        Status that the node gave to each report.
    """

    def __init__(
        self,
        *,
        way: Way = Way.NEW,
        node: int | None = None,
        roles: tuple[bool, bool] | None = SCP_ROLE,
        delay_s: float = 0.0,
        failed: Mapping[str, int] | None = None,
        transaction_uid: str | None = None,
        strangers: Sequence[tuple[str, str]] = (),
        times: int = 1,
        status: int | None = 0x0000,
        answer_delay_s: float = 0.0,
        offered: bool = True,
        pending: Dataset | None = None,
        releases: bool = False,
        greeting: Dataset | None = None,
        syntaxes: Sequence[str] = SYNTAXES,
    ) -> None:
        self.way, self.node, self.roles, self.delay_s = way, node, roles, delay_s
        self.failed, self.transaction_uid = failed or {}, transaction_uid
        self.strangers, self.times = strangers, times
        self.status, self.answer_delay_s = status, answer_delay_s
        self.pending, self.releases = pending, releases
        self.greeting = greeting
        self.asked: list[Asked] = []
        self.answers: list[int | None] = []
        self.port = free_port()
        self._contexts = [build_context(VERIFICATION)]
        if offered:
            self._contexts.append(build_context(PUSH_MODEL, list(syntaxes)))
        self._entity = ApplicationEntity("FAKE_PACS")
        self._entity.acse_timeout = self._entity.dimse_timeout = 5
        self._gates: dict[Association, ReactorGate] = {}
        self._reporting: list[threading.Thread] = []
        self._stopped = threading.Event()
        self._server: Any = None
        self._accepting: threading.Thread | None = None

    def destination(self, **changes: Any) -> Destination:
        """How to reach it; keywords change what is configured."""
        configured: dict[str, Any] = {
            "name": "fake-pacs",
            "ae_title": "FAKE_PACS",
            "host": "127.0.0.1",
            "port": self.port,
            "timeout_s": 5.0,
        }
        return Destination(**(configured | changes))

    def __enter__(self) -> Self:
        self._server = self._entity.make_server(
            ("127.0.0.1", self.port),
            contexts=self._contexts,
            evt_handlers=[
                (evt.EVT_ESTABLISHED, self._on_established),
                (evt.EVT_N_ACTION, self._on_action),
            ],
            server_class=ThreadedAssociationServer,
        )
        # As start_server does, which would look for a stop only every half second.
        self._entity._servers.append(self._server)
        self._accepting = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._reporting:
            thread.join(10)
        self._entity.shutdown()
        if self._accepting is not None:
            self._accepting.join(10)

    def wait_for_answers(self, reports: int = 1, timeout_s: float = 10.0) -> list[int | None]:
        """What the node answered to so many reports; AssertionError after the time."""
        deadline = time.monotonic() + timeout_s
        while len(self.answers) < reports:
            assert time.monotonic() < deadline, f"{len(self.answers)} of {reports} were answered"
            time.sleep(0.01)
        return self.answers

    def _on_established(self, event: Event) -> None:
        self._gates[event.assoc] = ReactorGate.install(event.assoc)
        if self.greeting is not None:
            context = event.assoc.accepted_contexts[0]
            assert context.context_id is not None
            request = event_report(self.greeting, syntax=str(context.transfer_syntax[0]))
            event.assoc.dimse.send_msg(request, context.context_id)

    def _on_action(self, event: Event) -> tuple[int, None]:
        asked = self._note(event)
        if self.pending is not None:
            self._report_at_once(event.assoc, self.pending)
        self._stopped.wait(self.answer_delay_s)
        if self.status is None:
            event.assoc.abort()
            return 0x0000, None
        if self.status != 0x0000 or self._stopped.is_set():
            return self.status, None
        syntax = str(event.context.transfer_syntax)
        if self.way is Way.EARLY:
            for _ in range(self.times):
                self._report_at_once(event.assoc, self._information(asked))
        elif self.way is not Way.NEVER or self.releases:
            thread = threading.Thread(
                target=self._go_on, args=(event.assoc, asked, syntax), daemon=True
            )
            self._reporting.append(thread)
            thread.start()
        return 0x0000, None

    def _note(self, event: Event) -> Asked:
        information, request = event.action_information, event.request
        asked = Asked(
            transaction_uid=str(information.TransactionUID),
            objects=tuple(
                (str(one.ReferencedSOPClassUID), str(one.ReferencedSOPInstanceUID))
                for one in information.ReferencedSOPSequence
            ),
            calling_ae=str(event.assoc.requestor.ae_title),
            action_type=request.ActionTypeID,
            instance_uid=str(request.RequestedSOPInstanceUID),
        )
        self.asked.append(asked)
        return asked

    def _information(self, asked: Asked) -> Dataset:
        failed = {one: self.failed[one[1]] for one in asked.objects if one[1] in self.failed}
        committed = [one for one in asked.objects if one not in failed]
        uid = self.transaction_uid or asked.transaction_uid
        return information_of(uid, [*committed, *self.strangers], failed)

    def _report_at_once(self, association: Association, information: Dataset) -> None:
        kind = 2 if "FailedSOPSequence" in information else 1
        status, _ = association.send_n_event_report(
            information, kind, PUSH_MODEL, PUSH_MODEL_INSTANCE
        )
        self.answers.append(status.get("Status"))

    def _go_on(self, association: Association, asked: Asked, syntax: str) -> None:
        if self.releases:
            self._gates[association].hold(association)  # the answer to N-ACTION is on its way
            association.acse.negotiate_release()
            self._gates[association].set()
        self._stopped.wait(self.delay_s)
        for _ in range(self.times if self.way is not Way.NEVER else 0):
            self.answers.append(self._report(association, asked, syntax))

    def _report(self, association: Association, asked: Asked, syntax: str) -> int | None:
        information = self._information(asked)
        if self.way is Way.SAME:
            request = event_report(information, syntax=syntax)
            return answer_to(association, request, gate=self._gates[association])
        assert self.node is not None
        return report_to(self.node, information, called=asked.calling_ae, roles=self.roles)
