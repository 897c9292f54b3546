"""One function for each kind of audit event, with the participants and objects of its table."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from dicom_node.audit import codes
from dicom_node.domain.audit import (
    AuditAction,
    AuditedStudy,
    AuditEvent,
    AuditObject,
    AuditOutcome,
    Participant,
)
from dicom_node.domain.coding import Code

_PERSON, _SYSTEM = "1", "2"  # ParticipantObjectTypeCode
_PATIENT, _REPORT, _SECURITY_RESOURCE = "1", "3", "13"  # ParticipantObjectTypeCodeRole
_UNKNOWN = "unknown"
TRAIL_URI = "urn:dicom-node:audit-trail"


def application_activity(
    node: Participant, *, started: bool, now: datetime, description: str = ""
) -> AuditEvent:
    """The node, or a part of it, starts or stops (Table A.5.3.1-1)."""
    return AuditEvent(
        event=codes.APPLICATION_ACTIVITY,
        action=AuditAction.EXECUTE,
        outcome=AuditOutcome.SUCCESS,
        at=now,
        types=(codes.APPLICATION_START if started else codes.APPLICATION_STOP,),
        participants=(_as(node, codes.APPLICATION, requestor=False),),
        description=description,
    )


def audit_log_used(user: Participant, *, now: datetime) -> AuditEvent:
    """Somebody reads or checks the trail (Table A.5.3.2-1)."""
    trail = AuditObject(
        kind=_SYSTEM,
        role=_SECURITY_RESOURCE,
        id_type=codes.URI,
        object_id=TRAIL_URI,
        name="Security Audit Log",
    )
    return AuditEvent(
        event=codes.AUDIT_LOG_USED,
        action=AuditAction.READ,
        outcome=AuditOutcome.SUCCESS,
        at=now,
        participants=(_as(user, None, requestor=True),),
        objects=(trail,),
    )


def transfer_begun(
    sender: Participant, receiver: Participant, studies: Sequence[AuditedStudy], *, now: datetime
) -> AuditEvent:
    """Instances of one patient begin to go from one to the other (Table A.5.3.3-1)."""
    return AuditEvent(
        event=codes.BEGIN_TRANSFERRING,
        action=AuditAction.EXECUTE,
        outcome=AuditOutcome.SUCCESS,
        at=now,
        participants=_both(sender, receiver),
        objects=_objects(studies),
    )


def transferred(
    sender: Participant,
    receiver: Participant,
    studies: Sequence[AuditedStudy],
    *,
    action: AuditAction,
    outcome: AuditOutcome,
    description: str,
    now: datetime,
) -> AuditEvent:
    """Instances of one patient went from one to the other, or did not (Table A.5.3.7-1).

    Parameters
    ----------
    action : AuditAction
        CREATE where the receiver, who tells, did not have them; else READ.
    """
    return AuditEvent(
        event=codes.INSTANCES_TRANSFERRED,
        action=action,
        outcome=outcome,
        at=now,
        participants=_both(sender, receiver),
        objects=_objects(studies),
        description=description,
    )


def exported(
    node: Participant, media: str, studies: Sequence[AuditedStudy], *, now: datetime
) -> AuditEvent:
    """Objects are written to where the node has no hold of them (Table A.5.3.4-1).

    Parameters
    ----------
    media : str
        URI of the folder.
    """
    place = Participant(user_id=media, requestor=False, role=codes.DESTINATION_MEDIA, address=media)
    return AuditEvent(
        event=codes.EXPORT,
        action=AuditAction.READ,
        outcome=AuditOutcome.SUCCESS,
        at=now,
        participants=(_as(node, codes.SOURCE, requestor=True), place),
        objects=_objects(studies),
    )


def accessed(
    node: Participant, studies: Sequence[AuditedStudy], *, action: AuditAction, now: datetime
) -> AuditEvent:
    """Instances of one patient are used (READ) or deleted (DELETE) (Table A.5.3.6-1)."""
    return AuditEvent(
        event=codes.INSTANCES_ACCESSED,
        action=action,
        outcome=AuditOutcome.SUCCESS,
        at=now,
        participants=(_as(node, None, requestor=True),),
        objects=_objects(studies),
    )


def study_deleted(
    node: Participant, studies: Sequence[AuditedStudy], *, now: datetime
) -> AuditEvent:
    """The last that was kept of a study of one patient is deleted (Table A.5.3.8-1)."""
    return AuditEvent(
        event=codes.STUDY_DELETED,
        action=AuditAction.DELETE,
        outcome=AuditOutcome.SUCCESS,
        at=now,
        participants=(_as(node, None, requestor=True),),
        objects=_objects(studies),
    )


def queried(
    node: Participant,
    archive: Participant,
    *,
    sop_class_uid: str,
    query: bytes,
    transfer_syntax_uid: str,
    outcome: AuditOutcome,
    description: str,
    now: datetime,
) -> AuditEvent:
    """The node asks an archive what it has (Table A.5.3.10-1).

    Parameters
    ----------
    query : bytes
        The identifier as it was sent, or the URL of a QIDO-RS request.
    """
    asked = AuditObject(
        kind=_SYSTEM,
        role=_REPORT,
        id_type=codes.SOP_CLASS_UID,
        object_id=sop_class_uid,
        name="",
        query=query,
        details={"TransferSyntax": transfer_syntax_uid.encode("ascii")},
    )
    return AuditEvent(
        event=codes.QUERY,
        action=AuditAction.EXECUTE,
        outcome=outcome,
        at=now,
        participants=_both(node, archive),
        objects=(asked,),
        description=description,
    )


def node_refused(node: Participant, peer: Participant, *, cause: str, now: datetime) -> AuditEvent:
    """A peer is not who it should be, or may not talk to us (Table A.5.3.11-1)."""
    subject = peer.address or peer.user_id
    return _alert(
        node,
        codes.NODE_AUTHENTICATION,
        outcome=AuditOutcome.MINOR_FAILURE,
        cause=cause,
        now=now,
        performers=(_as(peer, None, requestor=False),),
        subject=_alerted(codes.NODE_ID, subject, cause),
    )


def recording(
    node: Participant, *, started: bool, outcome: AuditOutcome, cause: str, now: datetime
) -> AuditEvent:
    """The trail, or its sending, has a gap or goes on after one (Table A.5.3.11-1)."""
    kind = codes.AUDIT_RECORDING_STARTED if started else codes.AUDIT_RECORDING_STOPPED
    subject = _alerted(codes.URI, TRAIL_URI, cause)
    return _alert(node, kind, outcome=outcome, cause=cause, now=now, subject=subject)


def user_authentication(
    node: Participant, user: Participant, *, outcome: AuditOutcome, cause: str, now: datetime
) -> AuditEvent:
    """Somebody shows credentials (Table A.5.3.12-1)."""
    return AuditEvent(
        event=codes.USER_AUTHENTICATION,
        action=AuditAction.EXECUTE,
        outcome=outcome,
        at=now,
        types=(codes.LOGIN,),
        participants=(_as(user, None, requestor=True), _as(node, None, requestor=False)),
        description=cause,
    )


def _alert(
    node: Participant,
    kind: Code,
    *,
    outcome: AuditOutcome,
    cause: str,
    now: datetime,
    subject: AuditObject,
    performers: tuple[Participant, ...] = (),
) -> AuditEvent:
    return AuditEvent(
        event=codes.SECURITY_ALERT,
        action=AuditAction.EXECUTE,
        outcome=outcome,
        at=now,
        types=(kind,),
        participants=(_as(node, None, requestor=True), *performers),
        objects=(subject,),
        description="" if outcome is AuditOutcome.SUCCESS else cause,
    )


def _alerted(id_type: Code, subject: str, cause: str) -> AuditObject:
    return AuditObject(
        kind=_SYSTEM,
        role=_SECURITY_RESOURCE,
        id_type=id_type,
        object_id=subject,
        name=subject,
        details={"Alert Description": cause.encode()},
    )


def _both(sender: Participant, receiver: Participant) -> tuple[Participant, ...]:
    return (
        _as(sender, codes.SOURCE, requestor=True),
        _as(receiver, codes.DESTINATION, requestor=False),
    )


def _as(one: Participant, role: Code | None, *, requestor: bool) -> Participant:
    return replace(one, role=role, requestor=requestor)


def _objects(studies: Sequence[AuditedStudy]) -> tuple[AuditObject, ...]:
    """Studies, then their patients; most messages may name one patient only."""
    patients = dict.fromkeys((one.patient_id, one.patient_name) for one in studies)
    return (
        *(_study(one) for one in studies),
        *(_patient(number, name) for number, name in patients),
    )


def _study(one: AuditedStudy) -> AuditObject:
    return AuditObject(
        kind=_SYSTEM,
        role=_REPORT,
        id_type=codes.STUDY_INSTANCE_UID,
        object_id=one.study_instance_uid or _UNKNOWN,
        name=one.study_instance_uid or _UNKNOWN,
        sop_classes=one.sop_classes,
    )


def _patient(patient_id: str, name: str) -> AuditObject:
    return AuditObject(
        kind=_PERSON,
        role=_PATIENT,
        id_type=codes.PATIENT_NUMBER,
        object_id=patient_id or _UNKNOWN,
        name=name or patient_id or _UNKNOWN,
    )
