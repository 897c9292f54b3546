"""Query/Retrieve SCU with Orthanc and DCMTK's archive, and with one that misbehaves."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from archive_peers import archive_at, dcmqrscp
from factories import ct_series, pet_series, write_series
from peers import running_orthanc
from pydicom import Dataset
from pydicom.uid import PositronEmissionTomographyImageStorage
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.sop_class import (
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelMove,
)

from dicom_node.domain.errors import DeliveryFailed
from dicom_node.domain.peer import Destination
from dicom_node.domain.query import RemoteSeries
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.query_retrieve import find_series, retrieve_series
from dicom_node.network.storage_scp import StorageScp
from dicom_node.network.storage_scu import send


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A study of one CT and one PET series."""
    write_series(ct_series(slices=4), tmp_path / "study" / "ct")
    write_series(pet_series(slices=3), tmp_path / "study" / "pet")
    return tmp_path / "study"


@pytest.fixture
def node(serve: Any) -> StorageScp:
    return serve(ae_title="DICOM_NODE")  # type: ignore[no-any-return]  # a fixture


def study_uid(folder: Path) -> str:
    return str(ct_series(slices=1)[0].StudyInstanceUID)


def check_fetching(archive: Destination, study: Path, inbox: Any) -> None:
    """Ask for the CT and have it: the same for every archive."""
    (ct,) = find_series(archive, study_uid(study), modality="CT")
    assert ct.instances in {4, None}
    report = retrieve_series(archive, ct, to="DICOM_NODE", limit_s=30)
    assert report.complete
    assert (report.completed, report.failed) == (4, 0)
    assert len(inbox.instances) == 4
    assert {one.calling_ae for one in inbox.instances} == {"PACS"}


def test_orthanc_is_asked_for_a_series_and_sends_it(
    tmp_path: Path, study: Path, node: StorageScp, inbox: Any
) -> None:
    with running_orthanc(tmp_path / "orthanc", node_port=node.port) as orthanc:
        for path in sorted(study.rglob("*.dcm")):
            orthanc.put(path.read_bytes())
        archive = archive_at(orthanc.dicom_port)
        assert find_series(archive, study_uid(study), modality="NM") == ()
        assert find_series(archive, "1.2.3", modality="CT") == ()
        check_fetching(archive, study, inbox)
        (ct,) = find_series(archive, study_uid(study), modality="CT")
        unknown = retrieve_series(archive, ct, to="NOBODY", limit_s=10)
        assert not unknown.complete
        assert unknown.transient


def test_dcmtks_archive_is_asked_for_a_series_and_sends_it(
    tmp_path: Path, study: Path, node: StorageScp, inbox: Any, dcmtk: Callable[[str], str]
) -> None:
    with dcmqrscp(tmp_path / "qr", dcmtk("dcmqrscp"), node.port) as archive:
        assert all(one.stored for one in send(outgoing_files(study)[0], archive))
        check_fetching(archive, study, inbox)
        (ct,) = find_series(archive, study_uid(study), modality="CT")
        unknown = retrieve_series(archive, ct, to="NOBODY", limit_s=10)
        assert "0xA801" in unknown.cause
        assert "does not know this node" in unknown.cause


@contextmanager
def odd_archive(
    find: Callable[[Any], Iterator[Any]] | None = None,
    move: Callable[[Any], Iterator[Any]] | None = None,
) -> Iterator[Destination]:
    """An archive that answers what a test says."""
    entity = ApplicationEntity("PACS")
    entity.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    entity.add_supported_context(StudyRootQueryRetrieveInformationModelMove)
    entity.add_requested_context(PositronEmissionTomographyImageStorage)
    handlers: list[Any] = []
    if find is not None:
        handlers.append((evt.EVT_C_FIND, find))
    if move is not None:
        handlers.append((evt.EVT_C_MOVE, move))
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    assert server is not None
    try:
        yield archive_at(server.server_address[1], timeout_s=2.0)
    finally:
        server.shutdown()


WANTED = RemoteSeries(
    study_instance_uid="1.2.3", series_instance_uid="1.2.3.4", modality="CT", instances=2
)


def match(**values: Any) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def test_matches_that_were_not_asked_for_are_passed_over() -> None:
    def _find(_: Any) -> Iterator[Any]:
        yield 0xFF00, match(StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.1", Modality="MR")
        yield 0xFF00, match(StudyInstanceUID="9.9", SeriesInstanceUID="9.9.1", Modality="CT")
        yield 0xFF00, match(StudyInstanceUID="1.2.3", Modality="CT")
        yield 0xFF00, match(StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.2", Modality="CT")

    with odd_archive(find=_find) as archive:
        (found,) = find_series(archive, "1.2.3", modality="CT")
    assert (found.series_instance_uid, found.instances) == ("1.2.3.2", None)


def test_an_archive_that_names_everything_it_has_is_cut_off() -> None:
    def _find(_: Any) -> Iterator[Any]:
        for number in range(100_000):
            yield 0xFF00, match(SeriesInstanceUID=f"1.2.3.{number + 1}", Modality="CT")

    with (
        odd_archive(find=_find) as archive,
        pytest.raises(DeliveryFailed, match="more than 500 matches"),
    ):
        find_series(archive, "1.2.3", modality="CT")


def test_a_failed_query_is_told_with_its_status() -> None:
    def _find(_: Any) -> Iterator[Any]:
        yield 0xA700, None

    with odd_archive(find=_find) as archive, pytest.raises(DeliveryFailed, match="A700") as caught:
        find_series(archive, "1.2.3", modality="CT")
    assert caught.value.transient


def test_a_silent_archive_is_given_up_in_time() -> None:
    def _find(_: Any) -> Iterator[Any]:
        time.sleep(3)
        yield 0x0000, None

    began_at = time.monotonic()
    with odd_archive(find=_find) as archive, pytest.raises(DeliveryFailed, match="no answer"):
        find_series(archive, "1.2.3", modality="CT")
    assert time.monotonic() - began_at < 10


def test_a_partial_move_tells_how_many_images_were_not_sent(node: StorageScp) -> None:
    def _move(_event: Any) -> Iterator[Any]:
        yield "127.0.0.1", node.port
        yield 2
        yield 0xFF00, pet_series(slices=1)[0]
        yield 0xFF00, ct_series(slices=1)[0]  # for which the odd archive proposes no context

    with odd_archive(move=_move) as archive:
        report = retrieve_series(archive, WANTED, to="DICOM_NODE", limit_s=10)
    assert report.cause == "1 of the images could not be sent"
    assert (report.completed, report.failed, report.transient) == (1, 1, True)


def test_a_move_without_end_is_given_up_in_time(node: StorageScp) -> None:
    def _move(_event: Any) -> Iterator[Any]:
        yield "127.0.0.1", node.port
        yield 50
        for _ in range(50):
            time.sleep(0.2)
            yield 0xFF00, pet_series(slices=1)[0]

    with odd_archive(move=_move) as archive:
        began_at = time.monotonic()
        report = retrieve_series(archive, WANTED, to="DICOM_NODE", limit_s=1)
        assert time.monotonic() - began_at < 5
    assert "not at its end after 1 s" in report.cause
    assert report.transient


def test_a_move_without_any_answer_is_told_with_its_own_limit(node: StorageScp) -> None:
    def _move(_event: Any) -> Iterator[Any]:
        time.sleep(3)
        yield "127.0.0.1", node.port
        yield 0

    with odd_archive(move=_move) as archive:
        report = retrieve_series(archive, WANTED, to="DICOM_NODE", limit_s=1)
    assert report.cause.startswith("no answer to C-MOVE within 1 s")
    assert report.transient


def test_a_refused_move_names_the_cause() -> None:
    def _move(_event: Any) -> Iterator[Any]:
        yield None, None  # destination unknown

    with odd_archive(move=_move) as archive:
        report = retrieve_series(archive, WANTED, to="NOBODY", limit_s=10)
    assert "0xA801" in report.cause


def test_without_the_service_there_is_a_refusal(node: StorageScp) -> None:
    storage_only = archive_at(node.port, ae_title="DICOM_NODE")
    with pytest.raises(DeliveryFailed, match="no presentation context") as caught:
        find_series(storage_only, "1.2.3", modality="CT")
    assert not caught.value.transient
