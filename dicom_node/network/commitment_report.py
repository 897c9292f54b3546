"""Reports of storage commitment (N-EVENT-REPORT): read, handed on, answered with a status."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from io import BytesIO

import structlog
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.dsutils import decode
from pynetdicom.events import Event, EventHandlerType

from dicom_node.domain.commitment import CommitmentReport, UnknownTransaction, failure_text
from dicom_node.domain.errors import DicomNodeError
from dicom_node.network.acceptor import AcceptedAssociation, accepted_association
from dicom_node.network.acceptor_dul import frames_of
from dicom_node.network.presentation_contexts import STORAGE_COMMITMENT

log = structlog.get_logger(__name__)

# The one instance of Storage Commitment Push Model (PS3.4 J.3.5).
COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"

# Status of N-EVENT-REPORT, PS3.7 10.1.1.1.8 and Annex C.
SUCCESS = 0x0000
PROCESSING_FAILURE = 0x0110
NO_SUCH_INSTANCE = 0x0112
NO_SUCH_EVENT_TYPE = 0x0113
INVALID_ARGUMENT_VALUE = 0x0115
NO_SUCH_CLASS = 0x0118
UNRECOGNISED_OPERATION = 0x0211

# Event Type ID, PS3.4 Table J.3-2.
_ALL_COMMITTED, _FAILURES_EXIST = 1, 2

_ESTABLISHED_WITHIN_S = 5.0


class MalformedReport(Exception):
    """A report that says less or other than the standard demands.

    Parameters
    ----------
    status : int
        To answer it with.
    reason : str
        What came and what is needed.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def read_report(request: N_EVENT_REPORT, transfer_syntax: str) -> CommitmentReport:
    """Report that a request brings (PS3.4 J.3.3.1).

    A report is taken or refused as a whole: what it leaves out is not guessed, and the request that
    it belongs to stays without an answer.

    Raises
    ------
    MalformedReport
        Where class, instance or type of the event are not of this service, or an attribute that
        the type demands is absent.
    """
    _check_event(request)
    information = _information(request, transfer_syntax)
    transaction = information.get("TransactionUID")
    if not transaction:
        raise _lacking("Transaction UID (0008,1195)")
    committed = [_instance(item) for item in _items(information, "ReferencedSOPSequence")]
    failed = {
        _instance(item): _failure_reason(item) for item in _items(information, "FailedSOPSequence")
    }
    if request.EventTypeID == _ALL_COMMITTED and not committed:
        raise _lacking("Referenced SOP Sequence (0008,1199)")
    if request.EventTypeID == _FAILURES_EXIST and not failed:
        raise _lacking("Failed SOP Sequence (0008,1198)")
    return CommitmentReport(
        transaction_uid=str(transaction),
        committed=tuple(uid for uid in dict.fromkeys(committed) if uid not in failed),
        failed=failed,
    )


def _check_event(request: N_EVENT_REPORT) -> None:
    if request.AffectedSOPClassUID != STORAGE_COMMITMENT:
        reason = f"Affected SOP Class UID is {request.AffectedSOPClassUID}"
        raise MalformedReport(NO_SUCH_CLASS, f"{reason}; allowed: {STORAGE_COMMITMENT}")
    if request.AffectedSOPInstanceUID != COMMITMENT_INSTANCE:
        reason = f"Affected SOP Instance UID is {request.AffectedSOPInstanceUID}"
        raise MalformedReport(NO_SUCH_INSTANCE, f"{reason}; allowed: {COMMITMENT_INSTANCE}")
    if request.EventTypeID not in (_ALL_COMMITTED, _FAILURES_EXIST):
        reason = f"Event Type ID is {request.EventTypeID}; allowed: 1 and 2"
        raise MalformedReport(NO_SUCH_EVENT_TYPE, reason)


def _information(request: N_EVENT_REPORT, transfer_syntax: str) -> Dataset:
    encoded, syntax = request.EventInformation, UID(transfer_syntax)
    if encoded is None or not encoded.getvalue():
        raise _lacking("Event Information")
    return decode(
        BytesIO(encoded.getvalue()),
        syntax.is_implicit_VR,
        syntax.is_little_endian,
        syntax.is_deflated,
    )


def _items(information: Dataset, keyword: str) -> list[Dataset]:
    """Items of a sequence that may be absent or, as Orthanc writes it, empty."""
    return list(information.get(keyword) or [])


def _instance(item: Dataset) -> str:
    uid = item.get("ReferencedSOPInstanceUID")
    if not uid:
        raise _lacking("Referenced SOP Instance UID (0008,1155) of an item")
    return str(uid)


def _failure_reason(item: Dataset) -> int:
    reason = item.get("FailureReason")
    if not isinstance(reason, int):
        raise _lacking("Failure Reason (0008,1197) of an item of Failed SOP Sequence")
    return reason


def _lacking(what: str) -> MalformedReport:
    return MalformedReport(INVALID_ARGUMENT_VALUE, f"{what} is absent or empty")


def take(
    request: N_EVENT_REPORT,
    transfer_syntax: str,
    reported: Callable[[CommitmentReport], None],
    where: Mapping[str, str],
) -> tuple[int, CommitmentReport | None]:
    """Hand a report to `reported` and give the status to answer; never raises.

    Outermost frame of our code in the handler, as for C-STORE.

    Parameters
    ----------
    reported : callable
        Makes the report durable before it returns, since a destination that was told success does
        not report again. Raises UnknownTransaction where nobody asked for it.
    where : mapping
        Keys for the log that name the association.

    Returns
    -------
    int
        0x0000; 0x0112, 0x0113, 0x0118 for an instance, type or class that is not of this service;
        0x0115 for an attribute that is absent and for an unknown transaction; 0x0110 where the
        report cannot be decoded or kept.
    CommitmentReport or None
        The report; None where it was not answered with success.
    """
    try:
        report = read_report(request, transfer_syntax)
        reported(report)
    except MalformedReport as cause:
        log.warning("commitment.malformed_report", **where, reason=cause.reason)
        return cause.status, None
    except UnknownTransaction as cause:
        log.warning("commitment.unknown", **where, transaction=cause.transaction_uid)
        return INVALID_ARGUMENT_VALUE, None
    except DicomNodeError as cause:
        log.error("commitment.not_kept", **where, error=cause.code, reason=str(cause))
        return PROCESSING_FAILURE, None
    except Exception as cause:  # outermost frame of our handler: a bug must not end the listener
        error = type(cause).__name__
        log.error("commitment.report_failed", **where, error=error, frames=frames_of(cause))
        return PROCESSING_FAILURE, None
    _log_report(report, where)
    return SUCCESS, report


def _log_report(report: CommitmentReport, where: Mapping[str, str]) -> None:
    reasons = Counter(report.failed.values())
    log.info(
        "commitment.reported",
        **where,
        transaction=report.transaction_uid,
        committed=len(report.committed),
        failed={f"0x{one:04X} {failure_text(one)}": reasons[one] for one in sorted(reasons)},
    )


def commitment_handlers(
    reported: Callable[[CommitmentReport], None],
) -> tuple[EventHandlerType, ...]:
    """Handlers by which the node's listener takes reports that come over an association of theirs.

    The one for N-ACTION refuses: the node is no Storage Commitment SCP, but one that asks without
    role selection cannot be told apart from one that reports until it does either.
    """

    def _on_report(event: Event) -> tuple[int, None]:
        association, request = accepted_association(event), event.request
        assert isinstance(request, N_EVENT_REPORT)
        where = {
            "association": association.association_id,
            "calling_ae": association.calling_ae,
        }
        status, _ = take(request, str(event.context.transfer_syntax), reported, where)
        association.still_alive()
        _wait_for_establishment(association)
        return status, None

    def _on_action(event: Event) -> tuple[int, None]:
        association = accepted_association(event)
        log.warning("commitment.asked_of_us", association=association.association_id)
        return UNRECOGNISED_OPERATION, None

    return ((evt.EVT_N_EVENT_REPORT, _on_report), (evt.EVT_N_ACTION, _on_action))


def _wait_for_establishment(association: AcceptedAssociation) -> None:
    """Wait until pynetdicom's thread of the association knows that it is open.

    An N-EVENT-REPORT is served in a thread of its own, which may be done before the other one has
    noted that the acceptance went out; the answer would be dropped.
    """
    deadline = time.monotonic() + _ESTABLISHED_WITHIN_S
    while association.is_open and not association.is_established:
        if time.monotonic() > deadline:
            return
        time.sleep(0.001)
