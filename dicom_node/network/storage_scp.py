"""Storage SCP and Verification SCP: takes what senders push and hands on its bytes, undecoded."""

import socket
import threading
from collections.abc import Callable
from typing import Self

import structlog
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.events import Event

from dicom_node.domain.commitment import CommitmentReport
from dicom_node.domain.errors import ConfigError
from dicom_node.domain.peer import Listener, ReceivedInstance, RefusedPeer, StoreOutcome
from dicom_node.network.acceptor import AcceptedAssociation, accepted_association
from dicom_node.network.acceptor_dul import frames_of
from dicom_node.network.acceptor_server import AcceptorServer
from dicom_node.network.admission import Rejection, no_room, rejection_of
from dicom_node.network.c_store import StoreAll, StoreAnswers
from dicom_node.network.commitment_report import commitment_handlers
from dicom_node.network.connection import MAXIMUM_PDU_BYTES, application_entity
from dicom_node.network.fast_loop import FastLoops
from dicom_node.network.presentation_contexts import as_storage, supported_contexts
from dicom_node.network.tls import TlsContext, names_of

log = structlog.get_logger(__name__)

# How long `stop` waits: for senders to finish, then aborts to be sent, then connections to end.
_GRACE_S, _ABORT_S, _CUT_S = 3.0, 1.0, 2.0
_ACCEPT_POLL_S = 0.1
_LOOPS = 1  # threads of the fast path


class StorageScp:
    """Listens for associations and gives each C-STORE's data set, as it came, to a function.

    Parameters
    ----------
    listener : Listener
        Port 0 lets the system choose; see `port`.
    store : callable
        Makes an instance durable before it returns, since its return is what the sender is told.
        Called from one thread for each association. Raises ArchiveError where it cannot. The UIDs
        that it is given are the sender's: up to 64 characters of anything, no safe file name.
    association_ended : callable
        Called with the association's id after its last answer, however it ended.
    commitment_reported : callable, optional
        Makes a report of storage commitment durable before it returns; called from several
        threads. Raises UnknownTransaction where nobody asked for it. Without it no such report is
        accepted.
    full : callable
        Whether there is no room for anything new.
    refused : callable
        Told of everybody who may not have a connection or an association; does not raise.
    store_all : callable, optional
        Like `store` for many at once, giving the exception of each that is not durable. With it
        the fast path of all associations shares `_LOOPS` threads.

    Notes
    -----
    What the sender is told (PS3.4 B.2.3):

    =====================  ======  ==============================================================
    STORED, DUPLICATE      0x0000
    CONFLICT               0x0000  both versions are kept; a failure would make the sender repeat,
                                   and no warning of the standard says this. 0x0111 where
                                   `listener.conflict` says so
    UNREADABLE             0xB007  a warning, because the bytes are durable: as a failure the
                                   sender would repeat it, and a C-MOVE of the study would fail
    ArchiveError           0xA700  out of resources: senders try again later
    any other exception    0x0110  processing failure; the server goes on
    =====================  ======  ==============================================================

    Who may not have an association, and how it is rejected: `network.admission`. Silence of
    `idle_timeout_s` ends one.
    """

    def __init__(
        self,
        listener: Listener,
        store: Callable[[ReceivedInstance], StoreOutcome],
        association_ended: Callable[[str], None],
        commitment_reported: Callable[[CommitmentReport], None] | None = None,
        full: Callable[[], bool] = lambda: False,
        *,
        refused: Callable[[RefusedPeer], None] = lambda _: None,
        store_all: StoreAll | None = None,
    ) -> None:
        self._listener, self._refused = listener, refused
        self._answers = StoreAnswers(store, listener.conflict, store_all)
        self._loops: FastLoops | None = None
        self._in_loops = listener.fast_path and store_all is not None
        self._association_ended = association_ended
        self._full = full
        self._report_handlers = (
            () if commitment_reported is None else commitment_handlers(commitment_reported)
        )
        self._server: AcceptorServer | None = None
        self._accepting: threading.Thread | None = None
        self._connections: set[AcceptedAssociation] = set()
        self._changed = threading.Condition()

    @property
    def port(self) -> int:
        """Bound port.

        Raises
        ------
        RuntimeError
            Before `start` and after `stop`.
        """
        if self._server is None:
            raise RuntimeError("the Storage SCP is not started")
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Listen; returns when the port is bound.

        Raises
        ------
        ConfigError
            Where address and port cannot be had, or the files for TLS; names what is allowed.
        """
        if self._server is not None:
            raise RuntimeError("the Storage SCP is started already")
        self._server = server = self._bind()
        self._loops = FastLoops(self._answers.fast_answers, _LOOPS) if self._in_loops else None
        self._accepting = threading.Thread(
            target=server.serve_forever,
            args=(_ACCEPT_POLL_S,),
            name=f"accept-{self.port}",
            daemon=True,
        )
        self._accepting.start()
        log.info(
            "scp.listening",
            ae_title=self._listener.ae_title,
            address=self._listener.address,
            port=self.port,
            tls=self._listener.tls is not None,
        )

    def _bind(self) -> AcceptorServer:
        entity = application_entity(self._listener.ae_title)
        entity.maximum_pdu_size = MAXIMUM_PDU_BYTES
        # pynetdicom would count connections that never asked for anything, too; see `_admit`.
        entity.maximum_associations = 2**31
        address = (self._listener.address, self._listener.port)
        files = self._listener.tls
        tls = None if files is None else TlsContext(files, self._refused)
        try:
            return AcceptorServer(
                entity,
                address,
                idle_timeout_s=self._listener.idle_timeout_s,
                associate=self._associate,
                tls=tls,
            )
        except (OSError, OverflowError) as cause:
            raise ConfigError(
                file="node.toml",
                key="listener.address, listener.port",
                value="{}:{}".format(*address),
                allowed=f"an address of this host and a free port from 1 to 65535 ({cause})",
            ) from cause

    def stop(self, grace_s: float = _GRACE_S) -> None:
        """Stop listening, let senders finish for `grace_s`, then abort them; takes some seconds.

        Whatever was answered with success is durable; a sender that is aborted keeps the rest.
        """
        server, accepting = self._server, self._accepting
        if server is None or accepting is None:
            return
        server.shutdown()
        accepting.join()
        self._server = self._accepting = None
        self._end_connections(grace_s)
        if self._loops is not None:
            self._loops.close()
        log.info("scp.stopped", ae_title=self._listener.ae_title)

    def _end_connections(self, grace_s: float) -> None:
        self._wait_for_end(grace_s, lambda: not any(one.is_open for one in self._connections))
        for association in self._snapshot():
            if association.is_open:
                association.abort(block=False)
        self._wait_for_end(_ABORT_S, lambda: not any(one.admitted for one in self._connections))
        for association in self._snapshot():
            association.cut()
        if not self._wait_for_end(_CUT_S, lambda: not self._connections):
            # Their threads are daemons: they hang in `store` and do not keep the process alive.
            log.error("scp.stuck", associations=[one.association_id for one in self._snapshot()])

    def _wait_for_end(self, seconds: float, done: Callable[[], bool]) -> bool:
        with self._changed:
            return self._changed.wait_for(done, timeout=seconds)

    def _snapshot(self) -> list[AcceptedAssociation]:
        with self._changed:
            return list(self._connections)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # What follows runs in the thread of an association.

    def _associate(self, server: AcceptorServer, connection: socket.socket) -> AcceptedAssociation:
        association = AcceptedAssociation(
            server,
            connection,
            handlers=[
                (evt.EVT_REQUESTED, self._on_requested),
                (evt.EVT_SOP_COMMON, self._on_common_extended),
                (evt.EVT_ACCEPTED, self._on_accepted),
                (evt.EVT_C_STORE, self._answers.answer),
                *self._report_handlers,
            ],
            idle_timeout_s=self._listener.idle_timeout_s,
            ended=self._on_ended,
            fast_answer=self._answers.fast_answer if self._listener.fast_path else None,
            fast_loops=self._loops,
        )
        with self._changed:
            self._connections.add(association)
        return association

    def _on_requested(self, event: Event) -> None:
        association = accepted_association(event)
        refusal = self._admit(association)
        if refusal is None:
            proposed = association.asked.presentation_context_definition_list
            association.acceptor.supported_contexts = supported_contexts(
                proposed, commitment=bool(self._report_handlers)
            )
            return
        told = {"result_source_reason": refusal.code, "cause": refusal.cause}
        log.warning("association.rejected", **association.who, **told)
        if refusal.is_distrust:
            self._refused(
                RefusedPeer(
                    address=association.peer_address,
                    calling_ae=association.calling_ae,
                    called_ae=association.called_ae,
                    cause=refusal.cause,
                )
            )
        association.acse.send_reject(*refusal.code)
        association.kill()

    def _admit(self, association: AcceptedAssociation) -> Rejection | None:
        """Let an association in, or say why not."""
        with self._changed:
            refusal = rejection_of(
                self._listener,
                called_ae=association.called_ae,
                calling_ae=association.calling_ae,
                peer_address=association.peer_address,
                certificate_names=names_of(association.connection),
                served=[one.calling_ae for one in self._connections if one.is_open],
            )
            if refusal is None and self._full():
                refusal = no_room()
            association.admitted = refusal is None
        return refusal

    def _on_common_extended(self, event: Event) -> dict[UID, object]:
        return as_storage(event.assoc.acceptor.supported_contexts)

    def _on_accepted(self, event: Event) -> None:
        association = accepted_association(event)
        refused = sorted({str(one.abstract_syntax) for one in association.rejected_contexts})
        log.info(
            "association.accepted",
            **association.who,
            contexts=len(association.accepted_contexts),
            refused=refused,
        )

    def _on_ended(self, association: AcceptedAssociation) -> None:
        try:
            if association.admitted:
                association.log_end()
                self._association_ended(association.association_id)
        except Exception as cause:  # pynetdicom's thread calls this: a bug must not end the server
            log.error(
                "association.ended_failed",
                association=association.association_id,
                error=type(cause).__name__,
                frames=frames_of(cause),
            )
        finally:
            with self._changed:
                self._connections.discard(association)
                self._changed.notify_all()
