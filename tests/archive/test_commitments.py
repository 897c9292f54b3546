"""Transactions of storage commitment: durable, exact, and never lost by a late or odd report."""

from datetime import timedelta

import pytest

from dicom_node.archive.commitments import CommitmentStore
from dicom_node.archive.result_retention import sweep_results
from dicom_node.domain.commitment import CommitmentReport, UnknownTransaction
from dicom_node.domain.delivery import DeliveryState
from dicom_node.domain.job import JobOutcome, JobState, ResultObject

HOUR = timedelta(hours=1)


@pytest.fixture
def book(archive) -> CommitmentStore:
    return CommitmentStore(archive.database, archive.folder)


@pytest.fixture
def delivered(archive, now, a_job):
    """A job with two objects at a destination that is to commit them."""
    archive.jobs.create(a_job(), JobState.QUEUED)
    archive.jobs.claim_next(now)
    objects = tuple(
        ResultObject(
            path=archive.folder / f"{name}.dcm",
            sop_class_uid="1.2.840.10008.5.1.4.1.1.66.4",
            sop_instance_uid=name,
            modality="SEG",
        )
        for name in ("1.1", "1.2")
    )
    outcome = JobOutcome(state=JobState.ENCODED, objects=objects)
    archive.jobs.finish("job-1", outcome, destinations=("pacs",), now=now)
    deliver(archive, now)


def deliver(archive, now):
    for one in archive.outbox.due(now):
        archive.outbox.delivered(one.delivery_id, now, commitment=True)


def ask(book, now) -> str:
    """Open and ask the one transaction that is due; its UID."""
    book.open_new("pacs", now)
    ((transaction, objects),) = book.due("pacs", now)
    assert objects
    book.asked(transaction.transaction_uid, now)
    return transaction.transaction_uid


def report(uid, committed=(), failed=None) -> CommitmentReport:
    return CommitmentReport(transaction_uid=uid, committed=tuple(committed), failed=failed or {})


def state(archive):
    return archive.jobs.get("job-1").state


def objects(archive):
    return {one.sop_instance_uid: one.state for one in archive.outbox.list()}


def test_a_transaction_is_opened_once_when_every_object_is_there(archive, book, now, a_job):
    archive.jobs.create(a_job(), JobState.QUEUED)
    archive.jobs.claim_next(now)
    made = tuple(
        ResultObject(
            path=archive.folder / uid, sop_class_uid="1", sop_instance_uid=uid, modality="SR"
        )
        for uid in ("1.1", "1.2")
    )
    outcome = JobOutcome(state=JobState.ENCODED, objects=made)
    archive.jobs.finish("job-1", outcome, destinations=("pacs",), now=now)
    first, second = archive.outbox.due(now)
    archive.outbox.delivered(first.delivery_id, now, commitment=True)
    assert book.open_new("pacs", now) == 0
    archive.outbox.delivered(second.delivery_id, now, commitment=True)
    assert book.open_new("pacs", now) == 1
    assert book.open_new("pacs", now) == 0
    ((transaction, asked),) = book.due("pacs", now)
    assert [one.sop_instance_uid for one in asked] == ["1.1", "1.2"]
    assert (transaction.attempt, transaction.asked_at) == (1, None)
    assert book.due("other", now) == ()


@pytest.mark.usefixtures("delivered")
def test_a_job_is_committed_when_every_object_is(archive, book, now):
    assert state(archive) is JobState.DELIVERED
    uid = ask(book, now)
    assert book.due("pacs", now) == ()
    book.take(report(uid, ["1.1"]), now)
    assert state(archive) is JobState.DELIVERED
    book.take(report(uid, ["1.2"]), now)
    assert state(archive) is JobState.COMMITTED
    book.take(report(uid, ["1.1", "1.2"]), now)  # again: nothing happens
    assert [one.new for one in archive.jobs.events("job-1")].count(JobState.COMMITTED) == 1


@pytest.mark.usefixtures("delivered")
def test_a_report_that_comes_before_the_answer_to_the_request_counts(archive, book, now):
    book.open_new("pacs", now)
    ((transaction, _),) = book.due("pacs", now)
    book.take(report(transaction.transaction_uid, ["1.1", "1.2"]), now)
    book.asked(transaction.transaction_uid, now)
    assert state(archive) is JobState.COMMITTED
    assert book.due("pacs", now + HOUR) == ()


@pytest.mark.usefixtures("delivered")
def test_a_failed_object_alone_is_sent_again_and_asked_for_in_a_new_transaction(archive, book, now):
    first = ask(book, now)
    book.take(report(first, ["1.1"], {"1.2": 0x0112}), now)
    assert state(archive) is JobState.ENCODED
    (due,) = archive.outbox.due(now)
    assert (due.sop_instance_uid, due.last_error) == (
        "1.2",
        "not committed: 0x0112 (no such object instance)",
    )
    deliver(archive, now)
    assert state(archive) is JobState.DELIVERED
    second = ask(book, now)
    assert second != first
    book.take(report(first, [], {"1.2": 0x0112}), now)  # the first report comes once more
    assert objects(archive)["1.2"] is DeliveryState.DELIVERED
    book.take(report(second, ["1.2"]), now)
    assert state(archive) is JobState.COMMITTED


@pytest.mark.usefixtures("delivered")
def test_what_is_never_committed_is_a_dead_letter_after_three_transactions(archive, book, now):
    for _ in range(3):
        uid = ask(book, now)
        book.take(report(uid, ["1.1"], {"1.2": 0x0110}), now)
        deliver(archive, now)
    assert objects(archive) == {"1.1": DeliveryState.COMMITTED, "1.2": DeliveryState.DEAD}
    assert state(archive) is JobState.UNDELIVERED
    archive.outbox.revive(now=now)
    deliver(archive, now)
    book.take(report(ask(book, now), ["1.2"]), now)
    assert state(archive) is JobState.COMMITTED


@pytest.mark.usefixtures("delivered")
def test_a_report_that_is_late_is_told_asked_for_again_and_still_counts(archive, book, now):
    first = ask(book, now)
    assert book.note_overdue("pacs", now - HOUR, now) == 0
    later = now + 25 * HOUR
    assert book.note_overdue("pacs", later - 24 * HOUR, later) == 1
    assert book.note_overdue("pacs", later - 24 * HOUR, later) == 0
    record = archive.jobs.get("job-1")
    assert record.state is JobState.DELIVERED
    assert "commitment overdue: pacs has not reported" in record.reason
    assert "commitment overdue" in archive.jobs.events("job-1")[-1].reason
    second = ask(book, later)
    assert [one.transaction_uid for one in book.of_job("job-1")] == [first, second]
    book.take(report(first, ["1.1", "1.2"]), later)
    assert state(archive) is JobState.COMMITTED


@pytest.mark.usefixtures("delivered")
def test_after_three_silent_transactions_it_stays_overdue_and_is_not_asked_again(
    archive, book, now
):
    for number in range(3):
        when = now + number * 25 * HOUR
        uid = ask(book, when)
        assert book.note_overdue("pacs", when + HOUR, when + 24 * HOUR) == 1
    assert book.open_new("pacs", now + 999 * HOUR) == 0
    assert state(archive) is JobState.DELIVERED
    assert archive.jobs.get("job-1").reason.endswith("a late report still counts")
    book.take(report(uid, ["1.1", "1.2"]), now + 999 * HOUR)
    assert state(archive) is JobState.COMMITTED


@pytest.mark.usefixtures("delivered")
def test_a_report_that_leaves_an_object_out_leaves_it_open_until_it_is_overdue(archive, book, now):
    book.take(report(ask(book, now), ["1.1", "9.9"]), now)
    assert state(archive) is JobState.DELIVERED
    assert book.note_overdue("pacs", now + HOUR, now + 24 * HOUR) == 1
    book.open_new("pacs", now + 24 * HOUR)
    ((_, asked),) = book.due("pacs", now + 24 * HOUR)
    assert [one.sop_instance_uid for one in asked] == ["1.2"]


def test_a_report_of_nobodys_transaction_is_refused(book, now):
    with pytest.raises(UnknownTransaction):
        book.take(report("2.25.1", ["1.1"]), now)


@pytest.mark.usefixtures("delivered")
def test_a_request_that_was_not_taken_is_due_later_with_the_same_uid(book, now):
    book.open_new("pacs", now)
    ((transaction, _),) = book.due("pacs", now)
    book.ask_again_at(transaction.transaction_uid, now + HOUR, "no connection")
    assert book.due("pacs", now) == ()
    ((again, _),) = book.due("pacs", now + HOUR)
    assert again.transaction_uid == transaction.transaction_uid
    assert (again.tries, again.last_error) == (1, "no connection")


@pytest.mark.usefixtures("delivered")
def test_transactions_survive_a_restart(archive, open_archive, book, now):
    uid = ask(book, now)
    anew = open_archive()
    CommitmentStore(anew.database, anew.folder).take(report(uid, ["1.1", "1.2"]), now)
    assert state(anew) is JobState.COMMITTED


@pytest.mark.usefixtures("delivered")
def test_results_are_kept_until_they_are_committed(archive, book, now):
    uid = ask(book, now)
    later = now + 99 * 24 * HOUR
    sweep = {"keep_days": 14, "now": later}
    assert sweep_results(archive.database, archive.folder, **sweep) == 0
    book.take(report(uid, ["1.1", "1.2"]), now)
    assert sweep_results(archive.database, archive.folder, **sweep) == 1
