"""TLS for both directions: BCP 195 (PS3.15 B.12), both sides show a certificate, files reloaded."""

import os
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog
from cryptography import x509
from cryptography.x509.oid import NameOID

from dicom_node.domain.errors import ConfigError
from dicom_node.domain.peer import RefusedPeer, TlsFiles

log = structlog.get_logger(__name__)

# TLS 1.2 suites with forward secrecy and authenticated encryption only (RFC 9325, 4.2); those of
# TLS 1.3 are all of that kind and are not chosen by this.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"

# A certificate that ends in this time is told as a warning.
EXPIRES_SOON_DAYS = 30


class TlsContext:
    """SSL context for connections that come, made anew when one of its files changes.

    Parameters
    ----------
    refused : callable
        Told of every peer with whom TLS failed.

    Raises
    ------
    ConfigError
        Where a file is absent or does not fit; names it.
    """

    def __init__(
        self, files: TlsFiles, refused: Callable[[RefusedPeer], None] = lambda _: None
    ) -> None:
        self._files, self._refused = files, refused
        self._lock = threading.Lock()
        self._stamps = _stamps(files)
        self._context = _context(files, server=True)
        _tell_expiry(files)

    def current(self) -> ssl.SSLContext:
        """Context of the files as they are now; the last good one while they do not fit."""
        with self._lock:
            stamps = _stamps(self._files)
            if stamps != self._stamps:
                self._stamps = stamps
                try:
                    self._context = _context(self._files, server=True)
                except ConfigError as cause:
                    log.error("tls.not_reloaded", cause=str(cause))
                else:
                    log.info("tls.reloaded", certificate=str(self._files.certificate))
                    _tell_expiry(self._files)
            return self._context

    def accept(self, connection: socket.socket, *, limit_s: float) -> socket.socket | None:
        """An accepted connection behind TLS; None, with the connection closed, where it is refused.

        Refused is a peer that speaks no TLS or an older one, shows no certificate or none that is
        trusted, or is not through with it after `limit_s`, however it spends them.
        """
        peer = ""
        try:
            peer = connection.getpeername()[0]
            connection = self.current().wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
            _shake_hands(connection, limit_s)
            return connection
        except OSError as cause:
            log.warning("tls.refused", peer=peer, cause=str(cause))
            connection.close()
            self._refused(RefusedPeer(address=peer, cause=f"TLS: {cause}"))
            return None


def _shake_hands(connection: ssl.SSLSocket, limit_s: float) -> None:
    """The handshake, within a time for all of it: a socket's own limit is for each byte.

    Raises
    ------
    OSError
        Where it fails, or takes longer.
    """
    ends_at = time.monotonic() + limit_s
    connection.setblocking(False)
    with selectors.DefaultSelector() as ready:
        while True:
            try:
                connection.do_handshake()
                break
            except ssl.SSLWantReadError:
                waits_for = selectors.EVENT_READ
            except ssl.SSLWantWriteError:
                waits_for = selectors.EVENT_WRITE
            key = ready.register(connection, waits_for)
            left_s = ends_at - time.monotonic()
            if left_s <= 0 or not ready.select(left_s):
                raise TimeoutError(f"the handshake is not through after {limit_s:g} s")
            ready.unregister(key.fileobj)
    connection.settimeout(limit_s)


def expires_at(certificate: Path) -> datetime:
    """End of the validity of the first certificate of a PEM file, in UTC.

    Raises
    ------
    ConfigError
        Where it holds no certificate.
    """
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as cause:
        raise ConfigError(
            file="node.toml",
            key="tls.certificate",
            value=f"{certificate} ({type(cause).__name__})",
            allowed="a PEM file with the certificate of this node first",
        ) from cause


def days_left(certificate: Path) -> float:
    """Days until the certificate ends; negative when it has."""
    return (expires_at(certificate) - datetime.now(UTC)).total_seconds() / 86400


def _tell_expiry(files: TlsFiles) -> None:
    left = days_left(files.certificate)
    if left < EXPIRES_SOON_DAYS:
        log.warning("tls.expires", certificate=str(files.certificate), days_left=round(left, 1))


def client_context(files: TlsFiles, refused: Callable[[str], None]) -> ssl.SSLContext:
    """Context for one connection that goes out.

    Parameters
    ----------
    refused : callable
        Given the reason where the handshake fails, which pynetdicom keeps to its own log.
    """

    class _Telling(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:  # inherited
            try:
                super().do_handshake(block)
            except OSError as cause:
                refused(str(cause))
                raise

    context = _context(files, server=False)
    context.sslsocket_class = _Telling
    return context


def names_of(connection: object) -> frozenset[str]:
    """Names in the certificate that a peer showed: DNS names, addresses, common name."""
    if not isinstance(connection, ssl.SSLSocket):
        return frozenset()
    encoded = connection.getpeercert(binary_form=True)
    if encoded is None:
        return frozenset()
    shown = x509.load_der_x509_certificate(encoded)
    common = {str(one.value) for one in shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)}
    try:
        others = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset(common)
    dns = others.get_values_for_type(x509.DNSName)
    addresses = [str(one) for one in others.get_values_for_type(x509.IPAddress)]
    return frozenset(common.union(dns, addresses))


def _context(files: TlsFiles, *, server: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.verify_mode = ssl.CERT_REQUIRED
    _load("tls.trusted", files.trusted, lambda: context.load_verify_locations(files.trusted))
    _load(
        "tls.certificate, tls.private_key",
        files.private_key,
        lambda: context.load_cert_chain(
            files.certificate, files.private_key, password=_password(files)
        ),
    )
    return context


def _password(files: TlsFiles) -> str:
    # Never None: OpenSSL would then ask on the terminal, and the node would wait for ever.
    if files.password_file is None:
        return ""
    return files.password_file.read_text(encoding="utf-8").strip()


def _load(key: str, path: Path, load: Callable[[], None]) -> None:
    try:
        load()
    except (OSError, ValueError) as cause:  # ssl.SSLError is an OSError
        raise ConfigError(
            file="node.toml",
            key=key,
            value=f"{path} ({cause})",
            allowed="PEM files that can be read and belong together, with the key's password",
        ) from cause


def _stamps(files: TlsFiles) -> tuple[tuple[int, int], ...]:
    """What tells that a file was replaced: time of change and length; zeros where it is absent."""
    found = []
    paths = (files.certificate, files.private_key, files.trusted, files.password_file)
    for path in filter(None, paths):
        try:
            told = os.stat(path)
        except OSError:
            found.append((0, 0))
        else:
            found.append((told.st_mtime_ns, told.st_size))
    return tuple(found)
