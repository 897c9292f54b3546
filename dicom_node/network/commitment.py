"""Storage Commitment SCU: asks a destination to take responsibility for what was sent to it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Protocol

import structlog
from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_ACTION, N_EVENT_REPORT
from pynetdicom.dsutils import encode
from pynetdicom.presentation import PresentationContext, build_context

from dicom_node.domain.commitment import CommitmentReport, UnknownTransaction
from dicom_node.domain.errors import DeliveryFailed
from dicom_node.domain.peer import Destination
from dicom_node.network.commitment_report import COMMITMENT_INSTANCE, take
from dicom_node.network.commitment_status import refusal_of
from dicom_node.network.messages import Messages
from dicom_node.network.presentation_contexts import STORAGE_COMMITMENT
from dicom_node.network.requestor import association_with

log = structlog.get_logger(__name__)

_REQUEST_COMMITMENT = 1  # Action Type ID, PS3.4 Table J.3-1

# A report that a destination sent right behind its answer is on its way when the answer is read.
_IN_FLIGHT_S = 0.05


class StoredObject(Protocol):
    """What names an object at a destination: `Outgoing` and `Delivery` are such."""

    @property
    def sop_class_uid(self) -> str:
        """SOP Class UID under which it was sent."""

    @property
    def sop_instance_uid(self) -> str:
        """SOP Instance UID under which it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentRequest:
    """What a destination answered to a request for storage commitment.

    Parameters
    ----------
    transaction_uid : str
        Under which the report comes, now or later.
    accepted : bool
        Whether the destination took the request: a report is to be waited for, unless `report`
        holds it already.
    offered : bool
        False where the destination was reached and has no storage commitment, so that nothing is
        to be hoped for from asking again. True also where it was not reached.
    transient : bool
        Whether asking again may help; meaningless when accepted.
    status : int or None
        DIMSE status of the answer; None where none came. Where none came the request may have
        arrived nevertheless, and its report may come.
    cause : str
        Why it was not accepted; empty where it was.
    report : CommitmentReport or None
        The report, where it came over the same association.
    """

    transaction_uid: str
    accepted: bool
    offered: bool
    transient: bool
    status: int | None
    cause: str
    report: CommitmentReport | None


def request_commitment(
    objects: Sequence[StoredObject],
    transaction_uid: str,
    destination: Destination,
    *,
    wait_s: float = 0.0,
    reported: Callable[[CommitmentReport], None] | None = None,
) -> CommitmentRequest:
    """Ask for the commitment of objects in one transaction; network trouble ends in the answer.

    Parameters
    ----------
    objects : sequence of StoredObject
        At least one; an object that is named twice is asked for once.
    transaction_uid : str
        From `transaction_uid_of`, and durable before the call: the report may come to the listener
        before this function returns, and after a crash within it.
    wait_s : float
        How long to wait for the report over the same association once the request was accepted.
        Most destinations report over an association of their own, later: 0 for them. A report that
        came before the answer is taken in any case.
    reported : callable, optional
        Makes a report durable before it returns, as for `StorageScp`; given every report that comes
        over this association, those of other transactions, too. Without it a report of this
        transaction is confirmed to the destination and is in the return value only, and others are
        answered as unknown.

    Raises
    ------
    ValueError
        Without objects.
    """
    if not objects:
        raise ValueError("storage commitment of no object was asked for; at least one is needed")
    conversation = _Conversation(transaction_uid, destination, wait_s, reported)
    try:
        # In line from the beginning: a destination may report with its acceptance, and pynetdicom
        # would refuse that as long as it has not understood the acceptance itself.
        with association_with(destination, [_context()], opening=Messages) as association:
            conversation.hold(association, _action_information(objects, transaction_uid))
    except DeliveryFailed as failure:
        # The one failure of an association that stays is the refusal of its contexts.
        conversation.fail(failure.cause, offered=failure.transient, transient=failure.transient)
    outcome = conversation.outcome()
    _log_outcome(outcome, destination, len(objects))
    return outcome


def _context() -> PresentationContext:
    # No role selection: who opens the association is the SCU (PS3.7 D.3.3.4), and reports go from
    # SCP to SCU over it without more ado.
    return build_context(STORAGE_COMMITMENT, [ExplicitVRLittleEndian, ImplicitVRLittleEndian])


def _action_information(objects: Sequence[StoredObject], transaction_uid: str) -> Dataset:
    """Action Information of PS3.4 Table J.3-1."""
    information = Dataset()
    information.TransactionUID = transaction_uid
    named = dict.fromkeys((one.sop_class_uid, one.sop_instance_uid) for one in objects)
    information.ReferencedSOPSequence = [_reference(*one) for one in named]
    return information


def _reference(sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class_uid
    item.ReferencedSOPInstanceUID = sop_instance_uid
    return item


def _request(information: Dataset, transfer_syntax: UID) -> N_ACTION:
    encoded = encode(information, transfer_syntax.is_implicit_VR, transfer_syntax.is_little_endian)
    assert encoded is not None  # UIDs only
    request = N_ACTION()
    request.MessageID = 1
    request.RequestedSOPClassUID = STORAGE_COMMITMENT
    request.RequestedSOPInstanceUID = COMMITMENT_INSTANCE
    request.ActionTypeID = _REQUEST_COMMITMENT
    request.ActionInformation = BytesIO(encoded)
    return request


def _confirmation(report: N_EVENT_REPORT, status: int) -> N_EVENT_REPORT:
    response = N_EVENT_REPORT()
    response.MessageIDBeingRespondedTo = report.MessageID
    response.AffectedSOPClassUID = report.AffectedSOPClassUID
    response.AffectedSOPInstanceUID = report.AffectedSOPInstanceUID
    response.EventTypeID = report.EventTypeID
    response.Status = status
    return response


class _Conversation:
    """One request, its answer, and the reports that come before, between and after them."""

    def __init__(
        self,
        transaction_uid: str,
        destination: Destination,
        wait_s: float,
        reported: Callable[[CommitmentReport], None] | None,
    ) -> None:
        self.transaction_uid, self.destination = transaction_uid, destination
        self.wait_s = wait_s
        self.reported = self._only_mine if reported is None else reported
        self.accepted, self.offered, self.transient = False, True, True
        self.status: int | None = None
        self.cause = ""
        self.report: CommitmentReport | None = None

    def _only_mine(self, report: CommitmentReport) -> None:
        if report.transaction_uid != self.transaction_uid:
            raise UnknownTransaction(report.transaction_uid)

    def fail(self, cause: str, *, offered: bool = True, transient: bool = True) -> None:
        """Note why the request was not accepted."""
        self.cause, self.offered, self.transient = cause, offered, transient

    def outcome(self) -> CommitmentRequest:
        """What became of the request; its report is proof that it was taken."""
        accepted = self.accepted or self.report is not None
        return CommitmentRequest(
            transaction_uid=self.transaction_uid,
            accepted=accepted,
            offered=accepted or self.offered,
            transient=self.transient,
            status=self.status,
            cause="" if accepted else self.cause,
            report=self.report,
        )

    def hold(self, association: Association, information: Dataset) -> None:
        """Send the request and take what comes, until the association has ended."""
        messages, context = Messages(association), association.accepted_contexts[0]
        assert context.context_id is not None
        syntax = UID(context.transfer_syntax[0])
        association.dimse.send_msg(_request(information, syntax), context.context_id)
        deadline = time.monotonic() + self.destination.timeout_s
        while not self._done and (message := messages.next(deadline)) is not None:
            if self.status is None and isinstance(message, N_ACTION) and message.Status is not None:
                self._understand(message.Status)
                deadline = time.monotonic() + max(self.wait_s, _IN_FLIGHT_S)
            elif isinstance(message, N_EVENT_REPORT) and message.MessageID is not None:
                confirmation = _confirmation(message, self._take(message, syntax))
                association.dimse.send_msg(confirmation, context.context_id)
            else:
                log.warning("commitment.unexpected_message", message=message.msg_type)
        if self.status is None:
            self.fail(_why_no_answer(messages, self.destination.timeout_s))
        messages.end(in_good_order=self.status is not None)
        # A destination that reports into the release is heard, but will have to report again.
        for message in messages.rest():
            if isinstance(message, N_EVENT_REPORT) and message.MessageID is not None:
                self._take(message, syntax)

    @property
    def _done(self) -> bool:
        return self.status is not None and (self.report is not None or not self.accepted)

    def _understand(self, status: int) -> None:
        self.status = status
        refusal = refusal_of(status)
        self.accepted = refusal is None
        if refusal is not None:
            cause = f"N-ACTION was answered with 0x{status:04X} ({refusal.cause})"
            self.fail(cause, offered=refusal.offered, transient=refusal.transient)

    def _take(self, request: N_EVENT_REPORT, syntax: UID) -> int:
        where = {"destination": self.destination.name}
        status, report = take(request, syntax, self.reported, where)
        if report is not None and report.transaction_uid == self.transaction_uid:
            self.report = report
        return status


def _why_no_answer(messages: Messages, timeout_s: float) -> str:
    if messages.ended_by_peer:
        return "the destination ended the association without an answer to N-ACTION"
    return f"the destination gave no answer to N-ACTION for {timeout_s:g} s"


def _log_outcome(outcome: CommitmentRequest, destination: Destination, objects: int) -> None:
    where = {
        "destination": destination.name,
        "transaction": outcome.transaction_uid,
        "objects": objects,
        "status": None if outcome.status is None else f"0x{outcome.status:04X}",
    }
    if outcome.accepted:
        log.info("commitment.requested", **where, reported=outcome.report is not None)
    else:
        log.warning(
            "commitment.not_accepted",
            **where,
            offered=outcome.offered,
            transient=outcome.transient,
            cause=outcome.cause,
        )
