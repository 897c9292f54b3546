"""The DICOM Conformance Statement (PS3.2) of a node as it is configured."""

from collections.abc import Iterable, Iterator

from pydicom.uid import UID

from dicom_node import __version__
from dicom_node.audit.codes import AUDIT_EVENTS
from dicom_node.domain.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicom_node.domain.peer import Caller, ConflictAnswer, Destination
from dicom_node.domain.query import RemoteArchive, RetrieveMethod
from dicom_node.domain.web import WebListener
from dicom_node.encoding.sop_classes import sop_classes_of
from dicom_node.network.c_get import STUDY_ROOT_GET
from dicom_node.network.connection import MAXIMUM_PDU_BYTES
from dicom_node.network.presentation_contexts import (
    MOST_CONTEXTS,
    STORAGE_COMMITMENT,
    VERIFICATION,
    storage_classes,
    transfer_syntaxes,
)
from dicom_node.network.query_retrieve import STUDY_ROOT_FIND, STUDY_ROOT_MOVE
from dicom_node.settings import Settings


def conformance_statement(settings: Settings) -> str:
    """The statement as Markdown: what the node accepts, proposes, and how it answers."""
    return "\n".join(
        [
            *_overview(settings),
            *_acceptor(settings),
            *_requestor(settings),
            *_communication(settings),
            *_web(settings),
            *_audit(settings),
            *_syntaxes(),
            *_classes(),
        ]
    )


def _overview(settings: Settings) -> Iterator[str]:
    commitment = any(one.commitment for one in settings.destinations.values())
    yield from (
        "# DICOM Conformance Statement",
        "",
        f"dicom_node {__version__}. Made by `dicom-node conformance` from the configuration, not",
        "to be edited. Research use only: no medical device.",
        "",
    )
    yield from _table(
        ("service", "role", "SOP class"),
        ("Verification", "SCP, SCU", f"`{VERIFICATION}`"),
        ("Storage", "SCP", "every class of the list at the end"),
        ("Storage", "SCU", "the classes that are named for each destination"),
        *([("Storage Commitment Push Model", "SCU", f"`{STORAGE_COMMITMENT}`")] * commitment),
        *_query_services(settings),
    )


def _acceptor(settings: Settings) -> Iterator[str]:
    listener = settings.listener
    titles = ", ".join(f"`{one}`" for one in (listener.ae_title, *listener.further_ae_titles))
    most = listener.max_associations
    yield from ("## Associations that are accepted", "")
    yield from _table(
        ("", ""),
        ("called AE titles", f"{titles}; others are rejected (1, 1, 7)"),
        ("calling AE titles", _callers(listener.callers)),
        ("address and port", f"{listener.address}:{listener.port}"),
        ("TLS", "required, with certificates from both sides" if listener.tls else "no"),
        ("at the same time", f"{most}; one more is rejected as transient (2, 3, 2)"),
        ("silence that ends one", f"{listener.idle_timeout_s:g} s"),
    )
    yield from (
        "A storage SOP class is accepted in the first transfer syntax that the sender proposes and",
        "that is in the list below. Private SOP classes, and classes newer than this software, are",
        "accepted as storage, too. Data sets are kept as they come; nothing is coerced, no pixels",
        "are decoded.",
        "",
    )
    yield from _table(
        ("C-STORE status", "when"),
        ("0x0000", "on disk, synced and indexed"),
        (
            "0x0000" if listener.conflict is ConflictAnswer.SUCCESS else "0x0111",
            "another object under a known UID: both are kept, the first is worked with",
        ),
        ("0xB007", "kept, but it cannot be read as DICOM"),
        ("0xA700", "not kept: no room, or the archive cannot take it now"),
        ("0x0110", "not kept: an internal error"),
    )


def _callers(callers: Iterable[Caller]) -> str:
    named = sorted({f"`{one.ae_title}`" for one in callers})
    return ", ".join(named) + "; others are rejected (1, 1, 3)" if named else "any"


def _requestor(settings: Settings) -> Iterator[str]:
    yield from (
        "## Associations that are asked for",
        "",
        "Results are proposed in Explicit VR Little Endian, and in a second context in Implicit",
        "VR Little Endian. `dicom-node send` proposes every object in the syntax that it has.",
        "",
    )
    for destination in settings.destinations.values():
        if destination.web is None:
            yield from _destination(destination)
    for archive in settings.archives.values():
        if archive.peer.web is None:
            yield from _archive(archive)


def _destination(destination: Destination) -> Iterator[str]:
    tls = ", TLS" if destination.tls else ""
    where = f"`{destination.ae_title}` at {destination.host}:{destination.port}{tls}"
    yield from (
        f"### {destination.name}",
        "",
        f"{where}, called by `{destination.calling_ae_title}`.",
        "",
    )
    classes = sop_classes_of(destination.forms)
    if destination.commitment:
        classes = (*classes, STORAGE_COMMITMENT)
    yield from _uids("SOP class", classes)


def _query_services(settings: Settings) -> Iterator[tuple[str, str, str]]:
    methods = {one.method for one in settings.archives.values()}
    what = "Study Root Query/Retrieve"
    if methods - {RetrieveMethod.WEB}:
        yield (f"{what} - FIND", "SCU", f"`{STUDY_ROOT_FIND}`")
    if RetrieveMethod.MOVE in methods:
        yield (f"{what} - MOVE", "SCU", f"`{STUDY_ROOT_MOVE}`")
    if RetrieveMethod.GET in methods:
        yield (f"{what} - GET", "SCU", f"`{STUDY_ROOT_GET}`")


def _archive(archive: RemoteArchive) -> Iterator[str]:
    peer = archive.peer
    tls = ", TLS" if peer.tls else ""
    where = f"`{peer.ae_title}` at {peer.host}:{peer.port}{tls}"
    yield from (
        f"### {archive.name} (archive)",
        "",
        f"{where}, called by `{peer.calling_ae_title}`.",
        "",
    )
    if archive.method is RetrieveMethod.MOVE:
        retrieve = ("MOVE", STUDY_ROOT_MOVE, f"to `{archive.move_to}`")
    else:
        retrieve = ("GET", STUDY_ROOT_GET, "SCP of the image classes of the modality")
    yield from _table(
        ("service", "SOP class", "keys"),
        ("FIND, study", f"`{STUDY_ROOT_FIND}`", "PatientID, StudyDate (range), ModalitiesInStudy"),
        ("FIND, series", f"`{STUDY_ROOT_FIND}`", "StudyInstanceUID, Modality or SeriesInstanceUID"),
        (f"{retrieve[0]}, series", f"`{retrieve[1]}`", retrieve[2]),
    )


def _communication(settings: Settings) -> Iterator[str]:
    yield from ("## Communication", "")
    yield from _table(
        ("", ""),
        ("Implementation Class UID", f"`{IMPLEMENTATION_CLASS_UID}`"),
        ("Implementation Version Name", f"`{IMPLEMENTATION_VERSION_NAME}`"),
        ("longest PDU received", f"{MAXIMUM_PDU_BYTES} bytes"),
        ("presentation contexts proposed", f"at most {MOST_CONTEXTS} an association"),
        ("asynchronous operations window", "none"),
        ("TLS profile, where TLS is configured", "BCP 195 (PS3.15 B.12)"),
        ("character sets", "results have that of their source"),
        ("device serial number in results", settings.device_serial_number),
    )


def _web(settings: Settings) -> Iterator[str]:
    """DICOMweb (PS3.18), where any of it is configured."""
    served = [] if settings.web is None else list(_stow_server(settings.web))
    asked = [
        (f"STOW-RS user agent, {one.name}", f"POST {one.web.url}/studies")
        for one in settings.destinations.values()
        if one.web is not None
    ]
    for archive in settings.archives.values():
        if archive.peer.web is not None:
            url = archive.peer.web.url
            asked.append((f"QIDO-RS user agent, {archive.name}", f"GET {url}/studies, .../series"))
            asked.append((f"WADO-RS user agent, {archive.name}", "series, any transfer syntax"))
    if served or asked:
        yield from ("## DICOMweb", "")
        yield from _table(("", ""), *served, *asked)


def _stow_server(web: WebListener) -> Iterator[tuple[str, str]]:
    secured = "required, with certificates from both sides" if web.tls else "no"
    needed = "Basic or Bearer" if web.credentials_file else "none"
    yield from (
        ("STOW-RS origin server", f"{web.address}:{web.port}, `/studies` and `/studies/{{study}}`"),
        ("request", 'multipart/related; type="application/dicom", with a length or in chunks'),
        ("TLS", secured),
        ("authorization", needed),
        ("limits", f"{web.max_request_bytes} bytes, {web.max_instances} instances a request"),
        ("answer", "application/dicom+json: 200, 202, 409; 503 where there is no room"),
        ("reasons", "those of C-STORE; 0xC000: no Part 10 file, or of another study"),
    )


def _audit(settings: Settings) -> Iterator[str]:
    receiver = settings.audit.receiver
    where = "nowhere: it stays with the node"
    if receiver is not None:
        where = f"syslog (RFC 5424) over {receiver.transport} to {receiver.host}:{receiver.port}"
    yield from (
        "## Audit trail",
        "",
        "Audit Trail Message Format Profile (PS3.15 A.5). Messages:",
        f"{', '.join(f'{one.meaning} ({one.value})' for one in AUDIT_EVENTS)}.",
        "",
    )
    yield from _table(
        ("", ""),
        ("sent", where),
        ("AuditSourceID", settings.device_serial_number),
        ("STRUCTURED-DATA", "none"),
        ("order, absence", "sent in order, also after an absence or a restart"),
    )


def _syntaxes() -> Iterator[str]:
    yield from ("## Transfer syntaxes that are accepted", "")
    yield from _uids("transfer syntax", transfer_syntaxes())


def _classes() -> Iterator[str]:
    yield from ("## Storage SOP classes that are accepted", "")
    yield from _uids("SOP class", storage_classes())


def _uids(what: str, uids: Iterable[str]) -> Iterator[str]:
    yield from _table((what, "UID"), *((_name(uid), f"`{uid}`") for uid in uids))


def _name(uid: str) -> str:
    name = UID(uid).name
    return "(retired, without a name)" if name in {"", uid} else name


def _table(*rows: tuple[str, ...]) -> Iterator[str]:
    """Markdown of a table, its first row the header, and an empty line after it."""
    header, *others = rows
    yield f"| {' | '.join(header)} |"
    yield "|" + "---|" * len(header)
    for row in others:
        yield f"| {' | '.join(row)} |"
    yield ""
