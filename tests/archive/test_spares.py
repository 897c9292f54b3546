"""A destination that refuses a label map is sent its spare, and that is told."""

from datetime import timedelta

import pytest

from dicom_node.domain.delivery import DeliveryState
from dicom_node.domain.forms import LABEL_MAP_SEGMENTATION_STORAGE
from dicom_node.domain.job import Job, JobOutcome, JobState, ResultObject
from dicom_node.domain.series import Instance, SeriesKey

BINARY = "1.2.840.10008.5.1.4.1.1.66.4"
REFUSAL = "the destination refuses Label Map Segmentation Storage"
VIEWER = frozenset({"viewer"})


@pytest.fixture
def job(archive, now):
    """A job whose viewer wants label maps and whose archive wants none; its deliveries by name."""
    key = SeriesKey(study_instance_uid="1.2", series_instance_uid="1.2.3")
    path = archive.folder / "instances" / "1.dcm"
    instance = Instance(key=key, sop_class_uid="1.2.3", sop_instance_uid="1.2.3.4", path=path)
    archive.jobs.create(
        Job(
            job_id="job-1",
            result_id="job-1",
            route="fdg",
            algorithm="pet-threshold",
            version="1",
            inputs={"pet": (instance,)},
            destinations=("viewer", "archive"),
            created_at=now,
        ),
        JobState.QUEUED,
    )
    archive.jobs.claim_next(now)
    made = {
        "labels": (LABEL_MAP_SEGMENTATION_STORAGE, VIEWER, frozenset()),
        "more": (LABEL_MAP_SEGMENTATION_STORAGE, VIEWER, frozenset()),
        "binary": (BINARY, frozenset({"archive"}), VIEWER),
        "report": ("1.2.3", None, frozenset()),
    }
    objects = tuple(
        ResultObject(
            path=archive.folder / "results" / f"{name}.dcm",
            sop_class_uid=sop_class,
            sop_instance_uid=name,
            modality="SEG",
            destinations=destinations,
            spare_for=spare_for,
        )
        for name, (sop_class, destinations, spare_for) in made.items()
    )
    outcome = JobOutcome(state=JobState.ENCODED, objects=objects)
    archive.jobs.finish("job-1", outcome, destinations=("viewer", "archive"), now=now)
    return archive


def due(archive, now, destination="viewer"):
    return {one.sop_instance_uid: one.delivery_id for one in archive.outbox.due(now, destination)}


def states(archive, destination="viewer"):
    found = archive.outbox.list(destination=destination)
    return {one.sop_instance_uid: str(one.state) for one in found}


def test_a_spare_is_not_sent_where_its_form_is_taken(job, now):
    for destination in ("viewer", "archive"):
        for delivery in due(job, now, destination).values():
            job.outbox.delivered(delivery, now)

    assert states(job)["binary"] == DeliveryState.SPARE
    assert states(job, "archive") == {"binary": "DELIVERED", "report": "DELIVERED"}
    assert job.jobs.get("job-1").state is JobState.DELIVERED


def test_a_refused_label_map_is_replaced_and_the_job_is_delivered(job, now):
    waiting = due(job, now)
    for name in ("labels", "more"):
        job.outbox.dead(waiting[name], REFUSAL, now)
    job.outbox.delivered(waiting["report"], now)
    assert job.jobs.get("job-1").state is JobState.ENCODED
    assert list(due(job, now)) == ["binary"]
    for destination in ("viewer", "archive"):
        for delivery in due(job, now, destination).values():
            job.outbox.delivered(delivery, now + timedelta(seconds=1))

    assert states(job) == {
        "labels": "REPLACED",
        "more": "REPLACED",
        "binary": "DELIVERED",
        "report": "DELIVERED",
    }
    record = job.jobs.get("job-1")
    assert record.state is JobState.DELIVERED
    assert record.reason == "viewer refused a form and took its spare"
    (replaced, _) = job.outbox.list(states=[DeliveryState.REPLACED])
    assert replaced.last_error == REFUSAL


def test_a_refusal_of_another_object_wakes_no_spare(job, now):
    waiting = due(job, now)
    job.outbox.dead(waiting["report"], "refused", now)

    assert states(job)["binary"] == DeliveryState.SPARE
    assert states(job)["report"] == DeliveryState.DEAD


def test_a_refusal_that_comes_late_wakes_no_spare(job, now):
    waiting = due(job, now)
    job.outbox.delivered(waiting["labels"], now)
    job.outbox.dead(waiting["labels"], REFUSAL, now)

    assert states(job)["binary"] == DeliveryState.SPARE


def test_a_refused_spare_is_a_dead_letter(job, now):
    waiting = due(job, now)
    for name in ("labels", "more"):
        job.outbox.dead(waiting[name], REFUSAL, now)
    job.outbox.delivered(waiting["report"], now)
    job.outbox.dead(due(job, now)["binary"], "refused as well", now)
    for delivery in due(job, now, "archive").values():
        job.outbox.delivered(delivery, now)

    record = job.jobs.get("job-1")
    assert record.state is JobState.UNDELIVERED
    assert record.reason == "refused by viewer; viewer refused a form and took its spare"
