"""OHIF's own build and Orthanc's DICOMweb under one address of the loopback."""

import http.client
import mimetypes
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIG = Path(__file__).with_name("app-config.js")
_TYPES = {".wasm": "application/wasm", ".js": "text/javascript", ".mjs": "text/javascript"}
_HOP_BY_HOP = frozenset({"connection", "transfer-encoding", "content-length", "keep-alive"})
# Lets the page use memory that its threads share.
_ISOLATED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Pages(ThreadingHTTPServer):
    """Serves a folder, and hands DICOMweb on to Orthanc."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, dist: Path, orthanc_port: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.dist, self.orthanc_port = dist.resolve(), orthanc_port

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def running_ohif(dist: Path, orthanc_port: int) -> Iterator[str]:
    """Address of a running OHIF."""
    with Pages(dist, orthanc_port) as pages:
        thread = threading.Thread(target=pages.serve_forever, daemon=True)
        thread.start()
        try:
            yield pages.address
        finally:
            pages.shutdown()
            thread.join(10)


def plain_query(path: str) -> str:
    """The address with the escapes of its query undone.

    Orthanc 1.10 compares the arguments of QIDO without decoding them, so that OHIF's
    ``includefield=00081030%2C...`` loses the study description.
    """
    route, mark, query = path.partition("?")
    plain = urllib.parse.unquote(query)
    safe = plain.isascii() and plain.isprintable() and " " not in plain
    return route + mark + (plain if safe else query)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Pages

    def log_message(self, *_: object) -> None:
        """Nothing: what matters is seen in the browser."""

    def do_GET(self) -> None:
        route = self.path.split("?")[0]
        if route.startswith(("/dicom-web", "/wado")):
            self._hand_on()
            return
        file = self._file_of(route)
        kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]
        self._answer(200, {"Content-Type": kind or "application/octet-stream"}, file.read_bytes())

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self._hand_on()

    def _file_of(self, route: str) -> Path:
        if route == "/app-config.js":
            return CONFIG
        file = (self.server.dist / route.lstrip("/")).resolve()
        inside = self.server.dist in file.parents and file.is_file()
        return file if inside else self.server.dist / "index.html"  # OHIF routes in the browser

    def _hand_on(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        # The Host header stays as it is: Orthanc makes its addresses of bulk data from it.
        headers = {
            name: value
            for name, value in self.headers.items()
            if name.lower() not in ("connection", "accept-encoding")
        }
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.orthanc_port, timeout=120)
        try:
            upstream.request(self.command, plain_query(self.path), body, headers)
            reply = upstream.getresponse()
            kept = {k: v for k, v in reply.getheaders() if k.lower() not in _HOP_BY_HOP}
            self._answer(reply.status, kept, reply.read())
        finally:
            upstream.close()

    def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data)), **_ISOLATED}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
