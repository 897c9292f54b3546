"""A sender that costs next to nothing: encoded messages, one process for each association."""

import multiprocessing
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.made import EXPLICIT, PET, Made
from pynetdicom.ae import ApplicationEntity
from pynetdicom.pdu import A_ASSOCIATE_AC, A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.presentation import build_context

from dicom_node.network.connection import acknowledge_now
from dicom_node.network.p_data import PDU_HEADER, message_pdus
from dicom_node.network.store_command import StoreRequest, read_response, request_bytes

_RELEASE_RQ = b"\x05\0\0\0\0\x04\0\0\0\0"
_LIMIT_S = 120.0
_CONTEXT = 1


@dataclass(frozen=True, slots=True)
class Blasted:
    """What came of it; `per_second` counts instances of all associations together."""

    per_second: float
    not_stored: int


def blast(
    port: int, made: Sequence[Made], *, associations: int, called: str = "NODE", each: int = 0
) -> Blasted:
    """Send instances over several associations, each waiting for an answer before the next.

    Parameters
    ----------
    each : int
        Instances for each association, after which it is released and a new one asked for, within
        the time that is measured; 0 for one association per process, negotiated before.
    """
    fork = multiprocessing.get_context("fork")  # messages are shared, not copied
    ready, told = fork.Barrier(associations + 1), fork.SimpleQueue()
    request = associate_request(called)
    pdu_bytes = agreed_pdu_bytes(port, request)
    messages = [store_message(one, number, pdu_bytes) for number, one in enumerate(made)]

    def _run(mine: Sequence[bytes]) -> None:
        told.put(_send_all(port, request, mine, each, ready))

    children = [
        fork.Process(target=_run, args=(messages[one::associations],))
        for one in range(associations)
    ]
    for child in children:
        child.start()
    ready.wait(_LIMIT_S)
    began_at = time.perf_counter()
    results = [told.get() for _ in children]
    last_at = max(ended_at for ended_at, _ in results)
    for child in children:
        child.join(_LIMIT_S)
    failed = sum(not_stored for _, not_stored in results)
    return Blasted(per_second=len(made) / (last_at - began_at), not_stored=failed)


def _send_all(
    port: int, request: bytes, mine: Sequence[bytes], each: int, ready: object
) -> tuple[float, int]:
    """When the last answer came, and how many were no success."""
    failed = 0
    connection = None if each else associated(port, request)
    ready.wait(_LIMIT_S)  # type: ignore[attr-defined]  # multiprocessing's barrier has no public type
    for number, message in enumerate(mine):
        if connection is None:
            connection = associated(port, request)
        connection.sendall(message)
        failed += answered_status(connection) != 0x0000
        if each and (number + 1) % each == 0:
            _release(connection)
            connection = None
    ended_at = time.perf_counter()
    if connection is not None:
        _release(connection)
    return ended_at, failed


def associate_request(called: str) -> bytes:
    """A-ASSOCIATE-RQ for PET images of this sender."""
    asked = A_ASSOCIATE()
    entity = ApplicationEntity("SENDER")
    asked.application_context_name = "1.2.840.10008.3.1.1.1"
    asked.calling_ae_title, asked.called_ae_title = "SENDER", called
    context = build_context(PET, [EXPLICIT])
    context.context_id = _CONTEXT
    asked.presentation_context_definition_list = [context]
    asked.maximum_length_received = 128 * 1024
    asked.implementation_class_uid = entity.implementation_class_uid
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(asked)
    return bytes(pdu.encode())


def _connect(port: int, request: bytes) -> tuple[socket.socket, bytes]:
    connection = socket.create_connection(("127.0.0.1", port), timeout=_LIMIT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(request)
    kind, pdu = _read_pdu(connection)
    assert kind == 2, f"the association was answered by PDU {kind}"
    return connection, pdu


def associated(port: int, request: bytes) -> socket.socket:
    """Connection with an association; OSError where there is none."""
    return _connect(port, request)[0]


def agreed_pdu_bytes(port: int, request: bytes) -> int:
    """Longest PDU that the receiver takes."""
    connection, pdu = _connect(port, request)
    accepted = A_ASSOCIATE_AC()
    accepted.decode(pdu)
    _release(connection)
    told = accepted.user_information
    assert told is not None
    return int(told.maximum_length or 0)


def _release(connection: socket.socket) -> None:
    connection.sendall(_RELEASE_RQ)
    _read_pdu(connection)
    connection.close()


def _read_pdu(connection: socket.socket) -> tuple[int, bytes]:
    header = _read(connection, PDU_HEADER.size)
    kind, length = PDU_HEADER.unpack(header)
    return kind, header + _read(connection, length)


def _read(connection: socket.socket, length: int) -> bytes:
    read = b""
    while len(read) < length:
        acknowledge_now(connection)  # DCMTK answers in two packets, and Nagle is on
        piece = connection.recv(length - len(read))
        if not piece:
            raise ConnectionAbortedError("the receiver closed the connection")
        read += piece
    return read


def store_message(one: Made, number: int, pdu_bytes: int) -> bytes:
    """C-STORE request with its data set, in PDUs."""
    request = StoreRequest(
        message_id=number % 65535 + 1, sop_class_uid=PET, sop_instance_uid=one.sop_instance_uid
    )
    return b"".join(message_pdus(_CONTEXT, request_bytes(request), one.data_set, pdu_bytes))


def answered_status(connection: socket.socket) -> int | None:
    """Status of the next answer; None where it is none; OSError where the connection ended."""
    kind, pdu = _read_pdu(connection)
    answer = read_response(pdu[12:]) if kind == 4 else None
    return None if answer is None else answer.status


def processor_s(pid: int) -> float:
    """Processor time of a process and of those of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int, field: str = "VmHWM") -> float:
    """Most memory that a process and its children had so far, or ``VmRSS`` for now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024
