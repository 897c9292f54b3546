"""One association that a sender asked for: pynetdicom's, with bounds added."""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import cast
from uuid import uuid4

import structlog
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import DimseServiceType
from pynetdicom.events import Event, EventHandlerType
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.transport import ThreadedAssociationServer

from dicom_node.network.acceptor_dul import AcceptorDul, frames_of
from dicom_node.network.fast_loop import FastLoops
from dicom_node.network.message_buffer import MessageBuffer, StorageContext, StoreMessage
from dicom_node.network.presentation_contexts import is_storage
from dicom_node.network.wakeful import Checkpoint, WakingQueue

log = structlog.get_logger(__name__)

# At an idle time that is over, and whether the other thread is alive; everything else rings.
_LOOK_EVERY_S = 0.1

# Answers are cut to what the sender takes; one that takes less than any answer has is left to
# pynetdicom.
_LEAST_PDU_BYTES = 512

# How long a connection may take to ask for an association (ARTIM timer, PS3.8 9.1.5).
REQUEST_TIMEOUT_S = 30.0


FastAnswer = Callable[["AcceptedAssociation", StoreMessage], bytes]


class AcceptedAssociation(Association):
    """One association that a sender asked for.

    Parameters
    ----------
    connection : socket
        Accepted, with time-out set.
    ended : callable
        Called once, with the association, when nothing more will come of it.
    fast_answer : callable or None
        Stores a message of the fast path and gives the PDU that answers it; None for no fast path.
    fast_loops : FastLoops or None
        Which serve it together with others; None for a thread of its own.

    Attributes
    ----------
    association_id : str
        Unique, also over restarts.
    admitted : bool
        Whether it was let in, by who asked and how many are served.
    stored, failed : int
        Instances answered with success or warning, and with failure.
    """

    def __init__(
        self,
        server: ThreadedAssociationServer,
        connection: socket.socket,
        *,
        handlers: Sequence[EventHandlerType],
        idle_timeout_s: float,
        ended: Callable[["AcceptedAssociation"], None],
        fast_answer: "FastAnswer | None" = None,
        fast_loops: FastLoops | None = None,
    ) -> None:
        super().__init__(server.ae, "acceptor")
        self.association_id = uuid4().hex
        self.name = f"association-{self.association_id[:8]}"
        self.admitted = False
        self.stored = self.failed = 0
        self.began_at = time.monotonic()
        self.connection = connection
        self._ended = ended
        self._server = server
        self._fast_answer = fast_answer
        self._answering = threading.Lock()
        self._is_over = False
        checkpoint = Checkpoint(_LOOK_EVERY_S)
        self._reactor_checkpoint = cast("threading.Event", checkpoint)
        self.dimse.msg_queue = WakingQueue(checkpoint.ring)
        # Replaced before it was started; the time-outs below belong to the new one.
        self.dul = self._dul = AcceptorDul(
            self,
            ring=checkpoint.ring,
            buffer=None if fast_answer is None else self._new_buffer,
            client=self,
            loops=fast_loops,
        )
        self.acse_timeout = min(REQUEST_TIMEOUT_S, idle_timeout_s)
        self.network_timeout = idle_timeout_s
        for handler in handlers:
            self.bind(*handler)

    @property
    def who(self) -> dict[str, str]:
        """Who talks to whom, for the log."""
        return {
            "association": self.association_id,
            "calling_ae": self.calling_ae,
            "called_ae": self.called_ae,
            "peer": self.peer_address,
        }

    def log_end(self) -> None:
        """Say how it ended and what it brought."""
        log.info(
            "association.ended",
            **self.who,
            how="released" if self.is_released else "aborted",
            stored=self.stored,
            failed=self.failed,
            seconds=round(time.monotonic() - self.began_at, 3),
        )

    def _bind_defaults(self) -> None:
        # Without pynetdicom's logging handlers, which format every message for its own logger.
        for event in evt._INTERVENTION_EVENTS:
            self.bind(event, evt.get_default_handler(event))

    def run_reactor(self) -> None:
        """Serve until the association ends; outermost frame of this thread."""
        try:
            super().run_reactor()
        except Exception as cause:  # outermost frame of the thread: others are served on
            log.error(
                "association.failed",
                association=self.association_id,
                error=type(cause).__name__,
                frames=frames_of(cause),
            )
        finally:
            self.abandon()

    def abandon(self) -> None:
        """End what is left of it: pynetdicom leaves threads and sockets behind (#912, #979)."""
        with self._answering:  # the end is told after the last answer
            self._is_over = True
        self.dul.kill_dul()
        self.connection.close()
        self._ended(self)

    def _serve_request(self, msg: DimseServiceType, context_id: int) -> None:
        # pynetdicom passes over these, for instance a C-STORE without a data set, and the sender
        # would wait for an answer until its own time-out.
        if not msg.is_valid_request:
            log.warning(
                "association.invalid_request",
                association=self.association_id,
                message=msg.msg_type,
            )
            self.abort()
            return
        super()._serve_request(msg, context_id)

    def _new_buffer(self) -> MessageBuffer:
        """For the storage contexts that were accepted; none where it cannot be answered so."""
        contexts = {
            one.context_id: StorageContext(str(one.abstract_syntax), str(one.transfer_syntax[0]))
            for one in self.accepted_contexts
            if one.context_id is not None and one.as_scp and is_storage(str(one.abstract_syntax))
        }
        longest = self.longest_pdu_bytes
        return MessageBuffer(contexts if not 0 < longest < _LEAST_PDU_BYTES else {})

    def begin_serving(self) -> bool:
        """Whether a message is to be served; if so, nothing ends before `end_serving`."""
        self._answering.acquire()
        if self._is_over or not self.is_established:
            self._answering.release()
            return False
        self._dul.is_serving = True
        return True

    def end_serving(self) -> bool:
        """Whether the answer is to be sent: the association has not ended."""
        self._dul.is_serving = False
        self._answering.release()
        return self.is_established

    def serve(self, message: StoreMessage) -> bytes | None:
        """Answer a message of the fast path; None where the association has ended."""
        assert self._fast_answer is not None
        if not self.begin_serving():
            return None
        try:
            answered = self._fast_answer(self, message)
        finally:
            is_open = self.end_serving()
        return answered if is_open else None

    # What follows is asked for with every message, and does not change once it has come.

    @cached_property
    def longest_pdu_bytes(self) -> int:
        """What the sender takes; 0 for no limit (PS3.8 D.1)."""
        return int(self.requestor.maximum_length or 0)

    @property
    def asked(self) -> A_ASSOCIATE:
        """The A-ASSOCIATE-RQ; only once it has come."""
        asked = self.requestor.primitive
        assert asked is not None
        return asked

    @cached_property
    def calling_ae(self) -> str:
        """Title by which the sender calls itself."""
        return self.asked.calling_ae_title or ""

    @cached_property
    def called_ae(self) -> str:
        """Title by which the sender calls us."""
        return self.asked.called_ae_title or ""

    @cached_property
    def peer_address(self) -> str:
        """Network address of the sender."""
        assert self.requestor.address_info is not None
        return self.requestor.address_info.address

    @property
    def is_open(self) -> bool:
        """Whether it was admitted and neither side has ended it."""
        return self.admitted and not (self.is_released or self.is_aborted or self.is_rejected)

    def count(self, *, stored: bool) -> None:
        """Count one answered instance, for the log."""
        if stored:
            self.stored += 1
        else:
            self.failed += 1

    def still_alive(self) -> None:
        """Start the idle time anew: it was our disk that was slow, not the sender."""
        self.dul._idle_timer.restart()

    def cut(self) -> None:
        """Cut the connection, which wakes whatever waits for it, and serve nothing more."""
        self._kill = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            log.debug("association.already_cut", association=self.association_id)


def accepted_association(event: Event) -> AcceptedAssociation:
    """The association in which an event of the Storage SCP happened."""
    association = event.assoc
    assert isinstance(association, AcceptedAssociation)
    return association
