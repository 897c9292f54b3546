"""STOW-RS out and in: every byte, every answer of the standard, and nothing lost or made up."""

import base64
import http.client
import io
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from factories import pet_series, write_series
from web_service import WebService, stow_answer

from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.peer import (
    Destination,
    ReceivedInstance,
    RefusedPeer,
    StoreOutcome,
    TlsFiles,
    WebAccess,
)
from dicom_node.domain.web import WebListener
from dicom_node.network.multipart import MalformedMultipart, MultipartTooLarge, parts_of
from dicom_node.network.outgoing import Outgoing, outgoing_files
from dicom_node.network.stow_handler import WebSeams
from dicom_node.network.stow_scp import StowScp
from dicom_node.network.stow_scu import store


class Inbox:
    """What stands behind the endpoint."""

    def __init__(self) -> None:
        self.instances: list[ReceivedInstance] = []
        self.ended: list[str] = []
        self.refused: list[RefusedPeer] = []
        self.unproved: list[RefusedPeer] = []
        self.is_full = False
        self.answer: Callable[[ReceivedInstance], StoreOutcome] = lambda _: StoreOutcome.STORED

    def store(self, instance: ReceivedInstance) -> StoreOutcome:
        outcome = self.answer(instance)
        self.instances.append(instance)
        return outcome

    @property
    def seams(self) -> WebSeams:
        return WebSeams(
            store=self.store,
            ended=self.ended.append,
            full=lambda: self.is_full,
            refused=self.refused.append,
            not_authenticated=self.unproved.append,
        )


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def serve(inbox: Inbox) -> Iterator[Callable[..., StowScp]]:
    """Starts an endpoint in front of the inbox; keywords are those of WebListener."""
    running: list[StowScp] = []

    def _serve(**changes: Any) -> StowScp:
        settings = {"address": "127.0.0.1", "port": 0, "ae_title": "NODE"} | changes
        scp = StowScp(WebListener(**settings), inbox.seams)
        scp.start()
        running.append(scp)
        return scp

    yield _serve
    for one in running:
        one.stop()


def at(port: int, *, tls: TlsFiles | None = None, **web: Any) -> Destination:
    """A DICOMweb destination on the loopback."""
    scheme = "http" if tls is None else "https"
    access = WebAccess(url=f"{scheme}://127.0.0.1:{port}", **web)
    return Destination(
        name="web", ae_title="web", host="127.0.0.1", port=port, timeout_s=5.0, tls=tls, web=access
    )


@pytest.fixture
def files(tmp_path: Path) -> tuple[Outgoing, ...]:
    write_series(pet_series(slices=3), tmp_path / "pet")
    return outgoing_files(tmp_path / "pet")[0]


# From the node to the node: both ends at once.


def test_objects_come_as_they_are_on_the_disk(serve: Any, inbox: Inbox, files: Any) -> None:
    reports = store(files, at(serve().port))
    assert [(one.stored, one.status) for one in reports] == [(True, 0)] * 3
    for outgoing, came in zip(files, inbox.instances, strict=True):
        assert outgoing.path.read_bytes().endswith(came.dataset)
        assert came.sop_instance_uid == outgoing.sop_instance_uid
    assert {one.called_ae for one in inbox.instances} == {"NODE"}
    assert inbox.ended == [inbox.instances[0].association_id]


def test_each_instance_has_its_own_answer(serve: Any, inbox: Inbox, files: Any) -> None:
    outcomes = iter([StoreOutcome.UNREADABLE, ArchiveError("full"), KeyError("a bug")])

    def answer(_: ReceivedInstance) -> StoreOutcome:
        outcome = next(outcomes)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    inbox.answer = answer
    aside, full, bug = store(files, at(serve().port))
    assert (aside.stored, aside.status) == (True, 0xB007)
    assert (full.stored, full.transient, full.status) == (False, True, 0xA700)
    assert (bug.stored, bug.transient, bug.status) == (False, True, 0x0110)


def test_over_tls_with_credentials_from_a_file(
    serve: Any, inbox: Inbox, files: Any, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "tls")
    credentials = tmp_path / "credentials"
    credentials.write_text("# who may send\nPETCT1 correct-horse\nSPECT battery\n")
    scp = serve(tls=authority.issue("node.example"), credentials_file=credentials)
    mine = authority.issue("pacs.example")
    for name, content in (("token", "battery\n"), ("password", "correct-horse")):
        (tmp_path / name).write_text(content)
    token = at(scp.port, tls=mine, token_file=tmp_path / "token")
    basic = at(scp.port, tls=mine, user="PETCT1", password_file=tmp_path / "password")
    assert all(one.stored for one in (*store(files, token), *store(files, basic)))
    assert [one.calling_ae for one in inbox.instances] == ["SPECT"] * 3 + ["PETCT1"] * 3
    (tmp_path / "password").write_text("guessed")
    assert [(one.stored, one.transient, one.status) for one in store(files, basic)] == [
        (False, True, 0x0124)
    ] * 3
    assert [one.calling_ae for one in inbox.unproved] == ["PETCT1"]


def test_a_service_that_is_not_trusted_is_sent_nothing(
    serve: Any, inbox: Inbox, files: Any, tmp_path: Path
) -> None:
    authority, stranger = Authority(tmp_path / "a"), Authority(tmp_path / "b", "stranger")
    scp = serve(tls=authority.issue("node.example"))
    trusts_others = authority.issue("pacs.example", trusted=stranger.certificate)
    reports = store(files, at(scp.port, tls=trusts_others))
    assert all(one.untrusted and not one.tried and one.transient for one in reports)
    assert inbox.instances == []


def test_a_caller_without_a_trusted_certificate_is_refused(
    serve: Any, inbox: Inbox, files: Any, tmp_path: Path, eventually: Any
) -> None:
    authority, stranger = Authority(tmp_path / "a"), Authority(tmp_path / "b", "stranger")
    scp = serve(tls=authority.issue("node.example"))
    reports = store(files, at(scp.port, tls=stranger.issue("x", trusted=authority.certificate)))
    assert not any(one.stored for one in reports)
    eventually(lambda: inbox.refused, what="the refusal is told")
    assert inbox.refused[0].cause.startswith("TLS: ")


# Out: what other services answer.


class Service(WebService):
    """Answers what the test lists; when that is used up, 200 and not a word."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, object]] = []
        super().__init__(lambda _: self.answers.pop(0) if self.answers else (200, b""))


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


def test_a_partial_failure_is_judged_instance_by_instance(service: Service, files: Any) -> None:
    first, second, third = (one.sop_instance_uid for one in files)
    service.answers = [
        (202, stow_answer(stored={first: 0}, failed={second: 0xA700, third: 0xC122}))
    ]
    reports = store(files, at(service.port))
    assert [(one.stored, one.transient) for one in reports] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    assert "0xC122" in reports[2].cause


def test_a_conflict_that_names_its_instances_is_for_good(service: Service, files: Any) -> None:
    refused = {one.sop_instance_uid: 0x0122 for one in files}
    service.answers = [(409, stow_answer(failed=refused))]
    assert {(one.stored, one.transient) for one in store(files, at(service.port))} == {
        (False, False)
    }
    assert len(service.requests) == 1


@pytest.mark.parametrize("status", [400, 409, 413, 415])
def test_one_object_that_is_refused_takes_no_other_with_it(
    service: Service, files: Any, status: int
) -> None:
    service.answers = [(status, b""), (200, b""), (status, b""), (200, b"")]
    reports = store(files, at(service.port))
    assert [one.stored for one in reports] == [True, False, True]
    assert not reports[1].transient
    assert [len(parts) for parts in service.requests] == [3, 1, 1, 1]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_what_people_or_time_repair_is_tried_again(
    service: Service, files: Any, status: int
) -> None:
    service.answers = [(status, b"")]
    reports = store(files, at(service.port))
    assert {(one.stored, one.transient) for one in reports} == {(False, True)}
    assert all(one.status is not None for one in reports)  # it answers: no silent destination


def test_an_instance_that_the_answer_does_not_name_is_not_taken_for_stored(
    service: Service, files: Any
) -> None:
    service.answers = [(200, stow_answer(stored={files[0].sop_instance_uid: 0}))]
    reports = store(files, at(service.port))
    assert [(one.stored, one.transient) for one in reports] == [(True, False)] + [(False, True)] * 2


@pytest.mark.parametrize("told", [b"<html>", [], {"00081198": 7}, {"00081199": {"Value": "x"}}])
def test_an_odd_answer_is_no_crash(service: Service, files: Any, told: object) -> None:
    service.answers = [(202, told)]
    assert not any(one.stored for one in store(files, at(service.port)))


def test_a_service_that_is_away_is_silent_and_a_file_that_is_gone_stays_so(
    service: Service, files: Any
) -> None:
    service.stop()
    files[1].path.unlink()
    reports = store(files, at(service.port))
    assert [(one.status, one.transient) for one in reports] == [
        (None, True),
        (None, False),
        (None, True),
    ]


# In: what others send.


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


def request_of(
    files: list[bytes], *, boundary: str = "xyz", kind: str = "application/dicom"
) -> bytes:
    parts = [f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode() + one for one in files]
    return b"\r\n".join([*parts, f"--{boundary}--\r\n".encode()])


def post(
    port: int, body: bytes, *, path: str = "/studies", chunked: bool = False, **headers: str
) -> tuple[int, Any]:
    given = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=xyz'}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    if chunked:
        pieces = [body[at : at + 1000] for at in range(0, len(body), 1000)]
        connection.request("POST", path, iter(pieces), given, encode_chunked=True)
    else:
        connection.request("POST", path, body, given)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    is_json = response.headers.get_content_type() == "application/dicom+json"
    return response.status, json.loads(content) if is_json else content


def uids(answer: Any, sequence: str) -> list[str]:
    return [item["00081155"]["Value"][0] for item in answer[sequence]["Value"]]


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


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_parts_are_found_wherever_the_pieces_are_cut(step: int) -> None:
    contents = [b"", b"\r\n--xy", b"a\r\n\r\nb", b"\r\n--xyz"[:-1] * 3]
    body = b"preamble\r\n" + request_of(contents) + b"epilogue"
    stream = io.BytesIO(body)
    found = list(parts_of(lambda n: stream.read(min(n, step)), "xyz", most_parts=9, most_bytes=100))
    assert found == [("application/dicom", one) for one in contents]


def test_a_message_that_is_cut_off_or_too_large_is_told() -> None:
    body = request_of([b"x" * 50, b"y"])
    with pytest.raises(MalformedMultipart):
        list(parts_of(io.BytesIO(body[:-8]).read, "xyz", most_parts=9, most_bytes=100))
    with pytest.raises(MultipartTooLarge):
        list(parts_of(io.BytesIO(body).read, "xyz", most_parts=1, most_bytes=100))
    with pytest.raises(MultipartTooLarge):
        list(parts_of(io.BytesIO(body).read, "xyz", most_parts=9, most_bytes=49))
