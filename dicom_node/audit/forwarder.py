"""Sends the trail to the audit repository, in order, from where it stopped, and never waits for it.

The trail is the spool: what was sent is only a place in it, kept beside it. So nothing is kept
twice, and what the receiver did not get is there after a restart.
"""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from dicom_node.audit.connection import Secure, SyslogConnection
from dicom_node.audit.durable import locked, private_folder, write_durably
from dicom_node.audit.files import Place, read_after
from dicom_node.audit.head import read_head
from dicom_node.audit.line import Line
from dicom_node.audit.syslog import framed, machine_name, syslog_message
from dicom_node.domain.audit import AuditReceiver

log = structlog.get_logger(__name__)

_CURSOR, _LOCK = "sent.json", "sending.lock"
_BATCH = 200
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How far the receiver has the trail.

    Parameters
    ----------
    place : Place
        After the last line that it has.
    cause : str
        Why nothing was sent the last time; empty where it was.
    """

    place: Place = field(default_factory=Place)
    cause: str = ""


class Forwarder:
    """One process of an installation sends at a time; who does is decided by a lock.

    Parameters
    ----------
    skipped : callable
        Told, with a sentence, of messages that the receiver will not get.
    """

    def __init__(
        self,
        folder: Path,
        receiver: AuditReceiver,
        secure: Secure | None,
        *,
        skipped: Callable[[str], None],
        clock: Callable[[], datetime],
        uptime_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._receiver, self._secure = folder, receiver, secure
        self._skipped, self._clock, self._uptime_s = skipped, clock, uptime_s
        self._connection: SyslogConnection | None = None
        self._failures, self._not_before_s = 0, 0.0

    def tick(self) -> bool:
        """Send what waits, one batch of it; whether there may be more at once."""
        if self._uptime_s() < self._not_before_s:
            return False
        private_folder(self._folder)
        with locked(self._folder / _LOCK, wait=False) as mine:
            return mine and self._send_batch()

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send_batch(self) -> bool:
        sent = self._within_bounds(read_sent(self._folder))
        lines, place = read_after(self._folder, sent.place, limit=_BATCH)
        if not lines:
            return False
        try:
            self._send(lines)
        except OSError as cause:
            self._note_failure(sent, str(cause))
            return False
        if self._failures:
            log.info("audit.receiver_answers_again", host=self._receiver.host)
        self._failures = 0
        write_sent(self._folder, Sent(place=place))
        return True

    def _send(self, lines: Sequence[Line]) -> None:
        host, now = machine_name(), self._clock()
        frames = [
            framed(syslog_message(line.message, at=now, host=host), self._receiver.transport)
            for line in lines
        ]
        if self._connection is None:
            self._connection = SyslogConnection(self._receiver, self._secure)
        self._connection.send(frames)

    def _note_failure(self, sent: Sent, cause: str) -> None:
        """Leave the receiver alone for a while; told when it begins, and kept for who asks."""
        with suppress(OSError):  # of a connection that is lost
            self.close()
        self._connection = None
        if self._failures == 0:
            where = f"{self._receiver.host}:{self._receiver.port}"
            log.error("audit.receiver_silent", receiver=where, cause=cause)
            write_sent(self._folder, Sent(place=sent.place, cause=cause))
        pause_s = min(_FIRST_PAUSE_S * 2.0 ** min(self._failures, 30), _LONGEST_PAUSE_S)
        self._failures += 1
        self._not_before_s = self._uptime_s() + pause_s

    def _within_bounds(self, sent: Sent) -> Sent:
        """The place, moved on where more waits than may wait."""
        waiting = waiting_of(self._folder, sent)
        over = waiting - self._receiver.most_waiting
        if over <= 0:
            return sent
        first, last = sent.place.number + 1, sent.place.number + over
        cause = f"lines {first} to {last} are not sent: more than may wait; they stay in the trail"
        log.error("audit.not_sent", first=first, last=last)
        moved = Sent(place=Place(number=last), cause=sent.cause)
        write_sent(self._folder, moved)
        self._skipped(cause)
        return moved


def read_sent(folder: Path) -> Sent:
    """How far the receiver has a trail; from its beginning where that is not known."""
    try:
        found = json.loads((folder / _CURSOR).read_bytes())
        return Sent(place=Place(**found["place"]), cause=str(found["cause"]))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, KeyError):
        return Sent()


def write_sent(folder: Path, sent: Sent) -> None:
    """Keep how far the receiver has a trail. Raises OSError."""
    write_durably(folder / _CURSOR, json.dumps(asdict(sent)).encode("ascii"))


def waiting_of(folder: Path, sent: Sent) -> int:
    """Number of lines that the receiver does not have."""
    head = read_head(folder)
    return 0 if head is None else max(0, head.number - sent.place.number)
