"""Companions that are asked of other archives: one row for each of a job, a role and an archive."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, update

from dicom_node.archive.database import Database
from dicom_node.archive.rows import AnyRow
from dicom_node.archive.tables import fetches, jobs
from dicom_node.archive.transitions import record_event
from dicom_node.archive.upsert import insert_on
from dicom_node.domain.fetch import FETCH_ENDED, Fetch, FetchState
from dicom_node.domain.job import JobState
from dicom_node.domain.query import RemoteSeries

_C = fetches.c
_CALLS = (str(FetchState.ASK), str(FetchState.FETCH))
_AT_ONCE = 20


class FetchStore:
    """What is asked, how far it came, and what came of it, also in the history of the job.

    Raises
    ------
    ArchiveError
        From every method, where the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, job_id: str, role: str, archive: str, now: datetime) -> bool:
        """Have an archive asked for a companion; False where it was, or is."""
        row = {
            "job_id": job_id,
            "role": role,
            "archive": archive,
            "state": str(FetchState.ASK),
            "candidates": [],
            "position": 0,
            "attempts": 0,
            "next_attempt_at": now,
            "created_at": now,
            "told": f"{archive} is to be asked for {role}",
        }
        with self._database.writing() as connection:
            statement = insert_on(connection, fetches).on_conflict_do_nothing(
                index_elements=["job_id", "role", "archive"]
            )
            return connection.execute(statement, row).rowcount == 1

    def of_jobs(self, job_ids: Sequence[str]) -> Mapping[str, tuple[Fetch, ...]]:
        """What is and was asked for some jobs, by job, the oldest first."""
        query = select(fetches).where(_C.job_id.in_(job_ids)).order_by(_C.fetch_id)
        found: dict[str, list[Fetch]] = {one: [] for one in job_ids}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                found[row.job_id].append(_fetch_of(row))
        return {job_id: tuple(several) for job_id, several in found.items()}

    def due(self, archive: str, now: datetime) -> tuple[Fetch, ...]:
        """What is to be asked of an archive now, what is due the longest first."""
        query = (
            select(fetches)
            .where(_C.archive == archive, _C.state.in_(_CALLS), _C.next_attempt_at <= now)
            .order_by(_C.next_attempt_at, _C.fetch_id)
            .limit(_AT_ONCE)
        )
        with self._database.reading() as connection:
            return tuple(_fetch_of(row) for row in connection.execute(query))

    def change(self, old: Fetch, new: Fetch, now: datetime) -> bool:
        """Put one in the place of what it was; False where somebody else changed it meanwhile.

        What is told of it becomes the reason of the job while that waits.
        """
        changed = (
            update(fetches)
            .where(_C.fetch_id == old.fetch_id, _C.state == str(old.state))
            .values(
                state=str(new.state),
                candidates=[_values_of(one) for one in new.candidates],
                position=new.position,
                attempts=new.attempts,
                next_attempt_at=new.next_attempt_at,
                asked_at=new.asked_at,
                told=new.told,
            )
        )
        with self._database.writing() as connection:
            if connection.execute(changed).rowcount == 0:
                return False
            if new.told != old.told:
                waits = (jobs.c.job_id == old.job_id, jobs.c.state == str(JobState.WAITING))
                noted = update(jobs).where(*waits).values(reason=new.told, updated_at=now)
                if connection.execute(noted).rowcount:
                    record_event(
                        connection,
                        old.job_id,
                        old=JobState.WAITING,
                        new=JobState.WAITING,
                        reason=new.told,
                        at=now,
                    )
        return True

    def drop(self, job_id: str) -> None:
        """End what is asked for a job that does not wait any more."""
        open_ones = (_C.job_id == job_id, _C.state.not_in([str(state) for state in FETCH_ENDED]))
        with self._database.writing() as connection:
            dropped = update(fetches).where(*open_ones).values(state=str(FetchState.DROPPED))
            connection.execute(dropped)

    def counts(self) -> Mapping[str, int]:
        """Number of those that have not ended, by archive."""
        ended = [str(state) for state in FETCH_ENDED]
        query = select(_C.archive, func.count().label("open")).where(_C.state.not_in(ended))
        with self._database.reading() as connection:
            rows = connection.execute(query.group_by(_C.archive)).all()
        return {row.archive: row.open for row in rows}


def _values_of(series: RemoteSeries) -> list[object]:
    return [
        series.study_instance_uid,
        series.series_instance_uid,
        series.modality,
        series.instances,
    ]


def _fetch_of(row: AnyRow) -> Fetch:
    return Fetch(
        fetch_id=row.fetch_id,
        job_id=row.job_id,
        role=row.role,
        archive=row.archive,
        state=FetchState(row.state),
        candidates=tuple(
            RemoteSeries(
                study_instance_uid=study,
                series_instance_uid=series,
                modality=modality,
                instances=instances,
            )
            for study, series, modality, instances in row.candidates
        ),
        position=row.position,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        created_at=row.created_at,
        asked_at=row.asked_at,
        told=row.told,
    )
