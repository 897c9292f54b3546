"""TLS in both directions: who is let in, who is refused and told, and new files without restart."""

import os
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from factories import pet_series, write_series
from structlog.testing import capture_logs

from dicom_node.domain.errors import ConfigError
from dicom_node.domain.peer import Caller, Destination, SendReport, TlsFiles
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.storage_scp import StorageScp
from dicom_node.network.storage_scu import send
from dicom_node.network.tls import TlsContext, days_left
from dicom_node.network.verification import echo


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "tls")


@pytest.fixture
def node(serve: Any, authority: Authority) -> StorageScp:
    """A Storage SCP that speaks TLS only."""
    return serve(tls=authority.issue("node.example"))  # type: ignore[no-any-return]  # a fixture


def peer(scp: StorageScp, files: TlsFiles | None, **changes: Any) -> Destination:
    """The node as somebody else would reach it."""
    configured: dict[str, Any] = {
        "name": "node",
        "ae_title": "NODE",
        "host": "127.0.0.1",
        "port": scp.port,
        "timeout_s": 5.0,
        "tls": files,
    }
    return Destination(**(configured | changes))


def reason(destination: Destination) -> str:
    """Why it does not answer."""
    answer = echo(destination)
    assert not answer.reachable
    return str(answer.cause)


def pushed(destination: Destination, folder: Path) -> list[SendReport]:
    write_series(pet_series(slices=3), folder)
    return send(outgoing_files(folder)[0], destination)


def test_a_series_goes_through_tls_byte_for_byte(
    node: StorageScp, authority: Authority, inbox: Any, tmp_path: Path
) -> None:
    reports = pushed(peer(node, authority.issue("pacs.example")), tmp_path / "pet")
    assert [one.stored for one in reports] == [True] * 3
    sent = sorted(path.read_bytes() for path in (tmp_path / "pet").glob("*.dcm"))
    come = sorted(one.dataset for one in inbox.instances)
    assert all(file.endswith(data) for file, data in zip(sent, come, strict=True))


def test_dcmtk_sends_through_tls(
    node: StorageScp, authority: Authority, inbox: Any, tmp_path: Path, dcmtk: Callable[..., str]
) -> None:
    files = authority.issue("scanner.example")
    write_series(pet_series(slices=3), tmp_path / "pet")
    subprocess.run(
        [
            *(dcmtk("storescu"), "+tls", str(files.private_key), str(files.certificate)),
            *("+cf", str(files.trusted), "-aec", "NODE", "+sd", "127.0.0.1", str(node.port)),
            str(tmp_path / "pet"),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert len(inbox.instances) == 3


def test_no_tls_no_certificate_a_wrong_authority_and_an_ended_one_are_refused_and_told(
    node: StorageScp, authority: Authority, tmp_path: Path, eventually: Callable[..., None]
) -> None:
    stranger = Authority(tmp_path / "stranger", "stranger")
    not_ours = stranger.issue("pacs.example", trusted=authority.certificate)
    unwanted = {
        "http request|wrong version number|unknown protocol|packet length": None,
        "self-signed certificate|unable to get local issuer|bad signature|unknown ca": not_ours,
        "certificate has expired": authority.issue("late.example", days=-1),
    }
    for told, files in unwanted.items():
        with capture_logs() as logged:
            assert reason(peer(node, files))
            eventually(
                lambda logged=logged: [one for one in logged if one["event"] == "tls.refused"],
                what="the refusal is in the log",
            )
        (refused,) = [one for one in logged if one["event"] == "tls.refused"]
        assert refused["peer"] == "127.0.0.1"
        assert any(part in refused["cause"].lower() for part in told.split("|")), refused["cause"]
    assert echo(peer(node, authority.issue("pacs.example"))).reachable


OLD = (ssl.TLSVersion.TLSv1_1, True, "unsupported protocol")
BARE = (ssl.TLSVersion.TLSv1_2, False, "did not return a certificate")
BARE_NEW = (ssl.TLSVersion.TLSv1_3, False, "did not return a certificate")


@pytest.mark.parametrize("asked", [OLD, BARE, BARE_NEW])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
def test_an_old_protocol_and_a_peer_without_certificate_are_refused(
    node: StorageScp,
    authority: Authority,
    eventually: Callable[..., None],
    asked: tuple[ssl.TLSVersion, bool, str],
) -> None:
    version, with_certificate, told = asked
    files = authority.issue("pacs.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(files.trusted)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    if with_certificate:
        context.load_cert_chain(files.certificate, files.private_key)
    with capture_logs() as logged:
        with (
            suppress(OSError),
            socket.create_connection(("127.0.0.1", node.port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname="node.example") as secured,
        ):
            assert secured.recv(1) == b""  # TLS 1.3 tells the client after its handshake
        eventually(
            lambda: [one for one in logged if one["event"] == "tls.refused"],
            what="the refusal is in the log",
        )
    assert told in logged[0]["cause"].lower().replace("peer ", "")
    assert echo(peer(node, files)).reachable


def test_a_connection_that_stalls_before_the_handshake_holds_nobody_up(
    node: StorageScp, authority: Authority
) -> None:
    with socket.create_connection(("127.0.0.1", node.port)):
        assert echo(peer(node, authority.issue("pacs.example"))).reachable


def test_a_handshake_that_trickles_is_given_up_in_time_however_often_a_byte_comes(
    authority: Authority,
) -> None:
    context = TlsContext(authority.issue("node.example"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        theirs = socket.create_connection(listening.getsockname())
        ours, _ = listening.accept()
    hello = struct.pack(">BHH", 22, 0x0301, 400) + b"\x01" + bytes(399)
    gone = threading.Event()

    def _trickle() -> None:
        for number in range(len(hello)):
            try:
                theirs.sendall(hello[number : number + 1])
            except OSError:
                break
            time.sleep(0.02)
        gone.set()

    threading.Thread(target=_trickle, daemon=True).start()
    began_at = time.monotonic()
    with capture_logs() as logged:
        assert context.accept(ours, limit_s=0.5) is None
    assert time.monotonic() - began_at < 5
    assert "not through after 0.5 s" in logged[-1]["cause"]
    assert gone.wait(5)  # the connection was closed
    theirs.close()


def test_a_title_bound_to_a_certificate_is_not_taken_from_another(
    serve: Any, authority: Authority
) -> None:
    bound = Caller(ae_title="PETCT1", certificate_name="petct1.example")
    scp = serve(tls=authority.issue("node.example"), callers=(bound,))
    own, other = authority.issue("petct1.example"), authority.issue("other.example")
    assert echo(peer(scp, own, calling_ae_title="PETCT1")).reachable
    told = reason(peer(scp, other, calling_ae_title="PETCT1"))
    assert "calling AE title not recognised" in told


def test_a_destination_with_another_name_or_authority_is_not_sent_to(
    serve: Any, authority: Authority, tmp_path: Path
) -> None:
    scp = serve(tls=authority.issue("node.example"))
    mine = authority.issue("pacs.example")
    assert echo(peer(scp, mine, certificate_name="node.example")).reachable
    told = reason(peer(scp, mine, certificate_name="elsewhere.example"))
    assert "TLS with 127.0.0.1" in told
    assert "not valid for 'elsewhere.example'" in told
    stranger = Authority(tmp_path / "stranger", "stranger")
    trusts_others = authority.issue("pacs.example", trusted=stranger.certificate)
    assert "certificate verify failed" in reason(peer(scp, trusts_others))
    (report,) = pushed(peer(scp, trusts_others), tmp_path / "pet")[:1]
    assert report.transient  # files are replaced by people


def test_a_destination_without_tls_is_told_as_such(serve: Any, authority: Authority) -> None:
    told = reason(peer(serve(), authority.issue("pacs.example"), timeout_s=1.0))
    assert "TLS with 127.0.0.1" in told


def test_new_files_are_taken_without_restart_and_broken_ones_are_not(
    serve: Any, authority: Authority
) -> None:
    files = authority.issue("node.example")
    scp = serve(tls=files)
    mine = authority.issue("pacs.example")
    assert echo(peer(scp, mine, certificate_name="node.example")).reachable
    authority.issue("renewed.example", stem="node.example")
    _later(files.certificate)
    assert echo(peer(scp, mine, certificate_name="renewed.example")).reachable
    files.certificate.write_text("half of a file")
    _later(files.certificate)
    with capture_logs() as logged:
        assert echo(peer(scp, mine, certificate_name="renewed.example")).reachable
    (told,) = [one for one in logged if one["event"] == "tls.not_reloaded"]
    assert str(files.certificate) in told["cause"] or str(files.private_key) in told["cause"]


def _later(path: Path) -> None:
    """Give a file another time of change, however coarse the clock of the file system."""
    changed = path.stat().st_mtime_ns + 10**9
    os.utime(path, ns=(changed, changed))


def test_an_encrypted_key_needs_its_password(serve: Any, authority: Authority) -> None:
    locked = authority.issue("node.example", password="correct horse")
    assert echo(peer(serve(tls=locked), authority.issue("pacs.example"))).reachable
    assert locked.password_file is not None
    locked.password_file.write_text("wrong")
    with pytest.raises(ConfigError, match="private_key"):
        TlsContext(locked)
    without = TlsFiles(
        certificate=locked.certificate, private_key=locked.private_key, trusted=locked.trusted
    )
    with pytest.raises(ConfigError, match="private_key"):
        TlsContext(without)  # and nobody is asked on a terminal


def test_a_certificate_that_ends_soon_is_told(authority: Authority) -> None:
    assert 364 < days_left(authority.issue("node.example").certificate) <= 365
    with capture_logs() as logged:
        TlsContext(authority.issue("node.example", days=7))
    assert [(one["event"], one["days_left"]) for one in logged] == [("tls.expires", 7.0)]


def test_files_that_are_absent_are_named(authority: Authority, tmp_path: Path) -> None:
    good = authority.issue("node.example")
    absent = tmp_path / "absent.pem"
    with pytest.raises(ConfigError, match=r"absent\.pem"):
        TlsContext(
            TlsFiles(certificate=good.certificate, private_key=good.private_key, trusted=absent),
        )
