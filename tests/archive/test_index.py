"""What the index tells of the instances that arrived, and what was decided on them."""

from datetime import timedelta

import pytest
from received import SERIES, STUDY, received, sop_uid

from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.series import Reason, SeriesKey

KEY = SeriesKey(study_instance_uid=STUDY, series_instance_uid=SERIES)
OTHER = SeriesKey(study_instance_uid=STUDY, series_instance_uid=f"{SERIES}.7")


def test_changed_series_are_told_once_by_a_number_that_only_grows(archive, now):
    assert archive.index.changed_series(0) == (0, set())
    archive.store.store(received(1), now)
    archive.store.store(received(1, series=OTHER.series_instance_uid), now)

    first, changed = archive.index.changed_series(0)
    assert changed == {KEY, OTHER}
    assert archive.index.changed_series(first) == (first, set())

    archive.store.store(received(2), now)
    second, changed = archive.index.changed_series(first)
    assert second > first
    assert changed == {KEY}
    assert archive.index.changed_series(0) == (second, {KEY, OTHER})


def test_the_number_grows_also_where_the_newest_instances_were_removed(archive, now):
    archive.store.store(received(1), now)
    archive.store.store(received(2), now)
    number, _ = archive.index.changed_series(0)
    archive.index.forget(list(archive.index.all_paths()))

    archive.store.store(received(3), now)

    assert archive.index.changed_series(number)[1] == {KEY}


def test_series_of_a_study_are_those_with_instances(archive, now):
    archive.store.store(received(1), now)
    archive.store.store(received(1, series=OTHER.series_instance_uid), now)
    archive.store.store(received(1, series="1.2.9", StudyInstanceUID="1.2"), now)

    assert archive.index.series_of_study(STUDY) == (KEY, OTHER)
    assert archive.index.series_of_study("9.9") == ()


def test_instances_come_in_the_order_of_their_arrival(archive, now):
    for number in (3, 1, 2):
        archive.store.store(received(number), now)

    found = [one.sop_instance_uid for one in archive.index.instances_of(KEY)]
    assert found == [sop_uid(3), sop_uid(1), sop_uid(2)]
    assert archive.index.instances_of(OTHER) == ()


def test_arrival_tells_when_and_from_whom_a_series_came(archive, now):
    assert archive.index.arrival(KEY) is None
    archive.store.store(received(1, association_id="a"), now)
    archive.store.store(received(2, association_id="b", calling_ae="PACS"), now)
    later = now + timedelta(seconds=90)
    archive.store.store(received(3, association_id="b", called_ae="RESEARCH"), later)

    arrival = archive.index.arrival(KEY)

    assert (arrival.first_received_at, arrival.last_received_at) == (now, later)
    assert arrival.count == 3
    assert arrival.association_ids == {"a", "b"}
    assert arrival.calling_aes == {"SCANNER", "PACS"}
    assert arrival.called_aes == {"NODE", "RESEARCH"}


def test_the_last_decision_on_a_series_replaces_the_former(archive, now):
    assert archive.index.status(KEY) is None
    reason = Reason(code="missing-slices", message="274 of 275, gap at z = -412.5 mm")
    archive.index.set_status(KEY, "incomplete", [reason], "digest-1", now)
    archive.index.set_status(OTHER, "complete", [], "digest-2", now + timedelta(seconds=1))

    status = archive.index.status(KEY)
    assert (status.state, status.reasons, status.digest) == ("incomplete", (reason,), "digest-1")
    assert status.updated_at == now

    archive.index.set_status(KEY, "complete", [], "digest-3", now + timedelta(seconds=2))
    assert archive.index.status(KEY).digest == "digest-3"
    assert [one.key for one in archive.index.statuses()] == [KEY, OTHER]


def test_decisions_can_be_listed_by_state_and_by_study(archive, now):
    strange = SeriesKey(study_instance_uid="1.2", series_instance_uid="1.2.3")
    for key, state in ((KEY, "complete"), (OTHER, "incomplete"), (strange, "incomplete")):
        archive.index.set_status(key, state, [], "digest", now)

    incomplete = archive.index.statuses(states=["incomplete"])
    assert {one.key for one in incomplete} == {OTHER, strange}
    assert {one.key for one in archive.index.statuses(study_instance_uid=STUDY)} == {KEY, OTHER}
    assert len(archive.index.statuses(limit=2)) == 2


def test_a_time_without_zone_is_refused(archive, now):
    with pytest.raises(ArchiveError, match="2026-03-05T09:00:00 has no time zone"):
        archive.index.set_status(KEY, "complete", [], "digest", now.replace(tzinfo=None))


def test_the_folder_can_be_moved_with_its_files(open_archive, tmp_path, now):
    before = open_archive()
    before.store.store(received(), now)
    before.database.close()
    moved = before.folder.rename(tmp_path / "moved")

    after = open_archive(folder=moved)

    (instance,) = after.index.instances_of(KEY)
    assert instance.path.is_relative_to(moved)
    assert instance.path.exists()
