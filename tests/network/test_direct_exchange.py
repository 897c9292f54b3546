"""Sending straight over a connection: what answers, and what is left to pynetdicom unread."""

import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from factories import pet_series, write_series
from fake_pacs import FakePacs
from pydicom import dcmread
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom.dsutils import split_dataset

from dicom_node.network.connection import PduSocket
from dicom_node.network.direct_exchange import _status
from dicom_node.network.outgoing import outgoing_files, usual_meta
from dicom_node.network.p_data import message_pdus
from dicom_node.network.storage_scu import send
from dicom_node.network.store_command import StoreRequest, response_bytes

RELEASE = bytes.fromhex("05000000000400000000")


def answer(message_id: int = 7, status: int = 0xB007, longest_bytes: int = 16384) -> bytes:
    request = StoreRequest(message_id=message_id, sop_class_uid="1.2", sop_instance_uid="1.2.3")
    return b"".join(message_pdus(1, response_bytes(request, status), None, longest_bytes))


class Held(PduSocket):
    """Keeps what is given back, without an association."""

    def __init__(self) -> None:
        self._given_back = b""


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(0.3)
    with ours, theirs:
        yield ours, theirs


def test_an_answer_that_comes_byte_by_byte_is_read(ends: Any) -> None:
    ours, theirs = ends
    ours.settimeout(20)

    def _trickle() -> None:
        for byte in answer():
            theirs.sendall(bytes((byte,)))

    sender = threading.Thread(target=_trickle)
    sender.start()
    assert _status(Held(), ours, 7) == 0xB007
    sender.join()


def test_what_comes_behind_an_answer_is_left_to_be_read(ends: Any) -> None:
    ours, theirs = ends
    theirs.sendall(answer() + RELEASE[:4])
    held = Held()
    assert _status(held, ours, 7) == 0xB007
    assert held._given_back == RELEASE[:4]


UNUSUAL = {
    "the answer to another message": answer(message_id=8),
    "an answer in several PDUs": answer(longest_bytes=40),
    "a release": RELEASE,
    "an abort": b"\x07" + RELEASE[1:],
    "a long PDU": struct.pack(">BxL", 4, 100_000),
    "half an answer": answer()[:20],
    "nothing": b"",
}


@pytest.mark.parametrize("hang_up", [True, False])
@pytest.mark.parametrize("come", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_no_usual_answer_is_left_to_be_read(ends: Any, come: bytes, hang_up: bool) -> None:
    ours, theirs = ends
    theirs.sendall(come)
    if hang_up:
        theirs.shutdown(socket.SHUT_WR)
    held = Held()
    assert _status(held, ours, 7) is None
    assert held._given_back == come


def test_objects_of_every_size_arrive_byte_for_byte(tmp_path: Path) -> None:
    write_series(pet_series(slices=2), tmp_path / "small")
    write_series(pet_series(slices=2, rows=900, columns=900, series="large"), tmp_path / "large")
    objects = [*outgoing_files(tmp_path / "small")[0], *outgoing_files(tmp_path / "large")[0]]
    with FakePacs() as pacs:
        reports = send(objects, pacs.destination())
        assert [one.status for one in reports] == [0x0000] * 4
        received = {one.sop_instance_uid: one.dataset for one in pacs.received}
    for one in objects:
        assert one.path.read_bytes().endswith(received[one.sop_instance_uid])


def test_the_meta_information_of_a_file_is_read_as_pydicom_does(tmp_path: Path) -> None:
    write_series(pet_series(slices=1), tmp_path)
    (path,) = tmp_path.iterdir()
    dataset = dcmread(path)
    dataset.file_meta.PrivateInformationCreatorUID = "1.2.3"
    dataset.file_meta.PrivateInformation = b"x" * 100
    dataset.file_meta.SendingApplicationEntityTitle = "SENDER"
    dataset.save_as(tmp_path / "more.dcm")
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.save_as(tmp_path / "implicit.dcm")
    for written in tmp_path.iterdir():
        meta, offset = split_dataset(written)
        assert usual_meta(written.read_bytes()[:4096]) == (str(meta.TransferSyntaxUID), offset)


def test_a_meta_information_that_is_odd_is_left_to_pydicom(tmp_path: Path) -> None:
    write_series(pet_series(slices=1), tmp_path)
    (path,) = tmp_path.iterdir()
    sound = path.read_bytes()[:4096]
    length = int.from_bytes(sound[140:144], "little")
    assert usual_meta(sound) is not None
    longer = sound[:140] + (length + 2).to_bytes(4, "little") + sound[144:]
    for odd in (
        b"",
        sound[:150],
        sound[132:],
        longer,
        sound.replace(b"1.2.840.10008.1.2", b"x" * 17),
    ):
        assert usual_meta(odd) is None
