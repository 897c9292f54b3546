"""C-GET, numbers of instances and earlier studies, with Orthanc and DCMTK's archive."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from archive_peers import archive_at, dcmqrscp
from factories import ct_series, pet_series, write_series
from peers import running_orthanc, tool
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

from dicom_node.domain.errors import ArchiveError, DeliveryFailed
from dicom_node.domain.peer import Destination, ReceivedInstance, StoreOutcome
from dicom_node.domain.query import EarlierStudies, RemoteSeries
from dicom_node.domain.series import SeriesKey
from dicom_node.network.c_get import get_series
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.query_priors import find_earlier
from dicom_node.network.query_retrieve import count_instances, find_series
from dicom_node.network.storage_scu import send

WANTED = EarlierStudies(
    patient_id="PH-1", modality="PT", first=date(2023, 1, 1), last=date(2024, 3, 4)
)


def earlier(day: str, study: str, **changes: Any) -> list[Any]:
    dates = {f"{what}Date": day for what in ("Study", "Series", "Acquisition")}
    return pet_series(slices=2, study=study, series=f"pet-{study}", **(dates | changes))


def studies() -> dict[str, list[Any]]:
    """A PET/CT of today, two earlier PET of the patient, one of somebody else, one too old."""
    return {
        "ct": ct_series(slices=4),
        "pet": pet_series(slices=3),
        "newer": earlier("20231201", "newer"),
        "older": earlier("20230201", "older"),
        "too-old": earlier("20220201", "too-old"),
        "other": earlier("20231101", "other", PatientID="PH-10"),
    }


@pytest.fixture(scope="module", params=["orthanc", "dcmqrscp"])
def archive(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Destination]:
    """An archive that has all of `studies`."""
    folder = tmp_path_factory.mktemp(request.param)
    for name, datasets in studies().items():
        write_series(datasets, folder / "studies" / name)
    if request.param == "orthanc":
        with running_orthanc(folder / "orthanc") as orthanc:
            for path in sorted((folder / "studies").rglob("*.dcm")):
                orthanc.put(path.read_bytes())
            yield archive_at(orthanc.dicom_port)
        return
    with dcmqrscp(folder / "qr", tool("dcmqrscp"), 11112) as running:
        assert all(one.stored for one in send(outgoing_files(folder / "studies")[0], running))
        yield running


def fetched(
    archive: Destination,
    series: RemoteSeries,
    answer: Callable[[ReceivedInstance], StoreOutcome] = lambda _: StoreOutcome.STORED,
) -> tuple[Any, list[ReceivedInstance], list[str]]:
    came: list[ReceivedInstance] = []
    ended: list[str] = []

    def _store(one: ReceivedInstance) -> StoreOutcome:
        came.append(one)
        return answer(one)

    report = get_series(archive, series, store=_store, ended=ended.append, limit_s=30)
    return report, came, ended


def the_ct(archive: Destination) -> RemoteSeries:
    (ct,) = find_series(archive, ct_series(slices=1)[0].StudyInstanceUID, modality="CT")
    return ct


def test_a_series_comes_by_c_get_as_if_the_archive_had_called(archive: Destination) -> None:
    report, came, ended = fetched(archive, the_ct(archive))
    assert (report.complete, report.completed, report.failed) == (True, 4, 0)
    expected = {str(one.SOPInstanceUID) for one in ct_series(slices=4)}
    assert {one.sop_instance_uid for one in came} == expected
    assert {one.calling_ae for one in came} == {"PACS"}
    assert ended == [came[0].association_id]


def test_what_the_node_cannot_store_is_told_as_a_failed_part(archive: Destination) -> None:
    first: list[str] = []

    def _full(one: ReceivedInstance) -> StoreOutcome:
        first.append(one.sop_instance_uid)
        if len(first) == 1:
            raise ArchiveError("disk: no space left")
        return StoreOutcome.STORED

    report, came, _ = fetched(archive, the_ct(archive), _full)
    assert not report.complete
    assert report.transient
    assert report.failed >= 1
    assert came


def test_the_archive_counts_the_instances_of_a_series(archive: Destination) -> None:
    one = ct_series(slices=1)[0]
    key = SeriesKey(
        study_instance_uid=one.StudyInstanceUID, series_instance_uid=one.SeriesInstanceUID
    )
    assert count_instances(archive, key) in {4, None}  # not every archive has the attribute
    unknown = SeriesKey(study_instance_uid="1.2.3", series_instance_uid="1.2.3.4")
    assert count_instances(archive, unknown) is None


def test_earlier_studies_are_those_of_the_patient_in_time_newest_first(
    archive: Destination,
) -> None:
    found = find_earlier(archive, WANTED, most=3, newest_first=True)
    assert [one.study_instance_uid for one in found] == [
        str(studies()[name][0].StudyInstanceUID) for name in ("newer", "older")
    ]
    (oldest,) = find_earlier(archive, WANTED, most=1, newest_first=False)
    assert oldest.study_instance_uid == studies()["older"][0].StudyInstanceUID


@pytest.mark.parametrize("patient_id", ["", "PH*", "PH-?", "PH-1\\PH-10"])
def test_a_patient_id_that_would_match_others_is_never_asked_for(patient_id: str) -> None:
    wanted = EarlierStudies(
        patient_id=patient_id, modality="PT", first=WANTED.first, last=WANTED.last
    )
    nobody = archive_at(9)
    with pytest.raises(DeliveryFailed, match="wildcard") as caught:
        find_earlier(nobody, wanted, most=1, newest_first=True)
    assert not caught.value.transient
    assert "PH" not in str(caught.value)


def test_an_archive_without_c_get_is_a_refusal_for_good() -> None:
    entity = ApplicationEntity("PACS")
    entity.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    entity.add_supported_context("1.2.840.10008.5.1.4.1.1.2")
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_FIND, id)])
    assert server is not None
    series = RemoteSeries(
        study_instance_uid="1.2", series_instance_uid="1.2.3", modality="CT", instances=1
    )
    try:
        with pytest.raises(DeliveryFailed, match="C-GET was not accepted") as caught:
            fetched(archive_at(server.server_address[1]), series)
    finally:
        server.shutdown()
    assert not caught.value.transient
