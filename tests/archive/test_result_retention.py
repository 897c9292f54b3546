"""Result files go after delivery and their time; what they said stays."""

from datetime import timedelta

import pytest

from dicom_node.archive.job_control import JobControl
from dicom_node.archive.result_retention import sweep_results
from dicom_node.domain.job import JobOutcome, JobState, MeasurementRow, ResultObject


@pytest.fixture
def result(archive, now, a_job):
    """A job with one result file that is to go to the PACS."""
    file = archive.folder / "results" / "job-1" / "seg.dcm"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"result")
    archive.jobs.create(a_job(), JobState.QUEUED)
    archive.jobs.claim_next(now)
    made = ResultObject(path=file, sop_class_uid="1.2", sop_instance_uid="2.25.1", modality="SEG")
    row = MeasurementRow(name="SUVmax", value=1.0, unit="1", segment=None)
    outcome = JobOutcome(state=JobState.ENCODED, objects=(made,), measurements=(row,))
    archive.jobs.finish("job-1", outcome, destinations=("pacs",), now=now)
    return file


def sweep(archive, when):
    return sweep_results(archive.database, archive.folder, keep_days=14, now=when)


def test_a_delivered_result_is_removed_after_its_time_once_and_told_in_its_history(
    archive, now, result
):
    (due,) = archive.outbox.due(now)
    archive.outbox.delivered(due.delivery_id, now)
    assert sweep(archive, now + timedelta(days=13)) == 0
    assert result.exists()
    later = now + timedelta(days=15)
    assert sweep(archive, later) == 1
    assert not result.parent.exists()
    assert sweep(archive, later) == 0
    record, event = archive.jobs.get("job-1"), archive.jobs.events("job-1")[-1]
    assert record.state is JobState.DELIVERED
    assert record.measurements[0].value == 1.0
    assert (event.at, event.new) == (later, JobState.DELIVERED)
    assert "1 result files were removed" in event.reason


def test_what_is_still_to_be_delivered_or_held_or_refused_stays(archive, now, result):
    later = now + timedelta(days=99)
    assert sweep(archive, later) == 0
    control = JobControl(archive.database)
    control.hold("job-1", now=now)
    assert sweep(archive, later) == 0
    control.release("job-1", now=now)
    archive.outbox.dead(archive.outbox.due(now)[0].delivery_id, "refused", now)
    assert sweep(archive, later) == 0
    assert result.exists()


def test_a_file_that_is_gone_already_is_no_trouble(archive, now, result):
    JobControl(archive.database).cancel("job-1", now=now)
    result.unlink()
    assert sweep(archive, now + timedelta(days=15)) == 1
