"""STOW-RS origin server (PS3.18 10.5): takes instances as C-STORE does, undecoded and durable."""

import socket
import threading
from http.server import HTTPServer
from socketserver import ThreadingMixIn
from typing import Any

import structlog

from dicom_node.domain.errors import ArchiveError, ConfigError, UnreadableInstance
from dicom_node.domain.peer import ReceivedInstance, StoreOutcome
from dicom_node.domain.web import WebListener
from dicom_node.network.acceptor_dul import frames_of
from dicom_node.network.c_store import (
    DOES_NOT_MATCH_SOP_CLASS,
    OUT_OF_RESOURCES,
    PROCESSING_FAILURE,
    SUCCESS,
)
from dicom_node.network.part10_in import split_part10, study_of
from dicom_node.network.stow_answer import Stored
from dicom_node.network.stow_handler import StowHandler, WebSeams
from dicom_node.network.tls import TlsContext
from dicom_node.network.web_access import read_credentials

log = structlog.get_logger(__name__)

_CANNOT_UNDERSTAND = 0xC000
_HANDSHAKE_S = 15.0
_STOP_S = 5.0


class StowScp:
    """Listens for STOW-RS requests; bounded in connections, bytes, instances and time."""

    def __init__(self, listener: WebListener, seams: WebSeams) -> None:
        self._listener, self._seams = listener, seams
        self._server: WebServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """Bound port; only while it listens."""
        assert self._server is not None
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Listen; returns when the port is bound.

        Raises
        ------
        ConfigError
            Where the address cannot be had, or files for TLS or credentials do not fit.
        """
        listener = self._listener
        if listener.credentials_file is not None:
            read_credentials(listener.credentials_file)  # a wrong file is told at once
        try:
            self._server = server = WebServer(listener, self._seams)
        except (OSError, OverflowError) as cause:
            raise ConfigError(
                file="node.toml",
                key="web.address, web.port",
                value=f"{listener.address}:{listener.port}",
                allowed=f"an address of this host and a free port from 1 to 65535 ({cause})",
            ) from cause
        self._thread = threading.Thread(
            target=server.serve_forever, args=(0.1,), name=f"web-{self.port}", daemon=True
        )
        self._thread.start()
        log.info("stow.listening", address=listener.address, port=self.port)

    def stop(self) -> None:
        """Stop listening, and end what is served; bounded in time."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(_STOP_S)
        self._server.cut(_STOP_S)
        self._server = None


class WebServer(ThreadingMixIn, HTTPServer):
    """A thread for each of a limited number of connections; more are closed at once."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def __init__(self, listener: WebListener, seams: WebSeams) -> None:
        self.listener, self.seams = listener, seams
        self._tls = None if listener.tls is None else TlsContext(listener.tls, seams.refused)
        self._places = threading.Semaphore(listener.max_requests)
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__((listener.address, listener.port), StowHandler)

    def server_bind(self) -> None:
        """Bind, without the look-up of a name that the standard library does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread, where there is a place; Any as in socketserver."""
        if not self._places.acquire(blocking=False):
            log.warning("stow.no_place", peer=client_address[0])
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Give the place back at the end, however it comes; Any as in socketserver."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection, behind TLS where that is configured; Any as in socketserver."""
        connection = request
        if self._tls is not None:
            connection = self._tls.accept(request, limit_s=_HANDSHAKE_S)
            if connection is None:
                return
        with self._changed:
            self._open.add(connection)
        try:
            StowHandler(connection, client_address, self)
        finally:
            connection.close()
            with self._changed:
                self._open.discard(connection)
                self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log a connection that could not be served; Any as in socketserver."""
        log.warning("stow.connection_failed", peer=client_address[0], exc_info=True)

    def cut(self, limit_s: float) -> None:
        """Cut every connection and wait, bounded, for their threads."""
        with self._changed:
            for one in self._open:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    log.debug("stow.already_cut")
            self._changed.wait_for(lambda: not self._open, limit_s)

    def take(
        self, file: bytes, *, study: str | None, calling: str, peer: str, association_id: str
    ) -> Stored:
        """Store one instance and tell what became of it; outermost frame of our code, never raises.

        Parameters
        ----------
        study : str or None
            Study Instance UID that it has to have.
        """
        try:
            found = split_part10(file)
        except UnreadableInstance as cause:
            log.warning("stow.no_instance", association=association_id, reason=str(cause))
            return Stored(sop_class_uid="", sop_instance_uid="", status=_CANNOT_UNDERSTAND)
        instance = (found.sop_class_uid, found.sop_instance_uid)
        where = {"association": association_id, "sop_instance": found.sop_instance_uid}
        if study is not None and study_of(file) != study:
            log.warning("stow.other_study", **where)
            return _stored(instance, _CANNOT_UNDERSTAND)
        received = ReceivedInstance(
            sop_class_uid=found.sop_class_uid,
            sop_instance_uid=found.sop_instance_uid,
            transfer_syntax_uid=found.transfer_syntax_uid,
            dataset=found.dataset,
            calling_ae=calling,
            called_ae=self.listener.ae_title,
            peer_address=peer,
            association_id=association_id,
        )
        try:
            outcome = self.seams.store(received)
        except ArchiveError as cause:
            log.error("instance.not_stored", **where, error=cause.code, reason=str(cause))
            return _stored(instance, OUT_OF_RESOURCES)
        except Exception as cause:  # outermost frame of the handler: a bug refuses one instance
            told = {"error": type(cause).__name__, "frames": frames_of(cause)}
            log.error("instance.store_failed", **where, **told)
            return _stored(instance, PROCESSING_FAILURE)
        if outcome is StoreOutcome.CONFLICT:
            log.warning("instance.conflict", **where, kept="the first one; this one lies aside")
        unreadable = outcome is StoreOutcome.UNREADABLE
        return _stored(instance, DOES_NOT_MATCH_SOP_CLASS if unreadable else SUCCESS)


def _stored(instance: tuple[str, str], status: int) -> Stored:
    return Stored(sop_class_uid=instance[0], sop_instance_uid=instance[1], status=status)
