"""A connection to the audit repository that tells when what was sent has arrived.

Syslog knows no answers: a write that succeeds says only that the kernel took the bytes. What the
other machine has acknowledged can be asked for, and that the other side has not hung up, too.
"""

import array
import fcntl
import select
import socket
import ssl
import termios
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from dicom_node.domain.audit import AuditReceiver, SyslogTransport

_LOOK_EVERY_S = 0.01
_LISTEN_S = 1.0  # a refusal of our certificate comes after the handshake (TLS 1.3)
_READ_BYTES = 4096

Secure: TypeAlias = Callable[[socket.socket], ssl.SSLSocket]
"""Puts TLS over a connection to the receiver; raises OSError where that is refused."""


class SyslogConnection:
    """One connection; raises OSError from every method where it is lost.

    Parameters
    ----------
    secure : callable or None
        For the transport TLS.
    """

    def __init__(self, receiver: AuditReceiver, secure: Secure | None) -> None:
        self._timeout_s = receiver.timeout_s
        self._stream = receiver.transport is not SyslogTransport.UDP
        address = (receiver.host, receiver.port)
        if not self._stream:
            found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(found[0], socket.SOCK_DGRAM)
            self._socket.connect(found[4])
            return
        self._socket = socket.create_connection(address, timeout=receiver.timeout_s)
        if receiver.transport is SyslogTransport.TLS:
            assert secure is not None
            try:
                self._socket = secure(self._socket)
                self._hear(_LISTEN_S)
            except OSError:
                self.close()
                raise

    def send(self, frames: Sequence[bytes]) -> None:
        """Send frames and wait until the other machine has them."""
        if self._stream:
            self._hear(0.0)
        for frame in frames:
            self._socket.sendall(frame)
        if self._stream:
            self._wait_for_acknowledgement()

    def close(self) -> None:
        """Close it."""
        self._socket.close()

    def _wait_for_acknowledgement(self) -> None:
        ends_at = time.monotonic() + self._timeout_s
        while _unacknowledged(self._socket):
            if time.monotonic() > ends_at:
                raise TimeoutError(f"not acknowledged within {self._timeout_s:g} s")
            time.sleep(_LOOK_EVERY_S)
        self._hear(0.0)

    def _hear(self, limit_s: float) -> None:
        """Take what the other side says, messages of TLS only; OSError where it hung up."""
        readable, _, _ = select.select([self._socket], [], [], limit_s)
        if not readable:
            return
        self._socket.setblocking(False)
        try:
            if not self._socket.recv(_READ_BYTES):
                raise ConnectionResetError("the receiver closed the connection")
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        finally:
            self._socket.settimeout(self._timeout_s)


def _unacknowledged(connection: socket.socket) -> int:
    """Bytes that the other machine has not acknowledged yet (SIOCOUTQ)."""
    waiting = array.array("i", [0])
    fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, waiting)
    return waiting[0]
