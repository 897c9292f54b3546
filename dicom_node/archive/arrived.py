"""What a received instance becomes: whose it is, its file's head, its row."""

from datetime import datetime

from dicom_node.archive.dicom_header import Identity, clean_text, read_identity
from dicom_node.archive.entries import IndexEntry
from dicom_node.archive.files import safe_name
from dicom_node.archive.header_layout import HeaderLayouts
from dicom_node.archive.part10 import FileMeta
from dicom_node.domain.errors import UnreadableInstance
from dicom_node.domain.peer import ReceivedInstance
from dicom_node.domain.series import Reason, SeriesKey


def checked_identity(received: ReceivedInstance, layouts: HeaderLayouts) -> Identity:
    """Identity of the data set, which must be what the command announced (PS3.4 B.2.3).

    Raises
    ------
    UnreadableInstance
        Where it is not, or cannot be read.
    """
    identity = read_identity(received.dataset, received.transfer_syntax_uid, layouts)
    for name, said, found in (
        ("SOP Class UID", received.sop_class_uid, identity.sop_class_uid),
        ("SOP Instance UID", received.sop_instance_uid, identity.sop_instance_uid),
    ):
        if clean_text(said) != found:
            raise UnreadableInstance(
                f"{name} of the command is {said[:80]!r}, of the data set {found[:80]!r}"
            )
    return identity


def meta_of(received: ReceivedInstance) -> FileMeta:
    """What its file tells of it before the data set."""
    return FileMeta(
        sop_class_uid=received.sop_class_uid,
        sop_instance_uid=received.sop_instance_uid,
        transfer_syntax_uid=received.transfer_syntax_uid,
        calling_ae=received.calling_ae,
        called_ae=received.called_ae,
    )


def arrived_entry(
    received: ReceivedInstance, digest: str, now: datetime, *, key: SeriesKey, head: bytes
) -> IndexEntry:
    """Its row, for a file in its series.

    Parameters
    ----------
    digest : str
        SHA-256 of the data set.
    head : bytes
        Of the file: what comes before the data set.
    """
    sop_instance_uid = clean_text(received.sop_instance_uid)
    study, series = safe_name(key.study_instance_uid), safe_name(key.series_instance_uid)
    return IndexEntry(
        key=key,
        sop_class_uid=clean_text(received.sop_class_uid),
        sop_instance_uid=sop_instance_uid,
        transfer_syntax_uid=clean_text(received.transfer_syntax_uid),
        path=f"instances/{study}/{series}/{safe_name(sop_instance_uid)}.dcm",
        size=len(head) + len(received.dataset),
        digest=digest,
        received_at=now,
        calling_ae=clean_text(received.calling_ae),
        called_ae=clean_text(received.called_ae),
        peer_address=received.peer_address,
        association_id=received.association_id,
    )


def conflict_reason(held: IndexEntry, entry: IndexEntry) -> Reason:
    """Why an instance does not take the place of the one that holds its SOP Instance UID."""
    if held.key != entry.key:
        what = f"is held in series {held.key.series_instance_uid} of another study or series"
    elif held.digest == entry.digest:
        what = f"is held in transfer syntax {held.transfer_syntax_uid}"
    else:
        what = "is held with other content"
    return Reason(code="conflict", message=f"SOP Instance UID {entry.sop_instance_uid} {what}")
