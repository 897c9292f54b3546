"""Cancel, hold and release: what happens to the job and to what it has to send."""

from datetime import timedelta

import pytest

from dicom_node.archive.entries import IllegalStep, UnknownRecord
from dicom_node.archive.job_control import JobControl
from dicom_node.archive.job_lookups import ahead_of, successors_of
from dicom_node.domain.delivery import DeliveryState
from dicom_node.domain.job import JobOutcome, JobState, ResultObject


@pytest.fixture
def control(archive) -> JobControl:
    return JobControl(archive.database)


def result(folder):
    made = ResultObject(
        path=folder / "results" / "1.dcm",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.66.4",
        sop_instance_uid="2.25.1",
        modality="SEG",
    )
    return JobOutcome(state=JobState.ENCODED, objects=(made,))


def encoded(archive, now, job):
    archive.jobs.create(job, JobState.QUEUED)
    archive.jobs.claim_next(now)
    archive.jobs.finish(job.job_id, result(archive.folder), destinations=("pacs",), now=now)


def states(archive):
    return [one.state for one in archive.outbox.list()]


def test_a_queued_job_that_is_held_is_not_claimed_until_it_is_released(
    archive, control, now, a_job
):
    archive.jobs.create(a_job(), JobState.QUEUED)
    control.hold("job-1", now=now)
    assert archive.jobs.claim_next(now) is None
    control.release("job-1", now=now)
    assert archive.jobs.claim_next(now).job_id == "job-1"


def test_a_job_that_waits_for_a_companion_waits_on_after_its_release(archive, control, now, a_job):
    over = now + timedelta(seconds=60)
    archive.jobs.create(a_job(), JobState.WAITING, not_before=over)
    control.hold("job-1", now=now)
    assert archive.jobs.waiting() == ()
    control.release("job-1", now=now)
    assert [one.not_before for one in archive.jobs.waiting()] == [over]


def test_results_that_are_held_are_due_only_after_the_release(archive, control, now, a_job):
    encoded(archive, now, a_job())
    control.hold("job-1", now=now)
    assert archive.outbox.due(now + timedelta(days=1)) == ()
    later = now + timedelta(hours=1)
    control.release("job-1", now=later)
    (due,) = archive.outbox.due(later)
    archive.outbox.delivered(due.delivery_id, later)
    assert archive.jobs.get("job-1").state is JobState.DELIVERED


def test_the_gate_of_a_route_holds_results_by_itself(archive, control, now, a_job):
    encoded(archive, now, a_job(gate=True))
    record = archive.jobs.get("job-1")
    assert (record.state, record.held_from) == (JobState.HELD, JobState.ENCODED)
    assert "until they are released" in record.reason
    assert len(record.objects) == 1
    assert archive.outbox.due(now) == ()
    control.release("job-1", now=now)
    assert archive.jobs.get("job-1").state is JobState.ENCODED
    assert len(archive.outbox.due(now)) == 1


@pytest.mark.parametrize("state", [JobState.WAITING, JobState.QUEUED])
def test_a_cancelled_job_never_runs(archive, control, now, a_job, state):
    archive.jobs.create(a_job(), state)
    control.cancel("job-1", now=now)
    assert archive.jobs.claim_next(now) is None
    assert archive.jobs.waiting() == ()
    assert archive.jobs.get("job-1").state is JobState.CANCELLED
    with pytest.raises(IllegalStep, match="is CANCELLED"):
        control.cancel("job-1", now=now)


def test_the_result_of_a_job_that_was_cancelled_while_it_ran_is_not_recorded(
    archive, control, now, a_job
):
    archive.jobs.create(a_job(), JobState.QUEUED)
    archive.jobs.claim_next(now)
    control.cancel("job-1", now=now)
    archive.jobs.finish("job-1", result(archive.folder), destinations=("pacs",), now=now)
    archive.jobs.hand_back("job-1", reason="again", now=now)
    record = archive.jobs.get("job-1")
    assert (record.state, record.objects) == (JobState.CANCELLED, ())
    assert archive.outbox.list() == ()


def test_what_a_cancelled_job_has_not_sent_is_not_sent(archive, control, now, a_job):
    encoded(archive, now, a_job())
    control.cancel("job-1", now=now)
    assert states(archive) == [DeliveryState.CANCELLED]
    assert archive.outbox.due(now) == ()
    assert archive.outbox.revive(now=now) == 0


def test_a_held_job_can_be_cancelled_with_its_results(archive, control, now, a_job):
    encoded(archive, now, a_job(gate=True))
    control.cancel("job-1", now=now)
    assert states(archive) == [DeliveryState.CANCELLED]


def test_dead_letters_of_a_held_job_stay_dead_until_it_is_released(archive, control, now, a_job):
    archive.jobs.create(a_job(), JobState.QUEUED)
    archive.jobs.claim_next(now)
    both = ("pacs", "research")
    archive.jobs.finish("job-1", result(archive.folder), destinations=both, now=now)
    archive.outbox.dead(archive.outbox.due(now, "pacs")[0].delivery_id, "refused", now)
    control.hold("job-1", now=now)
    assert archive.outbox.revive(now=now) == 0
    control.release("job-1", now=now)
    assert archive.outbox.revive(now=now) == 1


@pytest.mark.parametrize("action", ["hold", "release", "cancel"])
def test_an_ended_or_unknown_job_cannot_be_steered(archive, control, now, a_job, action):
    archive.jobs.create(a_job(), JobState.REJECTED, reason="unfit")
    with pytest.raises(IllegalStep, match="REJECTED"):
        getattr(control, action)("job-1", now=now)
    with pytest.raises(UnknownRecord, match="no job job-9"):
        getattr(control, action)("job-9", now=now)


def test_the_highest_priority_is_claimed_first_and_closed_routes_not_at_all(archive, now, a_job):
    for number, (priority, route) in enumerate([(0, "a"), (5, "b"), (5, "a"), (9, "night")]):
        job = a_job(f"job-{number}", priority=priority, route=route)
        archive.jobs.create(job, JobState.QUEUED)
    assert ahead_of(archive.database, "job-0") == 3
    assert ahead_of(archive.database, "job-2") == 2
    closed = ("night",)
    claimed = [archive.jobs.claim_next(now, closed_routes=closed) for _ in range(4)]
    assert [one and one.job_id for one in claimed] == ["job-1", "job-2", "job-0", None]
    assert archive.jobs.claim_next(now).job_id == "job-3"


def test_a_job_that_is_handed_back_waits_for_its_time_and_keeps_its_count(archive, now, a_job):
    archive.jobs.create(a_job(), JobState.QUEUED)
    later = now + timedelta(seconds=30)
    archive.jobs.claim_next(now)
    archive.jobs.hand_back("job-1", reason="time-limit", now=now, not_before=later)
    assert archive.jobs.claim_next(now) is None
    assert archive.jobs.claim_next(later).attempts == 2
    archive.jobs.hand_back("job-1", reason="the node stopped", now=later, counts=False)
    assert archive.jobs.claim_next(later).attempts == 2


def test_the_newest_job_on_a_primary_series_is_found(archive, now, a_job):
    key = a_job().inputs["pet"][0].key
    assert archive.jobs.latest_on("fdg", key) is None
    archive.jobs.create(a_job("job-1"), JobState.QUEUED)
    archive.jobs.create(a_job("job-2", predecessor="job-1"), JobState.QUEUED)
    archive.jobs.create(a_job("job-3", route="other"), JobState.QUEUED)
    assert archive.jobs.latest_on("fdg", key) == "job-2"
    assert archive.jobs.latest_on("fdg", a_job().inputs["ct"][0].key) is None
    assert successors_of(archive.database, "job-1") == ("job-2",)
