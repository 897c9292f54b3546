"""Rows of the job tables as records, and values as rows; paths in them move with the folder."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, delete, select

from dicom_node.archive.rows import AnyRow, key_of
from dicom_node.archive.tables import job_inputs, job_objects, jobs
from dicom_node.domain.delivery import DeliveryState
from dicom_node.domain.job import (
    ClassificationRow,
    Job,
    JobOutcome,
    JobState,
    MeasurementRow,
    ResultObject,
)
from dicom_node.domain.records import JobRecord
from dicom_node.domain.series import Instance

_CHUNK = 500  # below SQLite's oldest limit of 999 variables


def stored_path(path: Path, folder: Path) -> str:
    """A path relative to the archive's folder where it lies in it, else as it is."""
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def values_of_job(job: Job) -> dict[str, object]:
    """Column values of a job that nothing has happened to yet."""
    return {
        "job_id": job.job_id,
        "result_id": job.result_id,
        "route": job.route,
        "algorithm": job.algorithm,
        "version": job.version,
        "destinations": list(job.destinations),
        "measurements": [],
        "classifications": [],
        "warnings": [],
        "details": {},
        "created_at": job.created_at,
        "updated_at": job.created_at,
        "attempts": 0,
        "priority": job.priority,
        "gate": int(job.gate),
        "predecessor": job.predecessor,
    }


def write_inputs(connection: Connection, job: Job, folder: Path) -> None:
    """Put the inputs of a job in the place of the ones it had."""
    connection.execute(delete(job_inputs).where(job_inputs.c.job_id == job.job_id))
    rows = [
        {
            "job_id": job.job_id,
            "position": position,
            "role": role,
            "study_instance_uid": given[0].key.study_instance_uid,
            "series_instance_uid": given[0].key.series_instance_uid,
            "instances": [
                [one.sop_class_uid, one.sop_instance_uid, stored_path(one.path, folder)]
                for one in given
            ],
        }
        for position, (role, given) in enumerate(job.inputs.items())
    ]
    connection.execute(job_inputs.insert(), rows)


def write_objects(
    connection: Connection, job_id: str, objects: Sequence[ResultObject], folder: Path
) -> None:
    """Put result objects in the place of those of an earlier run."""
    connection.execute(delete(job_objects).where(job_objects.c.job_id == job_id))
    rows = [
        {
            "job_id": job_id,
            "position": position,
            "path": stored_path(made.path, folder),
            "sop_class_uid": made.sop_class_uid,
            "sop_instance_uid": made.sop_instance_uid,
            "modality": made.modality,
        }
        for position, made in enumerate(objects)
    ]
    if rows:
        connection.execute(job_objects.insert(), rows)


def values_of_outcome(outcome: JobOutcome) -> dict[str, object]:
    """Column values of what a job gave, besides its objects."""
    return {
        "measurements": [asdict(one) for one in outcome.measurements],
        "classifications": [asdict(one) for one in outcome.classifications],
        "warnings": list(outcome.warnings),
        "details": dict(outcome.details),
    }


def pending_rows(
    job_id: str,
    outcome: JobOutcome,
    destinations: Sequence[str],
    *,
    folder: Path,
    now: datetime,
) -> list[dict[str, object]]:
    """Column values of the deliveries of a result, due now, and of what is kept as a spare."""
    return [
        {
            "job_id": job_id,
            "destination": destination,
            "path": stored_path(made.path, folder),
            "sop_class_uid": made.sop_class_uid,
            "sop_instance_uid": made.sop_instance_uid,
            "state": str(state),
            "attempts": 0,
            "next_attempt_at": now,
            "updated_at": now,
        }
        for destination in dict.fromkeys(destinations)
        for made in outcome.objects
        if (state := _first_state(made, destination)) is not None
    ]


def _first_state(made: ResultObject, destination: str) -> DeliveryState | None:
    """What an object is for a destination; None where it was not made for it."""
    if made.destinations is None or destination in made.destinations:
        return DeliveryState.PENDING
    return DeliveryState.SPARE if destination in made.spare_for else None


def read_jobs(
    # a query of the whole table: its columns are known to the query only
    connection: Connection,
    query: Select[*tuple[Any, ...]],
    folder: Path,
) -> tuple[JobRecord, ...]:
    """Records of the rows of a query on `jobs`, in its order."""
    rows = connection.execute(query).all()
    ids = [row.job_id for row in rows]
    inputs: dict[str, dict[str, tuple[Instance, ...]]] = {one: {} for one in ids}
    objects: dict[str, list[ResultObject]] = {one: [] for one in ids}
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        for table in (job_inputs, job_objects):
            columns = table.c
            belonging = select(table).where(columns.job_id.in_(chunk)).order_by(columns.position)
            for row in connection.execute(belonging):
                if table is job_inputs:
                    inputs[row.job_id][row.role] = _instances_of(row, folder)
                else:
                    objects[row.job_id].append(_object_of(row, folder))
    return tuple(_record(row, inputs[row.job_id], objects[row.job_id]) for row in rows)


def all_jobs() -> Select[*tuple[Any, ...]]:
    """Query of every job, to be narrowed."""
    return select(jobs)


def _instances_of(row: AnyRow, folder: Path) -> tuple[Instance, ...]:
    key = key_of(row)
    return tuple(
        Instance(
            key=key,
            sop_class_uid=sop_class,
            sop_instance_uid=sop_instance,
            path=folder / path,  # an absolute path stays itself
        )
        for sop_class, sop_instance, path in row.instances
    )


def _object_of(row: AnyRow, folder: Path) -> ResultObject:
    return ResultObject(
        path=folder / row.path,
        sop_class_uid=row.sop_class_uid,
        sop_instance_uid=row.sop_instance_uid,
        modality=row.modality,
    )


def _record(
    row: AnyRow, inputs: Mapping[str, tuple[Instance, ...]], objects: Sequence[ResultObject]
) -> JobRecord:
    return JobRecord(
        job_id=row.job_id,
        result_id=row.result_id,
        route=row.route,
        algorithm=row.algorithm,
        version=row.version,
        state=JobState(row.state),
        reason=row.reason,
        inputs={role: given[0].key.series_instance_uid for role, given in inputs.items()},
        input_instances=inputs,
        destinations=tuple(row.destinations),
        objects=tuple(objects),
        measurements=tuple(MeasurementRow(**one) for one in row.measurements),
        classifications=tuple(ClassificationRow(**one) for one in row.classifications),
        warnings=tuple(row.warnings),
        details=row.details,
        created_at=row.created_at,
        updated_at=row.updated_at,
        not_before=row.not_before,
        attempts=row.attempts,
        priority=row.priority,
        gate=bool(row.gate),
        predecessor=row.predecessor,
        held_from=None if row.held_from is None else JobState(row.held_from),
    )
