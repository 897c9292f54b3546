"""Looks at arrivals: which series are complete, and which jobs follow.

Stateless but for caches: everything it decides stands in the index and the job table, so that a
restart looks again at what was undecided and comes to the same jobs.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog

from dicom_node.domain.errors import ArchiveError, InputRejected
from dicom_node.domain.job import content_digest
from dicom_node.domain.records import Arrival
from dicom_node.domain.route import ContourUse, Route
from dicom_node.domain.rules import AssemblyRules
from dicom_node.domain.series import Reason, Series, SeriesKey
from dicom_node.engine.archive_evidence import ArchiveEvidence, Evidence
from dicom_node.engine.dispatcher import Dispatcher
from dicom_node.engine.seams import Clock, OpenAssociations, SeriesIndex
from dicom_node.engine.series_cache import SeriesCache
from dicom_node.policy.assembly import (
    Assembly,
    Verdict,
    judge_completeness,
    missing_of_archive,
)
from dicom_node.policy.routing import Arrived, Decision, decide_routes

log = structlog.get_logger(__name__)

REFUSED = "refused"  # the headers of a series cannot be one series
ROUTED = "routed"
UNROUTED = "unrouted"


class Assembler:
    """Turns arrivals into decided series and jobs, one tick at a time."""

    def __init__(
        self,
        *,
        index: SeriesIndex,
        cache: SeriesCache,
        dispatcher: Dispatcher,
        routes: Sequence[Route],
        rules: AssemblyRules,
        open_associations: OpenAssociations,
        clock: Clock,
        archives: ArchiveEvidence,
    ) -> None:
        self._index, self._cache, self._dispatcher = index, cache, dispatcher
        self._routes, self._rules, self._clock = routes, rules, clock
        self._open_associations, self._archives = open_associations, archives
        self._anew: frozenset[SeriesKey] = frozenset()  # sent since they were only fetched
        self._sequence = 0
        self._since = clock()
        self._receiving: set[SeriesKey] = set()
        self._latest: dict[str, SeriesKey] = {}  # association to the series it brought last

    def tick(self) -> bool:
        """Look at everything that is undecided; never asks to be called again at once."""
        now = self._clock()
        self._sequence, changed = self._index.changed_series(self._sequence)
        self._anew = self._archives.sent_anew()
        self._receiving |= changed | self._anew
        self._note_senders(changed)
        for key in sorted(self._receiving, key=lambda one: one.series_instance_uid):
            self._look_at_guarded(key, now)
        self._dispatcher.release_waiting(now)
        return False

    def _note_senders(self, changed: set[SeriesKey]) -> None:
        """Remember which series each open association brought last."""
        opened = set(self._open_associations())
        self._latest = {name: key for name, key in self._latest.items() if name in opened}
        arrivals = [(key, self._index.arrival(key)) for key in changed]
        known = [(arrival.last_received_at, key, arrival) for key, arrival in arrivals if arrival]
        for _, key, arrival in sorted(known, key=lambda one: one[0]):
            for association in arrival.association_ids & opened:
                self._latest[association] = key

    def _look_at_guarded(self, key: SeriesKey, now: datetime) -> None:
        """Look at one series; whatever goes wrong with it, the others are looked at, too."""
        try:
            self._look_at(key, now)
        except ArchiveError:
            raise  # the database is away: nothing can be decided now, all of it is tried again
        except Exception as cause:  # a bug of ours in one series must not stop the node
            log.exception("series.bug", series=key.series_instance_uid)
            reason = Reason(code="internal-error", message=type(cause).__name__)
            digest = content_digest(self._index.instances_of(key))
            self._decide(key, REFUSED, (reason,), digest, now)

    def _look_at(self, key: SeriesKey, now: datetime) -> None:
        instances = self._index.instances_of(key)
        arrival = self._index.arrival(key)
        if not instances or arrival is None:  # removed in the meantime
            self._receiving.discard(key)
            return
        digest = content_digest(instances)
        status = self._index.status(key)
        told = status.state if status is not None and status.digest == digest else None
        if told not in (None, Assembly.RECEIVING) and key not in self._anew:
            self._receiving.discard(key)  # a repeat, or a restart: decided before
            return
        try:
            series = self._cache.series_of(key, instances, growing=True)
        except InputRejected as cause:
            self._decide(key, REFUSED, (Reason(code=cause.code, message=str(cause)),), digest, now)
            return
        sender_active = self._sender_active(key, arrival)
        known = self._archives.of(series, arrival, sender_active=sender_active, now=now)
        verdict = judge_completeness(
            series,
            # Silence counts from when somebody listened: while the node was away, senders could
            # not go on, and they need a moment to come back.
            last_received_at=max(arrival.last_received_at, self._since),
            sender_active=sender_active,
            now=now,
            rules=self._rules,
            archived=known.archived,
        )
        if verdict.state is not Assembly.RECEIVING:
            self._act_on(verdict, series, arrival, known, now)
        elif told is None:
            growing = (Reason(code="receiving", message=verdict.evidence),)
            self._index.set_status(key, Assembly.RECEIVING, growing, digest, now)

    def _sender_active(self, key: SeriesKey, arrival: Arrival) -> bool:
        opened = set(self._open_associations())
        return any(
            self._latest.get(association) == key
            for association in arrival.association_ids
            if association in opened
        )

    def _act_on(
        self, verdict: Verdict, series: Series, arrival: Arrival, known: Evidence, now: datetime
    ) -> None:
        """Route a series that is through, and record what was decided."""
        log.info(
            f"series.{verdict.state}",
            series=series.key.series_instance_uid,
            modality=series.modality,
            instances=len(series.instances),
            evidence=verdict.evidence,
        )
        decision = self._routes_of(series, arrival, known)
        short = None if known.archived is None else missing_of_archive(series, known.archived)
        for route in decision.routes:
            self._dispatcher.dispatch(series, route, now, short=short)
        measured = [] if known.only_fetched else self._measure_contours(series, now)
        state = ROUTED if decision.routes or measured else UNROUTED
        if verdict.state is Assembly.INCOMPLETE:
            state = Assembly.INCOMPLETE
        evidence = Reason(code=str(verdict.state), message=verdict.evidence)
        reasons = (evidence, *measured, *(() if measured else decision.reasons))
        digest = content_digest(series.instances)
        self._decide(series.key, state, reasons, digest, now, series=series)

    def _routes_of(self, series: Series, arrival: Arrival, known: Evidence) -> Decision:
        if known.only_fetched is not None:
            return Decision(routes=(), reasons=(known.only_fetched,))
        return decide_routes(_arrived(series, arrival), self._routes)

    def _measure_contours(self, contours: Series, now: datetime) -> list[Reason]:
        """Have contours measured on the series that they were drawn on; who does it, in words.

        Where these come later than their contours, theirs is the moment.
        """
        found = []
        for primary in self._dispatcher.drawn_on(contours):
            arrival = self._index.arrival(primary.key)
            if arrival is None:
                continue
            for route in decide_routes(_arrived(primary, arrival), self._routes).routes:
                if route.contours is not ContourUse.IGNORED:
                    self._dispatcher.dispatch(primary, route, now, arrived=contours)
                    uid = primary.key.series_instance_uid
                    message = f"route {route.name} measures them on series {uid}"
                    found.append(Reason(code="contours", message=message))
        return found

    def _decide(
        self,
        key: SeriesKey,
        state: str,
        reasons: Sequence[Reason],
        digest: str,
        now: datetime,
        *,
        series: Series | None = None,
    ) -> None:
        self._index.set_status(key, state, reasons, digest, now, series=series)
        if key in self._anew:
            self._archives.looked_at(key)
        self._receiving.discard(key)
        self._cache.forget_headers(key)


def _arrived(series: Series, arrival: Arrival) -> Arrived:
    return Arrived(
        series=series,
        called_aes=tuple(sorted(arrival.called_aes)),
        calling_aes=tuple(sorted(arrival.calling_aes)),
    )
