"""How a TCP connection becomes an association: the listening socket of the node."""

import socket
from collections.abc import Callable
from socketserver import BaseServer

import structlog
from pynetdicom.ae import ApplicationEntity
from pynetdicom.transport import RequestHandler, ThreadedAssociationServer

from dicom_node.network.acceptor import REQUEST_TIMEOUT_S, AcceptedAssociation
from dicom_node.network.connection import PduSocket, set_options
from dicom_node.network.tls import TlsContext

log = structlog.get_logger(__name__)


class AcceptorHandler(RequestHandler):
    """Makes an association of an accepted connection."""

    server: "AcceptorServer"

    def handle(self) -> None:
        """Start the association in threads of its own."""
        connection: socket.socket | None = self.request
        if self.server.tls is not None:
            connection = self.server.tls.accept(self.request, limit_s=REQUEST_TIMEOUT_S)
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
        association.set_socket(PduSocket(association, client_socket=association.connection))
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
