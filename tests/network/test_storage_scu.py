"""The Storage SCU: objects arrive as they are stored, and every trouble ends in a report."""

import logging
import socket
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from factories import ct_series, pet_series, write_series
from fake_pacs import FakePacs, Received, free_port
from pydicom import Dataset, dcmread
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    PositronEmissionTomographyImageStorage,
)
from pynetdicom.dsutils import split_dataset
from structlog.testing import capture_logs

from dicom_node.domain.errors import UnreadableInstance
from dicom_node.domain.peer import Destination
from dicom_node.network.outgoing import Outgoing, outgoing_files
from dicom_node.network.presentation_contexts import storage_classes
from dicom_node.network.storage_scu import send

CT = str(CTImageStorage)
PET = str(PositronEmissionTomographyImageStorage)
EXPLICIT, IMPLICIT = str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian)


def stored(datasets: Sequence[Dataset], folder: Path) -> list[Outgoing]:
    return [
        Outgoing(
            path=path,
            sop_class_uid=str(one.SOPClassUID),
            sop_instance_uid=str(one.SOPInstanceUID),
        )
        for path, one in zip(write_series(datasets, folder), datasets, strict=True)
    ]


def data_set_of(path: Path) -> bytes:
    _, offset = split_dataset(path)
    return path.read_bytes()[offset:]


@pytest.fixture
def pet(tmp_path: Path) -> list[Outgoing]:
    return stored(pet_series(slices=3), tmp_path / "pet")


def test_objects_arrive_byte_for_byte_over_one_association(pet: list[Outgoing]) -> None:
    with FakePacs() as pacs:
        reports = send(pet, pacs.destination(calling_ae_title="US"))
    assert all(one.stored and one.status == 0 and one.cause == "" for one in reports)
    assert [one.sop_instance_uid for one in reports] == [one.sop_instance_uid for one in pet]
    assert pacs.instance_uids == [one.sop_instance_uid for one in pet]
    assert [one.dataset for one in pacs.received] == [data_set_of(one.path) for one in pet]
    assert {one.transfer_syntax_uid for one in pacs.received} == {EXPLICIT}
    assert {one.calling_ae for one in pacs.received} == {"US"}
    assert pacs.associations == 1


def test_nothing_to_send_asks_for_no_association() -> None:
    with FakePacs() as pacs:
        assert send([], pacs.destination()) == ()
    assert pacs.associations == 0


def test_several_classes_and_syntaxes_go_over_one_association(tmp_path: Path) -> None:
    mixed = [*pet_series(slices=1), *ct_series(slices=2)]
    mixed[1].file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    with FakePacs() as pacs:
        reports = send(stored(mixed, tmp_path), pacs.destination())
    assert all(one.stored for one in reports)
    assert [one.transfer_syntax_uid for one in pacs.received] == [EXPLICIT, IMPLICIT, EXPLICIT]
    assert pacs.associations == 1


def test_a_compressed_object_arrives_as_it_is_stored(shared_data: Path) -> None:
    path = next((shared_data / "petct-fdg-ge").glob("PT_PET_AC*/*.dcm"))
    (outgoing,), _ = outgoing_files(path)
    with FakePacs() as pacs:
        (report,) = send([outgoing], pacs.destination())
    assert report.stored
    assert pacs.received[0].transfer_syntax_uid == JPEGLSLossless
    assert pacs.received[0].dataset == data_set_of(path)


@pytest.mark.parametrize("kept", [EXPLICIT, IMPLICIT, str(DeflatedExplicitVRLittleEndian)])
@pytest.mark.parametrize("taken", [EXPLICIT, IMPLICIT])
def test_an_uncompressed_object_is_rewritten_where_the_destination_needs_it(
    tmp_path: Path, kept: str, taken: str
) -> None:
    (dataset,) = pet_series(slices=1)
    dataset.file_meta.TransferSyntaxUID = kept
    outgoing = stored([dataset], tmp_path)
    with FakePacs(transfer_syntaxes=[taken]) as pacs:
        (report,) = send(outgoing, pacs.destination())
    assert report.stored
    assert pacs.received[0].transfer_syntax_uid == taken
    arrived = _read(pacs.received[0], tmp_path / "arrived.dcm")
    assert arrived == dcmread(outgoing[0].path)


@pytest.mark.parametrize("syntax", [JPEGLSLossless, ExplicitVRBigEndian])
def test_what_cannot_be_rewritten_is_refused_for_good_and_the_rest_is_sent(
    tmp_path: Path, syntax: str
) -> None:
    objects = stored([*pet_series(slices=1), *ct_series(slices=1)], tmp_path)
    _relabel(objects[0].path, syntax)
    with FakePacs(transfer_syntaxes=[EXPLICIT]) as pacs:
        reports = send(objects, pacs.destination())
    assert [one.stored for one in reports] == [False, True]
    assert not reports[0].transient
    assert "Positron" in reports[0].cause


def test_a_refused_class_is_refused_for_good_and_the_rest_is_sent(tmp_path: Path) -> None:
    objects = stored([*ct_series(slices=1), *pet_series(slices=1)], tmp_path)
    with FakePacs(refused_classes=[CT]) as pacs:
        reports = send(objects, pacs.destination())
    assert [(one.stored, one.transient) for one in reports] == [(False, False), (True, False)]
    assert "CT Image Storage" in reports[0].cause


def test_a_destination_that_takes_none_of_it_says_so_for_good(pet: list[Outgoing]) -> None:
    with FakePacs(refused_classes=[PET]) as pacs:
        reports = send(pet, pacs.destination())
    assert all(not one.stored and not one.transient for one in reports)
    assert "SOP class not supported" in reports[0].cause


@pytest.mark.parametrize(
    ("status", "is_stored", "transient"),
    [
        (0x0000, True, False),
        (0xB000, True, False),
        (0xB006, True, False),
        (0xB007, True, False),
        (0x0111, True, False),
        (0xA700, False, True),
        (0x0110, False, True),
        (0xA900, False, False),
        (0xC000, False, False),
        (0x0122, False, False),
    ],
)
def test_the_answer_decides_the_report(
    pet: list[Outgoing], status: int, is_stored: bool, transient: bool
) -> None:
    with FakePacs(status=status) as pacs:
        reports = send(pet, pacs.destination())
    assert pacs.associations == 1
    for one in reports:
        assert (one.status, one.stored, one.transient) == (status, is_stored, transient)
        assert bool(one.cause) == (status != 0)


def test_an_object_that_makes_the_destination_abort_holds_nothing_else_back(
    pet: list[Outgoing],
) -> None:
    poison = pet[1].sop_instance_uid
    with FakePacs(status=lambda one: None if one.sop_instance_uid == poison else 0) as pacs:
        reports = send(pet, pacs.destination())
    assert [one.stored for one in reports] == [True, False, True]
    assert reports[1].transient
    assert reports[1].status is None
    assert "aborted" in reports[1].cause
    assert pacs.associations == 2


def test_a_destination_that_always_aborts_is_left_alone_after_some_attempts(
    tmp_path: Path,
) -> None:
    objects = stored(pet_series(slices=8), tmp_path)
    with FakePacs(status=None) as pacs:
        reports = send(objects, pacs.destination())
    assert pacs.associations == 4
    assert all(not one.stored and one.transient for one in reports)
    assert reports[-1].cause.startswith("not tried")


def test_no_answer_within_the_time_is_transient_and_the_rest_is_not_tried(
    pet: list[Outgoing],
) -> None:
    with FakePacs(delay_s=6.0) as pacs:
        began_at = time.monotonic()
        reports = send(pet, pacs.destination(timeout_s=2.0))
        assert time.monotonic() - began_at < 6
    assert len(pacs.received) == 1
    assert all(not one.stored and one.transient and one.status is None for one in reports)
    assert "no answer to C-STORE for 2 s" in reports[0].cause
    assert reports[1].cause.startswith("not tried")


def test_a_destination_that_is_away_takes_everything_when_it_is_back(pet: list[Outgoing]) -> None:
    pacs = FakePacs()
    away = send(pet, pacs.destination())
    assert all(not one.stored and one.transient for one in away)
    assert "no connection to 127.0.0.1" in away[0].cause
    with pacs:
        assert all(one.stored for one in send(pet, pacs.destination()))


def test_a_host_that_does_not_exist_is_transient(pet: list[Outgoing]) -> None:
    nowhere = Destination(
        name="nowhere", ae_title="X", host="host.invalid", port=free_port(), timeout_s=2
    )
    reports = send(pet, nowhere)
    assert all(not one.stored and one.transient for one in reports)
    assert "host.invalid" in reports[0].cause


@pytest.mark.parametrize(
    ("rejection", "told"),
    [
        ((1, 1, 7), "called AE title not recognised (permanent, 1/7)"),
        ((1, 1, 3), "calling AE title not recognised (permanent, 1/3)"),
        ((2, 3, 2), "local limit exceeded (transient, 3/2)"),
    ],
)
def test_a_rejected_association_is_transient_because_people_repair_it(
    pet: list[Outgoing], rejection: tuple[int, int, int], told: str
) -> None:
    with FakePacs(rejection=rejection) as pacs:
        reports = send(pet, pacs.destination())
    assert all(not one.stored and one.transient for one in reports)
    assert told in reports[0].cause


@pytest.mark.usefixtures("no_thread_left")
def test_a_port_that_accepts_and_says_nothing_is_given_up_in_time(pet: list[Outgoing]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        silent = Destination(
            name="deaf", ae_title="X", host="127.0.0.1", port=deaf.getsockname()[1], timeout_s=0.5
        )
        began_at = time.monotonic()
        reports = send(pet, silent)
        assert time.monotonic() - began_at < 3
    assert all(not one.stored and one.transient for one in reports)
    assert "did not answer the request for an association" in reports[0].cause


@pytest.mark.usefixtures("no_thread_left")
def test_a_destination_that_stops_reading_is_given_up_in_time(tmp_path: Path) -> None:
    (large,) = pet_series(slices=1)
    large.PixelData = bytes(20_000_000)  # more than any buffer holds
    objects = stored([large], tmp_path)
    with FakePacs(deaf=True) as pacs:
        began_at = time.monotonic()
        reports = send(objects * 3, pacs.destination(timeout_s=2.0))
        assert time.monotonic() - began_at < 12
    assert all(not one.stored and one.transient for one in reports)
    assert pacs.associations == 1


def test_a_file_that_is_gone_or_no_dicom_is_told_and_the_rest_is_sent(
    tmp_path: Path, pet: list[Outgoing]
) -> None:
    pet[0].path.unlink()
    pet[1].path.write_bytes(b"no DICOM" * 100)
    with FakePacs() as pacs:
        reports = send(pet, pacs.destination())
    assert [(one.stored, one.transient) for one in reports] == [
        (False, False),
        (False, False),
        (True, False),
    ]
    assert "No such file" in reports[0].cause
    assert "not readable as DICOM" in reports[1].cause


def test_more_classes_than_an_association_has_contexts_take_a_second_one(tmp_path: Path) -> None:
    known = [uid for uid in storage_classes() if "1.4.1.1.501" not in uid]
    datasets = pet_series(slices=80, rows=2, columns=2)
    for dataset, uid in zip(datasets, known, strict=False):
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = uid
    with FakePacs() as pacs:
        accepted = {str(one.abstract_syntax) for one in pacs._contexts}
        reports = send(stored(datasets, tmp_path), pacs.destination())
    for dataset, report in zip(datasets, reports, strict=True):
        assert report.stored == (dataset.SOPClassUID in accepted), report.cause
    assert pacs.associations == 2


def test_a_folder_gives_its_dicom_files_and_tells_the_others(
    tmp_path: Path, pet: list[Outgoing]
) -> None:
    (tmp_path / "pet" / "notes.txt").write_text("hello")
    found, refused = outgoing_files(tmp_path)
    assert found == tuple(pet)
    assert list(refused) == [str(tmp_path / "pet" / "notes.txt")]
    assert outgoing_files(pet[0].path) == ((pet[0],), {})


def test_a_path_where_nothing_is_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInstance, match="absent"):
        outgoing_files(tmp_path / "nothing")


def test_no_log_holds_anything_of_a_data_set(
    pet: list[Outgoing], caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as events, caplog.at_level(logging.DEBUG):
        with FakePacs(transfer_syntaxes=[IMPLICIT]) as pacs:
            send(pet, pacs.destination())
        with FakePacs(status=0xC000) as pacs:
            send(pet, pacs.destination())
    logged = f"{events} {caplog.text}"
    assert "object.not_stored" in logged
    assert not [one for one in ("Phantom", "PH-1", "19600101") if one in logged]


def _read(received: Received, path: Path) -> Dataset:
    """The received object, read back by pydicom from a file."""
    meta = b"\0" * 128 + b"DICM" + _meta_bytes(received)
    path.write_bytes(meta + received.dataset)
    return dcmread(path)


def _meta_bytes(received: Received) -> bytes:
    from pynetdicom.dsutils import create_file_meta, encode_file_meta

    return encode_file_meta(
        create_file_meta(
            sop_class_uid=received.sop_class_uid,
            sop_instance_uid=received.sop_instance_uid,
            transfer_syntax=received.transfer_syntax_uid,
        )
    )


def _relabel(path: Path, syntax: str) -> None:
    """Give a file another transfer syntax in its File Meta Information; its bytes stay."""
    dataset = dcmread(path)
    received = Received(
        sop_class_uid=str(dataset.SOPClassUID),
        sop_instance_uid=str(dataset.SOPInstanceUID),
        transfer_syntax_uid=syntax,
        dataset=data_set_of(path),
        calling_ae="",
    )
    path.write_bytes(b"\0" * 128 + b"DICM" + _meta_bytes(received) + received.dataset)
