"""How a TCP connection becomes an association of ours: pynetdicom's acceptor with bounds added."""

import socket
import time
import traceback
from collections.abc import Callable, Sequence
from socketserver import BaseServer
from uuid import uuid4

import structlog
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import DimseServiceType
from pynetdicom.dul import DULServiceProvider
from pynetdicom.events import Event, EventHandlerType
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from dicom_node.network.connection import AcceptorSocket, set_options
from dicom_node.network.tls import TlsContext

log = structlog.get_logger(__name__)

# How long a connection may take to ask for an association (ARTIM timer, PS3.8 9.1.5).
_REQUEST_TIMEOUT_S = 30.0


def frames_of(cause: BaseException) -> str:
    """Traceback without the message, which may quote what a data set holds."""
    return "".join(traceback.format_tb(cause.__traceback__))


class AcceptorDul(DULServiceProvider):
    """Upper layer of one accepted connection, whose failure ends its association and no more."""

    def __init__(self, association: Association) -> None:
        super().__init__(association)
        # A thread that hangs in a peer's socket must not keep the process alive.
        self.daemon = True

    def run_reactor(self) -> None:
        """Run until the connection ends; outermost frame of this thread.

        Some sequences of invalid PDUs bring pynetdicom's state machine to a step that it does not
        know, which it tells by an exception (pynetdicom #806).
        """
        try:
            super().run_reactor()
        except Exception as cause:  # outermost frame of the thread: an odd peer ends its own only
            log.warning(
                "association.protocol_error",
                error=type(cause).__name__,
                state=self.state_machine.current_state,
                frames=frames_of(cause),
            )
        finally:
            # An association that still waits to be asked would wait for its whole time-out.
            self.to_user_queue.put(None)  # type: ignore[arg-type]  # read as: nothing came


class AcceptedAssociation(Association):
    """One association that a sender asked for.

    Parameters
    ----------
    connection : socket
        Accepted, with time-out set.
    ended : callable
        Called once, with the association, when nothing more will come of it.

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
        server: "AcceptorServer",
        connection: socket.socket,
        *,
        handlers: Sequence[EventHandlerType],
        idle_timeout_s: float,
        ended: Callable[["AcceptedAssociation"], None],
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
        # Replaced before it was started; the time-outs below belong to the new one.
        self.dul = AcceptorDul(self)
        self.acse_timeout = min(_REQUEST_TIMEOUT_S, idle_timeout_s)
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

    @property
    def asked(self) -> A_ASSOCIATE:
        """The A-ASSOCIATE-RQ; only once it has come."""
        asked = self.requestor.primitive
        assert asked is not None
        return asked

    @property
    def calling_ae(self) -> str:
        """Title by which the sender calls itself."""
        return self.asked.calling_ae_title or ""

    @property
    def called_ae(self) -> str:
        """Title by which the sender calls us."""
        return self.asked.called_ae_title or ""

    @property
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


class AcceptorHandler(RequestHandler):
    """Makes an association of an accepted connection."""

    server: "AcceptorServer"

    def handle(self) -> None:
        """Start the association in threads of its own."""
        connection: socket.socket | None = self.request
        if self.server.tls is not None:
            connection = self.server.tls.accept(self.request, limit_s=_REQUEST_TIMEOUT_S)
        if connection is None:
            return
        set_options(connection, self.server.idle_timeout_s)
        association = self.server.associate(self.server, connection)
        try:
            self._introduce(association)
            association.start()
        except Exception:  # whatever it was, no thread and no socket stays behind; it goes up
            association.abandon()
            raise

    def _introduce(self, association: AcceptedAssociation) -> None:
        """Tell the association its connection and both ends of it."""
        association.set_socket(AcceptorSocket(association, client_socket=association.connection))
        acceptor, entity = association.acceptor, self.server.ae
        acceptor.maximum_length = entity.maximum_pdu_size
        acceptor.ae_title = self.server.ae_title
        acceptor.address_info = self.local
        acceptor.implementation_class_uid = entity.implementation_class_uid
        acceptor.implementation_version_name = entity.implementation_version_name
        association.requestor.address_info = self.remote


class AcceptorServer(ThreadedAssociationServer):
    """Listening socket of the node; bound when it has been made.

    Parameters
    ----------
    associate : callable
        Makes the association for a connection.
    tls : TlsContext, optional
        What makes a connection secure; without it none is.

    Raises
    ------
    OSError
        Where the address or the port cannot be had.
    """

    request_queue_size = 128

    def __init__(
        self,
        entity: ApplicationEntity,
        address: tuple[str, int],
        *,
        idle_timeout_s: float,
        associate: Callable[["AcceptorServer", socket.socket], AcceptedAssociation],
        tls: TlsContext | None = None,
    ) -> None:
        self.idle_timeout_s = idle_timeout_s
        self.tls = tls
        self.associate = associate
        super().__init__(entity, address, entity.ae_title, [], request_handler=AcceptorHandler)

    def shutdown(self) -> None:
        """Stop accepting and close the socket; what is being served goes on."""
        # Not by way of AssociationServer, which strikes itself off a list that only
        # ApplicationEntity.start_server keeps.
        BaseServer.shutdown(self)
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Log a connection that could not be served, instead of printing a traceback."""
        log.warning("connection.failed", peer=str(client_address), exc_info=True)
