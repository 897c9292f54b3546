"""A Part 10 file that came over the web, as C-STORE would have brought it."""

from dataclasses import dataclass
from io import BytesIO
from struct import error as StructError  # noqa: N812  as all exceptions are written

from pydicom import dcmread
from pydicom.errors import BytesLengthException
from pydicom.filereader import _read_file_meta_info, read_preamble

from dicom_node.domain.errors import UnreadableInstance
from dicom_node.network.outgoing import UNREADABLE

_NAMES = ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", "TransferSyntaxUID")
# What pydicom raises for what a stranger may send.
_BROKEN = (
    *UNREADABLE,
    BytesLengthException,
    LookupError,
    OverflowError,
    RecursionError,
    StructError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part10:
    """What the File Meta Information says, and the encoded data set as it came."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset: bytes


def split_part10(file: bytes) -> Part10:
    """Parts of a file; nothing of the data set is decoded.

    Raises
    ------
    UnreadableInstance
        Where it is no Part 10 file, or its File Meta Information does not name the instance.
    """
    stream = BytesIO(file)
    try:
        read_preamble(stream, False)
        meta = _read_file_meta_info(stream)
        found = [str(meta.get(name) or "") for name in _NAMES]
    except _BROKEN as cause:
        raise UnreadableInstance(f"no Part 10 file: {type(cause).__name__}") from cause
    for name, value in zip(_NAMES, found, strict=True):
        if not value:
            raise UnreadableInstance(f"{name} is absent from the File Meta Information")
    return Part10(
        sop_class_uid=found[0],
        sop_instance_uid=found[1],
        transfer_syntax_uid=found[2],
        dataset=file[stream.tell() :],
    )


def study_of(file: bytes) -> str:
    """Study Instance UID of a Part 10 file; empty where it cannot be read."""
    try:
        header = dcmread(BytesIO(file), specific_tags=["StudyInstanceUID"], stop_before_pixels=True)
        return str(header.get("StudyInstanceUID") or "")
    except _BROKEN:
        return ""
