"""Rows of the instance tables as values, and values as rows."""

from operator import attrgetter
from pathlib import Path
from typing import Any

from sqlalchemy import Row

from dicom_node.archive.entries import IndexEntry
from dicom_node.archive.tables import instances
from dicom_node.domain.records import SetAside
from dicom_node.domain.series import Reason, SeriesKey

# A row of a query of whole tables: its columns are known to the query only.
AnyRow = Row[Any]


ENTRY_COLUMNS = tuple(one.name for one in instances.c if one.name != "sequence")
"""Names of the columns of an entry, in the order of the table and of `row_of`."""
_IN_KEY = frozenset({"study_instance_uid", "series_instance_uid"})
_read_row = attrgetter(*(f"key.{one}" if one in _IN_KEY else one for one in ENTRY_COLUMNS))


def row_of(entry: IndexEntry) -> tuple[object, ...]:
    """Values of an entry, in the order of `ENTRY_COLUMNS`."""
    row: tuple[object, ...] = _read_row(entry)
    return row


def values_of(entry: IndexEntry) -> dict[str, object]:
    """Values of an entry by column."""
    return dict(zip(ENTRY_COLUMNS, row_of(entry), strict=True))


def key_of(row: AnyRow) -> SeriesKey:
    """Series of a row."""
    return SeriesKey(
        study_instance_uid=row.study_instance_uid, series_instance_uid=row.series_instance_uid
    )


def entry_of(row: AnyRow) -> IndexEntry:
    """Entry of a row of `instances`."""
    return IndexEntry(
        key=key_of(row),
        sop_class_uid=row.sop_class_uid,
        sop_instance_uid=row.sop_instance_uid,
        transfer_syntax_uid=row.transfer_syntax_uid,
        path=row.path,
        size=row.size,
        digest=row.digest,
        received_at=row.received_at,
        calling_ae=row.calling_ae,
        called_ae=row.called_ae,
        peer_address=row.peer_address,
        association_id=row.association_id,
    )


def set_aside_of(row: AnyRow, folder: Path) -> SetAside:
    """Record of a row of `set_aside`."""
    return SetAside(
        sop_class_uid=row.sop_class_uid,
        sop_instance_uid=row.sop_instance_uid,
        key=None if row.study_instance_uid is None else key_of(row),
        path=folder / row.path,
        reason=Reason(code=row.code, message=row.message),
        received_at=row.received_at,
        calling_ae=row.calling_ae,
        called_ae=row.called_ae,
    )
