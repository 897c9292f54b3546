"""P-DATA-TF PDUs as bytes (PS3.8 9.3.5 and Annex E): messages cut into them, and read from them."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

P_DATA_TF = 0x04
PDU_HEADER = struct.Struct(">BxL")  # type, reserved, length of what follows
_ITEM = struct.Struct(">LBB")  # length of what follows, presentation context, control header
_HEADERS = struct.Struct(">BxLLBB")  # of a PDU that holds one item

# Message Control Header (PS3.8 E.2)
_DATA, _COMMAND, _LAST = 0b00, 0b01, 0b10
_OVERHEAD_BYTES = 6  # of the one item of a PDU, counted in the PDU's length
_OWN_LONGEST_BYTES = 128 * 1024  # where the peer sets no limit (PS3.8 D.1: 0)


class UnusualMessage(Exception):  # no error: whoever understands everything is to read it
    """PDUs are not, in order, the command and the data set of one message in one context."""


class Fragment(NamedTuple):
    """One Presentation Data Value, where it lies in a buffer; made for every PDU."""

    context_id: int
    is_command: bool
    is_last: bool
    start: int
    end: int


def fragments_of(buffer: bytearray, start: int, end: int) -> Iterator[Fragment]:
    """Fragments of the PDU whose items lie from `start` to `end`.

    Raises
    ------
    UnusualMessage
        Where items do not fill the PDU.
    """
    while start < end:
        if end - start < _ITEM.size:
            raise UnusualMessage
        length, context_id, control = _ITEM.unpack_from(buffer, start)
        stop = start + 4 + length
        if length < 2 or stop > end or control > (_COMMAND | _LAST):
            raise UnusualMessage
        yield Fragment(
            context_id, bool(control & _COMMAND), bool(control & _LAST), start + _ITEM.size, stop
        )
        start = stop


def message_pdus(
    context_id: int, command: bytes, data_set: bytes | None, longest_bytes: int
) -> list[bytes | memoryview]:
    """A message as pieces that are to be written one after the other, without a copy of its data.

    Parameters
    ----------
    data_set : bytes or None
        None for a message without one.
    longest_bytes : int
        Most that a PDU may hold, as the peer told in the negotiation; 0 for no limit.
    """
    room = (longest_bytes or _OWN_LONGEST_BYTES) - _OVERHEAD_BYTES
    pieces = _cut(context_id, memoryview(command), room, _COMMAND)
    if data_set is not None:
        pieces += _cut(context_id, memoryview(data_set), room, _DATA)
    return pieces


def _cut(context_id: int, whole: memoryview, room: int, kind: int) -> list[bytes | memoryview]:
    pieces: list[bytes | memoryview] = []
    starts = range(0, len(whole), room) or (0,)  # an empty data set is one empty fragment
    for start in starts:
        part = whole[start : start + room]
        control = kind | (_LAST if start + room >= len(whole) else 0)
        length = len(part) + 2
        pieces.append(_HEADERS.pack(P_DATA_TF, length + 4, length, context_id, control))
        pieces.append(part)
    return pieces
