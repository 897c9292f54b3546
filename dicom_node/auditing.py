"""The audit trail of one process: what records it, what sends it, and who the process is in it."""

import os
import pwd
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from dicom_node.audit.connection import Secure
from dicom_node.audit.durable import why_not_writable
from dicom_node.audit.events import (
    application_activity,
    node_refused,
    recording,
    user_authentication,
)
from dicom_node.audit.forwarder import Forwarder, read_sent, waiting_of
from dicom_node.audit.head import Head, read_head
from dicom_node.audit.recorder import Happening, Recorder
from dicom_node.audit.trail import Trail
from dicom_node.domain.audit import AuditOutcome, AuditReceiver, Participant
from dicom_node.domain.errors import ArchiveError, ConfigError
from dicom_node.domain.peer import RefusedPeer, TlsFiles
from dicom_node.engine.loop import Loop
from dicom_node.network.tls import client_context
from dicom_node.settings import Settings
from dicom_node.stores import utc_now

log = structlog.get_logger(__name__)

TRAIL_FOLDER = "audit"
_MIB = 1024 * 1024
_POLL_S = 1.0
_REMOVE_EVERY_S = 3600.0


class Audit:
    """Records what happens in this process; start it first and stop it last.

    Parameters
    ----------
    part : str
        What of the node this process does.
    """

    def __init__(self, settings: Settings, *, part: str = "all") -> None:
        self._rules, self._part = settings.audit, part
        self.node = participant_of(settings)
        self._trail = Trail(
            trail_folder(settings), file_bytes=max(1, int(self._rules.file_mib * _MIB))
        )
        self._recorder = Recorder(
            self._trail,
            self.node,
            source_id=settings.device_serial_number,
            enterprise_site=self._rules.enterprise_site,
            clock=utc_now,
        )
        self._forwarder = self._new_forwarder(settings.tls)

    @property
    def loops(self) -> tuple[Loop, ...]:
        """Threads of it, beside its own."""
        loops = []
        if self._forwarder is not None:
            loops.append(Loop("audit-sender", self._forwarder.tick, pause_s=_POLL_S))
        if self._rules.keep_days is not None:
            loops.append(Loop("audit-retention", self._remove_old, pause_s=_REMOVE_EVERY_S))
        return tuple(loops)

    def begin(self) -> None:
        """Begin to record."""
        self._recorder.start()

    def end(self) -> None:
        """Write what is held, as far as the disk lets us; bounded in time."""
        self._recorder.stop()

    def start(self) -> None:
        """Begin to record; the first record is that the node starts."""
        self.begin()
        self._tell_activity(started=True)

    def stop(self) -> None:
        """Record that the node stops, and write what is held; bounded in time."""
        self._tell_activity(started=False)
        self.end()
        if self._forwarder is not None:
            self._forwarder.tick()  # what it can still get; the rest goes at the next start
            self._forwarder.close()

    def record(self, happening: Happening) -> None:
        """Take something to be recorded; never waits, never raises."""
        self._recorder.record(happening)

    def refused(self, peer: RefusedPeer) -> None:
        """Record that somebody was not let in, or is not who it should be."""
        now = utc_now()
        asked = f"AETITLES={peer.calling_ae}" if peer.calling_ae else None
        who = Participant(
            user_id=peer.calling_ae or peer.address or "unknown",
            requestor=False,
            alternative_id=asked,
            address=peer.address or None,
        )
        self.record(lambda: [node_refused(self.node, who, cause=peer.cause, now=now)])

    def not_authenticated(self, peer: RefusedPeer) -> None:
        """Record that somebody showed no secret, or a wrong one."""
        now = utc_now()
        who = Participant(
            user_id=peer.calling_ae or "unknown", requestor=True, address=peer.address or None
        )
        failed = AuditOutcome.MINOR_FAILURE
        self.record(
            lambda: [user_authentication(self.node, who, outcome=failed, cause=peer.cause, now=now)]
        )

    def _tell_activity(self, *, started: bool) -> None:
        now, part = utc_now(), f"part: {self._part}"
        self.record(
            lambda: [application_activity(self.node, started=started, now=now, description=part)]
        )

    def _remove_old(self) -> bool:
        assert self._rules.keep_days is not None
        now = utc_now()
        before = now - timedelta(days=self._rules.keep_days)
        cause = f"files of the trail that were closed before {before.isoformat()} are removed"
        event = recording(
            self.node, started=True, outcome=AuditOutcome.SUCCESS, cause=cause, now=now
        )
        sent = None
        if self._rules.receiver is not None:
            sent = read_sent(self._trail.folder).place.number
        removed = self._trail.remove_before(
            before, sent=sent, message=self._recorder.message(event)
        )
        if removed:
            log.info("audit.removed", files=removed)
        return False

    def _new_forwarder(self, tls: TlsFiles | None) -> Forwarder | None:
        receiver = self._rules.receiver
        if receiver is None:
            return None
        secure = None if tls is None else securing(tls, receiver)
        return Forwarder(
            self._trail.folder, receiver, secure, skipped=self._tell_skipped, clock=utc_now
        )

    def _tell_skipped(self, cause: str) -> None:
        now = utc_now()
        failed = AuditOutcome.MINOR_FAILURE
        self.record(
            lambda: [recording(self.node, started=False, outcome=failed, cause=cause, now=now)]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailStatus:
    """How a trail stands.

    Parameters
    ----------
    last, head : int, str
        Number and hash of the last line.
    fault : str
        Why it cannot be written; empty where it can.
    receiver : str or None
        Host and port of the repository; None where there is none.
    waiting : int
        Lines that it does not have.
    not_sent_because : str
        Why the last try to send failed; empty where it did not.
    """

    folder: Path
    last: int
    head: str
    fault: str
    receiver: str | None
    waiting: int
    not_sent_because: str


def trail_status(settings: Settings) -> TrailStatus:
    """How the trail of an installation stands, also while nothing runs."""
    folder, receiver = trail_folder(settings), settings.audit.receiver
    try:
        head, sent = read_head(folder) or Head(), read_sent(folder)
    except OSError as cause:
        raise ArchiveError(f"{folder} cannot be read: {cause.strerror}") from cause
    return TrailStatus(
        folder=folder,
        last=head.number,
        head=head.hash,
        fault=why_not_writable(folder),
        receiver=None if receiver is None else f"{receiver.host}:{receiver.port}",
        waiting=0 if receiver is None else waiting_of(folder, sent),
        not_sent_because="" if receiver is None else sent.cause,
    )


@contextmanager
def audit_of_command(settings: Settings) -> Iterator[Audit]:
    """Audit of a command: what is recorded within the block is written at its end."""
    audit = Audit(settings)
    audit.begin()
    try:
        yield audit
    finally:
        audit.end()


def trail_folder(settings: Settings) -> Path:
    """Where the audit trail of an installation lies."""
    return settings.storage_folder / TRAIL_FOLDER


def participant_of(settings: Settings) -> Participant:
    """The present process, as audit messages name it (PS3.15 A.5.2.1 and A.5.2.2)."""
    titles = (settings.listener.ae_title, *settings.listener.further_ae_titles)
    return Participant(
        user_id=str(os.getpid()),
        requestor=False,
        alternative_id=f"AETITLES={';'.join(titles)}",
        name="dicom-node",
        address=socket.gethostname(),
    )


def user_participant() -> Participant:
    """Who runs a command, as the system knows it."""
    return Participant(
        user_id=str(os.getuid()), requestor=True, name=_user_name(), address=socket.gethostname()
    )


def _user_name() -> str | None:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return None  # as in a container


def securing(tls: TlsFiles, receiver: AuditReceiver) -> Secure:
    """What puts TLS over a connection to the audit repository; its files are read each time."""

    def secure(connection: socket.socket) -> ssl.SSLSocket:
        try:
            context = client_context(tls, _ignored)
        except ConfigError as cause:  # files are replaced by people, and are whole again later
            raise OSError(str(cause)) from cause
        name = receiver.certificate_name or receiver.host
        return context.wrap_socket(connection, server_hostname=name)

    return secure


def _ignored(_: str) -> None:
    """Where TLS fails, the error that follows tells the reason, too."""
