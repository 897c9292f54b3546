"""Every kind of audit message is as the schema and its own table in PS3.15 A.5.3 want it."""

from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from audit_rules import TABLES, event_of, faults_of

from dicom_node.audit import events
from dicom_node.audit.message import audit_message
from dicom_node.domain.audit import (
    AuditAction,
    AuditedStudy,
    AuditEvent,
    AuditOutcome,
    Participant,
)

NOW = datetime(2026, 3, 4, 5, 6, 7, 89000, tzinfo=UTC)
NODE = Participant(
    user_id="4711",
    requestor=False,
    alternative_id="AETITLES=DICOM_NODE;PSMA",
    name="dicom-node",
    address="node.example",
)
PEER = Participant(user_id="PETCT1", requestor=False, address="192.0.2.7")
STUDY = AuditedStudy(
    study_instance_uid="1.2.3",
    patient_id="P-7",
    patient_name="Doe^Jane",
    sop_classes={"1.2.840.10008.5.1.4.1.1.128": 40},
)
KINDS = {
    "110100 110120 0": events.application_activity(NODE, started=True, now=NOW),
    "110100 110121 0": events.application_activity(NODE, started=False, now=NOW),
    "110101  0": events.audit_log_used(PEER, now=NOW),
    "110102  0": events.transfer_begun(PEER, NODE, [STUDY], now=NOW),
    "110103  0": events.accessed(NODE, [STUDY], action=AuditAction.READ, now=NOW),
    "110104  4": events.transferred(
        NODE,
        PEER,
        [STUDY],
        action=AuditAction.READ,
        outcome=AuditOutcome.MINOR_FAILURE,
        description="out of resources",
        now=NOW,
    ),
    "110105  0": events.study_deleted(NODE, [STUDY], now=NOW),
    "110106  0": events.exported(NODE, "file:///media/usb", [STUDY], now=NOW),
    "110112  0": events.queried(
        NODE,
        PEER,
        sop_class_uid="1.2.840.10008.5.1.4.1.2.2.1",
        query=b"\x08\x00\x52\x00",
        transfer_syntax_uid="1.2.840.10008.1.2",
        outcome=AuditOutcome.SUCCESS,
        description="",
        now=NOW,
    ),
    "110113 110126 4": events.node_refused(NODE, PEER, cause="certificate has expired", now=NOW),
    "110113 110133 4": events.recording(
        NODE, started=False, outcome=AuditOutcome.MINOR_FAILURE, cause="too much", now=NOW
    ),
    "110114 110122 8": events.user_authentication(
        NODE, PEER, outcome=AuditOutcome.SERIOUS_FAILURE, cause="wrong password", now=NOW
    ),
}


def message(event: AuditEvent) -> str:
    return audit_message(event, source_id="scanner-room-2", enterprise_site="Hospital")


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_is_as_its_table_wants_it(kind: str) -> None:
    written = message(KINDS[kind])
    assert faults_of(written) == []
    assert " ".join(event_of(written)) == kind


def test_every_table_has_a_message() -> None:
    assert {kind.split(" ")[0] for kind in KINDS} == set(TABLES)


def test_who_what_when_and_whose_can_be_read_back() -> None:
    root = ElementTree.fromstring(message(KINDS["110104  4"]))
    event = root.find("EventIdentification")
    assert event is not None
    assert event.get("EventDateTime") == "2026-03-04T05:06:07.089+00:00"
    assert event.findtext("EventOutcomeDescription") == "out of resources"
    sender, receiver = root.findall("ActiveParticipant")
    assert sender.get("AlternativeUserID") == "AETITLES=DICOM_NODE;PSMA"
    assert (sender.get("NetworkAccessPointTypeCode"), sender.get("UserIsRequestor")) == (
        "1",
        "true",
    )
    assert (receiver.get("NetworkAccessPointID"), receiver.get("NetworkAccessPointTypeCode")) == (
        "192.0.2.7",
        "2",
    )
    study, patient = root.findall("ParticipantObjectIdentification")
    assert study.get("ParticipantObjectID") == "1.2.3"
    sop_class = study.find("ParticipantObjectDescription/SOPClass")
    assert sop_class is not None
    assert sop_class.get("NumberOfInstances") == "40"
    assert patient.get("ParticipantObjectID") == "P-7"
    assert patient.findtext("ParticipantObjectName") == "Doe^Jane"
    source = root.find("AuditSourceIdentification")
    assert source is not None
    assert source.attrib == {
        "AuditEnterpriseSiteID": "Hospital",
        "AuditSourceID": "scanner-room-2",
    }


def test_what_a_stranger_sends_cannot_break_the_xml() -> None:
    stranger = Participant(user_id='A<"&\x00\x1b\ud800', requestor=False, address="192.0.2.9")
    written = message(events.node_refused(NODE, stranger, cause="]]> \x07", now=NOW))
    assert faults_of(written) == []
    _, performer = ElementTree.fromstring(written).findall("ActiveParticipant")
    assert performer.get("UserID") == 'A<"&\ufffd\ufffd\ufffd'
    written.encode()


def test_studies_of_one_patient_name_the_patient_once() -> None:
    other = AuditedStudy(
        study_instance_uid="1.2.4",
        patient_id="P-7",
        patient_name="Doe^Jane",
        sop_classes={"1.2": 1},
    )
    written = message(events.accessed(NODE, [STUDY, other], action=AuditAction.DELETE, now=NOW))
    assert faults_of(written) == []


def test_data_of_nobody_known_is_told_as_such() -> None:
    nobody = AuditedStudy(
        study_instance_uid="", patient_id="", patient_name="", sop_classes={"1.2": 3}
    )
    assert faults_of(message(events.transfer_begun(PEER, NODE, [nobody], now=NOW))) == []


def test_the_rules_find_what_is_missing() -> None:
    written = message(KINDS["110104  4"])
    broken = {
        'EventActionCode="R"': 'EventActionCode="E"',
        "110152": "110155",
        'AuditSourceID="scanner-room-2"': "",
        "ParticipantObjectName": "ParticipantObjectNote",
    }
    for whole, part in broken.items():
        assert whole in written
        try:
            found = faults_of(written.replace(whole, part))
        except ValueError:
            continue  # an element that the schema does not know
        assert found
