"""Removal by age: only what no unfinished job needs, and recorded."""

from datetime import timedelta

import pytest
from received import SERIES, STUDY, received

from dicom_node.archive.retention import removed_series, sweep
from dicom_node.domain.job import Job, JobOutcome, JobState
from dicom_node.domain.peer import StoreOutcome
from dicom_node.domain.series import SeriesKey

KEY = SeriesKey(study_instance_uid=STUDY, series_instance_uid=SERIES)
OTHER = SeriesKey(study_instance_uid=STUDY, series_instance_uid=f"{SERIES}.7")


def a_job(archive, key, now):
    return Job(
        job_id="job-1",
        result_id="result",
        route="fdg",
        algorithm="pet-threshold",
        version="1",
        inputs={"pet": archive.index.instances_of(key)},
        destinations=(),
        created_at=now,
    )


def test_an_old_series_is_removed_with_its_rows_and_recorded(archive, now):
    for number in range(3):
        archive.store.store(received(number), now + timedelta(minutes=number))
    size = sum(one.path.stat().st_size for one in archive.index.instances_of(KEY))
    archive.index.set_status(KEY, "unrouted", [], "digest", now)
    later = now + timedelta(days=14, minutes=3)

    (done,) = sweep(archive.store, keep_days=14, now=later)

    assert (done.key, done.instances, done.size) == (KEY, 3, size)
    assert done.first_received_at == now
    assert done.last_received_at == now + timedelta(minutes=2)
    assert done.removed_at == later
    assert removed_series(archive.store) == (done,)
    assert archive.files() == []
    assert not (archive.folder / "instances" / STUDY).exists()
    assert archive.index.instances_of(KEY) == ()
    assert archive.index.status(KEY) is None
    assert sweep(archive.store, keep_days=14, now=later) == ()


def test_a_series_with_a_young_instance_stays_whole(archive, now):
    archive.store.store(received(1), now)
    archive.store.store(received(2), now + timedelta(days=2))
    archive.store.store(received(1, series=OTHER.series_instance_uid), now)

    removed = sweep(archive.store, keep_days=14, now=now + timedelta(days=15))

    assert [one.key for one in removed] == [OTHER]
    assert len(archive.index.instances_of(KEY)) == 2


@pytest.mark.parametrize(
    "steps", [[], ["QUEUED"], ["QUEUED", "RUNNING"], ["QUEUED", "RUNNING", "ENCODED"]]
)
def test_inputs_of_an_unfinished_job_stay(archive, now, steps):
    archive.store.store(received(1), now)
    archive.store.store(received(1, series=OTHER.series_instance_uid), now)
    archive.jobs.create(a_job(archive, KEY, now), JobState.WAITING)
    for step in steps:
        archive.jobs.step("job-1", JobState(step), now=now)

    removed = sweep(archive.store, keep_days=1, now=now + timedelta(days=30))

    assert [one.key for one in removed] == [OTHER]
    assert archive.index.instances_of(KEY)[0].path.exists()


def test_inputs_go_when_their_job_has_ended_and_the_job_stays_readable(archive, now):
    archive.store.store(received(1), now)
    archive.jobs.create(a_job(archive, KEY, now), JobState.QUEUED)
    archive.jobs.claim_next(now)
    archive.jobs.finish("job-1", JobOutcome(state=JobState.ENCODED), destinations=(), now=now)

    (done,) = sweep(archive.store, keep_days=1, now=now + timedelta(days=30))

    assert done.key == KEY
    assert archive.jobs.get("job-1").inputs == {"pet": SERIES}


def test_a_removed_series_that_comes_again_is_stored_again(archive, now):
    archive.store.store(received(1), now)
    later = now + timedelta(days=30)
    sequence, _ = archive.index.changed_series(0)
    sweep(archive.store, keep_days=1, now=later)

    assert archive.store.store(received(1), later) is StoreOutcome.STORED
    assert archive.index.changed_series(sequence)[1] == {KEY}
    assert sweep(archive.store, keep_days=1, now=later) == ()


def test_what_was_set_aside_goes_by_its_age(archive, now):
    archive.store.store(received(dataset=b"old"), now)
    archive.store.store(received(dataset=b"young"), now + timedelta(days=29))

    sweep(archive.store, keep_days=14, now=now + timedelta(days=30))

    (aside,) = archive.index.unreadable()
    assert aside.received_at == now + timedelta(days=29)
    assert len(archive.files()) == 1
