"""What archives are asked for, and what of it is here for no other reason; on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from factories import ct_series
from received import encoded

from dicom_node.archive.fetches import FetchStore
from dicom_node.archive.remote_series import RemoteSeriesStore
from dicom_node.archive.retention import sweep
from dicom_node.domain.fetch import FetchState, RemoteSender
from dicom_node.domain.job import JobState
from dicom_node.domain.peer import ReceivedInstance
from dicom_node.domain.query import RemoteSeries
from dicom_node.domain.series import SeriesKey

PACS = RemoteSender(archive="pacs", calling_ae="PACS")
CT = RemoteSeries(
    study_instance_uid="1.2", series_instance_uid="1.2.4", modality="CT", instances=120
)


@pytest.fixture
def fetches(archive):
    return FetchStore(archive.database)


@pytest.fixture
def remote(archive):
    return RemoteSeriesStore(archive.database)


def received(number: int, *, calling: str) -> ReceivedInstance:
    dataset = ct_series(slices=4)[number]
    return ReceivedInstance(
        sop_class_uid=dataset.SOPClassUID,
        sop_instance_uid=dataset.SOPInstanceUID,
        transfer_syntax_uid=dataset.file_meta.TransferSyntaxUID,
        dataset=encoded(dataset),
        calling_ae=calling,
        called_ae="DICOM_NODE",
        peer_address="127.0.0.1",
        association_id="a",
    )


@pytest.fixture
def key() -> SeriesKey:
    one = ct_series(slices=1)[0]
    return SeriesKey(
        study_instance_uid=one.StudyInstanceUID, series_instance_uid=one.SeriesInstanceUID
    )


def test_an_archive_is_asked_once_for_each_role_of_a_job(archive, fetches, a_job, now):
    archive.jobs.create(a_job(), JobState.WAITING)
    assert fetches.open("job-1", "ct", "pacs", now)
    assert not fetches.open("job-1", "ct", "pacs", now)
    assert fetches.open("job-1", "ct", "vna", now)
    assert [one.archive for one in fetches.of_jobs(["job-1"])["job-1"]] == ["pacs", "vna"]
    assert dict(fetches.counts()) == {"pacs": 1, "vna": 1}


def test_a_change_is_kept_whole_and_becomes_the_reason_of_the_waiting_job(
    archive, fetches, a_job, now
):
    archive.jobs.create(a_job(), JobState.WAITING)
    fetches.open("job-1", "ct", "pacs", now)
    (asked,) = fetches.due("pacs", now)
    later = now + timedelta(seconds=10)
    found = replace(
        asked,
        state=FetchState.FETCH,
        candidates=(CT, replace(CT, instances=None)),
        position=1,
        attempts=2,
        next_attempt_at=later,
        asked_at=now,
        told="pacs has two",
    )
    assert fetches.change(asked, found, now)
    assert fetches.due("pacs", now) == ()
    assert fetches.due("pacs", later) == (found,)
    assert fetches.due("vna", later) == ()
    assert archive.jobs.get("job-1").reason == "pacs has two"
    last = archive.jobs.events("job-1")[-1]
    assert (last.old, last.new, last.reason) == (JobState.WAITING, JobState.WAITING, "pacs has two")


def test_what_somebody_else_changed_meanwhile_is_not_changed_again(archive, fetches, a_job, now):
    archive.jobs.create(a_job(), JobState.WAITING)
    fetches.open("job-1", "ct", "pacs", now)
    (asked,) = fetches.due("pacs", now)
    fetches.drop("job-1")
    assert not fetches.change(asked, replace(asked, state=FetchState.FETCH), now)
    assert [one.state for one in fetches.of_jobs(["job-1"])["job-1"]] == [FetchState.DROPPED]


def test_a_series_that_came_because_it_was_asked_for_is_only_fetched(archive, remote, key, now):
    assert remote.known(key) is None
    remote.fetching(key, PACS, 4, now)
    archive.store.store(received(0, calling="PACS"), now + timedelta(seconds=1))
    remote.fetched(key, now + timedelta(seconds=10))
    known = remote.known(key)
    assert (known.only_fetched, known.instances, known.archive) == (True, 4, "pacs")


@pytest.mark.parametrize(
    "unasked",
    [("SCANNER", 1.0), ("PACS", -60.0), ("PACS", 60.0)],
    ids=["by a scanner", "before it was asked for", "after the archive was through"],
)
def test_an_instance_that_nobody_asked_for_makes_the_series_a_sent_one(
    archive, remote, key, now, unasked
):
    remote.fetching(key, PACS, 4, now)
    remote.fetched(key, now + timedelta(seconds=10))
    archive.store.store(received(0, calling="PACS"), now + timedelta(seconds=1))
    calling, after_s = unasked
    archive.store.store(received(1, calling=calling), now + timedelta(seconds=after_s))
    assert not remote.known(key).only_fetched


def test_a_copy_of_what_was_fetched_counts_only_from_who_was_not_asked(archive, remote, key, now):
    remote.fetching(key, PACS, 4, now)
    archive.store.store(received(0, calling="PACS"), now)
    remote.fetched(key, now + timedelta(seconds=10))
    assert not remote.note_sent(received(0, calling="PACS"), now + timedelta(seconds=2))
    assert not remote.note_sent(received(1, calling="SCANNER"), now)  # it is not here
    assert remote.note_sent(received(0, calling="SCANNER"), now + timedelta(seconds=3))
    assert not remote.note_sent(received(0, calling="SCANNER"), now + timedelta(seconds=4))
    assert not remote.known(key).only_fetched
    assert remote.sent_anew() == (key,)
    remote.looked_at(key)
    assert remote.sent_anew() == ()


def test_asking_again_keeps_since_when_it_was_asked_for(remote, key, now):
    remote.fetching(key, PACS, 4, now)
    remote.fetched(key, now + timedelta(seconds=10))
    remote.fetching(key, PACS, 5, now + timedelta(seconds=60))
    known = remote.known(key)
    assert (known.fetched_at, known.instances) == (now, 5)


def test_a_number_is_asked_for_until_it_is_told_or_given_up(remote, key, now):
    remote.want_count(key, PACS, now)
    remote.want_count(key, PACS, now)
    assert remote.counts_due("pacs", now) == ((key, 0),)
    assert remote.known(key).counting
    remote.count_later(key, now + timedelta(seconds=5), 1)
    assert remote.counts_due("pacs", now) == ()
    assert remote.counts_due("pacs", now + timedelta(seconds=5)) == ((key, 1),)
    remote.counted(key, 120)
    known = remote.known(key)
    assert (known.instances, known.counting, known.only_fetched) == (120, False, False)


def test_what_retention_removes_is_unknown_and_may_be_sent_anew(archive, remote, key, now):
    remote.fetching(key, PACS, 4, now)
    archive.store.store(received(0, calling="PACS"), now)
    sweep(archive.store, keep_days=1, now=now + timedelta(days=2))
    assert remote.known(key) is None


def test_series_of_a_patient_are_found_in_every_study(archive, key, now):
    other = SeriesKey(study_instance_uid="7", series_instance_uid="7.1")
    series = {"patient_digest": "a" * 16, "modality": "PT"}

    class Read:  # what `set_status` reads of a series
        patient_digest, modality = series["patient_digest"], series["modality"]

    archive.index.set_status(key, "routed", [], "d", now, series=Read)
    archive.index.set_status(other, "routed", [], "d", now, series=Read)
    archive.index.set_status(
        SeriesKey(study_instance_uid="8", series_instance_uid="8.1"), "x", [], "d", now
    )
    assert set(archive.index.series_of_patient("a" * 16, "PT")) == {key, other}
    assert archive.index.series_of_patient("a" * 16, "CT") == ()
