"""Deliveries, one by one, and the job that follows them."""

from datetime import timedelta

import pytest

from dicom_node.archive.entries import UnknownRecord
from dicom_node.domain.delivery import DeliveryState
from dicom_node.domain.job import Job, JobOutcome, JobState, ResultObject
from dicom_node.domain.series import Instance, SeriesKey


@pytest.fixture
def encoded_job(archive, now):
    """Makes a job with two objects for each of its destinations."""

    def made(job_id="job-1", destinations=("pacs", "research")):
        key = SeriesKey(study_instance_uid="1.2", series_instance_uid="1.2.3")
        instance = Instance(
            key=key,
            sop_class_uid="1.2.3",
            sop_instance_uid="1.2.3.4",
            path=archive.folder / "instances" / "1.dcm",
        )
        job = Job(
            job_id=job_id,
            result_id=job_id,
            route="fdg",
            algorithm="pet-threshold",
            version="1",
            inputs={"pet": (instance,)},
            destinations=destinations,
            created_at=now,
        )
        archive.jobs.create(job, JobState.QUEUED)
        archive.jobs.claim_next(now)
        objects = tuple(
            ResultObject(
                path=archive.folder / "results" / job_id / f"{name}.dcm",
                sop_class_uid="1.2.3",
                sop_instance_uid=f"2.25.{name}.{job_id}",
                modality=name,
            )
            for name in ("SEG", "SR")
        )
        outcome = JobOutcome(state=JobState.ENCODED, objects=objects)
        archive.jobs.finish(job_id, outcome, destinations=destinations, now=now)
        return archive.outbox.due(now)[-len(destinations) * 2 :]

    return made


def state_of(archive, job_id="job-1"):
    return archive.jobs.get(job_id).state


def test_a_job_is_delivered_with_its_last_delivery(archive, now, encoded_job):
    deliveries = encoded_job()
    for number, delivery in enumerate(deliveries, start=1):
        assert state_of(archive) is JobState.ENCODED
        archive.outbox.delivered(delivery.delivery_id, now + timedelta(seconds=number))

    assert state_of(archive) is JobState.DELIVERED
    assert archive.jobs.events("job-1")[-1].at == now + timedelta(seconds=4)
    assert archive.outbox.due(now + timedelta(days=1)) == ()
    done = archive.outbox.list(job_id="job-1")
    assert {(one.state, one.attempts) for one in done} == {(DeliveryState.DELIVERED, 1)}


def test_what_was_delivered_can_be_told_again_without_effect(archive, now, encoded_job):
    (first, *others) = encoded_job()
    archive.outbox.delivered(first.delivery_id, now)
    archive.outbox.delivered(first.delivery_id, now)
    archive.outbox.dead(first.delivery_id, "too late", now)
    archive.outbox.retry_at(first.delivery_id, now, "too late")

    assert len(archive.outbox.due(now)) == len(others)
    assert archive.outbox.list(states=[DeliveryState.DELIVERED])[0].last_error is None


def test_a_retry_is_due_at_its_time_and_counted(archive, now, encoded_job):
    first = encoded_job()[0]
    later = now + timedelta(seconds=30)

    archive.outbox.retry_at(first.delivery_id, later, "no connection")

    assert first.delivery_id not in [one.delivery_id for one in archive.outbox.due(now)]
    again = next(one for one in archive.outbox.due(later) if one.delivery_id == first.delivery_id)
    assert (again.attempts, again.last_error) == (1, "no connection")
    assert again.next_attempt_at == later
    assert state_of(archive) is JobState.ENCODED


def test_a_refusal_for_good_leaves_the_job_undelivered_when_nothing_is_pending(
    archive, now, encoded_job
):
    deliveries = encoded_job()
    archive.outbox.dead(deliveries[0].delivery_id, "0xA900", now)
    for delivery in deliveries[1:]:
        assert state_of(archive) is JobState.ENCODED
        archive.outbox.delivered(delivery.delivery_id, now)

    record = archive.jobs.get("job-1")
    assert (record.state, record.reason) == (JobState.UNDELIVERED, "refused by pacs")
    (dead,) = archive.outbox.list(states=[DeliveryState.DEAD])
    assert dead.last_error == "0xA900"


def test_dead_letters_of_one_destination_are_sent_again(archive, now, encoded_job):
    for job_id in ("job-1", "job-2"):
        for delivery in encoded_job(job_id):
            archive.outbox.dead(delivery.delivery_id, "refused", now)
    later = now + timedelta(hours=1)

    assert archive.outbox.revive(now=later, destination="research") == 4

    assert archive.outbox.destinations_due(later) == ("research",)
    assert state_of(archive, "job-1") is JobState.ENCODED
    for delivery in archive.outbox.due(later):
        archive.outbox.delivered(delivery.delivery_id, later)
    assert state_of(archive, "job-1") is JobState.UNDELIVERED  # the other destination is dead

    assert archive.outbox.revive(now=later, job_id="job-2") == 2
    for delivery in archive.outbox.due(later):
        archive.outbox.delivered(delivery.delivery_id, later)
    assert state_of(archive, "job-2") is JobState.DELIVERED
    assert archive.outbox.revive(now=later, job_id="job-2") == 0


def test_a_dead_letter_of_a_job_that_is_still_being_sent_can_be_revived(archive, now, encoded_job):
    first, *others = encoded_job()
    archive.outbox.dead(first.delivery_id, "refused", now)

    assert archive.outbox.revive(now=now) == 1

    assert state_of(archive) is JobState.ENCODED
    for delivery in (first, *others):
        archive.outbox.delivered(delivery.delivery_id, now)
    assert state_of(archive) is JobState.DELIVERED


def test_each_destination_sees_its_own_share(archive, now, encoded_job):
    encoded_job("job-1", ("pacs",))
    encoded_job("job-2", ("research", "pacs"))

    assert archive.outbox.destinations_due(now) == ("pacs", "research")
    assert [one.job_id for one in archive.outbox.due(now, "research")] == ["job-2"] * 2
    assert [one.job_id for one in archive.outbox.due(now, "pacs", limit=3)] == [
        "job-1",
        "job-1",
        "job-2",
    ]
    assert archive.outbox.due(now, "nobody") == ()
    assert archive.outbox.destinations_due(now - timedelta(seconds=1)) == ()


def test_a_restart_finds_what_is_still_to_be_sent(archive, open_archive, now, encoded_job):
    first, *others = encoded_job()
    archive.outbox.delivered(first.delivery_id, now)
    archive.database.close()

    after = open_archive()

    assert after.outbox.due(now) == tuple(others)


def test_an_unknown_delivery_is_named(archive, now):
    for ask in (
        lambda: archive.outbox.delivered(9, now),
        lambda: archive.outbox.dead(9, "error", now),
        lambda: archive.outbox.retry_at(9, now, "error"),
    ):
        with pytest.raises(UnknownRecord, match="no delivery 9"):
            ask()
