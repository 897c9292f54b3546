"""The fast path answers as the stock path does, whatever comes, and leaves it what is unusual."""

import random
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from certificates import Authority
from factories import pet_series, write_series
from pydicom.uid import ExplicitVRLittleEndian, PositronEmissionTomographyImageStorage
from pynetdicom.pdu import A_ASSOCIATE_RQ
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.presentation import build_context

from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.implementation import IMPLEMENTATION_CLASS_UID
from dicom_node.domain.peer import Destination, Listener, ReceivedInstance, StoreOutcome
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.p_data import message_pdus
from dicom_node.network.storage_scp import StorageScp
from dicom_node.network.storage_scu import send
from dicom_node.network.store_command import StoreRequest, request_bytes

PET, VERIFICATION = str(PositronEmissionTomographyImageStorage), "1.2.840.10008.1.1"
EXPLICIT = str(ExplicitVRLittleEndian)
RELEASE = bytes.fromhex("05000000000400000000")
PET_CONTEXT, ECHO_CONTEXT = 1, 3
MUTANTS, SEED = 120, 20261122


def association_request(calling: str, longest_bytes: int = 16384) -> bytes:
    asked = A_ASSOCIATE()
    asked.application_context_name = "1.2.840.10008.3.1.1.1"
    asked.calling_ae_title, asked.called_ae_title = calling, "NODE"
    contexts = [build_context(PET, [EXPLICIT]), build_context(VERIFICATION)]
    contexts[0].context_id, contexts[1].context_id = PET_CONTEXT, ECHO_CONTEXT
    asked.presentation_context_definition_list = contexts
    asked.maximum_length_received = longest_bytes
    asked.implementation_class_uid = IMPLEMENTATION_CLASS_UID
    pdu = A_ASSOCIATE_RQ()
    pdu.from_primitive(asked)
    return bytes(pdu.encode())


def store(
    instance: str, data_set: bytes = b"data" * 20, *, message_id: int = 7, longest_bytes: int = 90
) -> bytes:
    """A C-STORE request, in many PDUs so that a mutation meets a header often."""
    request = StoreRequest(message_id=message_id, sop_class_uid=PET, sop_instance_uid=instance)
    command = request_bytes(request)
    return b"".join(message_pdus(PET_CONTEXT, command, data_set, longest_bytes))


def echo() -> bytes:
    elements = b"".join(
        (
            struct.pack("<HHL", 0, 0x0002, 18) + VERIFICATION.encode() + b"\0",
            struct.pack("<HHLH", 0, 0x0100, 2, 0x0030),
            struct.pack("<HHLH", 0, 0x0110, 2, 5),
            struct.pack("<HHLH", 0, 0x0800, 2, 0x0101),
        )
    )
    command = struct.pack("<HHLL", 0, 0, 4, len(elements)) + elements
    return b"".join(message_pdus(ECHO_CONTEXT, command, None, 16384))


Step = bytes | Sequence[bytes]  # sent as it is, or in pieces


def storing_all(store: Any) -> Any:
    """Stores many as `store` does each."""

    def _tried(received: ReceivedInstance) -> StoreOutcome | ArchiveError:
        try:
            outcome: StoreOutcome = store(received)
        except ArchiveError as cause:
            return cause
        return outcome

    return lambda batch: [_tried(one) for one in batch]


class Pair:
    """A node on the fast path and one on the stock path, and what each of them was sent.

    Parameters
    ----------
    together : bool
        Whether associations of the fast path share a thread.
    """

    def __init__(self, *, together: bool = False, **changes: Any) -> None:
        self.kept: dict[bool, list[ReceivedInstance]] = {True: [], False: []}
        own: dict[str, Any] = {"ae_title": "NODE", "address": "127.0.0.1", "port": 0}
        own |= {"idle_timeout_s": 2.5, "max_associations": 500} | changes
        self.scps = {
            fast: StorageScp(
                Listener(**own, fast_path=fast),
                self._store(fast),
                lambda _: None,
                store_all=storing_all(self._store(fast)) if together else None,
            )
            for fast in self.kept
        }

    def _store(self, fast: bool) -> Any:
        def _keep(received: ReceivedInstance) -> StoreOutcome:
            self.kept[fast].append(received)
            if received.sop_instance_uid.endswith(".9"):
                raise ArchiveError("no room")
            unreadable = received.sop_instance_uid.endswith(".8")
            return StoreOutcome.UNREADABLE if unreadable else StoreOutcome.STORED

        return _keep

    def verdict(self, fast: bool, calling: str, steps: Sequence[Step]) -> Any:
        """What was stored of what was sent, and every PDU that answered but an abort."""
        with socket.create_connection(("127.0.0.1", self.scps[fast].port), 30) as connection:
            answers = talk(connection, calling, steps)
        stored = [one for one in self.kept[fast] if one.calling_ae == calling]
        return [replace(one, association_id="") for one in stored], answers


def talk(connection: socket.socket, calling: str, steps: Sequence[Step]) -> list[bytes]:
    """Send step by step, each when something came back: who does not wait may be hung up on."""
    connection.sendall(association_request(calling))
    assert read_pdu(connection)[:1] == b"\x02"
    answers = []
    for step in steps:
        try:
            for piece in [step] if isinstance(step, bytes) else step:
                connection.sendall(piece)
        except OSError:
            break  # it has hung up
        pdu = read_pdu(connection)
        if not pdu:
            break
        if pdu[0] != 7:
            answers.append(pdu)
    return answers


def read_pdu(connection: socket.socket) -> bytes:
    """The next PDU; empty at the end of the connection."""
    read, wanted = b"", 6
    try:
        while len(read) < wanted:
            piece = connection.recv(wanted - len(read))
            if not piece:
                return b""
            read += piece
            wanted = 6 + int.from_bytes(read[2:6], "big") if len(read) >= 6 else 6
    except ConnectionResetError:
        return b""
    return read


@pytest.fixture(params=[False, True], ids=["alone", "together"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    both = Pair(together=request.param)
    with both.scps[True], both.scps[False]:
        yield both


STREAMS: dict[str, list[Step]] = {
    "one": [store("1.2.1")],
    "several": [store("1.2.1"), store("1.2.2"), store("1.2.8"), store("1.2.9"), store("1.2.3")],
    "byte by byte": [[store("1.2.1")[at : at + 1] for at in range(len(store("1.2.1")))]],
    "an echo first": [echo(), store("1.2.1")],
    "an echo between": [store("1.2.1"), echo(), store("1.2.2")],
    "empty": [store("1.2.1", b"")],
    "large": [store("1.2.1", b"x" * 300_000, longest_bytes=131072)],
    "a path as a UID": [store("../1"), store("1.2.2")],
    "in part": [store("1.2.1"), store("1.2.2")[:-100]],
    "another context": [store("1.2.1").replace(b"\x01\x03", b"\x05\x03")],
    "rubbish": [store("1.2.1"), b"\x09\0\0\0\0\x04rubb"],
    "a long PDU": [store("1.2.1"), b"\x04\0\x7f\0\0\0"],
}


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_both_paths_store_and_answer_the_same(pair: Pair, stream: list[Step]) -> None:
    steps = [*stream, RELEASE]
    assert pair.verdict(True, "SAME", steps) == pair.verdict(False, "SAME", steps)


@pytest.mark.filterwarnings("ignore")  # pydicom's, of odd UIDs
def test_both_paths_have_the_same_verdict_on_mutated_requests(pair: Pair) -> None:
    chance = random.Random(SEED)
    first, second = store("1.2.1"), store("1.2.2", message_id=8)
    streams = [[mutated(first, chance), second, RELEASE] for _ in range(MUTANTS)]

    def _both(number: int) -> tuple[Any, Any]:
        calling = f"MUTANT{number}"
        return tuple(pair.verdict(fast, calling, streams[number]) for fast in (True, False))

    with ThreadPoolExecutor(30) as pool:
        verdicts = list(pool.map(_both, range(MUTANTS)))
    for number, (fast, stock) in enumerate(verdicts):
        # The stock path may abort for what follows a whole message before it serves that message.
        whole = len(stock[0]) if is_released(stock[1]) else len(fast[0])
        assert fast[0][: len(stock[0])] == stock[0], f"stored differs: {streams[number]!r}"
        assert len(fast[0]) == whole, f"stored more: {streams[number]!r}"
        assert fast[1][: len(stock[1])] == stock[1], f"answers differ: {streams[number]!r}"
        assert sum(answer[0] == 4 for answer in fast[1]) == len(fast[0]), "an answer for each"
    assert {len(stored) for (stored, _), _ in verdicts} >= {0, 1, 2}


def is_released(answers: Sequence[bytes]) -> bool:
    return bool(answers) and answers[-1][0] == 6


def mutated(sound: bytes, chance: random.Random) -> bytes:
    made = bytearray(sound)
    at, length = chance.randrange(len(made)), chance.randrange(1, 9)
    kind = chance.randrange(5)
    if kind == 0:
        made[at] ^= 1 << chance.randrange(8)
    elif kind == 1:
        made[at] = chance.choice((0x00, 0x01, 0x7F, 0x80, 0xFF))
    elif kind == 2:
        del made[at : at + length]
    elif kind == 3:
        made[at:at] = made[at : at + length]
    else:
        made[at : at + length] = chance.randbytes(length)
    return bytes(made)


def test_a_usual_stream_never_comes_to_the_stock_path(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[str] = []
    monkeypatch.setattr(
        "dicom_node.network.acceptor.AcceptedAssociation._serve_request",
        lambda self, message, _: served.append(message.msg_type),
    )
    stored, answers = pair.verdict(True, "USUAL", [*STREAMS["several"], RELEASE])
    assert len(stored) == 5
    assert len(answers) == 6
    assert served == []


def test_the_fast_path_goes_through_tls(serve: Any, inbox: Any, tmp_path: Any) -> None:
    authority = Authority(tmp_path / "tls")
    scp = serve(tls=authority.issue("node.example"), fast_path=True)
    write_series(pet_series(slices=5, rows=200, columns=200), tmp_path / "pet")
    to_node = Destination(
        name="node",
        ae_title="NODE",
        host="127.0.0.1",
        port=scp.port,
        tls=authority.issue("pacs.example"),
        certificate_name="node.example",
    )
    assert [one.status for one in send(outgoing_files(tmp_path / "pet")[0], to_node)] == [0] * 5
    assert {len(one.dataset) > 80_000 for one in inbox.instances} == {True}


@pytest.mark.parametrize("together", [False, True])
def test_a_pdu_that_trickles_in_is_given_up(together: bool) -> None:
    both = Pair(together=together, idle_timeout_s=0.6)
    with (
        both.scps[True] as scp,
        socket.create_connection(("127.0.0.1", scp.port), 30) as connection,
    ):
        connection.sendall(association_request("SLOW"))
        read_pdu(connection)
        content, sent, began_at = store("1.2.1", b"x" * 500, longest_bytes=16384), 0, 0.0
        began_at = time.monotonic()
        try:
            for sent in range(len(content)):
                connection.sendall(content[sent : sent + 1])
                time.sleep(0.05)
        except OSError:
            pass
        assert sent < len(content) - 1
        assert time.monotonic() - began_at < 20
    assert both.kept[True] == []


@pytest.mark.parametrize("together", [False, True])
def test_the_end_of_an_association_is_told_after_its_last_answer(together: bool) -> None:
    told: list[str] = []

    def _slow(received: ReceivedInstance) -> StoreOutcome:
        time.sleep(0.5)
        told.append("stored")
        return StoreOutcome.STORED

    listener = Listener(ae_title="NODE", address="127.0.0.1", port=0, fast_path=True)
    store_all = storing_all(_slow) if together else None
    with StorageScp(listener, _slow, lambda _: told.append("ended"), store_all=store_all) as scp:
        with socket.create_connection(("127.0.0.1", scp.port), 30) as connection:
            connection.sendall(association_request("HASTY"))
            read_pdu(connection)
            connection.sendall(store("1.2.1"))
            time.sleep(0.2)
        scp.stop()
    assert told == ["stored", "ended"]
