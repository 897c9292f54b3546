"""Reports of storage commitment, right and wrong: made by keyword, sent as a peer sends them."""

from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.dsutils import encode
from pynetdicom.presentation import build_context, build_role

from dicom_node.network.reactor import ReactorGate

PUSH_MODEL = "1.2.840.10008.1.20.1"
PUSH_MODEL_INSTANCE = "1.2.840.10008.1.20.1.1"
SYNTAXES = (str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian))

# Role selection (as SCU, as SCP) that a peer proposes for itself; None proposes nothing.
SCP_ROLE, BOTH_ROLES, SCU_ROLE = (False, True), (True, True), (True, False)


def information_of(
    transaction_uid: str | None,
    committed: Iterable[tuple[str, str]] = (),
    failed: Mapping[tuple[str, str], int | None] | None = None,
) -> Dataset:
    """Event Information; None leaves an attribute out, no object leaves a sequence out."""
    information = Dataset()
    if transaction_uid is not None:
        information.TransactionUID = transaction_uid
    referenced = [_item(*one) for one in committed]
    if referenced:
        information.ReferencedSOPSequence = referenced
    refused = [_item(*one, reason=reason) for one, reason in (failed or {}).items()]
    if refused:
        information.FailedSOPSequence = refused
    return information


def _item(class_uid: str, instance_uid: str, reason: int | None = None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = class_uid, instance_uid
    if reason is not None:
        item.FailureReason = reason
    return item


def event_report(
    information: Dataset | bytes | None,
    *,
    syntax: str,
    event_type: int | None = None,
    class_uid: str = PUSH_MODEL,
    instance_uid: str = PUSH_MODEL_INSTANCE,
) -> N_EVENT_REPORT:
    """N-EVENT-REPORT request; the event type follows from the information unless it is given."""
    request = N_EVENT_REPORT()
    request.MessageID = 1
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = class_uid, instance_uid
    if event_type is None:
        failures = isinstance(information, Dataset) and "FailedSOPSequence" in information
        event_type = 2 if failures else 1
    request.EventTypeID = event_type
    if isinstance(information, Dataset):
        uid = UID(syntax)
        information = encode(information, uid.is_implicit_VR, True, uid.is_deflated)
    if information is not None:
        request.EventInformation = BytesIO(information)
    return request


def report_to(
    port: int,
    information: Dataset | bytes | None,
    *,
    called: str = "NODE",
    roles: tuple[bool, bool] | None = SCP_ROLE,
    syntaxes: Sequence[str] = SYNTAXES,
    **changes: Any,
) -> int | None:
    """Report over a new association; the status answered, None where there was no answer."""
    association = ask_to_report(port, called=called, roles=roles, syntaxes=syntaxes)
    if not association.is_established:
        return None
    context = association.accepted_contexts[0]
    request = event_report(information, syntax=str(context.transfer_syntax[0]), **changes)
    return answer_to(association, request, release=True)


def ask_to_report(
    port: int,
    *,
    called: str = "NODE",
    roles: tuple[bool, bool] | None = SCP_ROLE,
    syntaxes: Sequence[str] = SYNTAXES,
) -> Association:
    """An association with a node for reports, accepted or not."""
    entity = ApplicationEntity("FAKE_PACS")
    entity.acse_timeout = entity.dimse_timeout = entity.connection_timeout = 5
    selection = [] if roles is None else [build_role(PUSH_MODEL, *roles)]
    contexts = [build_context(PUSH_MODEL, list(syntaxes))]
    return entity.associate("127.0.0.1", port, contexts, ae_title=called, ext_neg=selection)


def answer_to(
    association: Association,
    request: N_EVENT_REPORT,
    *,
    gate: ReactorGate | None = None,
    release: bool = False,
) -> int | None:
    """Status answered to a request over an association; None where nothing came.

    Parameters
    ----------
    gate : ReactorGate, optional
        The one that the association has already.
    """
    gate = gate or ReactorGate.install(association)
    gate.hold(association)
    try:
        if not association.is_established:
            return None
        context = association.accepted_contexts[0]
        assert context.context_id is not None
        association.dimse.send_msg(request, context.context_id)
        _, answer = association.dimse.get_msg(block=True)
        if release and association.is_established:
            association.acse.negotiate_release()
        return None if answer is None else answer.Status
    finally:
        gate.set()
