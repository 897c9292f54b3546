"""Why a job waits, in words."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from dicom_node.domain.delivery import Delivery, DeliveryState, DestinationHealth, Transaction
from dicom_node.domain.job import JobState
from dicom_node.domain.records import JobRecord
from dicom_node.domain.route import Condition, Route, TimeWindow
from dicom_node.policy.waiting import why_waiting

NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
RECORD = JobRecord(
    job_id="j1",
    result_id="r1",
    route="fdg",
    algorithm="a",
    version="1",
    state=JobState.QUEUED,
    reason=None,
    inputs={},
    input_instances={},
    destinations=("pacs",),
    objects=(),
    measurements=(),
    classifications=(),
    warnings=(),
    details={},
    created_at=NOW,
    updated_at=NOW,
    not_before=None,
    attempts=0,
    priority=0,
    gate=False,
    predecessor=None,
    held_from=None,
)
NIGHT = Route(
    name="fdg",
    algorithm="a",
    destinations=("pacs",),
    when=Condition(),
    window=TimeWindow(start=time(20), end=time(6)),
)


def delivery(number: int, **changes) -> Delivery:
    made = Delivery(
        delivery_id=number,
        job_id="j1",
        destination="pacs",
        path=Path("x"),
        sop_class_uid="1",
        sop_instance_uid=str(number),
        state=DeliveryState.PENDING,
        attempts=0,
        next_attempt_at=NOW + timedelta(minutes=5),
    )
    return replace(made, **changes)


def why(record=RECORD, *, route=None, deliveries=(), ahead=0, health=None, transactions=()):
    return why_waiting(
        record,
        route=route,
        deliveries=deliveries,
        ahead=ahead,
        health=health or {},
        transactions=transactions,
        now=NOW,
    )


def test_a_queued_job_tells_of_its_next_try_its_window_or_the_jobs_before_it():
    again = replace(RECORD, not_before=NOW + timedelta(days=1))
    assert why(again, route=NIGHT) == "for its next try at 2026-03-06 09:00:00"
    assert why(route=NIGHT) == ("for the window 20:00-06:00 of route fdg, which opens at 20:00:00")
    assert why(ahead=1) == "for 1 job before it"
    assert why().startswith("for the node to take it")


def test_a_waiting_and_a_held_job_tell_until_when():
    waiting = replace(RECORD, state=JobState.WAITING, not_before=NOW + timedelta(seconds=60))
    assert why(waiting) == "for a companion series, until 09:01:00"
    assert "dicom-node jobs release j1" in why(replace(RECORD, state=JobState.HELD))


def test_an_encoded_job_tells_for_each_destination_what_it_waits_for():
    encoded = replace(RECORD, state=JobState.ENCODED)
    pending = [
        delivery(1, last_error="no connection"),
        delivery(2),
        delivery(3, destination="research", next_attempt_at=NOW),
        delivery(4, destination="third", state=DeliveryState.DELIVERED),
    ]
    assert why(encoded, deliveries=pending) == (
        "for pacs to take 2 objects, next try at 09:05:00 (no connection); "
        "for research to take 1 objects, next try now"
    )


def test_a_silent_destination_is_named_with_its_next_probe():
    silent = DestinationHealth(
        name="pacs",
        failures=3,
        opened_at=NOW - timedelta(hours=2),
        next_probe_at=NOW + timedelta(minutes=10),
        last_error="refused",
    )
    told = why(
        replace(RECORD, state=JobState.ENCODED), deliveries=[delivery(1)], health={"pacs": silent}
    )
    assert told == ("for pacs to answer, silent since 07:00:00 (refused), next probe at 09:10:00")


def test_a_delivered_job_tells_whose_commitment_it_waits_for_and_whether_it_is_overdue():
    done = replace(RECORD, state=JobState.DELIVERED)
    stored = [delivery(1, state=DeliveryState.DELIVERED, commitment_open=True)]
    assert why(done, deliveries=stored) == "for pacs to commit 1 objects, to be asked now"
    first = Transaction(
        transaction_uid="2.25.1",
        job_id="j1",
        destination="pacs",
        attempt=1,
        tries=0,
        next_attempt_at=NOW,
        asked_at=NOW - timedelta(hours=3),
        reported_at=None,
        overdue_at=NOW - timedelta(hours=1),
        last_error=None,
    )
    assert why(done, deliveries=stored, transactions=[first]) == (
        "for pacs to commit 1 objects, asked at 06:00:00; commitment overdue since 08:00:00"
    )
    second = replace(first, attempt=2, asked_at=None, overdue_at=None, last_error="no connection")
    told = why(done, deliveries=stored, transactions=[first, second])
    assert "to be asked at 09:00:00 (no connection); commitment overdue since" in told


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.DELIVERED, JobState.FAILED])
def test_a_job_that_runs_or_ended_waits_for_nothing(state):
    assert why(replace(RECORD, state=state)) is None
