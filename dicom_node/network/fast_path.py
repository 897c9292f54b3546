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

import structlog

from dicom_node.network.connection import acknowledge_now, receive_now, send_now
from dicom_node.network.message_buffer import MessageBuffer, StoreMessage
from dicom_node.network.p_data import UnusualMessage
from dicom_node.network.wakeful import Doorbell

log = structlog.get_logger(__name__)

# How long nothing may come before pynetdicom's loop looks at its other duties.
_LINGER_S = 0.05


class FastPath:
    """Serves the C-STORE requests of one association, in the thread that reads its connection.

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
    serve : callable
        Stores a message and gives the PDU that answers it; None where nobody is to be answered.
    """

    def __init__(
        self,
        connection: socket.socket,
        buffer: MessageBuffer,
        *,
        bell: Doorbell,
        interrupted: Callable[[], bool],
        alive: Callable[[], None],
        serve: Callable[[StoreMessage], bytes | None],
    ) -> None:
        self._connection, self._buffer, self._bell = connection, buffer, bell
        self._interrupted, self._alive, self._serve = interrupted, alive, serve
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
                answered = self._serve(message)
                if answered is not None:
                    send_now(self._connection, answered)
                self._alive()
            elif not self._comes_more():
                return
            else:
                self._read()
            if self._interrupted():
                return

    def unread(self) -> bytes:
        """What has come and was not served."""
        return self._buffer.unread()

    def _comes_more(self) -> bool:
        if isinstance(self._connection, ssl.SSLSocket) and self._connection.pending():
            return True
        return self._bell.wait(self._connection, _LINGER_S)

    def _read(self) -> None:
        now, pdu = time.monotonic(), self._buffer.pdus
        if pdu != self._pdu or not self._buffer.is_within_pdu:
            self._pdu, self._pdu_began_at = pdu, now
        with self._buffer.free() as room:
            count = receive_now(self._connection, room)
        if not count:
            raise UnusualMessage
        self._buffer.received(count)
        acknowledge_now(self._connection)
        patience_s = self._connection.gettimeout()
        if patience_s is not None and now - self._pdu_began_at > patience_s:
            raise TimeoutError(f"a PDU within {patience_s} s")
        self._alive()
