"""One HTTP connection: which requests are taken, from whom, and what they are answered."""

import re
import socket
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Protocol, cast

import structlog

from dicom_node.domain.errors import ConfigError
from dicom_node.domain.implementation import IMPLEMENTATION_VERSION_NAME
from dicom_node.domain.peer import ReceivedInstance, RefusedPeer, StoreOutcome
from dicom_node.domain.web import WebListener
from dicom_node.network.multipart import (
    MalformedMultipart,
    MultipartTooLarge,
    content_type_of,
    parts_of,
)
from dicom_node.network.stow_answer import Stored, answer_to
from dicom_node.network.web_access import (
    claimed_name,
    may_ask_from,
    named_by,
    read_credentials,
)
from dicom_node.network.web_body import Body, BodyTooLarge, MalformedBody

log = structlog.get_logger(__name__)

_PATH = re.compile(r"/studies(?:/([0-9.]{1,64}))?/?", re.ASCII)
_HEAD_LIMIT_S = 15.0  # for the head of a request, and between two of them
_RETRY_AFTER_S = 30
_LONGEST_BOUNDARY = 256  # RFC 2046 allows 70; Orthanc takes more
_NOBODY = "STOWRS"  # stands for the calling AE title where nobody needs a name


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSeams:
    """What a request does; see `StorageScp`, whose functions they are, too.

    Parameters
    ----------
    refused : callable
        Told of who may not have a connection.
    not_authenticated : callable
        Told of who shows no secret, or a wrong one.
    """

    store: Callable[[ReceivedInstance], StoreOutcome]
    ended: Callable[[str], None]
    full: Callable[[], bool]
    refused: Callable[[RefusedPeer], None]
    not_authenticated: Callable[[RefusedPeer], None]


class Serving(Protocol):
    """The server of a connection, as far as the connection needs it."""

    listener: WebListener
    seams: WebSeams

    def take(
        self, file: bytes, *, study: str | None, calling: str, peer: str, association_id: str
    ) -> Stored:
        """Store one instance and tell what became of it; never raises."""
        ...


class _Refused(Exception):
    """A request that is not taken, with its status and what is told of it."""

    def __init__(self, status: int, told: str, **headers: str) -> None:
        super().__init__(told)
        self.status, self.told, self.headers = status, told, headers


class StowHandler(BaseHTTPRequestHandler):
    """Answers POST to `/studies` and `/studies/{study}`; every other request is refused."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = IMPLEMENTATION_VERSION_NAME, ""

    def setup(self) -> None:
        """Let no read wait for ever."""
        self._server = cast("Serving", self.server)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request.settimeout(self._server.listener.idle_timeout_s)
        super().setup()

    def handle_one_request(self) -> None:
        """Serve one request, whose head must come soon: a slow one would hold its place."""
        self._head_timer = threading.Timer(_HEAD_LIMIT_S, self._cut)
        self._head_timer.daemon = True
        self._head_timer.start()
        try:
            super().handle_one_request()
        except OSError as cause:
            log.info("stow.connection_lost", peer=self.client_address[0], cause=str(cause))
            self.close_connection = True
        finally:
            self._head_timer.cancel()

    def do_POST(self) -> None:
        """Take the instances of a request."""
        self._head_timer.cancel()
        began_at, association_id = time.monotonic(), uuid.uuid4().hex
        try:
            calling, study = self._admitted()
            stored = self._take_all(calling, study, association_id)
        except _Refused as refusal:
            self._refuse(refusal)
            return
        except (MalformedMultipart, MalformedBody) as cause:
            self._refuse(_Refused(400, str(cause)))
            return
        except (MultipartTooLarge, BodyTooLarge) as cause:
            self._refuse(_Refused(413, str(cause)))
            return
        finally:
            self._server.seams.ended(association_id)
        status, content = answer_to(stored)
        log.info(
            "stow.answered",
            association=association_id,
            calling_ae=calling,
            peer=self.client_address[0],
            status=status,
            instances=len(stored),
            seconds=round(time.monotonic() - began_at, 3),
        )
        more = {"Retry-After": str(_RETRY_AFTER_S)} if status == 503 else {}
        self._answer(status, content, "application/dicom+json", more)

    def _no_such(self) -> None:
        self._head_timer.cancel()
        known = _PATH.fullmatch(self.path.partition("?")[0]) is not None
        self._refuse(_Refused(405, "only POST", Allow="POST") if known else _unknown())

    # Names of the standard library.
    do_GET = do_HEAD = do_PUT = _no_such  # noqa: N815
    do_DELETE = do_OPTIONS = do_PATCH = _no_such  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what the standard library tells may hold what a stranger sent."""

    def _admitted(self) -> tuple[str, str | None]:
        """Who asks, and the study that is asked for; _Refused where that is not taken."""
        found = _PATH.fullmatch(self.path.partition("?")[0])
        calling = self._who()
        if found is None:
            raise _unknown()
        if self._server.seams.full():
            raise _Refused(503, "no room", **{"Retry-After": str(_RETRY_AFTER_S)})
        return calling, found[1]

    def _who(self) -> str:
        listener, seams = self._server.listener, self._server.seams
        address = str(self.client_address[0])
        if not may_ask_from(address, listener.addresses):
            seams.refused(RefusedPeer(address=address, cause="address is not among web.addresses"))
            raise _Refused(403, "not from this address")
        if listener.credentials_file is None:
            return _NOBODY
        shown = self.headers.get("Authorization", "")
        try:
            name = named_by(shown, read_credentials(listener.credentials_file))
        except ConfigError as failure:  # files are replaced by people, and are whole again later
            log.error("stow.no_credentials", cause=str(failure))
            raise _Refused(503, "not available") from failure
        if name is None:
            cause = "wrong name or secret" if shown else "no name and secret"
            claimed = claimed_name(shown)
            seams.not_authenticated(
                RefusedPeer(address=address, calling_ae=claimed, cause=f"STOW-RS: {cause}")
            )
            raise _Refused(401, cause, **{"WWW-Authenticate": 'Basic realm="STOW-RS"'})
        return name

    def _take_all(self, calling: str, study: str | None, association_id: str) -> list[Stored]:
        listener = self._server.listener
        kind, parameters = content_type_of(self.headers.get("Content-Type", ""))
        boundary = parameters.get("boundary", "")
        wanted = parameters.get("type", "application/dicom").lower()
        if kind != "multipart/related" or wanted != "application/dicom":
            raise _Refused(415, "only multipart/related of application/dicom")
        if not 1 <= len(boundary) <= _LONGEST_BOUNDARY:
            raise MalformedMultipart(f"a boundary of 1 to {_LONGEST_BOUNDARY} characters is needed")
        body = self._body()
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        stored: list[Stored] = []
        most = {"most_parts": listener.max_instances, "most_bytes": listener.max_request_bytes}
        for part_type, file in parts_of(body.read, boundary, **most):
            if content_type_of(part_type)[0] not in ("", "text/plain", "application/dicom"):
                raise _Refused(415, "only parts of application/dicom")
            peer = str(self.client_address[0])
            one = self._server.take(
                file, study=study, calling=calling, peer=peer, association_id=association_id
            )
            stored.append(one)
        if not stored:
            raise MalformedMultipart("a request without instances")
        while body.read(1 << 16):
            pass  # an epilogue
        return stored

    def _body(self) -> Body:
        most = self._server.listener.max_request_bytes
        stream = self.rfile
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return Body(stream, None, most_bytes=most)
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            raise _Refused(411, "a length is needed")
        return Body(stream, int(length), most_bytes=most)

    def handle_expect_100(self) -> bool:
        """Say nothing yet: who may not ask is not to send its data."""
        return True

    def _refuse(self, refusal: _Refused) -> None:
        """Answer a request that is not taken, and hang up: the rest of it is not read."""
        log.warning(
            "stow.refused",
            peer=self.client_address[0],
            status=refusal.status,
            cause=refusal.told,
        )
        self.close_connection = True
        headers = {**refusal.headers, "Connection": "close"}
        self._answer(refusal.status, refusal.told.encode(), "text/plain", headers)

    def _answer(self, status: int, content: bytes, kind: str, headers: dict[str, str]) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    def _cut(self) -> None:
        with suppress(OSError):
            self.request.shutdown(socket.SHUT_RDWR)


def _unknown() -> _Refused:
    return _Refused(404, "only /studies and /studies/{study}")
