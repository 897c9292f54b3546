"""Every pair of states: the step is made where it is legal, and refused where it is not."""

from datetime import timedelta

import pytest

from dicom_node.archive.entries import IllegalStep
from dicom_node.domain.job import JobState, may_step


def bring_to(archive, a_job, state, now):
    """A job in a state, by legal steps."""
    ways = {
        JobState.WAITING: [],
        JobState.QUEUED: ["QUEUED"],
        JobState.RUNNING: ["QUEUED", "RUNNING"],
        JobState.ENCODED: ["QUEUED", "RUNNING", "ENCODED"],
        JobState.DELIVERED: ["QUEUED", "RUNNING", "ENCODED", "DELIVERED"],
        JobState.COMMITTED: ["QUEUED", "RUNNING", "ENCODED", "DELIVERED", "COMMITTED"],
        JobState.REJECTED: ["REJECTED"],
        JobState.FAILED: ["QUEUED", "FAILED"],
        JobState.UNDELIVERED: ["QUEUED", "RUNNING", "ENCODED", "UNDELIVERED"],
        JobState.HELD: ["HELD"],
        JobState.CANCELLED: ["CANCELLED"],
    }
    archive.jobs.create(a_job(), JobState.WAITING)
    for step in ways[state]:
        archive.jobs.step("job-1", JobState(step), now=now)


@pytest.mark.parametrize("new", JobState)
@pytest.mark.parametrize("old", JobState)
def test_a_step_is_made_where_it_is_legal_and_refused_where_it_is_not(
    archive, now, a_job, old, new
):
    bring_to(archive, a_job, old, now)
    before = archive.jobs.events("job-1")
    later = now + timedelta(seconds=5)

    if may_step(old, new):
        archive.jobs.step("job-1", new, reason="because", now=later)
        record = archive.jobs.get("job-1")
        assert (record.state, record.reason, record.updated_at) == (new, "because", later)
        event = archive.jobs.events("job-1")[-1]
        assert (event.old, event.new, event.reason, event.at) == (old, new, "because", later)
    else:
        with pytest.raises(IllegalStep, match=f"is {old}; it cannot become {new}"):
            archive.jobs.step("job-1", new, now=later)
        assert archive.jobs.get("job-1").state is old
        assert archive.jobs.events("job-1") == before
