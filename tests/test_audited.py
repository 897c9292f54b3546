"""What happens to patients' data, and everybody who is refused, stands in the audit trail."""

import base64
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from audit_rules import event_of, faults_of
from certificates import Authority
from factories import ct_series, pet_series, write_series
from fake_pacs import FakePacs
from peers import free_port, write_config

from dicom_node.archive.retention import sweep
from dicom_node.audit.files import Place, read_after
from dicom_node.audit.verification import verify
from dicom_node.audited import telling_removed
from dicom_node.auditing import Audit, trail_folder
from dicom_node.delivery import Delivering
from dicom_node.domain.delivery import Delivery, DeliveryState
from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.peer import Caller, Destination, TlsFiles, WebAccess
from dicom_node.domain.series import SeriesKey
from dicom_node.domain.web import WebListener
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.storage_scu import send
from dicom_node.network.stow_scu import store
from dicom_node.network.verification import echo
from dicom_node.reception import Reception
from dicom_node.registry import Registry
from dicom_node.settings import Settings, read_settings
from dicom_node.stores import Archive, open_archive, utc_now

NOTHING = Registry(specs={}, broken={})
JANE = {"PatientName": "Doe^Jane", "PatientID": "P-7"}
JOHN = {"PatientName": "Roe^John", "PatientID": "P-8"}
PET_CLASS, CT_CLASS = "1.2.840.10008.5.1.4.1.1.128", "1.2.840.10008.5.1.4.1.1.2"


class House:
    """A receiver with its audit trail, in this process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.archive: Archive = open_archive(settings)
        self.audit = Audit(settings)
        self.reception = Reception(
            settings,
            NOTHING,
            self.archive,
            executor_id=None,
            holds=lambda _: True,
            on_jobs=lambda: None,
            audit=self.audit,
        )

    @property
    def messages(self) -> list[str]:
        """Everything that was recorded, once it is written."""
        lines, _ = read_after(trail_folder(self.settings), Place(), limit=10_000)
        return [line.message for line in lines]

    def told(self, event: str, number: int = 1) -> list[str]:
        """Messages of a kind, as soon as there are so many."""
        end = time.monotonic() + 20
        while True:
            found = [one for one in self.messages if event_of(one)[0] == event]
            if len(found) >= number:
                assert all(faults_of(one) == [] for one in self.messages)
                return found
            assert time.monotonic() < end, f"{len(found)} of {number} messages {event}"
            time.sleep(0.02)

    def peer(self, **changes: Any) -> Destination:
        """The node as somebody else would reach it."""
        configured = {
            "name": "node",
            "ae_title": "DICOM_NODE",
            "host": "127.0.0.1",
            "port": self.reception.port,
            "calling_ae_title": "PETCT1",
            "timeout_s": 5.0,
        }
        return Destination(**(configured | changes))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    """Starts a receiver; keywords are those of its listener."""
    running: list[House] = []

    def _start(web: WebListener | None = None, **listener: Any) -> House:
        config = write_config(tmp_path, node_port=free_port(), pacs_port=free_port())
        settings = read_settings(config)
        settings.storage_folder.mkdir(parents=True, exist_ok=True)
        listens = replace(settings.listener, port=0, **listener)
        one = House(replace(settings, listener=listens, web=web))
        one.audit.begin()
        one.reception.start()
        running.append(one)
        return one

    yield _start
    for one in running:
        one.reception.stop()
        one.audit.end()


def sent(house: House, folder: Path) -> None:
    outgoing, _ = outgoing_files(folder)
    send(outgoing, house.peer())


def participants(message: str) -> list[tuple[str | None, ...]]:
    root = ElementTree.fromstring(message)
    return [
        (
            one.get("UserID"),
            one.get("NetworkAccessPointID"),
            *(role.get("csd-code") for role in one.findall("RoleIDCode")),
        )
        for one in root.findall("ActiveParticipant")
    ]


def objects(message: str) -> dict[str, dict[str, int] | str]:
    """Studies with their SOP classes, patients with their names."""
    found: dict[str, dict[str, int] | str] = {}
    for one in ElementTree.fromstring(message).findall("ParticipantObjectIdentification"):
        classes = {
            part.attrib["UID"]: int(part.attrib["NumberOfInstances"])
            for part in one.iter("SOPClass")
        }
        name = one.findtext("ParticipantObjectName") or ""
        found[one.attrib["ParticipantObjectID"]] = classes or name
    return found


def action(message: str) -> str | None:
    event = ElementTree.fromstring(message).find("EventIdentification")
    assert event is not None
    return event.get("EventActionCode")


def test_what_a_scanner_sends_is_told_by_patient_when_its_association_ends(
    house: Any, tmp_path: Path
) -> None:
    node = house()
    pet = write_series(pet_series(slices=3, **JANE), tmp_path / "pet")
    write_series(ct_series(slices=2, **JANE), tmp_path / "pet" / "ct")
    write_series(pet_series(slices=2, study="other", **JOHN), tmp_path / "pet" / "other")
    sent(node, tmp_path / "pet")
    begun = node.told("110102")
    jane, john = sorted(node.told("110104", 2), key=lambda one: "P-8" in one)
    study = str(pet_series(slices=1)[0].StudyInstanceUID)
    assert len(pet) == 3
    assert len(begun) == 1
    assert objects(jane) == {study: {PET_CLASS: 3, CT_CLASS: 2}, "P-7": "Doe^Jane"}
    assert list(objects(john).values()) == [{PET_CLASS: 2}, "Roe^John"]
    sender, receiver = participants(jane)
    assert sender == ("PETCT1", "127.0.0.1", "110153")
    assert receiver[1:] == (socket.gethostname(), "110152")
    assert (action(jane), event_of(jane)[2]) == ("C", "0")
    assert verify(trail_folder(node.settings)).finding is None


def test_what_the_node_has_already_is_told_as_read(house: Any, tmp_path: Path) -> None:
    node = house()
    write_series(pet_series(slices=2, **JANE), tmp_path / "pet")
    sent(node, tmp_path / "pet")
    node.told("110104")
    sent(node, tmp_path / "pet")
    again = node.told("110104", 2)[1]
    assert (action(again), objects(again)["P-7"]) == ("R", "Doe^Jane")


def test_what_could_not_be_stored_is_told_as_a_failure(
    house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = house()

    def full(*_: object) -> None:
        raise ArchiveError("disk: No space left on device")

    monkeypatch.setattr(node.archive.instances, "store", full)
    write_series(pet_series(slices=2, **JANE), tmp_path / "pet")
    sent(node, tmp_path / "pet")
    (failed,) = node.told("110104")
    assert event_of(failed)[2] == "8"
    assert objects(failed)["unknown"] == "unknown"


def test_who_is_not_known_or_calls_from_elsewhere_is_told_by_what_it_called_itself(
    house: Any,
) -> None:
    from ipaddress import ip_network

    elsewhere = Caller(ae_title="PETCT2", addresses=(ip_network("192.0.2.0/24"),))
    node = house(callers=(Caller(ae_title="PETCT1"), elsewhere))
    for changes in (
        {"ae_title": "WRONG"},
        {"calling_ae_title": "STRANGER"},
        {"calling_ae_title": "PETCT2"},
    ):
        assert not echo(node.peer(**changes)).reachable
    alerts = node.told("110113", 3)
    assert [event_of(one)[1:] for one in alerts] == [("110126", "4")] * 3
    assert [participants(one)[1][:2] for one in alerts] == [
        ("PETCT1", "127.0.0.1"),
        ("STRANGER", "127.0.0.1"),
        ("PETCT2", "127.0.0.1"),
    ]
    assert [description(one) for one in alerts] == [
        "called AE title is not ours",
        "calling AE title is not among listener.callers",
        "address is not among listener.callers",
    ]


def description(message: str) -> str:
    (detail,) = ElementTree.fromstring(message).iter("ParticipantObjectDetail")
    return base64.b64decode(detail.attrib["value"]).decode()


def test_that_there_is_no_room_is_no_alert(house: Any) -> None:
    node = house(max_associations=0)
    assert not echo(node.peer()).reachable
    assert echo(node.peer(ae_title="WRONG")).reachable is False
    assert [description(one) for one in node.told("110113")] == ["called AE title is not ours"]


def test_every_peer_with_whom_tls_fails_is_told(house: Any, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "tls")
    stranger = Authority(tmp_path / "stranger", "stranger")
    node = house(tls=authority.issue("node.example"))
    wrong = stranger.issue("pacs.example", trusted=authority.certificate)
    for files in (wrong, authority.issue("late.example", days=-1), None):
        assert not echo(node.peer(tls=files)).reachable
    for version, shown in ((ssl.TLSVersion.TLSv1_1, True), (ssl.TLSVersion.TLSv1_2, False)):
        _shake_hands(node.reception.port, authority.issue("own.example"), version, shown=shown)
    alerts = node.told("110113", 5)
    assert all(participants(one)[1][:2] == ("127.0.0.1", "127.0.0.1") for one in alerts)
    told = [description(one).lower() for one in alerts]
    assert all(one.startswith("tls: ") for one in told)
    assert sum("expired" in one for one in told) == 1
    assert sum("unsupported protocol" in one for one in told) == 1
    assert sum("did not return a certificate" in one for one in told) == 1


def _shake_hands(port: int, files: TlsFiles, version: ssl.TLSVersion, *, shown: bool) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(files.trusted)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, version
    context.set_ciphers("ALL:@SECLEVEL=0")
    if shown:
        context.load_cert_chain(files.certificate, files.private_key)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain, suppress(OSError):
        context.wrap_socket(plain, server_hostname="127.0.0.1").close()


def test_what_retention_removes_is_told_with_its_patient(house: Any, tmp_path: Path) -> None:
    node = house()
    write_series(pet_series(slices=2, **JANE), tmp_path / "pet")
    sent(node, tmp_path / "pet")
    node.told("110104")
    later = utc_now() + timedelta(days=30)
    removing = telling_removed(node.audit, node.archive.index)
    sweep(node.archive.instances, keep_days=14, now=later, removing=removing)
    (deleted,) = node.told("110105")
    assert action(deleted) == "D"
    assert list(objects(deleted).values()) == [{PET_CLASS: 2}, "Doe^Jane"]


def delivered(path: Path) -> Delivery:
    outgoing, _ = outgoing_files(path)
    return Delivery(
        delivery_id=1,
        job_id="job",
        destination="fake-pacs",
        path=path,
        sop_class_uid=outgoing[0].sop_class_uid,
        sop_instance_uid=outgoing[0].sop_instance_uid,
        state=DeliveryState.PENDING,
        attempts=0,
        next_attempt_at=utc_now(),
    )


def test_results_are_told_as_they_go_out_and_what_became_of_them(
    house: Any, tmp_path: Path
) -> None:
    node = house()
    files = write_series(pet_series(slices=2, **JANE), tmp_path / "results")
    due = [delivered(path) for path in files]
    sender = Delivering(node.settings, node.archive, holds=lambda _: True, audit=node.audit)
    refused = due[1].sop_instance_uid
    with FakePacs(status=lambda one: 0xA900 if one.sop_instance_uid == refused else 0) as pacs:
        sender.send(due, pacs.destination())
    assert len(node.told("110102")) == 1
    first, second = node.told("110104", 2)
    assert [event_of(one)[2] for one in (first, second)] == ["0", "8"]
    assert list(objects(first).values()) == [{PET_CLASS: 1}, "Doe^Jane"]
    assert participants(first)[1] == ("FAKE_PACS", "127.0.0.1", "110152")


def test_a_destination_that_is_not_who_it_should_be_is_an_alert_and_no_transfer(
    house: Any, tmp_path: Path
) -> None:
    authority, stranger = Authority(tmp_path / "tls"), Authority(tmp_path / "x", "stranger")
    node = house(tls=authority.issue("node.example"))
    trusts_others = authority.issue("pacs.example", trusted=stranger.certificate)
    (file,) = write_series(pet_series(slices=1, **JANE), tmp_path / "results")
    sender = Delivering(node.settings, node.archive, holds=lambda _: True, audit=node.audit)
    sender.send([delivered(file)], node.peer(tls=trusts_others))
    alerts = node.told("110113", 2)  # the other end tells it, too
    assert any("certificate verify failed" in description(one) for one in alerts)
    assert not [one for one in node.messages if event_of(one)[0] in ("110102", "110104")]


def test_what_comes_by_stow_is_stored_and_told_like_what_comes_by_c_store(
    house: Any, tmp_path: Path
) -> None:
    (tmp_path / "credentials").write_text("PETCT1 correct-horse\n")
    (tmp_path / "token").write_text("correct-horse")
    credentials = tmp_path / "credentials"
    node = house(
        web=WebListener(address="127.0.0.1", port=0, ae_title="WEB", credentials_file=credentials)
    )
    write_series(pet_series(slices=2, **JANE), tmp_path / "pet")
    outgoing, _ = outgoing_files(tmp_path / "pet")
    url = f"http://127.0.0.1:{node.reception.web_port}"
    peer = node.peer(web=WebAccess(url=url, token_file=tmp_path / "token"))
    assert all(one.stored for one in store(outgoing, peer))
    (came,) = node.told("110104")
    assert participants(came)[0] == ("PETCT1", "127.0.0.1", "110153")
    assert list(objects(came).values()) == [{PET_CLASS: 2}, "Doe^Jane"]
    series = SeriesKey(
        study_instance_uid=str(pet_series(slices=1)[0].StudyInstanceUID),
        series_instance_uid=str(pet_series(slices=1)[0].SeriesInstanceUID),
    )
    held = node.archive.index.instances_of(series)
    assert [one.path.exists() for one in held] == [True, True]
    arrival = node.archive.index.arrival(series)
    assert arrival is not None
    assert (arrival.calling_aes, arrival.called_aes) == ({"PETCT1"}, {"WEB"})
    (tmp_path / "token").write_text("guessed")
    assert not any(one.stored for one in store(outgoing, peer))
    (failed,) = node.told("110114")
    assert event_of(failed) == ("110114", "110122", "4")
    assert participants(failed)[0][:2] == ("unknown", "127.0.0.1")


def test_questions_to_other_archives_are_told_with_what_was_asked(house: Any) -> None:
    from dicom_node.audited_calls import AuditedCalls
    from dicom_node.domain.errors import DeliveryFailed

    class Calls:
        """An archive that knows one study."""

        def series_of_study(self, study: str, modality: str) -> tuple[()]:
            if study != "1.2.3":
                raise DeliveryFailed(
                    destination="pacs", status=0xA700, cause="out of resources", transient=True
                )
            return ()

    node = house()
    calls = AuditedCalls(Calls(), node.peer(ae_title="PACS"), node.audit)  # type: ignore[arg-type]  # one call
    assert calls.series_of_study("1.2.3", "CT") == ()
    with pytest.raises(DeliveryFailed):
        calls.series_of_study("1.2.4", "CT")
    good, bad = node.told("110112", 2)
    assert (event_of(good)[2], event_of(bad)[2]) == ("0", "4")
    assert participants(good)[1][:2] == ("PACS", "127.0.0.1")
    query = ElementTree.fromstring(good).findtext(".//ParticipantObjectQuery")
    assert b"1.2.3" in base64.b64decode(query or "")
