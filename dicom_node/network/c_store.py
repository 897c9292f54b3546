"""One C-STORE request: what it brings, what the sender is told, and nothing decoded in between."""

from collections.abc import Callable, Mapping, Sequence

import structlog
from pydicom.dataset import Dataset
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event

from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.peer import ConflictAnswer, ReceivedInstance, StoreOutcome
from dicom_node.network.acceptor import AcceptedAssociation, accepted_association
from dicom_node.network.acceptor_dul import frames_of
from dicom_node.network.fast_path import Client
from dicom_node.network.message_buffer import StoreMessage
from dicom_node.network.p_data import message_pdus
from dicom_node.network.store_command import response_bytes

log = structlog.get_logger(__name__)

# C-STORE status, PS3.4 Table B.2-1 and PS3.7 Annex C.
SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
DOES_NOT_MATCH_SOP_CLASS = 0xB007
PROCESSING_FAILURE = 0x0110

DUPLICATE_INSTANCE = 0x0111

_STATUS = {
    StoreOutcome.STORED: SUCCESS,
    StoreOutcome.DUPLICATE: SUCCESS,
    StoreOutcome.UNREADABLE: DOES_NOT_MATCH_SOP_CLASS,
}
_OF_CONFLICT = {
    ConflictAnswer.SUCCESS: SUCCESS,
    ConflictAnswer.DUPLICATE: DUPLICATE_INSTANCE,
}

# Error Comment (0000,0902) is LO, 64 characters at most; what went wrong inside is for our log.
_COMMENTS = {
    OUT_OF_RESOURCES: "not stored: the archive cannot take it now",
    DOES_NOT_MATCH_SOP_CLASS: "stored, but it cannot be read as DICOM",
    PROCESSING_FAILURE: "not stored: internal error",
    DUPLICATE_INSTANCE: "another instance has this UID; this one is kept aside",
}


Store = Callable[[ReceivedInstance], StoreOutcome]
StoreAll = Callable[[Sequence[ReceivedInstance]], Sequence[StoreOutcome | Exception]]


class StoreAnswers:
    """What senders are told of what they store.

    Parameters
    ----------
    store : callable
        Makes an instance durable before it returns; raises ArchiveError where it cannot.
    conflict : ConflictAnswer
        For another instance under a known UID.
    store_all : callable, optional
        Makes many durable at once; where one is not, gives its exception.
    """

    def __init__(
        self, store: Store, conflict: ConflictAnswer, store_all: StoreAll | None = None
    ) -> None:
        self._store, self._store_all = store, store_all
        self._statuses = _STATUS | {StoreOutcome.CONFLICT: _OF_CONFLICT[conflict]}

    def answer(self, event: Event) -> Dataset:
        """Store a request's instance and give the status to answer; never raises."""
        association, request = accepted_association(event), event.request
        assert isinstance(request, C_STORE)
        sop_instance_uid = str(request.AffectedSOPInstanceUID)
        return _status_set(
            self._status_of(association, sop_instance_uid, lambda: _received(association, event))
        )

    def fast_answer(self, association: AcceptedAssociation, message: StoreMessage) -> bytes:
        """Store a message's instance and give the PDUs that answer it; never raises."""
        request = message.request
        status = self._status_of(
            association, request.sop_instance_uid, lambda: _instance_of(association, message)
        )
        return _answer_bytes(association, message, status)

    def fast_answers(self, asked: Sequence[tuple[Client, StoreMessage]]) -> Sequence[bytes]:
        """Store the instances of several associations and give their answers; never raises."""
        assert self._store_all is not None
        associations = [_association(client) for client, _ in asked]
        messages = [message for _, message in asked]
        instances = [_instance_of(*one) for one in zip(associations, messages, strict=True)]
        outcomes: Sequence[StoreOutcome | Exception | None]
        try:
            outcomes = self._store_all(instances)
        except Exception as cause:  # outermost frame of the handler: a bug refuses one instance
            frames = frames_of(cause)
            log.error("instances.not_stored_together", error=type(cause).__name__, frames=frames)
            outcomes = [None] * len(asked)
        told = zip(associations, messages, instances, outcomes, strict=True)
        return [self._answer_to(*one) for one in told]

    def _answer_to(
        self,
        association: AcceptedAssociation,
        message: StoreMessage,
        instance: ReceivedInstance,
        outcome: StoreOutcome | Exception | None,
    ) -> bytes:
        """Answer to a message whose instance was stored with others; None: it is stored now."""

        def _told(_: ReceivedInstance) -> StoreOutcome:
            if outcome is None:
                return self._store(instance)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        uid = instance.sop_instance_uid
        status = self._status_of(association, uid, lambda: instance, _told)
        return _answer_bytes(association, message, status)

    def status_of(
        self,
        instance: Callable[[], ReceivedInstance],
        where: Mapping[str, str],
        store: Store | None = None,
    ) -> int:
        """Store an instance and give the status to answer; never raises.

        Outermost frame of our code in the handler: pynetdicom would answer an exception, too, but
        log its message, which may quote what the data set holds.

        Parameters
        ----------
        where : mapping
            Keys of the log, should it fail.
        store : callable, optional
            In the place of that of all others.
        """
        try:
            return self._statuses[_stored(store or self._store, instance(), where)]
        except ArchiveError as cause:
            log.error("instance.not_stored", **where, error=cause.code, reason=str(cause))
            return OUT_OF_RESOURCES
        except Exception as cause:  # outermost frame of the handler: a bug refuses one instance
            told = {"error": type(cause).__name__, "frames": frames_of(cause)}
            log.error("instance.store_failed", **where, **told)
            return PROCESSING_FAILURE

    def _status_of(
        self,
        association: AcceptedAssociation,
        sop_instance_uid: str,
        instance: Callable[[], ReceivedInstance],
        store: Store | None = None,
    ) -> int:
        """Status of the answer to somebody who called us."""
        where = {"association": association.association_id, "sop_instance": sop_instance_uid}
        status = self.status_of(instance, where, store)
        association.count(stored=status in (SUCCESS, DOES_NOT_MATCH_SOP_CLASS))
        association.still_alive()
        return status


def _association(client: Client) -> AcceptedAssociation:
    assert isinstance(client, AcceptedAssociation)
    return client


def _answer_bytes(association: AcceptedAssociation, message: StoreMessage, status: int) -> bytes:
    """The PDUs that answer a message."""
    command = response_bytes(message.request, status, _COMMENTS.get(status, ""))
    pdus = message_pdus(message.context_id, command, None, association.longest_pdu_bytes)
    return b"".join(pdus)


def _stored(
    store: Store,
    instance: ReceivedInstance,
    where: Mapping[str, str],
) -> StoreOutcome:
    outcome = store(instance)
    if outcome is StoreOutcome.CONFLICT:
        log.warning("instance.conflict", **where, kept="the first one; this one lies aside")
    elif outcome is StoreOutcome.UNREADABLE:
        log.warning("instance.unreadable", **where, sop_class=instance.sop_class_uid)
    return outcome


def received_instance(
    event: Event, *, calling_ae: str, called_ae: str, peer_address: str, association_id: str
) -> ReceivedInstance:
    """The instance of a C-STORE request, its data set exactly as it came."""
    request = event.request
    assert isinstance(request, C_STORE)
    return ReceivedInstance(
        sop_class_uid=str(request.AffectedSOPClassUID),
        sop_instance_uid=str(request.AffectedSOPInstanceUID),
        transfer_syntax_uid=str(event.context.transfer_syntax),
        dataset=event.encoded_dataset(include_meta=False),
        calling_ae=calling_ae,
        called_ae=called_ae,
        peer_address=peer_address,
        association_id=association_id,
    )


def _received(association: AcceptedAssociation, event: Event) -> ReceivedInstance:
    return received_instance(
        event,
        calling_ae=association.calling_ae,
        called_ae=association.called_ae,
        peer_address=association.peer_address,
        association_id=association.association_id,
    )


def _instance_of(association: AcceptedAssociation, message: StoreMessage) -> ReceivedInstance:
    return ReceivedInstance(
        sop_class_uid=message.request.sop_class_uid,
        sop_instance_uid=message.request.sop_instance_uid,
        transfer_syntax_uid=message.transfer_syntax_uid,
        dataset=message.data_set,
        calling_ae=association.calling_ae,
        called_ae=association.called_ae,
        peer_address=association.peer_address,
        association_id=association.association_id,
    )


def _status_set(status: int) -> Dataset:
    answered = Dataset()
    answered.Status = status
    if status in _COMMENTS:
        answered.ErrorComment = _COMMENTS[status]
    return answered
