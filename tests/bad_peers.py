"""Peers that stall, cut, trickle, lie and send bombs, each in a thread until it is told to stop."""

import random
import socket
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO

from mutants import mutate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
)
from pynetdicom import AE
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu import A_ASSOCIATE_RQ, P_DATA_TF
from pynetdicom.pdu_primitives import (
    A_ASSOCIATE,
    ImplementationClassUIDNotification,
    MaximumLengthNotification,
)
from pynetdicom.presentation import build_context

_PET = PositronEmissionTomographyImageStorage
_PDU_BYTES = 16384
_TRICKLE_S = 0.3  # between two bytes
_PAUSE_S = 3.0  # between two attempts: peers that lie are not a flood of new connections
_ABORT_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: a reset instead of an orderly end

BadPeer = Callable[[int, threading.Event, random.Random], None]


def request(*, called: str = "DICOM_NODE", calling: str = "BAD_PEER") -> bytes:
    """A sound A-ASSOCIATE-RQ: context 1 for PET, context 3 for deflated PET."""
    asked = A_ASSOCIATE()
    asked.application_context_name = "1.2.840.10008.3.1.1.1"
    asked.calling_ae_title, asked.called_ae_title = calling, called
    contexts = [
        build_context(_PET, ExplicitVRLittleEndian),
        build_context(_PET, DeflatedExplicitVRLittleEndian),
    ]
    for number, context in enumerate(contexts):
        context.context_id = 2 * number + 1
    asked.presentation_context_definition_list = contexts
    length, implementation = MaximumLengthNotification(), ImplementationClassUIDNotification()
    length.maximum_length_received = _PDU_BYTES
    implementation.implementation_class_uid = AE().implementation_class_uid
    asked.user_information = [length, implementation]
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(asked)
    return bytes(pdu.encode())


def c_store(data_set: bytes, *, uid: str, context: int = 1) -> bytes:
    """The PDUs of a C-STORE request."""
    asked = C_STORE()
    asked.MessageID, asked.Priority = 1, 0
    asked.AffectedSOPClassUID, asked.AffectedSOPInstanceUID = _PET, uid
    asked.DataSet = BytesIO(data_set)
    message = C_STORE_RQ()
    message.primitive_to_message(asked)
    pdus = []
    for part in message.encode_msg(context, _PDU_BYTES):
        pdu = P_DATA_TF()
        pdu.from_primitive(part)
        pdus.append(bytes(pdu.encode()))
    return b"".join(pdus)


def element(group: int, number: int, vr: bytes, value: bytes) -> bytes:
    """An element in Explicit VR Little Endian."""
    padded = value + b"\0" * (len(value) % 2)
    if vr in (b"OB", b"SQ", b"UN"):
        return struct.pack("<HH2sHL", group, number, vr, 0, len(padded)) + padded
    return struct.pack("<HH2sH", group, number, vr, len(padded)) + padded


def identified(uid: str, further: bytes = b"") -> bytes:
    """A data set with the UIDs that make it an instance, and something between them."""
    return (
        element(0x0008, 0x0016, b"UI", _PET.encode())
        + element(0x0008, 0x0018, b"UI", uid.encode())
        + further
        + element(0x0020, 0x000D, b"UI", b"1.2.3.99")
        + element(0x0020, 0x000E, b"UI", f"1.2.3.99.{len(further)}".encode())
    )


def nested(depth: int) -> bytes:
    """Sequences of undefined length within one another."""
    sequence = struct.pack("<HH2sHL", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    item = struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)
    ends = struct.pack("<HHL", 0xFFFE, 0xE00D, 0) + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)
    return (sequence + item) * depth + ends * depth


def bomb(mebibytes: int, uid: str) -> bytes:
    """A deflated data set that is a thousand times as large when it is unpacked."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    length = mebibytes * 2**20
    head = identified(uid) + struct.pack("<HH2sHL", 0x7FE0, 0x0010, b"OB", 0, length)
    made = engine.compress(head)
    for _ in range(mebibytes):
        made += engine.compress(bytes(2**20))
    return made + engine.flush()


def _associated(port: int) -> socket.socket:
    connection = _connected(port)
    connection.sendall(request())
    header = connection.recv(6, socket.MSG_WAITALL)
    connection.recv(int.from_bytes(header[2:], "big"), socket.MSG_WAITALL)
    return connection


def _connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def _stall(port: int, stop: threading.Event, _: random.Random) -> None:
    with _associated(port):
        stop.wait()


def _never_release(port: int, stop: threading.Event, chance: random.Random) -> None:
    with _associated(port) as connection:
        uid = f"1.2.3.77.{chance.randrange(10**9)}"
        connection.sendall(c_store(identified(uid), uid=uid))
        stop.wait()


def _cut(port: int, _stop: threading.Event, _: random.Random) -> None:
    connection = _associated(port)
    connection.sendall(c_store(identified("1.2.3.4", bytes(8)), uid="1.2.3.4")[:-100])
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT_AT_ONCE)
    connection.close()


def _slow_loris(port: int, stop: threading.Event, _: random.Random) -> None:
    with _connected(port) as connection:
        for byte in request():
            connection.sendall(bytes([byte]))
            if stop.wait(_TRICKLE_S):
                return


def _oversize(port: int, _stop: threading.Event, chance: random.Random) -> None:
    with _associated(port) if chance.random() < 0.5 else _connected(port) as connection:
        connection.sendall(struct.pack(">BBL", chance.choice((1, 4)), 0, 0xFFFFFFF0) + bytes(4096))
        connection.recv(4096)


def _fuzz(port: int, _stop: threading.Event, chance: random.Random) -> None:
    if chance.random() < 0.5:
        with _connected(port) as connection:
            connection.sendall(mutate(request(), chance))
    else:
        with _associated(port) as connection:
            connection.sendall(mutate(c_store(identified("1.2.3.5"), uid="1.2.3.5"), chance))


def _store_one(data_set: bytes, uid: str, context: int = 1) -> BadPeer:
    """A peer that stores one data set again and again, and waits for each answer."""
    pdus = c_store(data_set, uid=uid, context=context)

    def _send(port: int, _stop: threading.Event, _: random.Random) -> None:
        with _associated(port) as connection:
            connection.sendall(pdus)
            connection.recv(4096)

    return _send


def all_kinds(*, bomb_mebibytes: int) -> Mapping[str, BadPeer]:
    """Every kind of bad peer by its name."""
    path = "../../../etc/passwd"
    return {
        "stall": _stall,
        "never-release": _never_release,
        "cut": _cut,
        "slow-loris": _slow_loris,
        "oversize": _oversize,
        "fuzz": _fuzz,
        "bomb": _store_one(bomb(bomb_mebibytes, "1.2.3.6"), "1.2.3.6", context=3),
        "path": _store_one(identified(path), path),
        "nested": _store_one(identified("1.2.3.7", nested(20_000)), "1.2.3.7"),
    }


@contextmanager
def plagued(
    port: int, counts: Mapping[str, int], *, bomb_mebibytes: int = 1024, seed: int = 1
) -> Iterator[dict[str, int]]:
    """Bad peers at a node within the block; how often each kind began, as it counts up.

    Parameters
    ----------
    counts : mapping
        Number of peers by kind.
    """
    stop = threading.Event()
    begun = dict.fromkeys(counts, 0)
    kinds = all_kinds(bomb_mebibytes=bomb_mebibytes)
    threads = [
        threading.Thread(
            target=_again_and_again,
            args=(kinds[kind], port, stop, _Told(begun, kind, f"{seed} {number}")),
            daemon=True,
        )
        for kind, several in counts.items()
        for number in range(several)
    ]
    for thread in threads:
        thread.start()
    try:
        yield begun
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in threads)


@dataclass(frozen=True)
class _Told:
    """Where a peer tells that it began, and the seed of what it does."""

    begun: dict[str, int]
    kind: str
    seed: str


def _again_and_again(peer: BadPeer, port: int, stop: threading.Event, told: _Told) -> None:
    chance = random.Random(f"{told.kind} {told.seed}")
    while not stop.is_set():
        told.begun[told.kind] += 1
        with suppress(OSError):  # the node hung up, as it should
            peer(port, stop, chance)
        stop.wait(_PAUSE_S)
