"""Command sets of C-STORE: the same bytes as pynetdicom's, and no verdict on unusual ones."""

from io import BytesIO
from typing import Any

import pytest
from pydicom import Dataset
from pynetdicom.dimse_messages import C_STORE_RQ, C_STORE_RSP
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode

from dicom_node.network.store_command import (
    StoreRequest,
    StoreResponse,
    read_request,
    read_response,
    request_bytes,
    response_bytes,
)

PET = "1.2.840.10008.5.1.4.1.1.128"
ODD, EVEN = "1.2.3", "1.2.34"


def told(primitive: C_STORE, message: Any) -> bytes:
    """Command set as pynetdicom encodes it."""
    made = message()
    made.primitive_to_message(primitive)
    (first, *_) = made.encode_msg(1, 16384)
    return bytes(first.presentation_data_value_list[0][1][1:])


@pytest.mark.parametrize("instance", [ODD, EVEN, "1." + "2" * 62])
def test_a_request_has_the_bytes_that_pynetdicom_gives_it(instance: str) -> None:
    primitive = C_STORE()
    primitive.MessageID, primitive.Priority = 300, 0
    primitive.AffectedSOPClassUID, primitive.AffectedSOPInstanceUID = PET, instance
    primitive.DataSet = BytesIO(b"x")
    request = StoreRequest(message_id=300, sop_class_uid=PET, sop_instance_uid=instance)
    assert request_bytes(request) == told(primitive, C_STORE_RQ)
    assert read_request(request_bytes(request)) == request


@pytest.mark.parametrize(("status", "comment"), [(0x0000, ""), (0xA700, "odd"), (0xB007, "even")])
def test_an_answer_has_the_bytes_that_pynetdicom_gives_it(status: int, comment: str) -> None:
    primitive = C_STORE()
    primitive.MessageIDBeingRespondedTo, primitive.Status = 65535, status
    primitive.AffectedSOPClassUID, primitive.AffectedSOPInstanceUID = PET, ODD
    if comment:
        primitive.ErrorComment = comment
    request = StoreRequest(message_id=65535, sop_class_uid=PET, sop_instance_uid=ODD)
    answer = response_bytes(request, status, comment)
    assert answer == told(primitive, C_STORE_RSP)
    assert read_response(answer) == StoreResponse(message_id=65535, status=status)


def command(**changes: Any) -> bytes:
    """A request with elements changed; None leaves one out."""
    made = Dataset()
    usual: dict[str, Any] = {
        "AffectedSOPClassUID": PET,
        "CommandField": 1,
        "MessageID": 7,
        "Priority": 2,
        "CommandDataSetType": 1,
        "AffectedSOPInstanceUID": EVEN,
    }
    for keyword, value in (usual | changes).items():
        if value is not None:
            setattr(made, keyword, value)
    encoded = encode(made, is_implicit_vr=True, is_little_endian=True)
    assert encoded is not None
    return encoded


def test_a_request_of_a_c_move_and_without_group_length_is_read() -> None:
    moved = command(MoveOriginatorApplicationEntityTitle="PACS", MoveOriginatorMessageID=9)
    expected = StoreRequest(message_id=7, sop_class_uid=PET, sop_instance_uid=EVEN)
    assert read_request(moved) == read_request(command()) == expected


UNUSUAL = {
    "C-ECHO": command(CommandField=0x30),
    "no data set": command(CommandDataSetType=0x0101),
    "no instance": command(AffectedSOPInstanceUID=None),
    "an empty instance": command(AffectedSOPInstanceUID=""),
    "no class": command(AffectedSOPClassUID=None),
    "no message id": command(MessageID=None),
    "no priority": command(Priority=None),
    "priority 3": command(Priority=3),
    "another element": command(NumberOfRemainingSuboperations=1),
    "a long UID": command(AffectedSOPInstanceUID="1." + "2" * 63),
    "an element twice": command() + command()[-16:],
    "cut off": command()[:-1],
    "a rest": command() + b"\0",
    "another group": b"\x02\0" + command()[2:],
    "two zeros": command()[:-6] + b"1.2.\0\0",
    "a number of four bytes": command().replace(
        b"\x10\x01\x02\0\0\0\x07\0", b"\x10\x01\x04\0\0\0\x07\0\0\0"
    ),
    "nothing": b"",
    "very long": command() + b"\0\0\x31\x10" + (3000).to_bytes(4, "little") + b"\0" * 3000,
}


@pytest.mark.parametrize("unusual", UNUSUAL.values(), ids=UNUSUAL)
def test_an_unusual_request_is_left_to_others(unusual: bytes) -> None:
    assert read_request(unusual) is None


def test_what_is_no_whole_answer_is_left_to_others() -> None:
    request = StoreRequest(message_id=1, sop_class_uid=PET, sop_instance_uid=ODD)
    answer = response_bytes(request, 0x0000)
    assert read_response(answer[:-1]) is None
    assert read_response(request_bytes(request)) is None
    assert read_response(b"") is None
