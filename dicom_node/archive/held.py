"""Where instances lie that are known by their SOP Instance UIDs alone."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import select

from dicom_node.archive.database import Database
from dicom_node.archive.tables import instances
from dicom_node.domain.audit import AuditedFile

_CHUNK = 500  # below SQLite's oldest limit of 999 variables


def held_files(database: Database, folder: Path, uids: Sequence[str]) -> Mapping[str, AuditedFile]:
    """Files of instances by SOP Instance UID, without those that are in no series.

    Raises
    ------
    ArchiveError
        Where the database fails.
    """
    found: dict[str, AuditedFile] = {}
    uid, columns = instances.c.sop_instance_uid, instances.c
    asked = (uid, columns.path, columns.sop_class_uid, columns.series_instance_uid)
    with database.reading() as connection:
        for start in range(0, len(uids), _CHUNK):
            query = select(*asked).where(uid.in_(uids[start : start + _CHUNK]))
            for row in connection.execute(query):
                found[row.sop_instance_uid] = AuditedFile(
                    path=folder / row.path,
                    sop_class_uid=row.sop_class_uid,
                    alike=row.series_instance_uid,
                )
    return found
