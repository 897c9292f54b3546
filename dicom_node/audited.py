"""What happens to data of patients, and the audit events that tell of it."""

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from dicom_node.archive.held import held_files
from dicom_node.archive.index import InstanceIndex
from dicom_node.audit.events import (
    accessed,
    exported,
    study_deleted,
    transfer_begun,
    transferred,
)
from dicom_node.audited_files import by_patient, studies_in
from dicom_node.auditing import Audit
from dicom_node.domain.audit import (
    AuditAction,
    AuditedFile,
    AuditedStudy,
    AuditEvent,
    AuditOutcome,
    Participant,
)
from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.peer import (
    Destination,
    ReceivedInstance,
    RefusedPeer,
    SendReport,
    StoreOutcome,
)
from dicom_node.domain.records import JobRecord
from dicom_node.stores import utc_now

log = structlog.get_logger(__name__)

_MOST_HELD = 5000  # instances of an association, before they are told as a part of the transfer

# Action, outcome and words for what became of a received instance; None: it was not stored.
_TOLD: Mapping[StoreOutcome | None, tuple[AuditAction, AuditOutcome, str]] = {
    StoreOutcome.STORED: (AuditAction.CREATE, AuditOutcome.SUCCESS, ""),
    StoreOutcome.DUPLICATE: (AuditAction.READ, AuditOutcome.SUCCESS, ""),
    StoreOutcome.CONFLICT: (
        AuditAction.CREATE,
        AuditOutcome.MINOR_FAILURE,
        "SOP Instance UID known with other content: kept aside",
    ),
    StoreOutcome.UNREADABLE: (
        AuditAction.CREATE,
        AuditOutcome.MINOR_FAILURE,
        "not readable: kept aside",
    ),
    None: (AuditAction.CREATE, AuditOutcome.SERIOUS_FAILURE, "not stored"),
}


@dataclass(slots=True)
class _Transfer:
    """What came over one association and is not told yet."""

    sender: Participant
    receiver: Participant
    came: dict[StoreOutcome | None, list[tuple[str, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    count: int = 0


class Arrivals:
    """Transfers to this node; each is told when its association ends, and when it begins.

    Safe for many threads; whose data it is, is looked up by the thread of the audit trail.
    """

    def __init__(self, audit: Audit, index: InstanceIndex) -> None:
        self._audit, self._index = audit, index
        self._lock = threading.Lock()
        self._open: dict[str, _Transfer] = {}

    def came(self, received: ReceivedInstance, outcome: StoreOutcome | None) -> None:
        """Note one instance; `outcome` None: it could not be stored."""
        instance = (received.sop_instance_uid, received.sop_class_uid)
        with self._lock:
            transfer = self._open.get(received.association_id)
            begins = transfer is None
            if transfer is None:
                transfer = self._open[received.association_id] = self._new(received)
            transfer.came[outcome].append(instance)
            transfer.count += 1
            full = transfer.count >= _MOST_HELD
            if full:
                self._open[received.association_id] = self._new(received)
        if begins:
            self._tell_begin(transfer, instance)
        if full:
            self._tell(transfer)

    def ended(self, association_id: str) -> None:
        """Tell of an association that has ended; nothing where nothing came over it."""
        with self._lock:
            transfer = self._open.pop(association_id, None)
        if transfer is not None:
            self._tell(transfer)

    def _new(self, received: ReceivedInstance) -> _Transfer:
        sender = peer_of(received.calling_ae, received.peer_address)
        return _Transfer(sender=sender, receiver=self._audit.node)

    def _tell_begin(self, transfer: _Transfer, instance: tuple[str, str]) -> None:
        now, sender, receiver = utc_now(), transfer.sender, transfer.receiver
        self._audit.record(
            lambda: [
                transfer_begun(sender, receiver, studies, now=now)
                for studies in by_patient(self._studies([instance]))
            ]
        )

    def _tell(self, transfer: _Transfer) -> None:
        now = utc_now()
        self._audit.record(lambda: list(self._events(transfer, now)))

    def _events(self, transfer: _Transfer, now: datetime) -> Iterator[AuditEvent]:
        for outcome, instances in transfer.came.items():
            action, indicator, description = _TOLD[outcome]
            for studies in by_patient(self._studies(instances)):
                yield transferred(
                    transfer.sender,
                    transfer.receiver,
                    studies,
                    action=action,
                    outcome=indicator,
                    description=description,
                    now=now,
                )

    def _studies(self, instances: Sequence[tuple[str, str]]) -> Sequence[AuditedStudy]:
        uids = [uid for uid, _ in instances]
        try:
            held = held_files(self._index.database, self._index.folder, uids)
        except ArchiveError as cause:
            log.warning("audit.not_looked_up", reason=str(cause))
            held = {}
        unknown = Counter(sop_class for uid, sop_class in instances if uid not in held)
        studies = [*studies_in(held.values())]
        if unknown:
            studies.append(_nobodys(unknown))
        return studies


def tell_sent(
    audit: Audit,
    files: Mapping[str, AuditedFile],
    reports: Sequence[SendReport],
    destination: Destination,
    *,
    began_at: datetime,
) -> None:
    """Record what was sent to a destination, and that it is not who it should be.

    Parameters
    ----------
    files : mapping
        By SOP Instance UID.
    """
    now = utc_now()
    distrusted = next((one for one in reports if one.untrusted), None)
    if distrusted is not None:
        audit.refused(
            RefusedPeer(
                address=destination.host, calling_ae=destination.ae_title, cause=distrusted.cause
            )
        )
    tried = [one for one in reports if one.tried]
    if tried:
        ends = (audit.node, peer_of(destination.ae_title, destination.host))
        sent = [files[one.sop_instance_uid] for one in tried]
        audit.record(
            lambda: [
                *(
                    transfer_begun(*ends, studies, now=began_at)
                    for studies in by_patient(studies_in(sent))
                ),
                *_answered(ends, files, tried, now),
            ]
        )


def _answered(
    ends: tuple[Participant, Participant],
    files: Mapping[str, AuditedFile],
    reports: Sequence[SendReport],
    now: datetime,
) -> Iterator[AuditEvent]:
    """What became of objects, those of one answer together (PS3.15 A.5.2: no mixed results)."""
    answers = defaultdict(list)
    for one in reports:
        answers[one.stored, one.transient, one.cause].append(files[one.sop_instance_uid])
    for (stored, transient, cause), several in answers.items():
        failed = AuditOutcome.MINOR_FAILURE if transient else AuditOutcome.SERIOUS_FAILURE
        for studies in by_patient(studies_in(several)):
            yield transferred(
                *ends,
                studies,
                action=AuditAction.READ,
                outcome=AuditOutcome.SUCCESS if stored else failed,
                description=cause,
                now=now,
            )


def tell_used(audit: Audit, record: JobRecord) -> None:
    """Record that a job reads its input series."""
    now = utc_now()
    files = [
        AuditedFile(
            path=one.path, sop_class_uid=one.sop_class_uid, alike=one.key.series_instance_uid
        )
        for given in record.input_instances.values()
        for one in given
    ]
    audit.record(
        lambda: [
            accessed(audit.node, studies, action=AuditAction.READ, now=now)
            for studies in by_patient(studies_in(files))
        ]
    )


def telling_removed(
    audit: Audit, index: InstanceIndex
) -> Callable[[Sequence[AuditedFile]], Callable[[], None]]:
    """Records the removal of files, whose headers it reads before they go."""

    def removing(files: Sequence[AuditedFile]) -> Callable[[], None]:
        studies = studies_in(files)
        return lambda: audit.record(lambda: list(_removed(audit.node, index, studies, utc_now())))

    return removing


def _removed(
    node: Participant, index: InstanceIndex, studies: Sequence[AuditedStudy], now: datetime
) -> Iterator[AuditEvent]:
    for one in studies:
        if one.study_instance_uid and not index.series_of_study(one.study_instance_uid):
            yield study_deleted(node, [one], now=now)
        else:
            yield accessed(node, [one], action=AuditAction.DELETE, now=now)


def tell_exported(audit: Audit, files: Sequence[AuditedFile], media: str) -> None:
    """Record that objects were written to a folder outside of the archive."""
    studies, now = studies_in(files), utc_now()
    if studies:
        audit.record(lambda: [exported(audit.node, media, studies, now=now)])


def peer_of(ae_title: str, address: str) -> Participant:
    """Another application, by its AE title and where it is."""
    title = ae_title.strip() or "unknown"
    return Participant(
        user_id=title,
        requestor=False,
        alternative_id=f"AETITLES={title}",
        address=address or None,
    )


def _nobodys(sop_classes: Mapping[str, int]) -> AuditedStudy:
    return AuditedStudy(
        study_instance_uid="", patient_id="", patient_name="", sop_classes=sop_classes
    )
