"""Takes events without ever waiting, and writes them to the trail in a thread of its own."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

import structlog

from dicom_node.audit.events import recording
from dicom_node.audit.message import audit_message
from dicom_node.audit.trail import Trail
from dicom_node.domain.audit import AuditEvent, AuditOutcome, Participant

log = structlog.get_logger(__name__)

_MOST_HELD = 20_000  # some 50 MB at most; beyond, the newest are lost, which is told
_BATCH = 200
_RETRY_S = 1.0
_STOP_LIMIT_S = 10.0

Happening: TypeAlias = Callable[[], Sequence[AuditEvent]]
"""Gives the events of something that happened; may look up what is slow to look up."""


class Recorder:
    """Writes what happened to a trail, in order, many at once.

    Parameters
    ----------
    node : Participant
        Who tells, in messages on the trail itself.
    source_id, enterprise_site : str
        See `audit_message`.
    """

    def __init__(
        self,
        trail: Trail,
        node: Participant,
        *,
        source_id: str,
        enterprise_site: str | None,
        clock: Callable[[], datetime],
        retry_s: float = _RETRY_S,
        most_held: int = _MOST_HELD,
    ) -> None:
        self._trail, self._node, self._clock = trail, node, clock
        self._source_id, self._enterprise_site = source_id, enterprise_site
        self._retry_s, self._most_held = retry_s, most_held
        self._held: deque[Happening] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._writing = False
        self._lost = 0
        self._fault = ""
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)

    @property
    def fault(self) -> str:
        """Why the trail cannot be written; empty where it can."""
        return self._fault

    def record(self, happening: Happening) -> None:
        """Take something to be recorded; never waits for the disk, never raises."""
        with self._changed:
            if len(self._held) >= self._most_held:
                self._lost += 1
                return
            self._held.append(happening)
            self._changed.notify_all()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is held, as far as the disk lets us, and end; bounded in time."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(_STOP_LIMIT_S)

    def flush(self, limit_s: float = _STOP_LIMIT_S) -> bool:
        """Wait until everything is written that was taken; whether it was, within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._held and not self._writing, limit_s)

    def message(self, event: AuditEvent) -> str:
        """The audit message of an event."""
        return audit_message(
            event, source_id=self._source_id, enterprise_site=self._enterprise_site
        )

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._held) or self._stopping)
                if not self._held:
                    return
                count = min(len(self._held), _BATCH)
                batch = [self._held.popleft() for _ in range(count)]
                self._writing = True
            messages = [self.message(event) for one in batch for event in self._events_of(one)]
            written = self._write_until_done(messages)
            with self._changed:
                self._writing = False
                self._changed.notify_all()
            if not written:
                return

    def _events_of(self, happening: Happening) -> Sequence[AuditEvent]:
        try:
            return happening()
        except Exception:  # outermost frame of one event: a bug in it must not stop the others
            log.exception("audit.event_lost")
            return ()

    def _write_until_done(self, messages: Sequence[str]) -> bool:
        """Write a batch however long the disk refuses; False where the node ends meanwhile."""
        while True:
            try:
                self._trail.append([*self._gap(), *messages])
            except OSError as cause:
                self._tell_fault(cause)
            else:
                self._tell_healthy()
                return True
            with self._changed:
                if self._changed.wait_for(lambda: self._stopping, self._retry_s):
                    log.error("audit.lost_at_stop", messages=len(messages) + len(self._held))
                    return False

    def _gap(self) -> Sequence[str]:
        """What the trail says of a time in which it could not be written."""
        if not self._fault and not self._lost:
            return ()
        why = self._fault or "more happened than can be held"
        cause = f"the trail could not be written: {why}; {self._lost} events were lost"
        event = recording(
            self._node,
            started=True,
            outcome=AuditOutcome.SERIOUS_FAILURE if self._lost else AuditOutcome.MINOR_FAILURE,
            cause=cause,
            now=self._clock(),
        )
        return (self.message(event),)

    def _tell_fault(self, cause: OSError) -> None:
        told = cause.strerror or type(cause).__name__
        if told != self._fault:
            log.error("audit.not_recorded", folder=str(self._trail.folder), cause=told)
        self._fault = told

    def _tell_healthy(self) -> None:
        if self._fault or self._lost:
            log.warning("audit.recorded_again", lost=self._lost)
        with self._changed:
            self._fault, self._lost = "", 0
