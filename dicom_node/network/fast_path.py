"""C-STORE straight from the connection; everything unusual is left to pynetdicom, byte for byte.

pynetdicom negotiates, then its reading thread comes here. As long as nothing but whole C-STORE
requests of the usual form arrive, they are read, stored and answered in that thread. Whatever else
comes (another command, a release, an abort, an odd PDU, the end of the connection) is handed back
from the beginning of its message, and the association stays with pynetdicom until its end: so there
is one judge of the unusual, and never two threads that answer in turn.
"""

import socket
import ssl
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from dicom_node.network.connection import acknowledge_now, receive_now, send_some
from dicom_node.network.message_buffer import MessageBuffer, StoreMessage
from dicom_node.network.p_data import UnusualMessage
from dicom_node.network.wakeful import Doorbell

log = structlog.get_logger(__name__)

# How long nothing may come before pynetdicom's loop looks at its other duties.
_LINGER_S = 0.05


class Client(Protocol):
    """Who asks: an association that may end at any moment."""

    def begin_serving(self) -> bool:
        """Whether it is to be served; if so, it does not end before `end_serving`."""

    def end_serving(self) -> bool:
        """Whether the answer is to be sent."""

    def serve(self, message: StoreMessage) -> bytes | None:
        """Store a message and give the PDU that answers it; None where nobody is to be answered."""


class FastPath:
    """Serves the C-STORE requests of one association, in the thread that reads its connection.

    Or in a thread that serves several (`network/fast_loop.py`), while the one that reads waits.

    Parameters
    ----------
    connection : socket
        With its time-out set; a PDU may take that long to arrive.
    bell : Doorbell
        Rung when the thread has other duties.
    interrupted : callable
        Whether it has.
    alive : callable
        Called when something has come.
    client : Client
        The association.

    Attributes
    ----------
    came : int
        Grows whenever something came or was answered.
    is_lent : bool
        Whether another thread serves it; that thread's, as are `descriptor` and `failure`.
    failure : Exception or None
        Why that thread does no more.
    unsent : bytes
        What is left of an answer that the sender does not take.
    """

    def __init__(
        self,
        connection: socket.socket,
        buffer: MessageBuffer,
        *,
        bell: Doorbell,
        interrupted: Callable[[], bool],
        alive: Callable[[], None],
        client: Client,
    ) -> None:
        self.connection, self._buffer, self.bell = connection, buffer, bell
        self.interrupted, self._alive, self.client = interrupted, alive, client
        self.came, self.is_lent, self.descriptor = 0, False, -1
        self.failure: Exception | None = None
        self.unsent = b""
        self._pdu, self._pdu_began_at = 0, 0.0  # the one that is being received

    def run(self) -> None:
        """Serve until nothing has come for a moment or there are other duties.

        Raises
        ------
        UnusualMessage
            Where the rest is for pynetdicom; see `unread`.
        TimeoutError
            Where the bytes of a PDU do not arrive within the connection's time-out.
        OSError
            Where the connection is broken.
        """
        while True:
            message = self._buffer.next_message()
            if message is not None:
                self.answer(self.client.serve(message) or b"")
                self._send_rest()
            elif not self._comes_more():
                return
            else:
                self._read()
            if self.interrupted():
                return

    def next_message(self, *, read: bool) -> StoreMessage | None:
        """The next message if it is whole, without waiting; raises as `run` does.

        Parameters
        ----------
        read : bool
            Whether there is something to read.
        """
        if read:
            self._read()
        return self._buffer.next_message()

    def answer(self, pdus: bytes) -> None:
        """Send what can be sent without waiting, and keep the rest; raises OSError."""
        if pdus:
            self.unsent = pdus[send_some(self.connection, pdus) :]
        self.came += 1
        self._alive()

    def went_back(self) -> bool:
        """It is served by its own thread again; whether an answer had to be waited for.

        Raises as `run` does, for what the other thread met.
        """
        self._alive()
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        return self._send_rest()

    @property
    def has_unread(self) -> bool:
        """Whether more has come than was served."""
        return self._buffer.is_begun

    def unread(self) -> bytes:
        """What has come and was not served."""
        return self._buffer.unread()

    def _comes_more(self) -> bool:
        if isinstance(self.connection, ssl.SSLSocket) and self.connection.pending():
            return True
        return self.bell.wait(self.connection, _LINGER_S)

    def _send_rest(self) -> bool:
        unsent, self.unsent = self.unsent, b""
        if unsent:
            self.connection.sendall(unsent)
        return bool(unsent)

    def _read(self) -> None:
        now, pdu = time.monotonic(), self._buffer.pdus
        if pdu != self._pdu or not self._buffer.is_within_pdu:
            self._pdu, self._pdu_began_at = pdu, now
        with self._buffer.free() as room:
            try:
                count = receive_now(self.connection, room)
            except BlockingIOError:  # nothing has come after all (poll(2), BUGS)
                return
        if not count:
            raise UnusualMessage
        self.came += 1
        self._buffer.received(count)
        acknowledge_now(self.connection)
        patience_s = self.connection.gettimeout()
        if patience_s is not None and now - self._pdu_began_at > patience_s:
            raise TimeoutError(f"a PDU within {patience_s} s")
        self._alive()
