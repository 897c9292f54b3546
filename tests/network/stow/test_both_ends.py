"""STOW-RS from the node to the node: every byte, every answer, TLS and credentials."""

from pathlib import Path
from typing import Any

from certificates import Authority
from stow_peers import Inbox, at

from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.peer import (
    ReceivedInstance,
    StoreOutcome,
)
from dicom_node.network.stow_scu import store


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
