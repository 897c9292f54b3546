"""Objects on disk on their way out: their UIDs, their transfer syntax and their encoded bytes."""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import UID
from pynetdicom.dsutils import split_dataset

from dicom_node.domain.errors import UnreadableInstance

_META_BYTES, _META_START = 4096, 144
_ELEMENT = struct.Struct("<HH2sH")
_LONG_FORM = frozenset({b"OB", b"UN"})  # with a length of 4 bytes (PS3.5 Table 7.1-1)
_SYNTAX = re.compile(rb"[0-9][0-9.]{0,63}")

# What pydicom raises for files that are no DICOM, or are cut off.
UNREADABLE = (
    InvalidDicomError,
    ValueError,
    EOFError,
    KeyError,
    TypeError,
    AttributeError,
    NotImplementedError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A stored object that is to be sent, named as C-STORE names it."""

    path: Path
    sop_class_uid: str
    sop_instance_uid: str


def outgoing_files(path: Path) -> tuple[tuple[Outgoing, ...], Mapping[str, str]]:
    """Every DICOM file of a folder, or the one file, by path; and the others with the reason.

    Raises
    ------
    UnreadableInstance
        Where there is nothing at the path.
    """
    if not path.exists():
        raise UnreadableInstance(f"{path} is absent; a DICOM file or a folder of them is needed")
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    found: list[Outgoing] = []
    refused: dict[str, str] = {}
    for file in files:
        try:
            found.append(_outgoing(file))
        except UnreadableInstance as cause:
            refused[str(file)] = str(cause)
    return tuple(found), refused


def _outgoing(path: Path) -> Outgoing:
    try:
        header = dcmread(
            path, specific_tags=["SOPClassUID", "SOPInstanceUID"], stop_before_pixels=True
        )
        class_uid, instance_uid = header.get("SOPClassUID"), header.get("SOPInstanceUID")
    except OSError as cause:
        raise UnreadableInstance(f"not readable: {cause.strerror}") from cause
    except UNREADABLE as cause:
        raise UnreadableInstance(f"not readable as DICOM: {type(cause).__name__}") from cause
    if not class_uid or not instance_uid:
        raise UnreadableInstance("no DICOM instance: SOP Class or SOP Instance UID is absent")
    return Outgoing(path=path, sop_class_uid=str(class_uid), sop_instance_uid=str(instance_uid))


def transfer_syntax_of(outgoing: Outgoing) -> str:
    """Transfer syntax in which an object is stored.

    Raises
    ------
    UnreadableInstance
        Where its File Meta Information does not say; it is not guessed.
    OSError
        Where the file cannot be read.
    """
    meta, _ = _split(outgoing.path)
    return meta


def encoded(outgoing: Outgoing, *, stored: str, wanted: str) -> bytes:
    """Data set of an object, without File Meta Information: byte for byte as stored, or rewritten.

    Parameters
    ----------
    stored : str
        Transfer syntax of the file.
    wanted : str
        The same, or Explicit or Implicit VR Little Endian where the stored one is uncompressed and
        little endian, too: pixel values are then the same bytes in both.

    Raises
    ------
    UnreadableInstance
        Where the data set cannot be written anew.
    OSError
        Where the file cannot be read.
    """
    if wanted == stored:
        _, offset = _split(outgoing.path)
        with outgoing.path.open("rb") as file:
            file.seek(offset)
            return file.read()
    try:
        dataset = dcmread(outgoing.path)
        written = DicomBytesIO()
        written.is_implicit_VR = UID(wanted).is_implicit_VR
        written.is_little_endian = True
        write_dataset(written, dataset)
    except UNREADABLE as cause:
        kind = type(cause).__name__
        raise UnreadableInstance(f"cannot be rewritten as {UID(wanted).name}: {kind}") from cause
    return bytes(written.getvalue())


def _split(path: Path) -> tuple[str, int]:
    """Transfer syntax and the offset at which the data set begins."""
    with path.open("rb") as file:
        found = usual_meta(file.read(_META_BYTES))
    if found is not None:
        return found
    try:
        meta, offset = split_dataset(path)
        syntax = meta.get("TransferSyntaxUID")
    except UNREADABLE as cause:
        raise UnreadableInstance(f"not readable as DICOM: {type(cause).__name__}") from cause
    if not syntax:
        raise UnreadableInstance("Transfer Syntax UID (0002,0010) is absent")
    return str(syntax), offset


def usual_meta(head: bytes) -> tuple[str, int] | None:
    """Transfer syntax and end of a File Meta Information of the usual form (PS3.10 7.1).

    pydicom reads everything else, and takes twenty times as long.

    Parameters
    ----------
    head : bytes
        The first bytes of a file.
    """
    if head[128:140] != b"DICM\2\0\0\0UL\4\0" or len(head) < _META_START:
        return None
    end, at, syntax = _META_START + int.from_bytes(head[140:144], "little"), _META_START, b""
    while at + 8 <= min(end, len(head)):
        group, element, vr, length = _ELEMENT.unpack_from(head, at)
        at += 8
        if group != 2 or not vr.isupper():
            return None
        if vr in _LONG_FORM:
            length, at = int.from_bytes(head[at : at + 4], "little"), at + 4
        if element == 0x0010:
            syntax = head[at : at + length].rstrip(b"\0 ")
        at += length
    if at != end or end > len(head) or _SYNTAX.fullmatch(syntax) is None:
        return None
    return syntax.decode("ascii"), end
