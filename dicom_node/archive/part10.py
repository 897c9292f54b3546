"""DICOM files (PS3.10): File Meta Information before a data set, written and read back."""

import struct
from dataclasses import dataclass
from functools import lru_cache

from dicom_node.domain.errors import UnreadableInstance
from dicom_node.domain.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

_PREFIX = bytes(128) + b"DICM"
_META_START = b"\x02\x00\x00\x00UL\x04\x00"  # (0002,0000), the length of the group
_MAX_META_BYTES = 1 << 16
_LONGEST_TEXT = 1024  # a command may hold anything; a label of that length is no UID any more


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMeta:
    """What the File Meta Information tells of an instance and of how it came.

    Parameters
    ----------
    calling_ae, called_ae : str
        Sending (0002,0017) and Receiving Application Entity Title (0002,0018); may be empty.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    calling_ae: str
    called_ae: str


def encode_file_head(meta: FileMeta) -> bytes:
    """Preamble, prefix and File Meta Information (PS3.10 7.1); the data set follows."""
    first = _first_elements(meta.sop_class_uid)
    instance = _element(0x0003, b"UI", _padded(meta.sop_instance_uid, b"\0"))
    last = _last_elements(meta.transfer_syntax_uid, meta.calling_ae, meta.called_ae)
    length = struct.pack("<L", len(first) + len(instance) + len(last))
    return b"".join((_PREFIX, _META_START, length, first, instance, last))


@lru_cache(maxsize=64)  # all instances of a sender are alike
def _first_elements(sop_class_uid: str) -> bytes:
    version = _element(0x0001, b"OB", b"\x00\x01")
    return version + _element(0x0002, b"UI", _padded(sop_class_uid, b"\0"))


@lru_cache(maxsize=64)
def _last_elements(transfer_syntax_uid: str, calling_ae: str, called_ae: str) -> bytes:
    return b"".join(
        (
            _element(0x0010, b"UI", _padded(transfer_syntax_uid, b"\0")),
            _element(0x0012, b"UI", _padded(IMPLEMENTATION_CLASS_UID, b"\0")),
            _element(0x0013, b"SH", _padded(IMPLEMENTATION_VERSION_NAME, b" ")),
            # 0016 is what most readers show; 0017 is what the standard means by the sender
            _ae_title(0x0016, calling_ae),
            _ae_title(0x0017, calling_ae),
            _ae_title(0x0018, called_ae),
        )
    )


def split_file(content: bytes) -> tuple[FileMeta, bytes]:
    """File Meta Information and data set of a file that this node wrote.

    Raises
    ------
    UnreadableInstance
        Where the file is no DICOM file with a File Meta Information group.
    """
    if content[128:140] != b"DICM" + _META_START:
        raise UnreadableInstance("the file has no File Meta Information")
    end = 144 + int.from_bytes(content[140:144], "little")
    if not 144 < end <= min(len(content), _MAX_META_BYTES):
        raise UnreadableInstance("the File Meta Information is cut off")
    found = _meta_texts(content[144:end])
    meta = FileMeta(
        sop_class_uid=found.get(0x0002, ""),
        sop_instance_uid=found.get(0x0003, ""),
        transfer_syntax_uid=found.get(0x0010, ""),
        calling_ae=found.get(0x0017, ""),
        called_ae=found.get(0x0018, ""),
    )
    return meta, content[end:]


def _meta_texts(group: bytes) -> dict[int, str]:
    texts: dict[int, str] = {}
    offset = 0
    while offset + 8 <= len(group):
        _, element, vr, length = struct.unpack_from("<HH2sH", group, offset)
        offset += 8
        if vr == b"OB":
            length = int.from_bytes(group[offset : offset + 4], "little")
            offset += 4
        texts[element] = group[offset : offset + length].decode("ascii", "replace").strip("\0 ")
        offset += length
    return texts


def _element(element: int, vr: bytes, value: bytes) -> bytes:
    if vr == b"OB":
        return struct.pack("<HH2sHL", 2, element, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", 2, element, vr, len(value)) + value


def _ae_title(element: int, ae_title: str) -> bytes:
    return _element(element, b"AE", _padded(ae_title, b" ")) if ae_title else b""


def _padded(text: str, padding: bytes) -> bytes:
    encoded = text[:_LONGEST_TEXT].encode("ascii", "replace")
    return encoded + padding * (len(encoded) % 2)
