"""Reads C-STORE messages out of one buffer that a connection is received into; no socket here."""

from collections.abc import Mapping
from dataclasses import dataclass

from dicom_node.network.connection import MAXIMUM_PDU_BYTES
from dicom_node.network.p_data import (
    P_DATA_TF,
    PDU_HEADER,
    Fragment,
    UnusualMessage,
    fragments_of,
)
from dicom_node.network.store_command import MOST_COMMAND_BYTES, StoreRequest, read_request

# Four PDUs of the longest kind; a message that needs more gets more until it was read.
_USUAL_BYTES = 4 * (MAXIMUM_PDU_BYTES + PDU_HEADER.size)
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StorageContext:
    """An accepted presentation context of a storage SOP class."""

    sop_class_uid: str
    transfer_syntax_uid: str


@dataclass(frozen=True, slots=True)
class StoreMessage:
    """One C-STORE request with its data set, exactly as it came."""

    context_id: int
    transfer_syntax_uid: str
    request: StoreRequest
    data_set: bytes


class MessageBuffer:
    """What has come over a connection and was not taken yet.

    Parameters
    ----------
    contexts : mapping
        By presentation context id.
    most_bytes : int
        Of one message; a longer one is unusual.

    Attributes
    ----------
    pdus : int
        How many were read so far.

    Notes
    -----
    A message is taken only where it is whole and of the usual form: command fragments, then data
    fragments, all in one context, nothing after the last one in its PDU. Until then every byte of
    it is kept, so that it can be handed to somebody else from its beginning (`unread`).
    """

    def __init__(
        self, contexts: Mapping[int, StorageContext], *, most_bytes: int = _MOST_BYTES
    ) -> None:
        self._contexts, self._most_bytes = contexts, most_bytes
        self._bytes = bytearray(_USUAL_BYTES)
        self._message = self._pdu = self._end = 0  # where these begin, and where nothing is yet
        self.pdus = 0
        # Of the message that is being received
        self._context_id: int | None = None
        self._request: StoreRequest | None = None
        self._command = b""
        self._data: list[tuple[int, int]] = []

    @property
    def is_within_pdu(self) -> bool:
        """Whether the beginning of a PDU has come and its end has not."""
        return self._end > self._pdu

    @property
    def is_begun(self) -> bool:
        """Whether something of a message that was not taken has come."""
        return self._end > self._message

    def free(self) -> memoryview:
        """Room for what comes next, never empty; to be released before it is used again.

        Raises
        ------
        UnusualMessage
            Where the message is longer than allowed.
        """
        if len(self._bytes) - self._pdu < self._wanted():
            self._make_room(self._wanted())
        return memoryview(self._bytes)[self._end :]

    def received(self, count: int) -> None:
        """So many bytes were put into what `free` gave."""
        self._end += count

    def unread(self) -> bytes:
        """Everything from the beginning of the message that was not taken."""
        return bytes(self._bytes[self._message : self._end])

    def next_message(self) -> StoreMessage | None:
        """The next message; None where its end has not come.

        Raises
        ------
        UnusualMessage
            Where what has come is anything else than such a message.
        """
        while self._end - self._pdu >= PDU_HEADER.size:
            kind, length = PDU_HEADER.unpack_from(self._bytes, self._pdu)
            if kind != P_DATA_TF or not 0 < length <= MAXIMUM_PDU_BYTES:
                raise UnusualMessage
            start = self._pdu + PDU_HEADER.size
            if start + length > self._end:
                return None
            whole = self._add(start, start + length)
            self._pdu = start + length
            self.pdus += 1
            if whole:
                return self._take()
        return None

    def _wanted(self) -> int:
        """Bytes of the PDU that comes, as far as is known, and one more for what follows."""
        if self._end - self._pdu < PDU_HEADER.size:
            return PDU_HEADER.size + 1
        return PDU_HEADER.size + int(PDU_HEADER.unpack_from(self._bytes, self._pdu)[1]) + 1

    def _make_room(self, wanted: int) -> None:
        """Move the message to the front, of a larger buffer where this one is too small."""
        shift, needed = self._message, self._pdu - self._message + wanted
        if needed > self._most_bytes:
            raise UnusualMessage
        roomy = len(self._bytes)
        while roomy < needed:
            roomy *= 2
        fresh = bytearray(roomy)
        fresh[: self._end - shift] = memoryview(self._bytes)[shift : self._end]
        self._bytes = fresh
        self._message, self._pdu, self._end = 0, self._pdu - shift, self._end - shift
        self._data = [(start - shift, end - shift) for start, end in self._data]

    def _add(self, start: int, end: int) -> bool:
        """Take the fragments of one PDU; whether the message is whole with them."""
        for fragment in fragments_of(self._bytes, start, end):
            if fragment.context_id != (self._context_id or fragment.context_id):
                raise UnusualMessage
            self._context_id = fragment.context_id
            if fragment.is_command:
                self._add_command(fragment)
                continue
            if self._request is None:
                raise UnusualMessage
            self._data.append((fragment.start, fragment.end))
            if fragment.is_last:
                if fragment.end != end:
                    raise UnusualMessage
                return True
        return False

    def _add_command(self, fragment: Fragment) -> None:
        if self._request is not None:
            raise UnusualMessage
        self._command += self._bytes[fragment.start : fragment.end]
        if not fragment.is_last:
            if len(self._command) > MOST_COMMAND_BYTES:
                raise UnusualMessage
            return
        self._request = read_request(self._command)
        context = self._contexts.get(fragment.context_id)
        if (
            self._request is None
            or context is None
            or self._request.sop_class_uid != context.sop_class_uid
        ):
            raise UnusualMessage

    def _take(self) -> StoreMessage:
        assert self._request is not None
        assert self._context_id is not None
        with memoryview(self._bytes) as view:
            data_set = b"".join([view[start:end] for start, end in self._data])
        message = StoreMessage(
            self._context_id,
            self._contexts[self._context_id].transfer_syntax_uid,
            self._request,
            data_set,
        )
        self._message = self._pdu
        if self._message == self._end:
            self._message = self._pdu = self._end = 0
            if len(self._bytes) > _USUAL_BYTES:
                self._bytes = bytearray(_USUAL_BYTES)
        self._forget()
        return message

    def _forget(self) -> None:
        """Begin with a new message."""
        self._context_id = self._request = None
        self._command, self._data = b"", []
