"""STOW-RS in: what others send, whole, odd or hostile; nothing lost or made up."""

import base64
import http.client
import random
from pathlib import Path
from typing import Any

import pytest
from factories import pet_series
from stow_peers import Inbox, at, post, request_of, uids

from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.peer import (
    ReceivedInstance,
    StoreOutcome,
)
from dicom_node.network.stow_scu import store


def test_another_library_sends_to_the_node(serve: Any, inbox: Inbox, files: Any) -> None:
    from dicomweb_client.api import DICOMwebClient
    from pydicom import dcmread

    client = DICOMwebClient(url=f"http://127.0.0.1:{serve().port}", chunk_size=1000)
    answer = client.store_instances([dcmread(one.path) for one in files])  # in chunks
    assert [str(one.ReferencedSOPInstanceUID) for one in answer.ReferencedSOPSequence] == [
        one.sop_instance_uid for one in files
    ]
    assert "FailedSOPSequence" not in answer
    assert len(inbox.instances) == 3


def test_mutated_requests_end_in_an_answer_and_hurt_no_other(
    serve: Any, inbox: Inbox, files: Any
) -> None:
    chance = random.Random(8)  # the same in every run
    scp, body = serve(max_request_bytes=2_000_000), request_of([files[0].path.read_bytes()])
    seen: set[int] = set()
    for _ in range(200):
        mutated = bytearray(body)
        for _ in range(chance.randint(1, 12)):
            place = chance.choice((chance.randrange(len(body)), chance.randrange(600)))
            mutated[place : place + chance.randint(0, 4)] = chance.randbytes(chance.randint(0, 4))
        seen.add(post(scp.port, bytes(mutated[: chance.choice((len(mutated), place))]))[0])
    assert seen <= {200, 202, 400, 409, 413, 415}
    assert len(seen) >= 3
    assert all(one.stored for one in store(files, at(scp.port)))


def test_a_request_in_chunks_and_one_for_a_study_are_taken(
    serve: Any, inbox: Inbox, files: Any
) -> None:
    scp, content = serve(), [one.path.read_bytes() for one in files]
    status, answer = post(scp.port, request_of(content), chunked=True)
    assert status == 200
    assert uids(answer, "00081199") == [one.sop_instance_uid for one in files]
    study = str(pet_series(slices=1)[0].StudyInstanceUID)
    assert post(scp.port, request_of(content), path=f"/studies/{study}")[0] == 200
    status, answer = post(scp.port, request_of(content), path="/studies/1.2.3")
    assert (status, len(answer["00081198"]["Value"])) == (409, 3)
    assert len(inbox.instances) == 6


def test_what_is_no_instance_fails_alone(serve: Any, inbox: Inbox, files: Any) -> None:
    content = [files[0].path.read_bytes(), b"no DICOM", b"", files[1].path.read_bytes()]
    status, answer = post(serve().port, request_of(content))
    assert status == 202
    assert uids(answer, "00081199") == [one.sop_instance_uid for one in files[:2]]
    reasons = [item["00081197"]["Value"] for item in answer["00081198"]["Value"]]
    assert reasons == [[0xC000]] * 2
    assert len(inbox.instances) == 2


def test_want_of_room_is_503_before_and_after_it_is_noticed(
    serve: Any, inbox: Inbox, files: Any
) -> None:
    def full(_: ReceivedInstance) -> StoreOutcome:
        raise ArchiveError("full")

    scp, body = serve(), request_of([files[0].path.read_bytes()])
    inbox.answer = full
    status, answer = post(scp.port, body)
    assert (status, answer["00081198"]["Value"][0]["00081197"]["Value"]) == (503, [0xA700])
    inbox.is_full = True
    assert post(scp.port, body)[0] == 503


@pytest.mark.parametrize(
    ("status", "change"),
    [
        (404, {"path": "/instances"}),
        (404, {"path": "/studies/../x"}),
        (415, {"Content_Type": "application/dicom"}),
        (415, {"Content_Type": 'multipart/related; type="application/dicom+json"; boundary=xyz'}),
        (400, {"Content_Type": "multipart/related"}),
        (400, {"body": b"--xyz--\r\n"}),
        (400, {"body": b"--xyz\r\n\r\ncut off"}),
        (415, {"body": request_of([b"{}"], kind="application/dicom+json")}),
        (413, {"body": request_of([b"x"] * 4)}),
        (413, {"body": request_of([b"x" * 300_000])}),
    ],
)
def test_a_request_that_is_wrong_is_refused_by_its_status(
    serve: Any, status: int, change: dict[str, Any]
) -> None:
    scp = serve(max_instances=3, max_request_bytes=200_000)
    given = {"body": request_of([b"x"])} | change
    assert post(scp.port, **given)[0] == status


def test_other_methods_are_refused(serve: Any) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", serve().port, timeout=10)
    connection.request("GET", "/studies")
    response = connection.getresponse()
    assert (response.status, response.headers["Allow"]) == (405, "POST")
    connection.close()


def test_nobody_asks_without_a_secret_or_from_elsewhere(
    serve: Any, inbox: Inbox, files: Any, tmp_path: Path
) -> None:
    from ipaddress import ip_network

    (tmp_path / "credentials").write_text("PETCT1 correct-horse\n")
    scp = serve(credentials_file=tmp_path / "credentials")
    body = request_of([files[0].path.read_bytes()])
    wrong = base64.b64encode(b"PETCT1:guess").decode()
    for header in ({}, {"Authorization": f"Basic {wrong}"}, {"Authorization": "Bearer x"}):
        assert post(scp.port, body, **header)[0] == 401
    assert [(one.calling_ae, one.cause) for one in inbox.unproved] == [
        ("", "STOW-RS: no name and secret"),
        ("PETCT1", "STOW-RS: wrong name or secret"),
        ("", "STOW-RS: wrong name or secret"),
    ]
    elsewhere = serve(addresses=(ip_network("192.0.2.0/24"),))
    assert post(elsewhere.port, body)[0] == 403
    assert inbox.refused[0].cause == "address is not among web.addresses"
    assert inbox.instances == []


def test_a_connection_that_is_cut_keeps_what_came_whole(
    serve: Any, inbox: Inbox, files: Any, tmp_path: Path
) -> None:
    import socket
    import time

    body = request_of([one.path.read_bytes() for one in files])
    with socket.create_connection(("127.0.0.1", serve().port)) as connection:
        head = (
            "POST /studies HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/related; "
            f'type="application/dicom"; boundary=xyz\r\nContent-Length: {len(body)}\r\n\r\n'
        )
        connection.sendall(head.encode() + body[: len(body) * 9 // 10])
    end = time.monotonic() + 10
    while not inbox.ended and time.monotonic() < end:
        time.sleep(0.02)
    assert [one.sop_instance_uid for one in inbox.instances] == [
        one.sop_instance_uid for one in files[:2]
    ]
    assert len(inbox.ended) == 1


def test_no_more_connections_than_may_be_are_served(serve: Any, files: Any) -> None:
    import socket

    scp = serve(max_requests=1)
    body = request_of([files[0].path.read_bytes()])
    with socket.create_connection(("127.0.0.1", scp.port)) as held:
        held.sendall(b"POST /studies HTTP/1.1\r\n")
        import time

        time.sleep(0.3)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            post(scp.port, body)
