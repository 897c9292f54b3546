"""What becomes of a received instance: file, row, duplicate, conflict, set aside."""

import os
from datetime import timedelta
from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from received import SERIES, STUDY, dataset_bytes, encoded, made_dataset, received, sop_uid

from dicom_node.domain.peer import StoreOutcome
from dicom_node.domain.series import SeriesKey

KEY = SeriesKey(study_instance_uid=STUDY, series_instance_uid=SERIES)
PATH = f"instances/{STUDY}/{SERIES}/{sop_uid(1)}.dcm"


def test_an_instance_is_a_dicom_file_with_its_bytes_as_they_came(archive, now):
    sent = received()

    assert archive.store.store(sent, now) is StoreOutcome.STORED

    content = (archive.folder / PATH).read_bytes()
    assert dataset_bytes(content) == sent.dataset
    read = dcmread(BytesIO(content))
    assert read.file_meta.MediaStorageSOPInstanceUID == sop_uid(1)
    assert read.file_meta.MediaStorageSOPClassUID == sent.sop_class_uid
    assert read.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert read.file_meta.SourceApplicationEntityTitle == "SCANNER"
    assert read.file_meta.ReceivingApplicationEntityTitle == "NODE"
    assert read.file_meta.ImplementationClassUID.is_valid
    assert read == made_dataset()


def test_a_stored_instance_is_in_the_index(archive, now):
    archive.store.store(received(), now)

    (instance,) = archive.index.instances_of(KEY)
    assert instance.sop_instance_uid == sop_uid(1)
    assert instance.path == archive.folder / PATH
    assert archive.leftovers() == []


def test_the_same_instance_again_changes_nothing(archive, now):
    archive.store.store(received(), now)
    sequence, _ = archive.index.changed_series(0)

    again = received(association_id="association-2", calling_ae="PACS")
    assert archive.store.store(again, now + timedelta(days=1)) is StoreOutcome.DUPLICATE

    assert archive.index.changed_series(sequence) == (sequence, set())
    assert archive.index.arrival(KEY).association_ids == {"association-1"}
    assert archive.files() == [PATH]


def test_other_content_under_a_known_uid_lies_aside_and_the_first_is_kept(archive, now):
    first, second = received(), received(Modality="CT")
    archive.store.store(first, now)

    assert archive.store.store(second, now) is StoreOutcome.CONFLICT
    assert archive.store.store(second, now) is StoreOutcome.CONFLICT

    (conflict,) = archive.index.conflicts()
    assert conflict.key == KEY
    assert conflict.reason.code == "conflict"
    assert sop_uid(1) in conflict.reason.message
    assert conflict.path.parent.name == "conflicts"
    assert dataset_bytes(conflict.path.read_bytes()) == second.dataset
    assert dataset_bytes((archive.folder / PATH).read_bytes()) == first.dataset
    assert archive.store.store(first, now) is StoreOutcome.DUPLICATE


def test_a_known_uid_in_another_series_is_a_conflict_that_names_the_first_series(archive, now):
    archive.store.store(received(), now)
    other = received(series="1.2.9", SOPInstanceUID=sop_uid(1))

    assert archive.store.store(other, now) is StoreOutcome.CONFLICT

    other_key = SeriesKey(study_instance_uid=STUDY, series_instance_uid="1.2.9")
    (conflict,) = archive.index.conflicts(other_key)
    assert SERIES in conflict.reason.message
    assert archive.index.conflicts(KEY) == ()
    assert archive.index.instances_of(other_key) == ()
    assert archive.files("instances/**/*.dcm") == [PATH]


def test_a_known_uid_in_another_transfer_syntax_is_a_conflict(archive, now):
    archive.store.store(received(), now)
    implicit = received(transfer_syntax_uid=str(ImplicitVRLittleEndian))

    assert archive.store.store(implicit, now) is StoreOutcome.CONFLICT


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (received(SeriesInstanceUID=None), "SeriesInstanceUID (0020,000E)"),
        (received(StudyInstanceUID=""), "StudyInstanceUID (0020,000D)"),
        (received(dataset=b""), "SOPClassUID (0008,0016)"),
        (received(dataset=b"no DICOM at all"), "absent"),
        (received(sop_instance_uid="1.2.3.4"), "SOP Instance UID of the command is '1.2.3.4'"),
        (received(sop_class_uid="1.2.840.10008.1.1"), "SOP Class UID of the command"),
    ],
)
def test_what_cannot_be_identified_lies_aside_with_its_reason(archive, now, sent, told):
    assert archive.store.store(sent, now) is StoreOutcome.UNREADABLE
    assert archive.store.store(sent, now) is StoreOutcome.UNREADABLE

    (aside,) = archive.index.unreadable()
    assert told in aside.reason.message
    assert aside.path.parent.name == "unreadable"
    assert dataset_bytes(aside.path.read_bytes()) == sent.dataset
    assert aside.received_at == now
    assert archive.index.changed_series(0) == (0, set())


@pytest.mark.parametrize(
    "odd", ["../../../outside", "..", ".", "/etc/passwd", "a\\b", "1" * 200, "1.2/3", "CON", "é"]
)
def test_no_uid_leads_out_of_the_folder(archive, now, odd):
    content = made_dataset(StudyInstanceUID=None, SeriesInstanceUID=None, SOPInstanceUID=None)
    raw = odd.encode("utf-8")
    raw += b"\0" * (len(raw) % 2)
    element = b"UI" + len(raw).to_bytes(2, "little") + raw
    head = encoded(content)
    place = head.index(b"\x08\x00\x60\x00CS")
    head = head[:place] + b"\x08\x00\x18\x00" + element + head[place:]
    place = head.index(b"\xe0\x7f\x10\x00")
    head = (
        head[:place] + b"\x20\x00\x0d\x00" + element + b"\x20\x00\x0e\x00" + element + head[place:]
    )
    name = odd.encode("utf-8").decode("ascii", "backslashreplace")

    outcome = archive.store.store(received(dataset=head, sop_instance_uid=name), now)

    assert outcome is StoreOutcome.STORED
    (file,) = archive.folder.glob("instances/*/*/*.dcm")
    assert file.resolve().is_relative_to(archive.folder.resolve())
    everything = [one for one in archive.folder.parent.rglob("*") if one.is_file()]
    assert all(one.is_relative_to(archive.folder) for one in everything)
    key = SeriesKey(study_instance_uid=name, series_instance_uid=name)
    assert archive.index.instances_of(key)[0].sop_instance_uid == name


def test_a_command_with_text_that_is_none_is_kept_like_any_other(archive, now):
    odd = received(sop_instance_uid="\udcff\n", calling_ae="\udcfe", called_ae="\0")

    assert archive.store.store(odd, now) is StoreOutcome.UNREADABLE

    (aside,) = archive.index.unreadable()
    assert (aside.sop_instance_uid, aside.calling_ae, aside.called_ae) == (
        "\\udcff\n",
        "\\udcfe",
        "",
    )


def test_an_instance_whose_file_was_lost_is_stored_when_it_comes_again(archive, now):
    archive.store.store(received(), now)
    sequence, _ = archive.index.changed_series(0)
    (archive.folder / PATH).unlink()

    assert archive.store.store(received(), now) is StoreOutcome.STORED

    assert dataset_bytes((archive.folder / PATH).read_bytes()) == received().dataset
    assert archive.index.changed_series(sequence)[1] == {KEY}


def test_a_damaged_file_is_replaced_when_its_instance_comes_again(archive, now):
    archive.store.store(received(), now)
    os.truncate(archive.folder / PATH, 300)

    assert archive.store.store(received(), now) is StoreOutcome.STORED

    assert dataset_bytes((archive.folder / PATH).read_bytes()) == received().dataset


@pytest.mark.parametrize("change", [{}, {"Modality": "CT"}])
def test_a_file_that_another_process_left_without_a_row_counts(archive, now, change):
    archive.store.store(received(), now)
    archive.index.forget([PATH])

    outcome = archive.store.store(received(**change), now)

    assert outcome is (StoreOutcome.CONFLICT if change else StoreOutcome.DUPLICATE)
    assert [one.sop_instance_uid for one in archive.index.instances_of(KEY)] == [sop_uid(1)]
