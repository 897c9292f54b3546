"""What was decided on each series, so that a person can see why there is no result."""

from collections.abc import Collection

from sqlalchemy import select

from dicom_node.archive.database import Database
from dicom_node.archive.rows import AnyRow, key_of
from dicom_node.archive.tables import series_status
from dicom_node.archive.upsert import insert_on
from dicom_node.domain.records import SeriesStatus
from dicom_node.domain.series import Reason, SeriesKey

_C = series_status.c


class SeriesStatuses:
    """One row per series: its last state with the reasons for it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, status: SeriesStatus) -> None:
        """Record a decision in the place of the former one."""
        values = {
            "state": str(status.state),
            "reasons": [{"code": one.code, "message": one.message} for one in status.reasons],
            "digest": status.digest,
            "updated_at": status.updated_at,
            "patient_digest": status.patient_digest,
            "modality": status.modality,
        }
        key = {
            "study_instance_uid": status.key.study_instance_uid,
            "series_instance_uid": status.key.series_instance_uid,
        }
        with self._database.writing() as connection:
            statement = insert_on(connection, series_status).values(**key, **values)
            connection.execute(statement.on_conflict_do_update(index_elements=[*key], set_=values))

    def get(self, key: SeriesKey) -> SeriesStatus | None:
        """The last decision on a series; None where there was none."""
        query = select(series_status).where(
            _C.study_instance_uid == key.study_instance_uid,
            _C.series_instance_uid == key.series_instance_uid,
        )
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _status_of(row)

    def of_patient(self, patient_digest: str, modality: str) -> tuple[SeriesKey, ...]:
        """Series of a patient, in whatever study, on which something was decided."""
        mine = (_C.patient_digest == patient_digest, _C.modality == modality)
        query = select(series_status).where(*mine)
        with self._database.reading() as connection:
            return tuple(key_of(row) for row in connection.execute(query))

    def list(
        self, states: Collection[str], study_instance_uid: str | None, limit: int
    ) -> tuple[SeriesStatus, ...]:
        """Decisions, the newest first, in certain states or of one study where these are given."""
        query = select(series_status)
        if states:
            query = query.where(_C.state.in_([str(state) for state in states]))
        if study_instance_uid is not None:
            query = query.where(_C.study_instance_uid == study_instance_uid)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(_C.updated_at.desc()).limit(limit))
            return tuple(_status_of(row) for row in rows)


def _status_of(row: AnyRow) -> SeriesStatus:
    return SeriesStatus(
        key=key_of(row),
        state=row.state,
        reasons=tuple(Reason(code=one["code"], message=one["message"]) for one in row.reasons),
        digest=row.digest,
        updated_at=row.updated_at,
        patient_digest=row.patient_digest,
        modality=row.modality,
    )
