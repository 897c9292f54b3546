"""Whether this process takes part, and what it alone may do now; watches over the others.

Clocks of several hosts need not agree: each process counts beats in the database, and whoever looks
judges by its own clock for how long the count of another has not grown.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Protocol

import structlog

from dicom_node.domain.rules import LivenessRules
from dicom_node.engine.seams import Clock

log = structlog.get_logger(__name__)


class Pulse(Protocol):
    """What an executor finds when it tells that it lives."""

    @property
    def beats(self) -> Mapping[str, int]:
        """Number of beats of every executor."""

    @property
    def held(self) -> Collection[str]:
        """Names of the leases that it has."""


class ExecutorBook(Protocol):
    """Executors and leases in the database."""

    def join(self, executor_id: str, role: str, now: datetime) -> int:
        """Take part, as one that has nothing."""
        ...

    def leave(self, executor_id: str, now: datetime) -> None:
        """Take part no more."""
        ...

    def pulse(self, executor_id: str, wanted: Collection[str], now: datetime) -> Pulse | None:
        """Tell that it lives, and take free leases; None where it was given up."""
        ...

    def give_up(self, executor_id: str, beat: int, now: datetime) -> int | None:
        """Remove one that has been silent since a beat; number of jobs queued again."""
        ...


class Membership:
    """One process among others.

    Parameters
    ----------
    wanted : collection of str
        Names of what only one process may do at a time and this one can do.
    clock : callable
        Aware time, for what is written down.
    uptime_s : callable
        Seconds of a clock that never steps, for how long somebody is silent.
    """

    def __init__(
        self,
        *,
        book: ExecutorBook,
        executor_id: str,
        role: str,
        wanted: Collection[str],
        rules: LivenessRules,
        clock: Clock,
        uptime_s: Callable[[], float],
    ) -> None:
        self.executor_id = executor_id
        self._book, self._role, self._wanted = book, role, frozenset(wanted)
        self._rules, self._clock, self._uptime_s = rules, clock, uptime_s
        self._held: frozenset[str] = frozenset()
        self._believed_until_s = 0.0
        self._seen: dict[str, tuple[int, float]] = {}  # beat of each, and since when it is so

    def join(self) -> None:
        """Take part; whatever an earlier process of the same name had is free."""
        requeued = self._book.join(self.executor_id, self._role, self._clock())
        log.info("executor.joined", executor=self.executor_id, jobs=requeued)
        self.tick()

    def leave(self) -> None:
        """Give everything back, so that nobody waits."""
        self._held, self._believed_until_s = frozenset(), 0.0
        self._book.leave(self.executor_id, self._clock())

    def is_member(self) -> bool:
        """Whether the others can not have given this process up: it has told in time it lives."""
        return self._uptime_s() < self._believed_until_s

    def holds(self, name: str) -> bool:
        """Whether this process, and no other, may do something now."""
        return name in self._held and self.is_member()

    def tick(self) -> bool:
        """Tell that it lives, and give up whoever has been silent; more is never to be done."""
        told_at_s = self._uptime_s()
        pulse = self._book.pulse(self.executor_id, self._wanted, self._clock())
        if pulse is None:
            log.error("executor.was_given_up", executor=self.executor_id)
            self._held = frozenset()
            self._book.join(self.executor_id, self._role, self._clock())
            return False
        self._held = frozenset(pulse.held)
        self._believed_until_s = told_at_s + self._rules.dead_after_s / 2
        self._look_at_others(pulse.beats)
        return False

    def _look_at_others(self, beats: Mapping[str, int]) -> None:
        now_s = self._uptime_s()
        known = self._seen
        self._seen = {
            name: known[name] if name in known and known[name][0] == beat else (beat, now_s)
            for name, beat in beats.items()
            if name != self.executor_id
        }
        for name, (beat, since_s) in self._seen.items():
            if now_s - since_s < self._rules.dead_after_s:
                continue
            requeued = self._book.give_up(name, beat, self._clock())
            if requeued is not None:
                log.error("executor.given_up", executor=name, jobs=requeued)
