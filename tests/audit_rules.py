"""What PS3.15 A.5 demands of an audit message, as a check that names what is missing.

Written from the schema in A.5.1 and the tables A.5.3.x: order of elements, mandatory attributes and
codes, number of participants and objects.
"""

import base64
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_STUDY, _PATIENT = ("2", "3", "110180"), ("1", "1", "2")
_OBJECT_CHILDREN = (
    "ParticipantObjectIDTypeCode",
    "ParticipantObjectName",
    "ParticipantObjectQuery",
    "ParticipantObjectDetail",
    "ParticipantObjectDescription",
)


@dataclass(frozen=True)
class Table:
    """One of the tables: allowed actions, types, roles with how often, objects with how often."""

    actions: str
    types: tuple[str, ...] = ()
    roles: tuple[tuple[str | None, int, int | None], ...] = ()
    objects: tuple[tuple[tuple[str, str, str], int, int | None], ...] = ()


_ONE_PATIENT = ((_STUDY, 1, None), (_PATIENT, 1, 1))
_BOTH_ENDS = (("110153", 1, 1), ("110152", 1, 1))
TABLES = {
    "110100": Table("E", ("110120", "110121"), (("110150", 1, 1), ("110151", 0, None))),
    "110101": Table("R", (), ((None, 1, 2),), ((("2", "13", "12"), 1, 1),)),
    "110102": Table("E", (), _BOTH_ENDS, _ONE_PATIENT),
    "110103": Table("CRUD", (), ((None, 1, 2),), _ONE_PATIENT),
    "110104": Table("CRU", (), _BOTH_ENDS, _ONE_PATIENT),
    "110105": Table("D", (), ((None, 1, 2),), _ONE_PATIENT),
    "110106": Table(
        "R",
        (),
        (("110152", 0, None), ("110153", 1, 2), ("110154", 1, 1)),
        ((_STUDY, 0, None), (_PATIENT, 1, None)),
    ),
    "110112": Table("E", (), _BOTH_ENDS, ((("2", "3", "110181"), 1, 1),)),
    "110113": Table(
        "E",
        ("110126", "110133", "110134"),
        ((None, 1, None),),
        ((("2", "13", "110182"), 0, None), (("2", "13", "12"), 0, None)),
    ),
    "110114": Table("E", ("110122", "110123"), ((None, 1, 2),)),
}


def faults_of(message: str) -> list[str]:
    """Everything in a message that the standard does not allow."""
    root = ElementTree.fromstring(message)
    return list(_faults(root))


def event_of(message: str) -> tuple[str, str, str]:
    """Event ID, type code (or empty) and outcome of a message."""
    event = ElementTree.fromstring(message).find("EventIdentification")
    assert event is not None
    kind = event.find("EventTypeCode")
    return (
        event.find("EventID").attrib["csd-code"],  # type: ignore[union-attr]
        "" if kind is None else kind.attrib["csd-code"],
        event.attrib["EventOutcomeIndicator"],
    )


def _faults(root: ElementTree.Element) -> Iterator[str]:
    order = [child.tag for child in root]
    expected = sorted(
        order,
        key=(
            "EventIdentification",
            "ActiveParticipant",
            "AuditSourceIdentification",
            "ParticipantObjectIdentification",
        ).index,
    )
    if root.tag != "AuditMessage" or order != expected:
        yield f"order of elements: {order}"
    counts = Counter(order)
    if counts["EventIdentification"] != 1 or counts["AuditSourceIdentification"] != 1:
        yield f"event and source once each: {counts}"
    event = root.find("EventIdentification")
    assert event is not None
    code = event.find("EventID")
    if code is None or code.get("csd-code") not in TABLES:
        yield "EventID is absent or unknown"
        return
    table = TABLES[code.attrib["csd-code"]]
    yield from _event_faults(event, table)
    for element in root.iter():
        if element.get("csd-code") is not None and element.tag != "AuditSourceTypeCode":
            for needed in ("codeSystemName", "originalText"):
                if not element.get(needed):
                    yield f"{element.tag} has no {needed}"
    source = root.find("AuditSourceIdentification")
    if source is None or not source.get("AuditSourceID"):
        yield "AuditSourceID is absent"
    participants = root.findall("ActiveParticipant")
    yield from _participant_faults(participants, table)
    yield from _object_faults(root.findall("ParticipantObjectIdentification"), table)


def _event_faults(event: ElementTree.Element, table: Table) -> Iterator[str]:
    if event.get("EventActionCode", "") not in list(table.actions):
        yield f"EventActionCode is {event.get('EventActionCode')}"
    if event.get("EventOutcomeIndicator") not in {"0", "4", "8", "12"}:
        yield "EventOutcomeIndicator"
    if not _TIME.fullmatch(event.get("EventDateTime", "")):
        yield f"EventDateTime is {event.get('EventDateTime')}"
    types = [one.get("csd-code") for one in event.findall("EventTypeCode")]
    if table.types and (not types or not set(types) <= set(table.types)):
        yield f"EventTypeCode is {types}"


def _participant_faults(participants: list[ElementTree.Element], table: Table) -> Iterator[str]:
    if not participants:
        yield "no ActiveParticipant"
    for one in participants:
        if not one.get("UserID") or one.get("UserIsRequestor") not in {"true", "false"}:
            yield f"UserID or UserIsRequestor: {one.attrib}"
        if (one.get("NetworkAccessPointID") is None) != (
            one.get("NetworkAccessPointTypeCode") is None
        ):
            yield "NetworkAccessPointID and its type go together"
        roles = [role.get("csd-code") for role in one.findall("RoleIDCode")]
        if "110154" in roles:
            if one.find("MediaIdentifier/MediaType") is None:
                yield "media without MediaType"
            if one.get("UserIsRequestor") != "false":
                yield "media is a requestor"
    roles_of = [role.get("csd-code") for one in participants for role in one.findall("RoleIDCode")]
    for role, least, most in table.roles:
        number = len(participants) if role is None else roles_of.count(role)
        if number < least or (most is not None and number > most):
            yield f"{number} participants of role {role}"


def _object_faults(objects: list[ElementTree.Element], table: Table) -> Iterator[str]:
    found: Counter[tuple[str, str, str]] = Counter()
    for one in objects:
        tags = [child.tag for child in one]
        if tags != sorted(tags, key=_OBJECT_CHILDREN.index):
            yield f"order in ParticipantObjectIdentification: {tags}"
        if tags.count("ParticipantObjectName") + tags.count("ParticipantObjectQuery") != 1:
            yield "either ParticipantObjectName or ParticipantObjectQuery"
        if not one.get("ParticipantObjectID"):
            yield "ParticipantObjectID is absent"
        id_type = one.find("ParticipantObjectIDTypeCode")
        if id_type is None:
            yield "ParticipantObjectIDTypeCode is absent"
            continue
        kind = id_type.attrib["csd-code"]
        found[
            one.get("ParticipantObjectTypeCode", ""),
            one.get("ParticipantObjectTypeCodeRole", ""),
            kind,
        ] += 1
        yield from _detail_faults(one, kind)
    allowed = {kind for kind, _, _ in table.objects}
    for kind in set(found) - allowed:
        yield f"object of kind {kind}"
    for kind, least, most in table.objects:
        if found[kind] < least or (most is not None and found[kind] > most):
            yield f"{found[kind]} objects of kind {kind}"


def _detail_faults(one: ElementTree.Element, kind: str) -> Iterator[str]:
    """What the details of one object lack."""
    details = {part.get("type"): part.get("value") for part in one.findall("*[@type]")}
    for value in details.values():
        base64.b64decode(value or "", validate=True)
    if kind == "110181" and "TransferSyntax" not in details:
        yield "a query without its TransferSyntax"
    if kind == "110182" and "Alert Description" not in details:
        yield "a security alert without its Alert Description"
    if kind == "110180" and one.find("ParticipantObjectDescription/SOPClass") is None:
        yield "a study without its SOP classes"
    for sop_class in one.iter("SOPClass"):
        if not sop_class.get("NumberOfInstances", "").isdigit() or not sop_class.get("UID"):
            yield "SOPClass without UID or NumberOfInstances"
