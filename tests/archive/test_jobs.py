"""Jobs: created once, stepped legally, claimed by one, finished with their deliveries."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from dicom_node.archive.entries import IllegalStep, UnknownRecord
from dicom_node.domain.delivery import DeliveryState
from dicom_node.domain.job import (
    ClassificationRow,
    JobOutcome,
    JobState,
    MeasurementRow,
    ResultObject,
)


def outcome(folder, *, objects=2):
    return JobOutcome(
        state=JobState.ENCODED,
        objects=tuple(
            ResultObject(
                path=folder / "results" / f"{one}.dcm",
                sop_class_uid="1.2.840.10008.5.1.4.1.1.66.4",
                sop_instance_uid=f"2.25.{one}",
                modality="SEG",
            )
            for one in range(objects)
        ),
        measurements=(MeasurementRow(name="SUVmax", value=12.5, unit="g/ml{SUVbw}", segment=1),),
        classifications=(ClassificationRow(name="uptake", value="high", probability=None),),
        warnings=("weight of the header",),
        details={"device": "cpu"},
    )


def test_a_job_comes_back_as_it_was_given(archive, now, a_job):
    job = a_job()

    assert archive.jobs.create(job, JobState.QUEUED, reason="complete")

    record = archive.jobs.get("job-1")
    assert dict(record.input_instances) == dict(job.inputs)
    assert list(record.input_instances) == ["pet", "ct"]
    assert record.inputs == {"pet": "1.2.3", "ct": "1.2.4"}
    assert record.destinations == job.destinations
    assert (record.job_id, record.result_id, record.route) == ("job-1", "result of job-1", "fdg")
    assert (record.algorithm, record.version) == ("pet-threshold", "1.0.0")
    assert (record.state, record.reason) == (JobState.QUEUED, "complete")
    assert (record.created_at, record.updated_at, record.attempts) == (now, now, 0)
    assert (record.objects, record.measurements, record.warnings) == ((), (), ())


def test_a_known_job_is_not_created_again(archive, a_job):
    assert archive.jobs.create(a_job(), JobState.QUEUED)
    assert not archive.jobs.create(a_job(version="2"), JobState.WAITING, reason="other")

    assert archive.jobs.get("job-1").state is JobState.QUEUED
    assert archive.jobs.get("job-1").version == "1.0.0"
    assert len(archive.jobs.events("job-1")) == 1


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.ENCODED, JobState.DELIVERED])
def test_a_job_cannot_begin_in_the_middle(archive, a_job, state):
    with pytest.raises(IllegalStep, match=f"cannot begin as {state}"):
        archive.jobs.create(a_job(), state)
    assert archive.jobs.list() == ()


def test_an_unknown_job_is_named(archive, now):
    for ask in (
        lambda: archive.jobs.get("job-9"),
        lambda: archive.jobs.events("job-9"),
        lambda: archive.jobs.step("job-9", JobState.QUEUED, now=now),
    ):
        with pytest.raises(UnknownRecord, match="no job job-9"):
            ask()


def test_the_oldest_queued_job_is_claimed_first_and_each_once(archive, now, a_job):
    for number in range(3):
        archive.jobs.create(a_job(f"job-{number}"), JobState.QUEUED)
    archive.jobs.create(a_job("job-9"), JobState.WAITING)

    claimed = [archive.jobs.claim_next(now) for _ in range(4)]

    assert [one and one.job_id for one in claimed] == ["job-0", "job-1", "job-2", None]
    assert claimed[0].state is JobState.RUNNING
    assert claimed[0].attempts == 1
    assert dict(claimed[0].input_instances) == dict(a_job().inputs)


def test_a_job_is_not_claimed_before_its_time(archive, now, a_job):
    later = now + timedelta(minutes=10)
    archive.jobs.create(a_job("job-1"), JobState.QUEUED, not_before=later)
    archive.jobs.create(a_job("job-2"), JobState.QUEUED)

    assert archive.jobs.claim_next(now).job_id == "job-2"
    assert archive.jobs.claim_next(now) is None
    assert archive.jobs.claim_next(later).job_id == "job-1"


def test_threads_never_claim_the_same_job(archive, now, a_job):
    for number in range(24):
        archive.jobs.create(a_job(f"job-{number}"), JobState.QUEUED)
    claimed = []

    def claim():
        while (record := archive.jobs.claim_next(now)) is not None:
            claimed.append(record.job_id)

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(claimed) == sorted(f"job-{number}" for number in range(24))


def test_a_waiting_job_is_queued_with_the_companion_that_came(archive, now, a_job):
    pet = {"pet": a_job().inputs["pet"]}
    wait_over = now + timedelta(seconds=60)
    archive.jobs.create(
        a_job(inputs=pet, result_id="pet alone"), JobState.WAITING, not_before=wait_over
    )
    (waiting,) = archive.jobs.waiting()
    assert waiting.not_before == wait_over
    assert waiting.inputs == {"pet": "1.2.3"}

    archive.jobs.resolve_waiting(a_job(result_id="pet and ct"), reason="ct came", now=now)

    assert archive.jobs.waiting() == ()
    claimed = archive.jobs.claim_next(now)  # before the wait would have been over
    assert claimed.inputs == {"pet": "1.2.3", "ct": "1.2.4"}
    assert claimed.result_id == "pet and ct"
    with pytest.raises(IllegalStep, match="waits for no companion"):
        archive.jobs.resolve_waiting(a_job(), now=now)


def test_finishing_stores_the_result_and_a_delivery_per_object_and_destination(archive, now, a_job):
    archive.jobs.create(a_job(), JobState.QUEUED)
    archive.jobs.claim_next(now)
    done = outcome(archive.folder)

    archive.jobs.finish("job-1", done, destinations=("pacs", "research", "pacs"), now=now)

    record = archive.jobs.get("job-1")
    assert record.state is JobState.ENCODED
    assert record.objects == done.objects
    assert record.measurements == done.measurements
    assert record.classifications == done.classifications
    assert record.warnings == done.warnings
    assert dict(record.details) == {"device": "cpu"}
    due = archive.outbox.due(now)
    assert [(one.destination, one.sop_instance_uid, one.path) for one in due] == [
        (name, made.sop_instance_uid, made.path)
        for name in ("pacs", "research")
        for made in done.objects
    ]
    assert {(one.state, one.attempts) for one in due} == {(DeliveryState.PENDING, 0)}


def test_an_object_goes_to_those_destinations_only_for_which_it_was_made(archive, now, a_job):
    archive.jobs.create(a_job(), JobState.QUEUED)
    archive.jobs.claim_next(now)
    done = outcome(archive.folder, objects=3)
    for_all, for_pacs, for_nobody = done.objects
    for_pacs = replace(for_pacs, destinations=frozenset({"pacs"}))
    for_nobody = replace(for_nobody, destinations=frozenset())
    done = replace(done, objects=(for_all, for_pacs, for_nobody))

    archive.jobs.finish("job-1", done, destinations=("pacs", "research"), now=now)

    assert [(one.destination, one.sop_instance_uid) for one in archive.outbox.due(now)] == [
        ("pacs", for_all.sop_instance_uid),
        ("pacs", for_pacs.sop_instance_uid),
        ("research", for_all.sop_instance_uid),
    ]


@pytest.mark.parametrize(
    ("result", "told"),
    [((2, ()), "there are no destinations"), ((0, ("pacs",)), "there are no objects")],
)
def test_a_result_that_goes_nowhere_is_delivered_at_once(archive, now, a_job, result, told):
    objects, destinations = result
    archive.jobs.create(a_job(), JobState.QUEUED)
    archive.jobs.claim_next(now)
    done = outcome(archive.folder, objects=objects)

    archive.jobs.finish("job-1", done, destinations=destinations, now=now)

    record = archive.jobs.get("job-1")
    assert record.state is JobState.DELIVERED
    assert told in record.reason
    assert record.objects == done.objects
    assert [one.new for one in archive.jobs.events("job-1")][-2:] == ["ENCODED", "DELIVERED"]
    assert archive.outbox.due(now) == ()


@pytest.mark.parametrize("state", [JobState.REJECTED, JobState.FAILED])
def test_a_job_without_result_ends_with_its_reason(archive, now, a_job, state):
    archive.jobs.create(a_job(), JobState.QUEUED)
    archive.jobs.claim_next(now)

    ended = JobOutcome(state=state, reason="not-calibrated: Units are PROPCNTS")
    archive.jobs.finish("job-1", ended, destinations=("pacs",), now=now)

    record = archive.jobs.get("job-1")
    assert (record.state, record.reason) == (state, "not-calibrated: Units are PROPCNTS")
    assert archive.outbox.list() == ()


def test_a_job_that_does_not_run_cannot_be_finished_and_nothing_is_left_of_the_try(
    archive, now, a_job
):
    archive.jobs.create(a_job(), JobState.QUEUED)

    with pytest.raises(IllegalStep):
        archive.jobs.finish("job-1", outcome(archive.folder), destinations=("pacs",), now=now)

    assert archive.jobs.get("job-1").objects == ()
    assert archive.outbox.list() == ()


def test_interrupted_jobs_run_again_until_the_third_time(archive, now, a_job):
    archive.jobs.create(a_job(), JobState.QUEUED)
    for attempt in (1, 2):
        assert archive.jobs.claim_next(now).attempts == attempt
        assert archive.jobs.requeue_interrupted(now) == 1
        assert archive.jobs.get("job-1").state is JobState.QUEUED
    archive.jobs.claim_next(now)

    assert archive.jobs.requeue_interrupted(now) == 0

    record = archive.jobs.get("job-1")
    assert (record.state, record.reason) == (JobState.FAILED, "interrupted: 3 runs did not end")
    archive.jobs.step("job-1", JobState.QUEUED, reason="retry by hand", now=now)
    assert archive.jobs.claim_next(now).attempts == 1


def test_jobs_are_listed_newest_first_and_by_state(archive, now, a_job):
    for number in range(5):
        archive.jobs.create(a_job(f"job-{number}"), JobState.QUEUED)
    archive.jobs.step("job-1", JobState.REJECTED, reason="unfit", now=now)

    assert [one.job_id for one in archive.jobs.list(limit=3)] == ["job-4", "job-3", "job-2"]
    assert [one.job_id for one in archive.jobs.list(state=JobState.REJECTED)] == ["job-1"]


def test_another_process_reads_jobs_while_one_is_being_written(archive, open_archive, now, a_job):
    archive.jobs.create(a_job(), JobState.QUEUED)
    reader = open_archive()

    with archive.database.writing():
        assert reader.jobs.list()[0].state is JobState.QUEUED
    archive.jobs.claim_next(now)
    assert reader.jobs.list()[0].state is JobState.RUNNING


def test_finished_jobs_do_not_slow_the_next_one(archive, now, a_job):
    # The queries of a running node go by an index, however many jobs there are.
    queries = {
        "SELECT * FROM jobs WHERE state = 'QUEUED' ORDER BY priority DESC, number": "claim_order",
        "SELECT * FROM deliveries WHERE state = 'PENDING' AND next_attempt_at <= ''": "ix_deliv",
        "SELECT * FROM instances WHERE sequence > 7": "PRIMARY KEY",
        "SELECT * FROM job_inputs WHERE job_id = 'a'": "sqlite_autoindex",
    }
    with archive.database.reading() as connection:
        if connection.dialect.name != "sqlite":
            pytest.skip("PostgreSQL plans by the number of rows; of few it reads them all")
        for query, index in queries.items():
            plan = connection.execute(text(f"EXPLAIN QUERY PLAN {query}")).all()
            assert all("SCAN" not in row.detail for row in plan), query
            assert any(index in row.detail for row in plan), plan
