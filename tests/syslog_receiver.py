"""An audit repository in this process: syslog over TLS, TCP or UDP on a free port."""

import re
import socket
import ssl
import threading
import time
from typing import Self

from fake_pacs import free_port

from dicom_node.domain.peer import TlsFiles

_HEADER = re.compile(rb"<(\d+)>1 (\S+) (\S+) (\S+) (\S+) (\S+) - \xef\xbb\xbf(.*)", flags=re.DOTALL)


class SyslogReceiver:
    """Keeps what comes; a context manager, and can be stopped and started again.

    Attributes
    ----------
    messages : list of str
        MSG of each syslog message, in the order of their arrival.
    headers : list of tuple
        Priority, time, host, application, process and message id of each.
    """

    def __init__(
        self, *, tls: TlsFiles | None = None, udp: bool = False, max_version: int | None = None
    ) -> None:
        self.port = free_port()
        self.messages: list[str] = []
        self.headers: list[tuple[str, ...]] = []
        self.connections = 0
        self._udp = udp
        self._tls = None if tls is None else self._context(tls, max_version)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @staticmethod
    def _context(files: TlsFiles, max_version: int | None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.certificate, files.private_key)
        context.load_verify_locations(files.trusted)
        context.verify_mode = ssl.CERT_REQUIRED
        if max_version is not None:
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion(max_version)
            context.set_ciphers("ALL:@SECLEVEL=0")
        return context

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._stopping.clear()
        kind = socket.SOCK_DGRAM if self._udp else socket.SOCK_STREAM
        self._listening = socket.socket(socket.AF_INET, kind)
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listening.bind(("127.0.0.1", self.port))
        self._listening.settimeout(0.05)
        if not self._udp:
            self._listening.listen()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Be away."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(5)
        self._listening.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_for(self, number: int, *, limit_s: float = 20.0) -> list[str]:
        """Wait until so many messages have come."""
        end = time.monotonic() + limit_s
        while len(self.messages) < number:
            assert time.monotonic() < end, f"{len(self.messages)} of {number} have come"
            time.sleep(0.02)
        return self.messages

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._udp:
                    self._take(self._listening.recv(2**16))
                    continue
                connection, _ = self._listening.accept()
            except TimeoutError:
                continue
            self.connections += 1
            self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                connection.settimeout(5)
                if self._tls is not None:
                    connection = self._tls.wrap_socket(connection, server_side=True)
                self._read(connection)
            except OSError:
                return
            finally:
                connection.close()

    def _read(self, connection: socket.socket) -> None:
        connection.settimeout(0.05)
        data = b""
        while not self._stopping.is_set():
            try:
                came = connection.recv(2**16)
            except TimeoutError:
                continue
            if not came:
                return
            data += came
            while (found := re.match(rb"(\d+) ", data)) is not None:
                end = found.end() + int(found[1])
                if len(data) < end:
                    break
                self._take(data[found.end() : end])
                data = data[end:]

    def _take(self, message: bytes) -> None:
        found = _HEADER.fullmatch(message)
        assert found is not None, message[:80]
        *header, text = (one.decode() for one in found.groups())
        self.headers.append(tuple(header))
        self.messages.append(text)
