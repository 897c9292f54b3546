"""The Storage SCP towards peers that stall, lie, cut and send rubbish: the others go on."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest
from pydicom.uid import ExplicitVRLittleEndian, PositronEmissionTomographyImageStorage
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import build_context

from dicom_node.domain.peer import ReceivedInstance, StoreOutcome
from dicom_node.network.storage_scp import StorageScp

PET_CONTEXT = [
    build_context(PositronEmissionTomographyImageStorage, [ExplicitVRLittleEndian]),
    build_context("1.2.840.10008.1.1"),
]


@contextmanager
def connected(scp: StorageScp) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", scp.port), timeout=10) as connection:
        yield connection


def read_to_end(connection: socket.socket) -> bytes:
    """What the server sends until it closes the connection."""
    read = b""
    try:
        while piece := connection.recv(4096):
            read += piece
    except ConnectionResetError:
        pass
    return read


RUBBISH = {
    "a browser": b"GET / HTTP/1.1\r\nHost: node\r\n\r\n",
    "a shell": b"SSH-2.0-OpenSSH_9.6\r\n" * 40,
    "zeros": b"\0" * 1000,
    "half a header": b"\x01\x00\x00",
    "an empty request": struct.pack(">BBL", 1, 0, 0),
    "a request of 4 GB": struct.pack(">BBL", 1, 0, 0xFFFFFFFF) + b"x" * 1000,
    "a request of rubbish": struct.pack(">BBL", 1, 0, 200) + bytes(range(200)),
    "data before an association": struct.pack(">BBL", 4, 0, 6) + struct.pack(">LBB", 2, 1, 3),
    "an answer instead of a request": struct.pack(">BBL", 2, 0, 4) + b"\0" * 4,
    "a release before an association": struct.pack(">BBL", 5, 0, 4) + b"\0" * 4,
    "an abort": struct.pack(">BBL", 7, 0, 4) + b"\0" * 4,
}


@pytest.mark.parametrize("rubbish", RUBBISH.values(), ids=RUBBISH.keys())
def test_rubbish_ends_its_own_connection_and_nothing_else(
    no_thread_left: None, serve: Any, ask: Any, rubbish: bytes
) -> None:
    scp = serve()
    with connected(scp) as connection:
        connection.sendall(rubbish)
        connection.shutdown(socket.SHUT_WR)
        read_to_end(connection)
    association = ask(scp)
    assert association.send_c_echo().Status == 0x0000
    association.release()
    scp.stop()


def test_connections_that_say_nothing_take_no_place_from_senders(serve: Any, ask: Any) -> None:
    scp = serve(max_associations=2)
    silent = [socket.create_connection(("127.0.0.1", scp.port)) for _ in range(10)]
    try:
        began_at = time.monotonic()
        assert ask(scp).send_c_echo().Status == 0x0000
        assert time.monotonic() - began_at < 5
    finally:
        for one in silent:
            one.close()


def test_a_connection_that_asks_for_nothing_is_closed_after_the_idle_time(
    no_thread_left: None, serve: Any
) -> None:
    scp = serve(idle_timeout_s=0.5)
    with connected(scp) as connection:
        assert read_to_end(connection) == b""
    scp.stop()


def test_a_peer_that_stops_within_a_pdu_is_given_up(no_thread_left: None, serve: Any) -> None:
    scp = serve(idle_timeout_s=0.5)
    with connected(scp) as connection:
        connection.sendall(struct.pack(">BBL", 1, 0, 500) + b"x" * 100)
        assert read_to_end(connection) == b""
    scp.stop()


def test_a_peer_that_trickles_a_pdu_is_given_up(no_thread_left: None, serve: Any) -> None:
    scp = serve(idle_timeout_s=0.6)
    with connected(scp) as connection:
        connection.sendall(struct.pack(">BBL", 1, 0, 500))
        assert _trickle(connection, pieces=60) < 60
    scp.stop()


def _trickle(connection: socket.socket, *, pieces: int) -> int:
    """Send one byte every 100 ms; how many went out before the connection was closed."""
    for number in range(pieces):
        try:
            connection.sendall(b"x")
        except OSError:
            return number
        time.sleep(0.1)
    return pieces


def test_a_silent_association_is_aborted_after_the_idle_time(
    serve: Any, ask: Any, inbox: Any, eventually: Callable[..., None]
) -> None:
    association = ask(serve(idle_timeout_s=0.5))
    eventually(lambda: association.is_aborted, what="aborted")
    eventually(lambda: len(inbox.ended) == 1, what="end told")


def test_a_slow_disk_is_no_idle_time_of_the_sender(serve: Any, ask: Any, inbox: Any) -> None:
    def _slow(_: ReceivedInstance) -> StoreOutcome:
        time.sleep(1.5)
        return StoreOutcome.STORED

    inbox.answer = _slow
    association = ask(serve(idle_timeout_s=1.0), PET_CONTEXT)
    for _ in range(2):
        assert _push(association).Status == 0x0000


@pytest.mark.usefixtures("no_thread_left")
@pytest.mark.parametrize("end", ["abort", "cut"])
def test_an_instance_that_comes_in_part_is_not_stored(
    serve: Any,
    ask: Any,
    inbox: Any,
    eventually: Callable[..., None],
    end: str,
) -> None:
    scp = serve()
    association = ask(scp, PET_CONTEXT)
    _push(association, fragments=1, wait=False)
    eventually(association.dul.to_provider_queue.empty, what="sent")
    if end == "abort":
        association.abort()
    else:
        association.dul.socket.socket.shutdown(socket.SHUT_RDWR)
    eventually(lambda: len(inbox.ended) == 1, what="end told")
    assert inbox.instances == []
    scp.stop()


def test_a_pdu_far_beyond_the_agreed_length_ends_the_association(
    serve: Any, ask: Any, inbox: Any, eventually: Callable[..., None]
) -> None:
    association = ask(serve(), PET_CONTEXT)
    association.dul.socket.socket.sendall(struct.pack(">BBL", 4, 0, 2**31))
    eventually(lambda: len(inbox.ended) == 1, what="end told")


def test_a_request_without_a_data_set_is_handed_on_as_empty(
    serve: Any, ask: Any, inbox: Any
) -> None:
    inbox.answer = lambda _: StoreOutcome.UNREADABLE
    association = ask(serve(), PET_CONTEXT)
    assert _push(association, data_set=None).Status == 0xB007
    assert inbox.instances[0].dataset == b""


def test_a_request_without_a_uid_is_aborted_instead_of_passed_over(
    serve: Any, ask: Any, inbox: Any, eventually: Callable[..., None]
) -> None:
    association = ask(serve(), PET_CONTEXT)
    _push(association, instance=None, wait=False)
    eventually(lambda: len(inbox.ended) == 1, what="end told")
    assert inbox.instances == []


def test_stop_aborts_an_idle_association_after_its_grace(
    no_thread_left: None, serve: Any, ask: Any, inbox: Any, eventually: Callable[..., None]
) -> None:
    scp = serve()
    association = ask(scp)
    began_at = time.monotonic()
    scp.stop(grace_s=0.3)
    assert time.monotonic() - began_at < 3
    assert len(inbox.ended) == 1
    eventually(lambda: association.is_aborted, what="the sender knows")


def test_stop_lets_a_transfer_finish_within_its_grace(serve: Any, ask: Any, inbox: Any) -> None:
    stored = threading.Event()

    def _slow(_: ReceivedInstance) -> StoreOutcome:
        time.sleep(0.5)
        stored.set()
        return StoreOutcome.STORED

    inbox.answer = _slow
    scp = serve()
    association = ask(scp, PET_CONTEXT)
    answers: list[int] = []
    sender = threading.Thread(
        target=lambda: (answers.append(_push(association).Status), association.release())
    )
    sender.start()
    time.sleep(0.2)
    scp.stop(grace_s=5)
    sender.join(10)
    assert stored.is_set()
    assert answers == [0x0000]


def test_stop_does_not_wait_for_a_disk_that_hangs(serve: Any, ask: Any, inbox: Any) -> None:
    freed = threading.Event()

    def _hang(_: ReceivedInstance) -> StoreOutcome:
        freed.wait(30)
        return StoreOutcome.STORED

    inbox.answer = _hang
    scp = serve()
    association = ask(scp, PET_CONTEXT)
    sender = threading.Thread(target=lambda: _push(association))
    sender.start()
    time.sleep(0.2)
    began_at = time.monotonic()
    scp.stop(grace_s=0.2)
    assert time.monotonic() - began_at < 6
    freed.set()
    sender.join(10)


def test_many_short_associations_leave_nothing_behind(
    no_thread_left: None, serve: Any, ask: Any, inbox: Any, eventually: Callable[..., None]
) -> None:
    scp = serve(max_associations=2)
    for _ in range(30):
        association = ask(scp, PET_CONTEXT)
        assert association.is_established
        association.release()
    eventually(lambda: len(inbox.ended) == 30, what="every end told")
    scp.stop()


def _push(
    association: Any,
    *,
    data_set: bytes | None = b"x" * 50_000,
    instance: str | None = "1.2.3.4",
    fragments: int | None = None,
    wait: bool = True,
) -> Any:
    """Send a C-STORE request, or its command and so many fragments; the answer waited for."""
    request = C_STORE()
    request.MessageID, request.Priority = 1, 0
    request.AffectedSOPClassUID = PositronEmissionTomographyImageStorage
    request.AffectedSOPInstanceUID = instance
    request.DataSet = None if data_set is None else BytesIO(data_set)
    message = C_STORE_RQ()
    message.primitive_to_message(request)
    if data_set is None:
        message.command_set.CommandDataSetType = 0x0101  # none follows
    association._reactor_checkpoint.clear()
    while not association._is_paused:
        time.sleep(0.0001)
    parts = list(message.encode_msg(1, 16384))
    for part in parts if fragments is None else parts[: fragments + 1]:
        association.dul.send_pdu(part)
    answer = association.dimse.get_msg(block=True)[1] if wait else None
    association._reactor_checkpoint.set()
    return answer
