"""One TCP connection: no waiting for small packets, no waiting without end, whole PDUs at once."""

import os
import socket
import ssl
import time
from contextlib import suppress
from typing import Self

from pynetdicom.ae import ApplicationEntity
from pynetdicom.transport import AssociationSocket

from dicom_node.domain.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

# 128 KiB was the best size in measurements of reception; larger ones gain nothing.
MAXIMUM_PDU_BYTES = 128 * 1024

# No PDU that we agreed to is longer: a P-DATA-TF keeps to our maximum, and the longest request for
# an association (128 contexts with every transfer syntax there is) takes 250 kB.
_LONGEST_READ_BYTES = 1024 * 1024

# Absent outside Linux; Nagle on the sender's side then meets delayed acknowledgements.
_TCP_QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)


def application_entity(ae_title: str) -> ApplicationEntity:
    """Application entity that names this software on the wire, not the library beneath it."""
    entity = ApplicationEntity(ae_title)
    entity.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    return entity


def set_options(connection: socket.socket, timeout_s: float) -> None:
    """Set what pynetdicom leaves unset: packets go out at once, and no call waits without end."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(timeout_s)
    acknowledge_now(connection)


class PduSocket(AssociationSocket):
    """Reads a PDU in large pieces, acknowledges each at once, and never waits for ever.

    Senders that leave Nagle's algorithm on (DCMTK as Debian builds it) hold back the rest of a
    message until what they sent is acknowledged, which Linux delays by 40 ms: 11 images/s. The
    option is not sticky, so it is set again after every read.
    """

    _given_back = b""

    @classmethod
    def in_place_of(cls, held: AssociationSocket) -> Self:
        """The same connection, read in this way from now on."""
        made = cls.__new__(cls)
        made.__dict__.update(held.__dict__)
        return made

    def give_back(self, content: bytes) -> None:
        """Bytes that came and are to be read again, before all others."""
        self._given_back = content + self._given_back

    @property
    def ready(self) -> bool:
        """Whether there is something to read."""
        return bool(self._given_back) or super().ready

    def recv(self, nr_bytes: int) -> bytearray:
        """Exactly `nr_bytes`, or fewer where the peer closed the connection.

        Raises
        ------
        OSError
            Where the peer announces more than any PDU of ours may have.
        TimeoutError
            Where the bytes do not arrive within the socket's time-out.
        """
        if nr_bytes > _LONGEST_READ_BYTES:
            raise OSError(f"a PDU of {nr_bytes} bytes; at most {_LONGEST_READ_BYTES} are allowed")
        connection = self.socket
        if connection is None:
            return bytearray()
        read = bytearray(nr_bytes)
        view = memoryview(read)
        have, started, patience = self._take_back(view), time.monotonic(), connection.gettimeout()
        while have < nr_bytes:
            got = connection.recv_into(view[have:])
            if not got:
                break
            have += got
            acknowledge_now(connection)
            if patience is not None and time.monotonic() - started > patience:
                raise TimeoutError(f"{have} of {nr_bytes} bytes within {patience} s")
        view.release()
        del read[have:]
        return read

    def _take_back(self, into: memoryview) -> int:
        """Put what was given back where it is read again; number of bytes."""
        count = min(len(into), len(self._given_back))
        into[:count] = self._given_back[:count]
        self._given_back = self._given_back[count:]
        return count


def receive_now(connection: socket.socket, room: memoryview) -> int:
    """Number of bytes put into `room`; 0 at the end of the connection.

    `recv_into` would first ask whether there are any, as the connection has a time-out. With TLS
    it may wait that long.

    Raises
    ------
    BlockingIOError
        Where nothing has come.
    """
    if isinstance(connection, ssl.SSLSocket):
        return connection.recv_into(room)
    return os.readv(connection.fileno(), (room,))


def send_some(connection: socket.socket, content: bytes) -> int:
    """Number of bytes that were sent without waiting; none with TLS."""
    if not isinstance(connection, ssl.SSLSocket):
        with suppress(BlockingIOError):
            return os.write(connection.fileno(), content)
    return 0


def acknowledge_now(connection: socket.socket) -> None:
    """Acknowledge what has come and what comes next without delay; undone by the next packet."""
    if _TCP_QUICKACK is not None:
        connection.setsockopt(socket.IPPROTO_TCP, _TCP_QUICKACK, 1)
