"""An audit event as XML of the schema in PS3.15 A.5.1."""

import base64
import ipaddress
import re
from collections.abc import Mapping
from datetime import UTC
from xml.etree import ElementTree

from dicom_node.domain.audit import AuditEvent, AuditObject, Participant
from dicom_node.domain.coding import Code

# Not in XML 1.0, but in what a stranger may send as a title or a name.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_APPLICATION_SERVER = "4"  # AuditSourceTypeCode, PS3.15 A.5.1.2.1
_MACHINE_NAME, _IP_ADDRESS, _URI = "1", "2", "5"  # NetworkAccessPointTypeCode
_MEDIA_ROLE = "110154"  # its participant has a MediaIdentifier
_MEDIA_TYPE = Code("110037", "DCM", "URI")


def audit_message(event: AuditEvent, *, source_id: str, enterprise_site: str | None) -> str:
    """XML of an event, without a declaration, on one line.

    Parameters
    ----------
    source_id : str
        AuditSourceID: names this installation.
    """
    root = ElementTree.Element("AuditMessage")
    _identification(root, event)
    for one in event.participants:
        _participant(root, one)
    source = {"AuditEnterpriseSiteID": enterprise_site, "AuditSourceID": source_id}
    described = _child(root, "AuditSourceIdentification", source)
    _child(described, "AuditSourceTypeCode", {"csd-code": _APPLICATION_SERVER})
    for thing in event.objects:
        _object(root, thing)
    return ElementTree.tostring(root, encoding="unicode")


def _identification(root: ElementTree.Element, event: AuditEvent) -> None:
    at = event.at.astimezone(UTC).isoformat(timespec="milliseconds")
    told = {
        "EventActionCode": str(event.action),
        "EventDateTime": at,
        "EventOutcomeIndicator": str(event.outcome),
    }
    identification = _child(root, "EventIdentification", told)
    _code(identification, "EventID", event.event)
    for one in event.types:
        _code(identification, "EventTypeCode", one)
    if event.description:
        _child(identification, "EventOutcomeDescription", {}).text = _clean(event.description)


def _participant(root: ElementTree.Element, one: Participant) -> None:
    told = {
        "UserID": one.user_id,
        "AlternativeUserID": one.alternative_id,
        "UserName": one.name,
        "UserIsRequestor": "true" if one.requestor else "false",
        "NetworkAccessPointID": one.address,
        "NetworkAccessPointTypeCode": None if one.address is None else _kind_of(one.address),
    }
    participant = _child(root, "ActiveParticipant", told)
    if one.role is not None:
        _code(participant, "RoleIDCode", one.role)
        if one.role.value == _MEDIA_ROLE:
            _code(_child(participant, "MediaIdentifier", {}), "MediaType", _MEDIA_TYPE)


def _object(root: ElementTree.Element, thing: AuditObject) -> None:
    told = {
        "ParticipantObjectID": thing.object_id,
        "ParticipantObjectTypeCode": thing.kind,
        "ParticipantObjectTypeCodeRole": thing.role,
    }
    element = _child(root, "ParticipantObjectIdentification", told)
    _code(element, "ParticipantObjectIDTypeCode", thing.id_type)
    if thing.query is None:  # the schema takes either of both
        _child(element, "ParticipantObjectName", {}).text = _clean(thing.name)
    else:
        _child(element, "ParticipantObjectQuery", {}).text = _base64(thing.query)
    for kind, value in thing.details.items():
        _child(element, "ParticipantObjectDetail", {"type": kind, "value": _base64(value)})
    if thing.sop_classes:
        description = _child(element, "ParticipantObjectDescription", {})
        for uid, number in sorted(thing.sop_classes.items()):
            _child(description, "SOPClass", {"UID": uid, "NumberOfInstances": str(number)})


def _code(parent: ElementTree.Element, tag: str, code: Code) -> None:
    told = {"csd-code": code.value, "codeSystemName": code.scheme, "originalText": code.meaning}
    _child(parent, tag, told)


def _child(
    parent: ElementTree.Element, tag: str, attributes: Mapping[str, str | None]
) -> ElementTree.Element:
    """A child element with those of the attributes that have a value."""
    given = {name: _clean(text) for name, text in attributes.items() if text is not None}
    return ElementTree.SubElement(parent, tag, given)


def _clean(text: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _kind_of(address: str) -> str:
    if "://" in address:
        return _URI
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return _MACHINE_NAME
    return _IP_ADDRESS
