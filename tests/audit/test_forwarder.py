"""The trail goes to the repository in order, outlives absence and restart."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from structlog.testing import capture_logs
from syslog_receiver import SyslogReceiver

from dicom_node.audit.forwarder import Forwarder, read_sent, waiting_of
from dicom_node.audit.syslog import framed, syslog_message
from dicom_node.audit.trail import Trail
from dicom_node.audit.verification import verify
from dicom_node.auditing import securing
from dicom_node.domain.audit import AuditReceiver, SyslogTransport
from dicom_node.domain.peer import TlsFiles


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    return Trail(tmp_path / "audit", file_bytes=500)


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def numbered(first: int, last: int) -> list[str]:
    return [f"<AuditMessage n='{number}'/>" for number in range(first, last + 1)]


@pytest.fixture
def forwarding(trail: Trail) -> Any:
    made: list[Forwarder] = []

    def _make(receiver: SyslogReceiver, *, tls: TlsFiles | None = None, **given: Any) -> Forwarder:
        where = {"host": "127.0.0.1", "port": receiver.port, "timeout_s": 3.0}
        rest = {key: given.pop(key) for key in ("skipped", "uptime_s") if key in given}
        transport = SyslogTransport.TCP if tls is None else SyslogTransport.TLS
        rules = AuditReceiver(**(where | {"transport": transport} | given))
        secure = None if tls is None else securing(tls, rules)
        told: dict[str, Any] = {"skipped": lambda _: None, "clock": lambda: datetime.now(UTC)}
        made.append(Forwarder(trail.folder, rules, secure, **(told | rest)))
        return made[-1]

    yield _make
    for one in made:
        one.close()


def run(forwarder: Forwarder) -> None:
    while forwarder.tick():
        pass


@pytest.mark.parametrize("transport", [SyslogTransport.TCP, SyslogTransport.UDP])
def test_messages_go_in_order_with_the_header_of_the_standard(
    trail: Trail, forwarding: Any, transport: SyslogTransport
) -> None:
    trail.append(numbered(1, 7))
    with SyslogReceiver(udp=transport is SyslogTransport.UDP) as repository:
        forwarder = forwarding(repository, transport=transport)
        run(forwarder)
        assert repository.wait_for(7) == numbered(1, 7)
    priority, when, _, application, _, message_id = repository.headers[0]
    assert (priority, application, message_id) == ("85", "dicom-node", "DICOM+RFC3881")
    assert when.endswith("Z")
    assert waiting_of(trail.folder, read_sent(trail.folder)) == 0


def test_over_tls_with_certificates_from_both_sides(
    trail: Trail, forwarding: Any, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "tls")
    trail.append(numbered(1, 3))
    with SyslogReceiver(tls=authority.issue("audit.example")) as repository:
        run(forwarding(repository, tls=authority.issue("node.example")))
        assert repository.wait_for(3) == numbered(1, 3)


def strange_server(authority: Authority, stranger: Authority) -> tuple[SyslogReceiver, TlsFiles]:
    files = stranger.issue("audit.example", trusted=authority.certificate)
    return SyslogReceiver(tls=files), authority.issue("node.example")


def expired_server(authority: Authority, _: Authority) -> tuple[SyslogReceiver, TlsFiles]:
    return SyslogReceiver(tls=authority.issue("a", days=-1)), authority.issue("node.example")


def old_server(authority: Authority, _: Authority) -> tuple[SyslogReceiver, TlsFiles]:
    files, old = authority.issue("audit.example"), ssl.TLSVersion.TLSv1_1
    return SyslogReceiver(tls=files, max_version=old), authority.issue("node.example")


def strange_node(authority: Authority, stranger: Authority) -> tuple[SyslogReceiver, TlsFiles]:
    files = stranger.issue("node.example", trusted=authority.certificate)
    return SyslogReceiver(tls=authority.issue("audit.example")), files


@pytest.mark.parametrize("case", [strange_server, expired_server, old_server, strange_node])
def test_nothing_counts_as_sent_where_either_side_does_not_trust_the_other(
    trail: Trail,
    forwarding: Any,
    tmp_path: Path,
    case: Callable[[Authority, Authority], tuple[SyslogReceiver, TlsFiles]],
) -> None:
    repository, files = case(Authority(tmp_path / "a"), Authority(tmp_path / "b", "stranger"))
    trail.append(numbered(1, 3))
    with repository, capture_logs() as logged:
        assert forwarding(repository, tls=files).tick() is False
    assert repository.messages == []
    sent = read_sent(trail.folder)
    assert (sent.place.number, bool(sent.cause)) == (0, True)
    assert [one["event"] for one in logged] == ["audit.receiver_silent"]


def test_what_waited_goes_in_order_when_the_repository_is_back_also_after_a_restart(
    trail: Trail, forwarding: Any
) -> None:
    uptime = Clock()
    trail.append(numbered(1, 4))
    repository = SyslogReceiver()
    with repository:
        first = forwarding(repository, uptime_s=uptime)
        run(first)
        repository.wait_for(4)
    trail.append(numbered(5, 9))
    assert first.tick() is False
    assert read_sent(trail.folder).place.number == 4
    first.close()  # the node ends; another one begins
    trail.append(numbered(10, 11))
    again = forwarding(repository, uptime_s=uptime)
    with repository:
        run(again)
        assert repository.wait_for(11) == numbered(1, 11)
    assert read_sent(trail.folder).cause == ""


def test_a_silent_repository_is_left_alone_longer_and_longer(trail: Trail, forwarding: Any) -> None:
    uptime, repository = Clock(), SyslogReceiver()
    forwarder = forwarding(repository, uptime_s=uptime)
    trail.append(numbered(1, 1))
    with capture_logs() as logged:
        tried_at = []
        for second in range(200):
            uptime.now_s = float(second)
            before = forwarder._not_before_s
            forwarder.tick()
            if forwarder._not_before_s != before:
                tried_at.append(second)
    pauses = [after - before for before, after in pairwise(tried_at)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60][: len(pauses)]
    assert [one["event"] for one in logged] == ["audit.receiver_silent"]  # once


def test_a_connection_that_the_repository_closed_is_made_anew(
    trail: Trail, forwarding: Any
) -> None:
    uptime, repository = Clock(), SyslogReceiver()
    forwarder = forwarding(repository, uptime_s=uptime)
    trail.append(numbered(1, 1))
    with repository:
        run(forwarder)
        repository.wait_for(1)
    with repository:
        trail.append(numbered(2, 2))
        run(forwarder)  # finds the connection closed
        uptime.now_s = 2.0
        run(forwarder)
        assert repository.wait_for(2) == numbered(1, 2)
    assert repository.connections == 2


def test_more_than_may_wait_is_passed_over_and_told_and_stays_in_the_trail(
    trail: Trail, forwarding: Any
) -> None:
    told: list[str] = []
    trail.append(numbered(1, 9))
    with SyslogReceiver() as repository:
        run(forwarding(repository, most_waiting=4, skipped=told.append))
        assert repository.wait_for(4) == numbered(6, 9)
    assert told == ["lines 1 to 5 are not sent: more than may wait; they stay in the trail"]
    assert verify(trail.folder).lines == 9


def test_only_one_process_sends_at_a_time(trail: Trail, forwarding: Any) -> None:
    from dicom_node.audit.durable import locked

    trail.append(numbered(1, 2))
    with SyslogReceiver() as repository:
        forwarder = forwarding(repository)
        with locked(trail.folder / "sending.lock"):
            assert forwarder.tick() is False
        run(forwarder)
        assert repository.wait_for(2) == numbered(1, 2)


def test_a_message_is_framed_by_its_length_in_octets() -> None:
    message = syslog_message("<A n='Jürgen'/>", at=datetime(2026, 1, 2, tzinfo=UTC), host="näme x")
    assert message.startswith(b"<85>1 2026-01-02T00:00:00.000Z n_me_x dicom-node ")
    assert message.endswith("<A n='Jürgen'/>".encode())
    length, _, rest = framed(message, SyslogTransport.TLS).partition(b" ")
    assert (int(length), rest) == (len(message), message)
    assert framed(message, SyslogTransport.UDP) == message
