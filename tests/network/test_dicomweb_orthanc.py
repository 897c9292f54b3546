"""DICOMweb with Orthanc: STOW-RS both ways, QIDO-RS and WADO-RS, byte for byte."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from factories import ct_series, pet_series, write_series
from peers import Orthanc, dicomweb_plugin, running_orthanc

from dicom_node.domain.errors import DeliveryFailed
from dicom_node.domain.peer import Destination, ReceivedInstance, StoreOutcome, WebAccess
from dicom_node.domain.query import EarlierStudies
from dicom_node.domain.series import SeriesKey
from dicom_node.domain.web import WebListener
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.stow_handler import WebSeams
from dicom_node.network.stow_scp import StowScp
from dicom_node.network.stow_scu import store
from dicom_node.network.verification import echo
from dicom_node.network.web_archive import (
    count_instances,
    find_earlier,
    find_series,
    retrieve_series,
)

WHO = {"PatientID": "P-7", "PatientName": "Doe^Jane", "StudyDate": "20260102"}


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    folder = tmp_path_factory.mktemp("orthanc")
    with running_orthanc(folder, plugins=[dicomweb_plugin()]) as running:
        yield running


@pytest.fixture(scope="module")
def service(orthanc: Orthanc) -> Destination:
    url = f"http://127.0.0.1:{orthanc.http_port}/dicom-web"
    return Destination(
        name="orthanc",
        ae_title="orthanc",
        host="127.0.0.1",
        port=orthanc.http_port,
        web=WebAccess(url=url),
    )


@pytest.fixture(scope="module")
def sent(service: Destination, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What was stored by STOW-RS: files by SOP Instance UID."""
    folder = tmp_path_factory.mktemp("sent")
    write_series(pet_series(slices=3, **WHO), folder / "pet")
    write_series(ct_series(slices=2, **WHO), folder / "ct")
    outgoing, _ = outgoing_files(folder)
    reports = store(outgoing, service)
    assert [(one.stored, one.status) for one in reports] == [(True, 0)] * 5
    return {one.sop_instance_uid: one.path.read_bytes() for one in outgoing}


def keys(slices: int = 1) -> SeriesKey:
    one = pet_series(slices=slices)[0]
    return SeriesKey(
        study_instance_uid=str(one.StudyInstanceUID),
        series_instance_uid=str(one.SeriesInstanceUID),
    )


def dataset_of(file: bytes) -> bytes:
    from dicom_node.network.part10_in import split_part10

    return split_part10(file).dataset


def test_orthanc_has_what_was_sent_byte_for_byte(orthanc: Orthanc, sent: dict[str, bytes]) -> None:
    held = [orthanc.file(one) for one in orthanc.get("/instances")]
    assert sorted(held) == sorted(sent.values())


def test_sending_again_is_no_failure(
    service: Destination, sent: dict[str, bytes], tmp_path: Path
) -> None:
    write_series(pet_series(slices=3, **WHO), tmp_path)
    assert all(one.stored for one in store(outgoing_files(tmp_path)[0], service))


def test_series_are_found_with_their_numbers_of_instances(
    service: Destination, sent: dict[str, bytes]
) -> None:
    key = keys()
    (pet,) = find_series(service, key.study_instance_uid, modality="PT")
    (ct,) = find_series(service, key.study_instance_uid, modality="CT")
    assert (pet.series_instance_uid, pet.instances, ct.instances) == (
        key.series_instance_uid,
        3,
        2,
    )
    assert find_series(service, key.study_instance_uid, modality="MR") == ()
    assert find_series(service, "1.2.3.4", modality="PT") == ()
    assert count_instances(service, key) == 3
    unknown = SeriesKey(study_instance_uid=key.study_instance_uid, series_instance_uid="1.2")
    assert count_instances(service, unknown) is None


def test_earlier_studies_of_a_patient_are_found(
    service: Destination, sent: dict[str, bytes]
) -> None:
    from datetime import date

    wanted = EarlierStudies(
        patient_id="P-7", modality="CT", first=date(2026, 1, 1), last=date(2026, 1, 31)
    )
    (series,) = find_earlier(service, wanted, most=3, newest_first=True)
    assert (series.modality, series.instances) == ("CT", 2)
    late = EarlierStudies(
        patient_id="P-7", modality="CT", first=date(2026, 2, 1), last=date(2026, 2, 2)
    )
    assert find_earlier(service, late, most=3, newest_first=True) == ()
    anybody = EarlierStudies(
        patient_id="P*", modality="CT", first=date(2026, 1, 1), last=date(2026, 1, 31)
    )
    with pytest.raises(DeliveryFailed, match="wildcard"):
        find_earlier(service, anybody, most=3, newest_first=True)


def test_a_series_is_retrieved_as_it_is_stored(
    service: Destination, sent: dict[str, bytes]
) -> None:
    came: list[ReceivedInstance] = []
    ended: list[str] = []

    def keep(one: ReceivedInstance) -> StoreOutcome:
        came.append(one)
        return StoreOutcome.STORED

    (pet,) = find_series(service, keys().study_instance_uid, modality="PT")
    report = retrieve_series(
        service, pet, store=keep, ended=ended.append, called_ae="NODE", limit_s=30.0
    )
    assert (report.complete, report.completed, report.failed) == (True, 3, 0)
    assert len(came) == 3
    for one in came:
        assert one.dataset == dataset_of(sent[one.sop_instance_uid])
        assert (one.calling_ae, one.called_ae) == ("orthanc", "NODE")
    assert ended == [came[0].association_id]


def test_a_series_that_is_not_there_and_a_service_that_is_away_are_told(
    service: Destination, sent: dict[str, bytes]
) -> None:
    from dataclasses import replace

    (pet,) = find_series(service, keys().study_instance_uid, modality="PT")
    absent = replace(pet, series_instance_uid="1.2.3")

    def unwanted(_: ReceivedInstance) -> StoreOutcome:
        raise AssertionError("nothing should come")

    with pytest.raises(DeliveryFailed, match="HTTP status 404"):
        retrieve_series(
            service, absent, store=unwanted, ended=lambda _: None, called_ae="N", limit_s=9.0
        )
    away = replace(service, web=WebAccess(url="http://127.0.0.1:9/dicom-web"))
    with pytest.raises(DeliveryFailed, match="gave no answer"):
        find_series(away, "1.2", modality="PT")
    assert echo(service).reachable
    assert not echo(away).reachable


def test_orthanc_sends_to_the_node(orthanc: Orthanc, sent: dict[str, bytes]) -> None:
    came: list[ReceivedInstance] = []

    def keep(one: ReceivedInstance) -> StoreOutcome:
        came.append(one)
        return StoreOutcome.STORED

    seams = WebSeams(
        store=keep,
        ended=lambda _: None,
        full=lambda: False,
        refused=lambda _: None,
        not_authenticated=lambda _: None,
    )
    scp = StowScp(WebListener(address="127.0.0.1", port=0, ae_title="NODE"), seams)
    scp.start()
    try:
        told = {"Url": f"http://127.0.0.1:{scp.port}"}
        _ask(orthanc, "PUT", "/dicom-web/servers/node", told)
        (study,) = orthanc.get("/studies")
        answer = _ask(orthanc, "POST", "/dicom-web/servers/node/stow", {"Resources": [study]})
    finally:
        scp.stop()
    assert answer is not None
    assert {one.sop_instance_uid: one.dataset for one in came} == {
        uid: dataset_of(file) for uid, file in sent.items()
    }


def _ask(orthanc: Orthanc, method: str, path: str, body: object) -> Any:
    url = f"http://127.0.0.1:{orthanc.http_port}{path}"
    request = urllib.request.Request(url, data=json.dumps(body).encode(), method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()
