"""C-STORE straight over the connection of an association that we asked for, and its answer.

pynetdicom's reading thread looks every millisecond, and a message passes it in both directions.
Here the thread that sends reads the answer, too, while the other one stands aside. What is not the
answer that was waited for is given back, and pynetdicom reads it.
"""

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from pynetdicom.association import Association

from dicom_node.network.connection import PduSocket, acknowledge_now
from dicom_node.network.p_data import (
    P_DATA_TF,
    PDU_HEADER,
    UnusualMessage,
    fragments_of,
    message_pdus,
)
from dicom_node.network.store_command import (
    MOST_COMMAND_BYTES,
    StoreRequest,
    read_response,
    request_bytes,
)

_ESTABLISHED = "Sta6"  # PS3.8 9.2.2: ready for data transfer
_READ_BYTES = 4096
_AT_ONCE_BYTES = 512 * 1024  # written in one call, within the connection's time-out


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What became of a request.

    Parameters
    ----------
    sent : bool
        False where nothing of it went out; it can be sent in another way.
    status : int or None
        None where no usual answer came; whatever did come is pynetdicom's to read.
    """

    sent: bool
    status: int | None = None


class DirectExchange:
    """Exchanges of one association, whose own reactor stands still meanwhile.

    Parameters
    ----------
    association : Association
        Established, with the time-out of its connection set.
    """

    def __init__(self, association: Association) -> None:
        self._dul = dul = association.dul
        self._longest_bytes = int(association.acceptor.maximum_length or 0)
        self._alone = threading.Lock()
        self._look = dul._is_transport_event
        self._held = None if dul.socket is None else PduSocket.in_place_of(dul.socket)
        dul.socket = self._held
        # There is no other way to keep its thread from the connection.
        dul._is_transport_event = self._look_in_turn  # type: ignore[method-assign]

    def _look_in_turn(self) -> bool:
        with self._alone:
            return self._look()

    def exchange(self, request: StoreRequest, context_id: int, data_set: bytes) -> Exchanged:
        """Send a request and wait for its answer, as long as the connection's time-out allows."""
        with self._alone:
            held = self._held
            connection = None if held is None else held.socket
            if held is None or connection is None or not self._is_quiet(held):
                return Exchanged(sent=False)
            try:
                self._send(connection, request, context_id, data_set)
            except OSError:
                # In the middle of a PDU: nothing more can be said over it.
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                return Exchanged(sent=True)
            return Exchanged(sent=True, status=_status(held, connection, request.message_id))

    def _is_quiet(self, held: PduSocket) -> bool:
        """Whether nothing came that was not asked for."""
        is_open = self._dul.state_machine.current_state == _ESTABLISHED
        return is_open and self._dul.to_provider_queue.empty() and not held.ready

    def _send(
        self, connection: socket.socket, request: StoreRequest, context_id: int, data_set: bytes
    ) -> None:
        pieces = message_pdus(context_id, request_bytes(request), data_set, self._longest_bytes)
        some, size = list[bytes | memoryview](), 0
        for piece in pieces:
            some.append(piece)
            size += len(piece)
            if size >= _AT_ONCE_BYTES:
                connection.sendall(b"".join(some))
                some, size = [], 0
        connection.sendall(b"".join(some))
        # Receivers that leave Nagle's algorithm on send the first bytes of an answer and wait.
        acknowledge_now(connection)


def _status(held: PduSocket, connection: socket.socket, message_id: int) -> int | None:
    """Status of the answer to a message; whatever else comes is given back."""
    read, began_at, patience_s = bytearray(), time.monotonic(), connection.gettimeout()
    try:
        while (end := _end_of_pdu(read)) is None or len(read) < end:
            if patience_s is not None and time.monotonic() - began_at > patience_s:
                raise TimeoutError
            piece = connection.recv(_READ_BYTES)
            if not piece:
                raise UnusualMessage
            read += piece
        status = _status_in(read, end, message_id)
    except (UnusualMessage, OSError):
        held.give_back(bytes(read))
        return None
    held.give_back(bytes(read[end:]))
    return status


def _end_of_pdu(read: bytearray) -> int | None:
    """Where the first PDU ends; None where that has not come."""
    if len(read) < PDU_HEADER.size:
        return None
    kind, length = PDU_HEADER.unpack_from(read)
    if kind != P_DATA_TF or length > MOST_COMMAND_BYTES:
        raise UnusualMessage
    return PDU_HEADER.size + int(length)


def _status_in(read: bytearray, end: int, message_id: int) -> int:
    fragments = list(fragments_of(read, PDU_HEADER.size, end))
    if len(fragments) != 1 or not (fragments[0].is_command and fragments[0].is_last):
        raise UnusualMessage
    answer = read_response(bytes(read[fragments[0].start : fragments[0].end]))
    if answer is None or answer.message_id != message_id:
        raise UnusualMessage
    return answer.status
