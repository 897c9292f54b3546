"""Why a job does not go on by itself right now, in one sentence for people."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from dicom_node.domain.delivery import Delivery, DeliveryState, DestinationHealth
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
    now: datetime,
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
    now : datetime
        Aware, in local time: windows are.
    """
    if record.state is JobState.WAITING:
        until = "" if record.not_before is None else f", until {_clock(record.not_before, now)}"
        return f"for a companion series{until}"
    if record.state is JobState.HELD:
        return f"until somebody releases it: dicom-node jobs release {record.job_id}"
    if record.state is JobState.QUEUED:
        return _why_queued(record, route, ahead, now)
    if record.state is JobState.ENCODED:
        return _why_not_delivered(deliveries, health, now)
    return None


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


def _clock(moment: datetime, now: datetime) -> str:
    """A time of the local day; with its date where that is another."""
    local = moment.astimezone(now.tzinfo)
    return f"{local:%H:%M:%S}" if local.date() == now.date() else f"{local:%Y-%m-%d %H:%M:%S}"
