"""Command sets of C-STORE as bytes (PS3.7 9.3.1), read only where nothing about them is unusual."""

import re
import struct
from dataclasses import dataclass

_C_STORE_RQ, _C_STORE_RSP = 0x0001, 0x8001
_NO_DATA_SET = 0x0101
_PRIORITIES = frozenset({0, 1, 2})

# Command sets are Implicit VR Little Endian (PS3.7 6.3.1): tag, 4-byte length, value.
_HEADER = struct.Struct("<HHL")
_NUMBER = struct.Struct("<HHLH")
_GROUP_LENGTH = struct.Struct("<HHLL")
_UID = re.compile(rb"[0-9][0-9.]{0,63}\0?")

_KNOWN_OF_REQUEST = frozenset(
    {0x0000, 0x0002, 0x0100, 0x0110, 0x0700, 0x0800, 0x1000, 0x1030, 0x1031}
)
_KNOWN_OF_RESPONSE = frozenset(
    {0x0000, 0x0002, 0x0100, 0x0110, 0x0120, 0x0800, 0x0900, 0x0901, 0x0902, 0x1000}
)
MOST_COMMAND_BYTES = 2048  # usual ones take 100 to 250


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRequest:
    """A C-STORE-RQ that a data set follows.

    Parameters
    ----------
    message_id : int
        1 to 65535.
    """

    message_id: int
    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreResponse:
    """A C-STORE-RSP, as far as a sender needs it."""

    message_id: int
    status: int


def is_usual_uid(uid: str) -> bool:
    """Whether it is up to 64 digits and points."""
    return _UID.fullmatch(uid.encode("utf-8", "replace")) is not None and "\0" not in uid


def read_request(command: bytes) -> StoreRequest | None:
    """The request that a command set holds; None where it is not one of the most usual form.

    Usual: elements in order, each once, none unknown; UIDs of digits and points; the values that
    PS3.7 Table 9.3-1 demands.
    """
    found = _elements(command, _KNOWN_OF_REQUEST)
    if found is None or _number(found, 0x0100) != _C_STORE_RQ:
        return None
    message_id, follows = _number(found, 0x0110), _number(found, 0x0800)
    sop_class, sop_instance = found.get(0x0002, b""), found.get(0x1000, b"")
    if (
        message_id is None
        or follows in (None, _NO_DATA_SET)
        or _number(found, 0x0700) not in _PRIORITIES
        or _UID.fullmatch(sop_class) is None
        or _UID.fullmatch(sop_instance) is None
    ):
        return None
    return StoreRequest(
        message_id=message_id,
        sop_class_uid=sop_class.rstrip(b"\0").decode("ascii"),
        sop_instance_uid=sop_instance.rstrip(b"\0").decode("ascii"),
    )


def read_response(command: bytes) -> StoreResponse | None:
    """The response that a command set holds; None where it is none, or an unusual one."""
    found = _elements(command, _KNOWN_OF_RESPONSE)
    if found is None or _number(found, 0x0100) != _C_STORE_RSP:
        return None
    message_id, status = _number(found, 0x0120), _number(found, 0x0900)
    if message_id is None or status is None or _number(found, 0x0800) != _NO_DATA_SET:
        return None
    return StoreResponse(message_id=message_id, status=status)


def request_bytes(request: StoreRequest) -> bytes:
    """Command set of a request of medium priority, whose data set follows."""
    return _command_set(
        _uid(0x0002, request.sop_class_uid),
        _NUMBER.pack(0, 0x0100, 2, _C_STORE_RQ),
        _NUMBER.pack(0, 0x0110, 2, request.message_id),
        _NUMBER.pack(0, 0x0700, 2, 0),
        _NUMBER.pack(0, 0x0800, 2, 0x0001),
        _uid(0x1000, request.sop_instance_uid),
    )


def response_bytes(request: StoreRequest, status: int, comment: str = "") -> bytes:
    """Command set of the answer to a request.

    Parameters
    ----------
    comment : str
        Error Comment (0000,0902), ASCII, 64 characters at most; empty for none.
    """
    return _command_set(
        _uid(0x0002, request.sop_class_uid),
        _NUMBER.pack(0, 0x0100, 2, _C_STORE_RSP),
        _NUMBER.pack(0, 0x0120, 2, request.message_id),
        _NUMBER.pack(0, 0x0800, 2, _NO_DATA_SET),
        _NUMBER.pack(0, 0x0900, 2, status),
        _text(0x0902, comment.encode("ascii"), b" ") if comment else b"",
        _uid(0x1000, request.sop_instance_uid),
    )


def _elements(command: bytes, known: frozenset[int]) -> dict[int, bytes] | None:
    """Values by element number; None where anything but usual elements in order is found."""
    end, offset, last = len(command), 0, -1
    if end > MOST_COMMAND_BYTES:
        return None
    found: dict[int, bytes] = {}
    while offset + 8 <= end:
        group, element, length = _HEADER.unpack_from(command, offset)
        offset += 8
        if group or element <= last or element not in known or length > end - offset:
            return None
        found[element] = command[offset : offset + length]
        offset, last = offset + length, element
    return found if offset == end else None


def _number(found: dict[int, bytes], element: int) -> int | None:
    value = found.get(element, b"")
    return int.from_bytes(value, "little") if len(value) == 2 else None


def _command_set(*elements: bytes) -> bytes:
    joined = b"".join(elements)
    return _GROUP_LENGTH.pack(0, 0, 4, len(joined)) + joined


def _uid(element: int, uid: str) -> bytes:
    return _text(element, uid.encode("ascii"), b"\0")


def _text(element: int, value: bytes, padding: bytes) -> bytes:
    padded = value + padding * (len(value) % 2)
    return _HEADER.pack(0, element, len(padded)) + padded
