"""Who takes part, what only one may do, and what becomes of the jobs of one that is given up."""

from datetime import timedelta

import pytest

from dicom_node.archive.executors import ExecutorStore
from dicom_node.archive.jobs import JobStore
from dicom_node.domain.job import JobOutcome, JobState


@pytest.fixture
def book(archive) -> ExecutorStore:
    return ExecutorStore(archive.database)


@pytest.fixture
def jobs_of(archive):
    """The job store as a certain executor has it."""
    return lambda name: JobStore(archive.database, archive.folder, executor_id=name)


def test_a_lease_has_one_holder_until_he_leaves(book, now):
    book.join("a", "all", now)
    book.join("b", "all", now)
    assert book.pulse("a", ["send:pacs", "retain"], now).held == {"send:pacs", "retain"}
    assert book.pulse("b", ["send:pacs"], now).held == frozenset()
    assert book.pulse("a", ["send:pacs", "retain"], now).beats == {"a": 3, "b": 2}
    book.leave("a", now)
    assert book.pulse("b", ["send:pacs"], now).held == {"send:pacs"}


def test_the_jobs_of_one_that_is_given_up_are_run_by_another(book, jobs_of, a_job, now):
    book.join("a", "worker", now)
    book.join("b", "worker", now)
    first, second = jobs_of("a"), jobs_of("b")
    first.create(a_job(), JobState.QUEUED)
    assert first.claim_next(now).job_id == "job-1"
    assert second.claim_next(now) is None
    assert second.runs_here("job-1") is False

    assert book.give_up("a", 1, now) == 1
    assert second.claim_next(now).attempts == 2
    assert second.runs_here("job-1")
    assert "a was silent" in second.events("job-1")[-2].reason


def test_one_that_told_in_between_that_it_lives_is_not_given_up(book, jobs_of, a_job, now):
    book.join("a", "worker", now)
    jobs_of("a").create(a_job(), JobState.QUEUED)
    jobs_of("a").claim_next(now)
    book.pulse("a", [], now)
    assert book.give_up("a", 1, now) is None
    assert jobs_of("a").runs_here("job-1")


def test_one_that_was_given_up_claims_nothing_and_changes_nothing(book, jobs_of, a_job, now):
    book.join("a", "worker", now)
    late = jobs_of("a")
    late.create(a_job(), JobState.QUEUED)
    late.claim_next(now)
    book.give_up("a", 1, now)

    assert book.pulse("a", ["send:pacs"], now) is None
    assert late.claim_next(now) is None
    late.hand_back("job-1", reason="late", now=now)
    late.finish("job-1", JobOutcome(state=JobState.FAILED), destinations=(), now=now)
    assert late.get("job-1").state is JobState.QUEUED

    book.join("b", "worker", now)
    assert jobs_of("b").claim_next(now) is not None
    late.finish("job-1", JobOutcome(state=JobState.FAILED), destinations=(), now=now)
    assert late.get("job-1").state is JobState.RUNNING


def test_a_process_that_starts_again_under_its_name_frees_what_it_had(book, jobs_of, a_job, now):
    assert book.join("a", "all", now) == 0
    jobs_of("a").create(a_job(), JobState.QUEUED)
    jobs_of("a").claim_next(now)
    book.pulse("a", ["retain"], now)
    book.association_opened("x", "a")
    assert book.join("a", "all", now) == 1
    assert book.open_associations() == frozenset()
    assert jobs_of("a").get("job-1").state is JobState.QUEUED


def test_jobs_of_a_node_that_worked_alone_go_to_the_first_that_joins(
    archive, book, jobs_of, a_job, now
):
    archive.jobs.create(a_job(), JobState.QUEUED)
    archive.jobs.claim_next(now)
    assert book.join("a", "worker", now) == 1
    assert jobs_of("a").claim_next(now) is not None


def test_a_job_that_ends_three_processes_is_failed(book, jobs_of, a_job, now):
    jobs_of("a").create(a_job(), JobState.QUEUED)
    for number in range(3):
        name, at = f"w{number}", now + timedelta(minutes=number)
        book.join(name, "worker", at)
        assert jobs_of(name).claim_next(at) is not None
        book.give_up(name, 1, at)
    record = jobs_of("a").get("job-1")
    assert (record.state, record.reason) == (
        JobState.FAILED,
        "interrupted: 3 runs did not end",
    )


def test_associations_are_open_until_their_end_or_that_of_their_receiver(book, now):
    book.join("a", "receiver", now)
    book.join("b", "receiver", now)
    for name, executor in (("x", "a"), ("y", "a"), ("z", "b")):
        book.association_opened(name, executor)
        book.association_opened(name, executor)
    book.association_ended("x")
    assert book.open_associations() == {"y", "z"}
    book.give_up("a", 1, now)
    assert book.open_associations() == {"z"}
