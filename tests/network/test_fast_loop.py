"""One thread serves many associations: nobody waits for another one's silence."""

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from ingest.blast import answered_status, associate_request, associated, store_message
from ingest.made import Made

from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.peer import Listener, ReceivedInstance, StoreOutcome
from dicom_node.network.c_store import StoreAnswers
from dicom_node.network.storage_scp import StorageScp

REQUEST = associate_request("NODE")


def request(number: int, data_set: bytes = b"data" * 50) -> bytes:
    return store_message(Made(f"1.2.{number}", data_set), number, 16384)


class Node:
    """A node whose associations share a thread, and what came to it, batch by batch."""

    def __init__(self, idle_timeout_s: float = 60.0) -> None:
        self.batches: list[list[str]] = []
        self.ended: list[str] = []
        self.before: Callable[[Sequence[ReceivedInstance]], object] = lambda _: None
        listener = Listener(
            ae_title="NODE",
            address="127.0.0.1",
            port=0,
            max_associations=100,
            idle_timeout_s=idle_timeout_s,
        )
        self.scp = StorageScp(listener, self._store, self.ended.append, store_all=self._store_all)

    @property
    def stored(self) -> list[str]:
        return [uid for batch in self.batches for uid in batch]

    def connect(self) -> socket.socket:
        return associated(self.scp.port, REQUEST)

    def _store(self, received: ReceivedInstance) -> StoreOutcome:
        self._store_all([received])
        return StoreOutcome.STORED

    def _store_all(
        self, batch: Sequence[ReceivedInstance]
    ) -> Sequence[StoreOutcome | ArchiveError]:
        self.before(batch)
        self.batches.append([one.sop_instance_uid for one in batch])
        return [StoreOutcome.STORED] * len(batch)


@pytest.fixture
def node() -> Iterator[Node]:
    made = Node()
    with made.scp:
        yield made


def test_messages_that_come_at_once_are_all_answered_in_their_order(node: Node) -> None:
    with node.connect() as connection:
        connection.sendall(b"".join(request(number) for number in range(1, 41)))
        assert [answered_status(connection) for _ in range(40)] == [0] * 40
    assert node.stored == [f"1.2.{number}" for number in range(1, 41)]


def test_what_many_associations_bring_is_stored_together(node: Node) -> None:
    def _send(first: int) -> list[int | None]:
        told = []
        with node.connect() as connection:
            for number in range(first, first + 15):
                connection.sendall(request(number, b"x" * 40_000))
                told.append(answered_status(connection))
        return told

    node.before = lambda _: time.sleep(0.002)
    with ThreadPoolExecutor(25) as pool:
        told = list(pool.map(_send, range(100, 2600, 100)))
    assert told == [[0] * 15] * 25
    assert len(set(node.stored)) == 25 * 15
    assert max(map(len, node.batches)) > 1


def test_who_takes_no_answers_and_who_sends_half_a_message_stop_nobody(node: Node) -> None:
    assert node.scp._server is not None
    node.scp._server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with ExitStack() as stack:
        deaf, slow, sound = (stack.enter_context(node.connect()) for _ in range(3))
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        requests = b"".join(request(number) for number in range(1, 601))
        sending = threading.Thread(target=deaf.sendall, args=(requests,), daemon=True)
        sending.start()
        slow.sendall(request(9000)[:-10])
        for number in range(10_000, 10_020):
            sound.sendall(request(number))
            assert answered_status(sound) == 0
        assert [answered_status(deaf) for _ in range(600)] == [0] * 600
        sending.join(30)
    assert "1.2.9000" not in node.stored


def test_a_silent_association_is_ended_and_the_others_go_on() -> None:
    node = Node(idle_timeout_s=2.5)
    with node.scp, node.connect() as silent, node.connect() as busy:
        silent.sendall(request(1) + request(2)[:50])
        assert answered_status(silent) == 0
        number = 100
        while not select.select([silent], [], [], 0.05)[0]:
            number += 1
            busy.sendall(request(number))
            assert answered_status(busy) == 0
        assert answered_status(silent) is None  # aborted
        busy.sendall(request(1_000))
        assert answered_status(busy) == 0


def test_an_unexpected_error_refuses_the_instance_that_it_met_and_no_other(node: Node) -> None:
    """Those of others wait until the first batch is stored, so they come together."""
    entered, go = threading.Event(), threading.Event()

    def _fail(batch: Sequence[ReceivedInstance]) -> None:
        entered.set()
        assert go.wait(30)
        if "1.2.1" in [one.sop_instance_uid for one in batch]:
            raise RuntimeError("a bug")

    node.before = _fail
    with ExitStack() as stack:
        first, *others = (stack.enter_context(node.connect()) for _ in range(5))
        first.sendall(request(100))
        assert entered.wait(30)
        for number, connection in enumerate(others, 1):
            connection.sendall(request(number))
        go.set()
        assert [answered_status(one) for one in (first, *others)] == [0, 0x0110, 0, 0, 0]
    assert sorted(node.stored) == ["1.2.100", "1.2.2", "1.2.3", "1.2.4"]


def test_a_bug_of_the_thread_ends_the_associations_that_it_served_and_no_more(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def _fail(*_: object) -> None:
        raise RuntimeError("a bug")

    with node.connect() as connection, monkeypatch.context() as patch:
        patch.setattr(StoreAnswers, "_answer_to", _fail)
        connection.sendall(request(1))
        with pytest.raises(OSError, match=r".*"):
            answered_status(connection)
    with node.connect() as connection:
        connection.sendall(request(2))
        assert answered_status(connection) == 0


def test_the_end_of_the_node_cuts_no_acknowledged_instance_and_tells_every_end(
    node: Node,
) -> None:
    acknowledged: list[str] = []

    def _send(first: int) -> None:
        with node.connect() as connection:
            for number in range(first, first + 5000):
                try:
                    connection.sendall(request(number))
                    if answered_status(connection) != 0:
                        return
                except OSError:
                    return
                acknowledged.append(f"1.2.{number}")

    with ThreadPoolExecutor(6) as pool:
        sent = [pool.submit(_send, first) for first in range(10_000, 70_000, 10_000)]
        while len(acknowledged) < 50:
            time.sleep(0.01)
        node.scp.stop(grace_s=0.1)
        for one in sent:
            one.result(30)
    assert set(acknowledged) <= set(node.stored)
    assert len(node.ended) == 6
