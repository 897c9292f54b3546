"""Asks one archive for companions and for numbers of instances, one thing at a time.

It decides nothing on what comes: that arrives like everything else, and `FetchDesk` looks at it.
"""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import structlog

from dicom_node.domain.errors import DeliveryFailed, InputRejected, UnreadableInstance
from dicom_node.domain.fetch import Fetch, FetchState, RemoteSender, key_of_remote
from dicom_node.domain.job import JobState
from dicom_node.domain.query import EarlierStudies, RemoteArchive, RemoteSeries, RetrieveReport
from dicom_node.domain.records import JobRecord
from dicom_node.domain.route import CompanionRule, Route
from dicom_node.domain.rules import DeliveryRules
from dicom_node.domain.series import SeriesKey
from dicom_node.engine.archive_seams import ArchiveCalls, FetchBook, RemoteBook
from dicom_node.engine.seams import Clock, HealthBook, JobQueue, SeriesIndex
from dicom_node.policy import fetching
from dicom_node.policy.assembly import Assembly
from dicom_node.policy.breaker import after_answer, after_silence, may_ask
from dicom_node.policy.retry import next_attempt
from dicom_node.reading.header import read_header
from dicom_node.reading.times import parse_date

log = structlog.get_logger(__name__)

# After its last answer an archive is done, but its last association may still end; one whose answer
# we did not wait for goes on by itself.
_GRACE, _GRACE_UNFINISHED = timedelta(seconds=5), timedelta(minutes=10)
_MOST_COUNT_TRIES = 3
_LOOK_AT_HELD = timedelta(minutes=1)  # somebody holds the job by hand, and may let it go on


def health_name(archive: str) -> str:
    """Under which the health of an archive is kept beside that of the destinations."""
    return f"archive:{archive}"


class Fetcher:
    """One archive's share of what is to be asked.

    Parameters
    ----------
    rules : DeliveryRules
        When an archive that does not answer is left alone but for probes.
    stopping : callable
        Whether nothing new may be begun.
    """

    def __init__(  # the parts that it works on
        self,
        *,
        archive: RemoteArchive,
        calls: ArchiveCalls,
        fetches: FetchBook,
        remote: RemoteBook,
        index: SeriesIndex,
        jobs: JobQueue,
        routes: Mapping[str, Route],
        health: HealthBook,
        rules: DeliveryRules,
        clock: Clock,
        chance: random.Random,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._archive, self._calls, self._fetches, self._remote = archive, calls, fetches, remote
        self._index, self._jobs, self._routes, self._health = index, jobs, routes, health
        self._rules, self._clock, self._chance, self._stopping = rules, clock, chance, stopping
        self._sender = RemoteSender(archive=archive.name, calling_ae=archive.peer.ae_title)

    def tick(self) -> bool:
        """Ask what is due; whether there may be more at once."""
        name = self._archive.name
        worked = False
        for fetch in self._fetches.due(name, self._clock()):
            if self._stopping() or not self._may_ask():
                return False
            worked = self._serve(fetch) or worked
        for key, tries in self._remote.counts_due(name, self._clock()):
            if self._stopping() or not self._may_ask():
                return False
            self._count(key, tries)
        return worked

    def _may_ask(self) -> bool:
        return may_ask(self._health.health(health_name(self._archive.name)), self._clock())

    def _serve(self, fetch: Fetch) -> bool:
        """Ask the question, or have the candidate sent; whether the archive answered."""
        job = self._jobs.get(fetch.job_id)
        rule = self._rule_of(job, fetch.role)
        if job.state is JobState.HELD:
            later = self._clock() + _LOOK_AT_HELD
            self._change(fetch, replace(fetch, next_attempt_at=later))
            return False
        if job.state is not JobState.WAITING or rule is None:
            self._change(fetch, replace(fetch, state=FetchState.DROPPED))
            return False
        if fetching.is_too_late(fetch, self._clock(), self._archive.rules):
            self._change(fetch, fetching.too_late(fetch, self._archive.rules))
            return False
        try:
            if fetch.state is FetchState.ASK:
                self._ask(fetch, job, rule)
            else:
                self._fetch(fetch)
        except DeliveryFailed as cause:
            self._failed(fetch, cause)
            return False
        self._note_answer()
        return True

    def _rule_of(self, job: JobRecord, role: str) -> CompanionRule | None:
        route = self._routes.get(job.route)
        return None if route is None else route.companions.get(role)

    def _ask(self, fetch: Fetch, job: JobRecord, rule: CompanionRule) -> None:
        first = next(iter(job.input_instances.values()))[0]
        if rule.prior is None:
            study = first.key.study_instance_uid
            found = fetching.largest_first(self._calls.series_of_study(study, rule.modality))
            what = f"{rule.modality} series of the study"
        else:
            wanted = self._earlier_than(first.path, rule)
            earlier = self._calls.earlier_series(wanted, rule.prior)
            found = fetching.largest_first_by_study(earlier)
            what = f"{rule.modality} series in earlier studies of the patient"
        rules, now = self._archive.rules, self._clock()
        self._change(fetch, fetching.after_answer(fetch, found, now, rules, what))

    def _earlier_than(self, path: Path, rule: CompanionRule) -> EarlierStudies:
        """Whose earlier studies are asked for, as the primary series names patient and day."""
        assert rule.prior is not None
        try:
            header = read_header(path)
            patient_id = header.need_text("PatientID")
            day = parse_date(header.need_text("StudyDate"))
        except (InputRejected, UnreadableInstance, ValueError) as cause:
            what = "the series has no Patient ID or Study Date that can be asked for"
            raise DeliveryFailed(
                destination=self._archive.name, status=None, cause=what, transient=False
            ) from cause
        return EarlierStudies(
            patient_id=patient_id,
            modality=rule.modality,
            first=day - timedelta(days=math.ceil(rule.prior.within_days)),
            last=day - timedelta(days=math.floor(rule.prior.from_days)),
        )

    def _fetch(self, fetch: Fetch) -> None:
        """Have the candidate sent, if it is not here."""
        candidate = fetch.candidate
        assert candidate is not None
        if self._is_here(key_of_remote(candidate)):
            self._change(fetch, fetching.here_already(fetch))
            return
        asked = fetching.while_sent(fetch, self._clock())
        if not self._change(fetch, asked):
            return
        report = self._retrieve(candidate)
        now = self._clock()
        if report.complete:
            self._change(asked, fetching.after_sending(asked, report, now))
            return
        self._try_again(asked, report.cause, transient=report.transient)

    def _retrieve(self, candidate: RemoteSeries) -> RetrieveReport:
        key = key_of_remote(candidate)
        self._remote.fetching(key, self._sender, candidate.instances, self._clock())
        grace = _GRACE_UNFINISHED
        try:
            report = self._calls.retrieve(candidate)
            grace = _GRACE if report.status is not None else _GRACE_UNFINISHED
        finally:
            self._remote.fetched(key, self._clock() + grace)
        log.info(
            "archive.fetched",
            archive=self._archive.name,
            series=key.series_instance_uid,
            completed=report.completed,
            failed=report.failed,
            cause=report.cause,
        )
        if report.complete and self._index.arrival(key) is None:
            cause = "it says that it sent everything, and nothing came"
            return replace(report, cause=cause, transient=True)
        return report

    def _is_here(self, key: SeriesKey) -> bool:
        status = self._index.status(key)
        return status is not None and status.state not in (
            Assembly.RECEIVING,
            Assembly.INCOMPLETE,
        )

    def _count(self, key: SeriesKey, tries: int) -> None:
        try:
            self._remote.counted(key, self._calls.count(key))
        except DeliveryFailed as cause:
            self._note_failure(cause)
            if tries + 1 >= _MOST_COUNT_TRIES or not cause.transient:
                self._remote.counted(key, None)
                return
            pauses = self._archive.rules.pauses
            when = next_attempt(
                attempts=tries + 1, now=self._clock(), rules=pauses, chance=self._chance
            )
            self._remote.count_later(key, when, tries + 1)
            return
        self._note_answer()

    def _failed(self, fetch: Fetch, cause: DeliveryFailed) -> None:
        self._note_failure(cause)
        mine = self._fetches.of_jobs([fetch.job_id])[fetch.job_id]
        now_is = next(one for one in mine if one.fetch_id == fetch.fetch_id)
        asked = replace(now_is, asked_at=self._clock())
        self._try_again(asked, cause.cause, transient=cause.transient)

    def _try_again(self, fetch: Fetch, cause: str, *, transient: bool) -> None:
        later = fetching.after_failure(
            fetch,
            cause,
            transient=transient,
            now=self._clock(),
            rules=self._archive.rules,
            chance=self._chance,
        )
        self._change(fetch, later)

    def _change(self, old: Fetch, new: Fetch) -> bool:
        changed = self._fetches.change(old, new, self._clock())
        if changed:
            told = {"job": new.job_id, "role": new.role, "archive": new.archive}
            log.info("fetch.changed", **told, state=str(new.state), told=new.told)
        return changed

    def _note_failure(self, cause: DeliveryFailed) -> None:
        """An archive that says nothing at all is left alone; one that refuses is there."""
        if cause.status is not None or not cause.transient:
            self._note_answer()
            return
        health = self._health.health(health_name(self._archive.name))
        now, rules = self._clock(), self._rules
        worse = after_silence(health, cause.cause, now=now, rules=rules, chance=self._chance)
        self._health.set_health(worse)
        if worse.opened_at is not None and health.opened_at is None:
            log.error("archive.silent", archive=self._archive.name, cause=cause.cause)

    def _note_answer(self) -> None:
        health = self._health.health(health_name(self._archive.name))
        if health.failures:
            self._health.set_health(after_answer(health))
