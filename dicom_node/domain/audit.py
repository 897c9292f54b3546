"""Audit events in the words of PS3.15 A.5: what happened, who took part, and whose data it was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from dicom_node.domain.coding import Code


class AuditAction(StrEnum):
    """Event Action Code."""

    CREATE = "C"
    READ = "R"
    UPDATE = "U"
    DELETE = "D"
    EXECUTE = "E"


class AuditOutcome(StrEnum):
    """Event Outcome Indicator."""

    SUCCESS = "0"
    MINOR_FAILURE = "4"
    SERIOUS_FAILURE = "8"
    MAJOR_FAILURE = "12"


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """Who takes part in an event: a process, a system or a person.

    Parameters
    ----------
    user_id : str
        Process id, AE title, URL or name of a user.
    alternative_id : str or None
        AE titles, as ``AETITLES=NODE;PSMA`` (PS3.15 A.5.2.2).
    requestor : bool
        Whether it asked for what happened.
    address : str or None
        Network address, or the name of a machine.
    """

    user_id: str
    requestor: bool
    role: Code | None = None
    alternative_id: str | None = None
    name: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditObject:
    """What an event is about: a study, a patient, a query, a node or the trail itself.

    Parameters
    ----------
    kind, role : str
        ParticipantObjectTypeCode and ParticipantObjectTypeCodeRole, as numbers of the schema.
    name : str
        For people; the schema wants one where there is no query.
    query : bytes or None
        As it was asked.
    details : mapping
        Type to value.
    sop_classes : mapping
        SOP Class UID to number of instances.
    """

    kind: str
    role: str
    id_type: Code
    object_id: str
    name: str
    query: bytes | None = None
    details: Mapping[str, bytes] = field(default_factory=dict)
    sop_classes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One event; made by the functions of `audit.events`, one for each kind.

    Parameters
    ----------
    types : tuple of Code
        Event Type Codes.
    description : str
        Why it failed; empty where it did not.
    """

    event: Code
    action: AuditAction
    outcome: AuditOutcome
    at: datetime
    participants: tuple[Participant, ...]
    objects: tuple[AuditObject, ...] = ()
    types: tuple[Code, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedStudy:
    """A study of one patient, as far as an event is about it.

    Parameters
    ----------
    patient_id, patient_name : str
        As the header has them; empty where it has none.
    sop_classes : mapping
        SOP Class UID to number of instances.
    """

    study_instance_uid: str
    patient_id: str
    patient_name: str
    sop_classes: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedFile:
    """A stored object that an event is about.

    Parameters
    ----------
    alike : str
        Files of the same word are of one study and one patient: the header of one is read.
    """

    path: Path
    sop_class_uid: str
    alike: str


class SyslogTransport(StrEnum):
    """How messages go to the audit repository."""

    TLS = "tls"  # RFC 5425
    TCP = "tcp"  # RFC 6587 octet counting
    UDP = "udp"  # RFC 5426


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReceiver:
    """The audit repository.

    Parameters
    ----------
    certificate_name : str or None
        Name that its certificate must carry; None for `host`.
    timeout_s : float
        For connecting and for every write.
    most_waiting : int
        Messages that wait for it at most; of more the oldest are passed over, which is told. They
        stay in the trail.
    """

    host: str
    port: int
    transport: SyslogTransport = SyslogTransport.TLS
    certificate_name: str | None = None
    timeout_s: float = 10.0
    most_waiting: int = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRules:
    """How the trail is kept and where it is sent.

    Parameters
    ----------
    enterprise_site : str or None
        AuditEnterpriseSiteID.
    file_mib : float
        Size at which a new file of the trail is begun.
    keep_days : float or None
        Age at which a file of the trail is removed; None: never.
    receiver : AuditReceiver or None
        None: the trail stays here.
    """

    enterprise_site: str | None = None
    file_mib: float = 64.0
    keep_days: float | None = None
    receiver: AuditReceiver | None = None
