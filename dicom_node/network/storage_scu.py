"""Storage SCU: sends stored objects to a destination, byte for byte, and reports on each."""

import queue
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO

import structlog
from pydicom.uid import UID
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE

from dicom_node.domain.errors import DeliveryFailed, UnreadableInstance
from dicom_node.domain.peer import Destination, SendReport
from dicom_node.network.direct_exchange import DirectExchange, Exchanged
from dicom_node.network.outgoing import Outgoing, encoded, transfer_syntax_of
from dicom_node.network.presentation_contexts import Proposal, chosen_context, proposals
from dicom_node.network.requestor import association_with, is_over
from dicom_node.network.store_command import StoreRequest, is_usual_uid
from dicom_node.network.store_status import meaning_of

log = structlog.get_logger(__name__)

# An object may be what makes a destination abort. Those after it get a new association, but a
# destination that goes on aborting is left alone until the next attempt.
_MOST_ASSOCIATIONS = 4

_POLL_S = 0.25  # between two looks whether an answer can still come
_MEDIUM_PRIORITY = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    """An object with the transfer syntax it is stored in."""

    outgoing: Outgoing
    syntax: str

    @property
    def encoding(self) -> tuple[str, str]:
        return self.outgoing.sop_class_uid, self.syntax


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stop:
    """Why an association ended before everything was sent, and whether to ask for another."""

    cause: str
    transient: bool
    again: bool
    untrusted: bool = False


@dataclass(frozen=True, slots=True)
class _Sending:
    """One object on its way, and the two forms of its request."""

    context_id: int
    message_id: int
    outgoing: Outgoing
    data_set: bytes

    def as_request(self) -> StoreRequest | None:
        """None where a UID is none, and pynetdicom is to send it as it can."""
        uids = self.outgoing.sop_class_uid, self.outgoing.sop_instance_uid
        if not all(is_usual_uid(uid) for uid in uids):
            return None
        return StoreRequest(
            message_id=self.message_id, sop_class_uid=uids[0], sop_instance_uid=uids[1]
        )

    def as_primitive(self) -> C_STORE:
        """The request in the words of pynetdicom."""
        request = C_STORE()
        request.MessageID = self.message_id
        request.Priority = _MEDIUM_PRIORITY
        request.AffectedSOPClassUID = self.outgoing.sop_class_uid
        request.AffectedSOPInstanceUID = self.outgoing.sop_instance_uid
        request.DataSet = BytesIO(self.data_set)
        return request


class _NoAnswer(Exception):
    """An object was sent and nothing came back; nothing more goes over its association."""

    def __init__(self, cause: str, *, aborted: bool) -> None:
        super().__init__(cause)
        self.cause, self.aborted = cause, aborted


def send(objects: Sequence[Outgoing], destination: Destination) -> tuple[SendReport, ...]:
    """Send objects by C-STORE; trouble of network, destination or file ends in a report.

    One association takes all of them; a further one is asked for where they need more than 128
    presentation contexts, or where the destination aborted on an object.

    Parameters
    ----------
    objects : sequence of Outgoing
        Files are read one at a time.

    Returns
    -------
    tuple of SendReport
        One for each object, in their order.
    """
    reports: dict[int, SendReport] = {}
    stored: dict[int, _Stored] = {}
    for number, outgoing in enumerate(objects):
        try:
            stored[number] = _Stored(outgoing=outgoing, syntax=transfer_syntax_of(outgoing))
        except (UnreadableInstance, OSError) as cause:
            reports[number] = _unread(outgoing, cause)
    for proposal in proposals(one.encoding for one in stored.values()):
        mine = [number for number, one in stored.items() if one.encoding in proposal.encodings]
        sent = _send_group([stored[number] for number in mine], proposal, destination)
        reports.update(zip(mine, sent, strict=True))
    ordered = tuple(reports[number] for number in range(len(objects)))
    _log_reports(ordered, destination)
    return ordered


def _send_group(
    objects: Sequence[_Stored], proposal: Proposal, destination: Destination
) -> list[SendReport]:
    reports: list[SendReport] = []
    stop: _Stop | None = None
    for _ in range(_MOST_ASSOCIATIONS):
        stop = _in_one_association(objects[len(reports) :], proposal, destination, reports)
        if stop is None or not stop.again:
            break
    rest = objects[len(reports) :]
    if stop is not None:
        reports += [_not_tried(one.outgoing, stop) for one in rest]
    return reports


def _in_one_association(
    objects: Sequence[_Stored],
    proposal: Proposal,
    destination: Destination,
    reports: list[SendReport],
) -> _Stop | None:
    """Send as many as one association takes, adding their reports; None when all were sent."""
    if not objects:
        return None
    try:
        with association_with(destination, proposal.contexts) as association:
            direct = DirectExchange(association)
            for number, one in enumerate(objects):
                try:
                    report = _send_one(association, direct, one, number % 65535 + 1, destination)
                except _NoAnswer as failure:
                    reports.append(_not_stored(one.outgoing, failure.cause, transient=True))
                    cause = f"not tried: the association was lost ({failure.cause})"
                    return _Stop(cause=cause, transient=True, again=failure.aborted)
                reports.append(report)
    except DeliveryFailed as failure:
        return _Stop(
            cause=failure.cause,
            transient=failure.transient,
            again=False,
            untrusted=failure.untrusted,
        )
    return None


def _send_one(
    association: Association,
    direct: DirectExchange,
    one: _Stored,
    message_id: int,
    destination: Destination,
) -> SendReport:
    class_uid = one.outgoing.sop_class_uid
    context = chosen_context(association.accepted_contexts, class_uid, one.syntax)
    if context is None or context.context_id is None:
        what = f"{UID(class_uid).name} in {UID(one.syntax).name}"
        return _not_stored(one.outgoing, f"the destination refuses {what}", transient=False)
    try:
        data_set = encoded(one.outgoing, stored=one.syntax, wanted=str(context.transfer_syntax[0]))
    except (UnreadableInstance, OSError) as cause:
        return _unread(one.outgoing, cause)
    sending = _Sending(context.context_id, message_id, one.outgoing, data_set)
    status = _exchange(association, direct, sending, destination.timeout_s)
    meaning = meaning_of(status)
    return SendReport(
        sop_instance_uid=one.outgoing.sop_instance_uid,
        status=status,
        stored=meaning.stored,
        transient=meaning.transient,
        cause=meaning.cause,
    )


def _exchange(
    association: Association, direct: DirectExchange, sending: _Sending, timeout_s: float
) -> int:
    """Status of the answer; _NoAnswer where none comes, and the association is over.

    Not by way of `Association.send_c_store`, which decodes the file and encodes it again.
    """
    answered, began_at = None, time.monotonic()
    if not is_over(association):
        request = sending.as_request()
        exchanged = (
            Exchanged(sent=False)
            if request is None
            else direct.exchange(request, sending.context_id, sending.data_set)
        )
        if exchanged.status is not None:
            return exchanged.status
        if not exchanged.sent:
            association.dimse.send_msg(sending.as_primitive(), sending.context_id)
        left_s = timeout_s - (time.monotonic() - began_at) if exchanged.sent else timeout_s
        answered = _answer(association, max(left_s, _POLL_S))
    if answered is not None and answered.Status is not None:
        return int(answered.Status)
    if is_over(association) and time.monotonic() - began_at < timeout_s:
        cause = "the destination aborted the association or closed the connection"
        raise _NoAnswer(cause, aborted=True)
    if not is_over(association):
        association.abort()
    if answered is not None:
        raise _NoAnswer("the destination's answer to C-STORE has no status", aborted=False)
    cause = f"the destination gave no answer to C-STORE for {timeout_s:g} s"
    raise _NoAnswer(cause, aborted=False)


def _answer(association: Association, timeout_s: float) -> C_STORE | None:
    """The response; None where none came for `timeout_s` after the last PDU that went out."""
    unsent = association.dul.to_provider_queue.qsize()
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            _, response = association.dimse.msg_queue.get(timeout=_POLL_S)
        except queue.Empty:
            if is_over(association):
                return None
            still_unsent = association.dul.to_provider_queue.qsize()
            if still_unsent != unsent:  # a large object on a slow line: it goes on
                unsent, deadline = still_unsent, time.monotonic() + timeout_s
            continue
        return response if isinstance(response, C_STORE) else None
    return None


def _unread(outgoing: Outgoing, cause: UnreadableInstance | OSError) -> SendReport:
    if isinstance(cause, UnreadableInstance):
        return _not_stored(outgoing, f"not sent: {cause}", transient=False)
    # A file that is gone stays so; a disk that does not answer may come back.
    gone = isinstance(cause, FileNotFoundError)
    return _not_stored(outgoing, f"not sent: {cause.strerror or cause}", transient=not gone)


def _not_stored(outgoing: Outgoing, cause: str, *, transient: bool) -> SendReport:
    return SendReport(
        sop_instance_uid=outgoing.sop_instance_uid,
        status=None,
        stored=False,
        transient=transient,
        cause=cause,
    )


def _not_tried(outgoing: Outgoing, stop: _Stop) -> SendReport:
    report = _not_stored(outgoing, stop.cause, transient=stop.transient)
    return replace(report, tried=False, untrusted=stop.untrusted)


def _log_reports(reports: Sequence[SendReport], destination: Destination) -> None:
    stored = sum(report.stored for report in reports)
    log.info(
        "objects.sent", destination=destination.name, stored=stored, failed=len(reports) - stored
    )
    for report in reports:
        if not report.stored:
            log.warning(
                "object.not_stored",
                destination=destination.name,
                sop_instance=report.sop_instance_uid,
                status=None if report.status is None else f"0x{report.status:04X}",
                transient=report.transient,
                cause=report.cause,
            )
