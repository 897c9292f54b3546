"""The buffer of the fast path: whole messages however they arrive, and the unusual untouched."""

import random
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import pytest
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu import P_DATA_TF

from dicom_node.network.message_buffer import MessageBuffer, StorageContext, StoreMessage
from dicom_node.network.p_data import UnusualMessage, message_pdus
from dicom_node.network.store_command import StoreRequest, request_bytes

PET, EXPLICIT = "1.2.840.10008.5.1.4.1.1.128", "1.2.840.10008.1.2.1"
CONTEXTS = {1: StorageContext(PET, EXPLICIT), 5: StorageContext(PET, "1.2.840.10008.1.2")}


def message(number: int, data_set: bytes = b"data", context_id: int = 1) -> StoreMessage:
    request = StoreRequest(message_id=number, sop_class_uid=PET, sop_instance_uid=f"1.2.{number}")
    syntax = CONTEXTS[context_id].transfer_syntax_uid if context_id in CONTEXTS else ""
    return StoreMessage(context_id, syntax, request, data_set)


def pdus(*messages: StoreMessage, longest_bytes: int = 16384) -> bytes:
    return b"".join(
        piece
        for one in messages
        for piece in message_pdus(
            one.context_id, request_bytes(one.request), one.data_set, longest_bytes
        )
    )


def read(buffer: MessageBuffer, pieces: Iterable[bytes]) -> list[StoreMessage]:
    """Messages of what comes in pieces, as a connection gives them."""
    found = []
    for piece in pieces:
        at = 0
        while at < len(piece):
            with buffer.free() as room:
                count = min(len(room), len(piece) - at)
                room[:count] = piece[at : at + count]
            buffer.received(count)
            at += count
            while (one := buffer.next_message()) is not None:
                found.append(one)
    return found


def cut(content: bytes, sizes: Iterable[int]) -> Iterable[bytes]:
    start = 0
    for size in sizes:
        if start >= len(content):
            return
        yield content[start : start + size]
        start += size
    yield content[start:]


@pytest.mark.parametrize("longest_bytes", [64, 200, 16384, 131072])
def test_messages_are_the_same_however_they_are_cut(longest_bytes: int) -> None:
    chance = random.Random(4)
    sent = [message(number, chance.randbytes(size)) for number, size in enumerate((0, 1, 900), 1)]
    sent += [message(4, chance.randbytes(70_000), context_id=5)]
    stream = pdus(*sent, longest_bytes=longest_bytes)
    assert read(MessageBuffer(CONTEXTS), [stream]) == sent
    for most in (1, 7, 5000):
        sizes = (chance.randrange(1, most + 1) for _ in range(len(stream)))
        assert read(MessageBuffer(CONTEXTS), cut(stream, sizes)) == sent


def test_a_message_longer_than_the_buffer_makes_it_grow_and_shrink_again() -> None:
    buffer = MessageBuffer(CONTEXTS)
    large = message(1, bytes(range(256)) * 20_000)
    usual = len(buffer.free())
    assert read(buffer, [pdus(large, longest_bytes=131072)]) == [large]
    assert len(buffer.free()) == usual
    assert read(buffer, [pdus(message(2))]) == [message(2)]


def test_a_message_beyond_the_limit_is_given_back_from_its_beginning() -> None:
    buffer = MessageBuffer(CONTEXTS, most_bytes=1_000_000)
    stream = pdus(message(2, b"x" * 2_000_000), longest_bytes=131072)
    first = pdus(message(1))
    assert read(buffer, [first]) == [message(1)]
    with pytest.raises(UnusualMessage):
        read(buffer, cut(stream, [4096] * 1000))
    unread = buffer.unread()
    assert len(unread) > 500_000
    assert stream.startswith(unread)


COMMAND = request_bytes(message(1).request)


def pdv(control: int, content: bytes, context_id: int = 1) -> bytes:
    return (len(content) + 2).to_bytes(4, "big") + bytes((context_id, control)) + content


def pdu(*items: bytes, kind: int = 4) -> bytes:
    content = b"".join(items)
    return bytes((kind, 0)) + len(content).to_bytes(4, "big") + content


USUAL = {
    "all in one PDU": pdu(pdv(3, COMMAND), pdv(2, b"data")),
    "a command in parts": pdu(pdv(1, COMMAND[:9])) + pdu(pdv(3, COMMAND[9:]), pdv(2, b"data")),
    "an empty command part": pdu(pdv(1, b""), pdv(3, COMMAND)) + pdu(pdv(2, b"data")),
    "data in parts": pdu(pdv(3, COMMAND)) + pdu(pdv(0, b"da"), pdv(0, b""), pdv(2, b"ta")),
    "an empty last part": pdu(pdv(3, COMMAND)) + pdu(pdv(0, b"data")) + pdu(pdv(2, b"")),
}


@pytest.mark.parametrize("stream", USUAL.values(), ids=USUAL)
def test_every_way_to_cut_a_message_is_read(stream: bytes) -> None:
    assert read(MessageBuffer(CONTEXTS), [stream]) == [message(1)]


OTHER_CLASS = request_bytes(
    StoreRequest(message_id=1, sop_class_uid="1.2.840.10008.1.1", sop_instance_uid="1.2")
)
ODD = {
    "a release": pdu(b"\0" * 4, kind=5),
    "an abort": pdu(b"\0" * 4, kind=7),
    "rubbish": b"GET / HTTP/1.1\r\n",
    "an empty PDU": pdu(),
    "a PDU longer than agreed": b"\x04\0" + (131073).to_bytes(4, "big"),
    "data first": pdu(pdv(2, b"data")),
    "two commands": pdu(pdv(3, COMMAND), pdv(3, COMMAND)),
    "another context": pdu(pdv(3, COMMAND)) + pdu(pdv(2, b"data", context_id=5)),
    "a context that was not accepted": pdu(pdv(3, COMMAND, context_id=3)),
    "another class than agreed": pdu(pdv(3, OTHER_CLASS)),
    "an unknown command": pdu(pdv(3, COMMAND[:-1])),
    "an endless command": b"".join(pdu(pdv(1, b"\0" * 1000)) for _ in range(3)),
    "a reserved bit": pdu(pdv(7, COMMAND)),
    "an item without a control header": pdu((1).to_bytes(4, "big") + b"\x01"),
    "an item longer than its PDU": pdu((99).to_bytes(4, "big") + b"\x01\x03"),
    "a rest after the last item": pdu(pdv(3, COMMAND), b"\0\0"),
    "something after the data": pdu(pdv(3, COMMAND), pdv(2, b"data"), pdv(3, COMMAND)),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_what_is_odd_is_given_back_whole_and_what_came_before_is_taken(odd: bytes) -> None:
    buffer = MessageBuffer(CONTEXTS)
    assert read(buffer, [pdus(message(3))]) == [message(3)]
    with pytest.raises(UnusualMessage):
        read(buffer, [odd])
    assert buffer.unread() == odd


def by_pynetdicom(stream: bytes) -> list[StoreMessage]:
    """The C-STORE requests of a stream up to its first error, as the stock path reads them."""
    found: list[StoreMessage] = []
    message, rest = DIMSEMessage(), stream
    while len(rest) >= 6 and rest[0] == 4:
        end = 6 + int.from_bytes(rest[2:6], "big")
        if len(rest) < end:
            break
        try:
            decoded = P_DATA_TF()
            decoded.decode(rest[:end])
            if message.decode_msg(decoded.to_primitive()):
                found.append(_request_of(message))
                message = DIMSEMessage()
        except Exception:  # whatever it raises, the association ends there
            break
        rest = rest[end:]
    return found


def _request_of(read_message: Any) -> StoreMessage:
    primitive, context_id = read_message.message_to_primitive(), read_message.context_id
    assert isinstance(primitive, C_STORE)
    assert primitive.is_valid_request
    assert primitive.DataSet is not None
    request = StoreRequest(
        message_id=primitive.MessageID or 0,
        sop_class_uid=str(primitive.AffectedSOPClassUID),
        sop_instance_uid=str(primitive.AffectedSOPInstanceUID),
    )
    syntax = CONTEXTS[context_id].transfer_syntax_uid
    return StoreMessage(context_id, syntax, request, primitive.DataSet.getvalue())


@pytest.mark.filterwarnings("ignore")  # pynetdicom's, of odd UIDs
def test_mutated_messages_are_read_as_pynetdicom_does_or_given_back() -> None:
    chance = random.Random(5)
    stream = pdus(message(1), message(2, b"x" * 300), message(3, context_id=5), longest_bytes=100)
    taken = Counter[int]()
    for _ in range(500):
        made, at = bytearray(stream), chance.randrange(len(stream))
        made[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(3))
        found, buffer = list[StoreMessage](), MessageBuffer(CONTEXTS)
        with buffer.free() as room:
            room[: len(made)] = made
        buffer.received(len(made))
        with suppress(UnusualMessage):
            while (one := buffer.next_message()) is not None:
                found.append(one)
        assert made.endswith(buffer.unread())
        expected = by_pynetdicom(bytes(made))
        assert found == expected[: len(found)]
        assert by_pynetdicom(bytes(made[: len(made) - len(buffer.unread())])) == found
        taken[len(found)] += 1
    assert set(taken) == {0, 1, 2, 3}
