"""How asking an archive for a companion goes on: what is tried next, when, and what people read."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from dicom_node.domain.fetch import Fetch, FetchState
from dicom_node.domain.query import FetchRules, RemoteSeries, RetrieveReport
from dicom_node.policy.retry import next_attempt


def largest_first(found: Sequence[RemoteSeries]) -> tuple[RemoteSeries, ...]:
    """Series of one study: that with most instances first, as a companion is chosen in the end."""
    return tuple(sorted(found, key=lambda one: (-(one.instances or 0), one.series_instance_uid)))


def largest_first_by_study(found: Sequence[RemoteSeries]) -> tuple[RemoteSeries, ...]:
    """Series of several studies, in the order of the studies that they come in."""
    studies = dict.fromkeys(one.study_instance_uid for one in found)
    return tuple(
        series
        for study in studies
        for series in largest_first([one for one in found if one.study_instance_uid == study])
    )


def is_too_late(fetch: Fetch, now: datetime, rules: FetchRules) -> bool:
    """Whether the archive was asked for so long that nothing more is to be tried."""
    return now - fetch.created_at >= timedelta(seconds=rules.give_up_after_s)


def after_answer(
    fetch: Fetch, found: Sequence[RemoteSeries], now: datetime, rules: FetchRules, what: str
) -> Fetch:
    """After a query: what it has is tried, one after the other.

    Parameters
    ----------
    what : str
        What was asked for, in words.
    """
    asked = _asked(fetch, now)
    if not found:
        told = f"{asked}: it has no {what}"
        return replace(fetch, state=FetchState.NOTHING, asked_at=now, told=told)
    tried = tuple(found[: rules.most_series])
    rest = "" if len(tried) == len(found) else f", of which {len(tried)} are tried"
    return replace(
        fetch,
        state=FetchState.FETCH,
        candidates=tried,
        attempts=0,
        next_attempt_at=now,
        asked_at=now,
        told=f"{asked}: it has {len(found)} {what}{rest}",
    )


def while_sent(fetch: Fetch, now: datetime) -> Fetch:
    """While the archive sends the candidate."""
    told = f"{fetch.archive} was asked to send {_which(fetch)} at {_clock(now)}"
    return replace(fetch, asked_at=now, told=told)


def after_sending(fetch: Fetch, report: RetrieveReport, now: datetime) -> Fetch:
    """After the archive sent the whole candidate."""
    told = f"{_asked(fetch, fetch.asked_at or now)}: it sent {report.completed} instances"
    return replace(fetch, state=FetchState.CAME, told=told)


def here_already(fetch: Fetch) -> Fetch:
    """Where the candidate need not be sent."""
    told = f"{_which(fetch)} that {fetch.archive} has is here"
    return replace(fetch, state=FetchState.CAME, told=told)


def after_failure(
    fetch: Fetch,
    cause: str,
    *,
    transient: bool,
    now: datetime,
    rules: FetchRules,
    chance: random.Random,
) -> Fetch:
    """After a question or a candidate of which nothing came: again, the next one, or the end."""
    attempts = fetch.attempts + 1
    told = f"{_asked(fetch, fetch.asked_at or now)}: {cause}"
    if transient and attempts < rules.most_attempts and not is_too_late(fetch, now, rules):
        when = next_attempt(attempts=attempts, now=now, rules=rules.pauses, chance=chance)
        told = f"{told}; asked again at {_clock(when)}"
        return replace(fetch, attempts=attempts, next_attempt_at=when, told=told)
    tries = f" after {attempts} tries" if attempts > 1 else ""
    if fetch.state is FetchState.FETCH and fetch.position + 1 < len(fetch.candidates):
        return _next(fetch, now, f"{told}; given up{tries}, the next series is tried")
    return replace(fetch, state=FetchState.GAVE_UP, told=f"{told}; given up{tries}")


def after_look(fetch: Fetch, *, fits: bool, now: datetime) -> Fetch:
    """After what came was complete: the job has its companion, or the next candidate is tried."""
    if fits:
        return replace(fetch, state=FetchState.FILLED, told=f"{fetch.told}; it fits")
    told = f"{fetch.told}; it does not fit"
    if fetch.position + 1 < len(fetch.candidates):
        return _next(fetch, now, told)
    return replace(fetch, state=FetchState.NOTHING, told=told)


def too_late(fetch: Fetch, rules: FetchRules) -> Fetch:
    """After the time that an archive has in all."""
    told = f"{fetch.told}; given up after {rules.give_up_after_s:g} s"
    return replace(fetch, state=FetchState.GAVE_UP, told=told)


def filled_otherwise(fetch: Fetch) -> Fetch:
    """Where the companion came by itself."""
    told = f"{fetch.role} came by itself"
    return replace(fetch, state=FetchState.FILLED, told=told)


def _next(fetch: Fetch, now: datetime, told: str) -> Fetch:
    return replace(
        fetch,
        state=FetchState.FETCH,
        position=fetch.position + 1,
        attempts=0,
        next_attempt_at=now,
        told=told,
    )


def _asked(fetch: Fetch, when: datetime) -> str:
    what = fetch.role if fetch.state is FetchState.ASK else _which(fetch)
    return f"{fetch.archive} was asked for {what} at {_clock(when)}"


def _which(fetch: Fetch) -> str:
    if len(fetch.candidates) < 2:
        return fetch.role
    return f"{fetch.role} (series {fetch.position + 1} of {len(fetch.candidates)})"


def _clock(moment: datetime) -> str:
    """Local time of the day, as people compare it with the log of the archive."""
    return f"{moment.astimezone():%H:%M:%S}"
