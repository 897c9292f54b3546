"""Why a job does not go on by itself right now, in one sentence for people."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dicom_node.domain.delivery import Delivery, DeliveryState, DestinationHealth, Transaction
from dicom_node.domain.fetch import Fetch
from dicom_node.domain.job import JobState
from dicom_node.domain.records import JobRecord
from dicom_node.domain.route import Route
from dicom_node.policy.window import is_open, next_opening


def why_waiting(
    record: JobRecord,
    *,
    route: Route | None,
    deliveries: Sequence[Delivery],
    ahead: int,
    health: Mapping[str, DestinationHealth],
    transactions: Sequence[Transaction],
    now: datetime,
    fetches: Sequence[Fetch] = (),
) -> str | None:
    """What a job waits for; None for one that runs or has ended.

    Parameters
    ----------
    route : Route or None
        Of the job, as it is configured now.
    deliveries : sequence of Delivery
        Of the job.
    ahead : int
        Queued and running jobs that come before it.
    health : mapping
        Of the destinations that were called, by name.
    transactions : sequence of Transaction
        Of storage commitment, of the job.
    now : datetime
        Aware, in local time: windows are.
    fetches : sequence of Fetch
        What archives are and were asked for it.
    """
    if record.state is JobState.WAITING:
        return _why_without_companion(record, fetches, now)
    if record.state is JobState.HELD:
        return _why_held(record)
    if record.state is JobState.QUEUED:
        return _why_queued(record, route, ahead, now)
    if record.state is JobState.ENCODED:
        return _why_not_delivered(deliveries, health, now)
    if record.state is JobState.DELIVERED:
        return _why_not_committed(deliveries, transactions, now)
    return None


def _why_without_companion(record: JobRecord, fetches: Sequence[Fetch], now: datetime) -> str:
    asked = any(not one.ended for one in fetches)
    until = "" if record.not_before is None else f", until {_clock(record.not_before, now)}"
    if asked:
        until = ", until the archives that are asked have answered"
    return "; ".join([f"for a companion series{until}", *(one.told for one in fetches)])


def _why_held(record: JobRecord) -> str:
    command = f"dicom-node jobs release {record.job_id}"
    if record.held_from is JobState.WAITING and record.not_before is None:
        return f"for its companion series, or until somebody lets it run without: {command}"
    return f"until somebody releases it: {command}"


def _why_queued(record: JobRecord, route: Route | None, ahead: int, now: datetime) -> str:
    if record.not_before is not None and record.not_before > now:
        return f"for its next try at {_clock(record.not_before, now)}"
    if route is not None and route.window is not None and not is_open(route.window, now):
        opens = _clock(next_opening(route.window, now), now)
        return f"for the window {route.window} of route {route.name}, which opens at {opens}"
    if ahead:
        return f"for {ahead} job{'s' if ahead > 1 else ''} before it"
    return "for the node to take it: at once where one is running"


def _why_not_delivered(
    deliveries: Sequence[Delivery], health: Mapping[str, DestinationHealth], now: datetime
) -> str | None:
    pending = [one for one in deliveries if one.state is DeliveryState.PENDING]
    told = []
    for name in dict.fromkeys(one.destination for one in pending):
        mine = [one for one in pending if one.destination == name]
        known = health.get(name)
        if known is not None and known.opened_at is not None and known.next_probe_at is not None:
            since, probe = _clock(known.opened_at, now), _clock(known.next_probe_at, now)
            why = f"({known.last_error}), next probe at {probe}"
            told.append(f"for {name} to answer, silent since {since} {why}")
            continue
        due = min(one.next_attempt_at for one in mine)
        when = "now" if due <= now else f"at {_clock(due, now)}"
        failed = next((f" ({one.last_error})" for one in mine if one.last_error), "")
        told.append(f"for {name} to take {len(mine)} objects, next try {when}{failed}")
    return "; ".join(told) or None


def _why_not_committed(
    deliveries: Sequence[Delivery], transactions: Sequence[Transaction], now: datetime
) -> str | None:
    left = [one for one in deliveries if one.commitment_open]
    told = []
    for name in dict.fromkeys(one.destination for one in left):
        objects = sum(one.destination == name for one in left)
        asked = [one for one in transactions if one.destination == name]
        told.append(f"for {name} to commit {objects} objects, {_how_far(asked, now)}")
    return "; ".join(told) or None


def _how_far(transactions: Sequence[Transaction], now: datetime) -> str:
    """How far the newest transaction has come, and whether any report is overdue."""
    overdue = [one.overdue_at for one in transactions if one.overdue_at is not None]
    late = f"; commitment overdue since {_clock(min(overdue), now)}" if overdue else ""
    if not transactions:
        return "to be asked now"
    newest = max(transactions, key=lambda one: one.attempt)
    if newest.asked_at is not None:
        return f"asked at {_clock(newest.asked_at, now)}{late}"
    why = f" ({newest.last_error})" if newest.last_error else ""
    return f"to be asked at {_clock(newest.next_attempt_at, now)}{why}{late}"


def _clock(moment: datetime, now: datetime) -> str:
    """A time of the local day; with its date where that is another."""
    local = moment.astimezone(now.tzinfo)
    return f"{local:%H:%M:%S}" if local.date() == now.date() else f"{local:%Y-%m-%d %H:%M:%S}"
