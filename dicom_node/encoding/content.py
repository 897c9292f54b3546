"""Content items of a structured report (PS3.3 C.17.3), encoded as they are made."""

import struct
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pydicom.valuerep import DSfloat

from dicom_node.domain.coding import Code
from dicom_node.encoding.explicit import element, sequence, text

_SHORT_CODE = 16  # characters of Code Value, SH; a longer one is a Long Code Value (PS3.3 8.8)
_MOST_MEANING = 64  # characters of Code Meaning, LO
_NAME, _VALUE, _UNITS = 0x0040A043, 0x0040A168, 0x004008EA


class Relation(StrEnum):
    """Relationship Type (0040,A010) of an item to the one that holds it."""

    CONTAINS = "CONTAINS"
    MODIFIES = "HAS CONCEPT MOD"
    OBSERVED = "HAS OBS CONTEXT"
    INFERRED = "INFERRED FROM"
    SELECTED = "SELECTED FROM"


def container(name: Code, items: Sequence[bytes], *, template: str | None = None) -> bytes:
    """CONTAINER item; SEPARATE, so that viewers show one line per content item."""
    return b"".join(
        (
            _head(Relation.CONTAINS, "CONTAINER", name),
            text(0x0040A050, "CS", "SEPARATE"),
            b"" if template is None else sequence(0x0040A504, [template_item(template)]),
            sequence(0x0040A730, items),
        )
    )


def template_item(identifier: str) -> bytes:
    """Item of Content Template Sequence (0040,A504) that names a template of PS3.16."""
    return text(0x00080105, "CS", "DCMR") + text(0x0040DB00, "CS", identifier)


def text_item(relation: Relation, name: Code, value: str) -> bytes:
    """TEXT item."""
    return _head(relation, "TEXT", name) + text(0x0040A160, "UT", value)


def uid_item(relation: Relation, name: Code, uid: str) -> bytes:
    """UIDREF item."""
    return _head(relation, "UIDREF", name) + text(0x0040A124, "UI", uid)


def code_item(relation: Relation, name: Code, value: Code, items: Sequence[bytes] = ()) -> bytes:
    """CODE item."""
    return _head(relation, "CODE", name) + code(_VALUE, value) + _children(items)


def number_item(name: Code, value: float, unit: Code, items: Sequence[bytes] = ()) -> bytes:
    """NUM item that its group contains: as decimal text, and in full (C.18.1)."""
    measured = b"".join(
        (
            code(_UNITS, unit),
            element(0x0040A161, "FD", struct.pack("<d", value)),
            text(0x0040A30A, "DS", str(DSfloat(value, auto_format=True))),
        )
    )
    head = _head(Relation.CONTAINS, "NUM", name)
    return head + sequence(0x0040A300, [measured]) + _children(items)


def image_item(
    relation: Relation,
    name: Code | None,
    *,
    sop_class_uid: str,
    sop_instance_uid: str,
    frame: int | None = None,
    segment: int | None = None,
) -> bytes:
    """IMAGE item: an instance, a frame of it, or a segment of it (PS3.3 table C.17-3b)."""
    parts = [text(0x00081150, "UI", sop_class_uid), text(0x00081155, "UI", sop_instance_uid)]
    if frame is not None:
        parts.append(text(0x00081160, "IS", str(frame)))
    if segment is not None:
        parts.append(element(0x0062000B, "US", struct.pack("<H", segment)))
    return sequence(0x00081199, [b"".join(parts)]) + _head(relation, "IMAGE", name)


def composite_item(relation: Relation, *, sop_class_uid: str, sop_instance_uid: str) -> bytes:
    """COMPOSITE item without a name: an instance that is no image."""
    parts = text(0x00081150, "UI", sop_class_uid) + text(0x00081155, "UI", sop_instance_uid)
    return sequence(0x00081199, [parts]) + _head(relation, "COMPOSITE", None)


def polyline_item(name: Code, points: NDArray[np.float64], image: bytes) -> bytes:
    """SCOORD item: a POLYLINE of (column, row) points (n, 2) on an image (C.18.6)."""
    return b"".join(
        (
            _head(Relation.INFERRED, "SCOORD", name),
            _children([image]),
            element(0x00700022, "FL", points.astype("<f4").tobytes()),
            text(0x00700023, "CS", "POLYLINE"),
        )
    )


def code(tag: int, value: Code) -> bytes:
    """Code sequence of one item (PS3.3 8.8)."""
    if len(value.meaning) > _MOST_MEANING:
        raise ValueError(f"a code's meaning has at most 64 characters: {value.meaning!r}")
    long = len(value.value) > _SHORT_CODE
    item = (
        b"" if long else text(0x00080100, "SH", value.value),
        text(0x00080102, "SH", value.scheme),
        text(0x00080104, "LO", value.meaning),
        text(0x00080119, "UC", value.value) if long else b"",
    )
    return sequence(tag, [b"".join(item)])


def _head(relation: Relation, kind: str, name: Code | None) -> bytes:
    """What every item begins with: relationship, value type, concept name."""
    named = b"" if name is None else code(_NAME, name)
    return text(0x0040A010, "CS", relation) + text(0x0040A040, "CS", kind) + named


def _children(items: Sequence[bytes]) -> bytes:
    return sequence(0x0040A730, items) if items else b""
