"""What a sender does: delivers results to each destination, and asks for their commitment."""

import random
from collections.abc import Callable, Sequence

from dicom_node.audited import tell_sent
from dicom_node.auditing import Audit
from dicom_node.domain.audit import AuditedFile
from dicom_node.domain.commitment import CommitmentReport
from dicom_node.domain.delivery import Delivery
from dicom_node.domain.peer import Destination, SendReport
from dicom_node.engine.committer import Committer
from dicom_node.engine.loop import Loop
from dicom_node.engine.sender import Sender
from dicom_node.network.commitment import CommitmentRequest, request_commitment
from dicom_node.network.outgoing import Outgoing
from dicom_node.network.storage_scu import send
from dicom_node.network.stow_scu import store
from dicom_node.settings import Settings
from dicom_node.stores import Archive, utc_now

_POLL_S = 0.5  # woken when there is something to send
_COMMITMENT_POLL_S = 2.0


def sending_to(destination: str) -> str:
    """Name of what one process does at a time for a destination."""
    return f"send:{destination}"


class Delivering:
    """Senders and committers of one process, each destination by itself.

    Parameters
    ----------
    holds : callable
        Whether this process, and no other, may do something now.
    audit : Audit
    """

    def __init__(
        self, settings: Settings, archive: Archive, *, holds: Callable[[str], bool], audit: Audit
    ) -> None:
        self._settings, self._archive, self._holds = settings, archive, holds
        self._audit = audit
        to = settings.destinations.values()
        self._senders = [self._loop("sender", one, self._sender(one).tick, _POLL_S) for one in to]
        self._committers = [
            self._loop("committer", one, self._committer(one).tick, _COMMITMENT_POLL_S)
            for one in to
            if one.commitment
        ]

    @property
    def loops(self) -> tuple[Loop, ...]:
        """Threads of it."""
        return (*self._senders, *self._committers)

    def wake(self) -> None:
        """There may be something to send."""
        for loop in self._senders:
            loop.wake()

    def send(self, due: Sequence[Delivery], destination: Destination) -> tuple[SendReport, ...]:
        """What a destination answered to each object; told in the audit trail."""
        began_at = utc_now()
        reports = send_objects(due, destination)
        files = {
            one.sop_instance_uid: AuditedFile(
                path=one.path, sop_class_uid=one.sop_class_uid, alike=one.job_id
            )
            for one in due
        }
        tell_sent(self._audit, files, reports, destination, began_at=began_at)
        return reports

    def _loop(
        self, kind: str, destination: Destination, tick: Callable[[], bool], pause_s: float
    ) -> Loop:
        name = sending_to(destination.name)
        held = self._holds
        return Loop(f"{kind}-{destination.name}", lambda: held(name) and tick(), pause_s=pause_s)

    def _sender(self, destination: Destination) -> Sender:
        return Sender(
            outbox=self._archive.outbox,
            destination=destination,
            send=self.send,
            health=self._archive.destinations,
            rules=self._settings.delivery,
            clock=utc_now,
            chance=random.Random(),  # noqa: S311  jitter, no secret
        )

    def _committer(self, destination: Destination) -> Committer:
        return Committer(
            book=self._archive.commitments,
            destination=destination,
            ask=self._ask_commitment,
            rules=self._settings.delivery.pauses,
            clock=utc_now,
            chance=random.Random(),  # noqa: S311  jitter, no secret
        )

    def _ask_commitment(
        self, objects: Sequence[Delivery], transaction_uid: str, destination: Destination
    ) -> CommitmentRequest:
        return request_commitment(
            objects, transaction_uid, destination, reported=self._commitment_reported
        )

    def _commitment_reported(self, report: CommitmentReport) -> None:
        self._archive.commitments.take(report, utc_now())


def send_objects(due: Sequence[Delivery], destination: Destination) -> tuple[SendReport, ...]:
    """What a destination answered to each object, sent in as few associations as possible."""
    outgoing = [
        Outgoing(
            path=one.path,
            sop_class_uid=one.sop_class_uid,
            sop_instance_uid=one.sop_instance_uid,
        )
        for one in due
    ]
    return send_outgoing(outgoing, destination)


def send_outgoing(outgoing: Sequence[Outgoing], destination: Destination) -> tuple[SendReport, ...]:
    """What a destination answered to each object, sent by DICOMweb or over associations."""
    return (send if destination.web is None else store)(outgoing, destination)
