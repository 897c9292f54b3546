"""What a person asks of a job that has ended: try it again, or make a new result of it."""

from dataclasses import replace
from datetime import datetime

from dicom_node.domain.errors import ConfigError
from dicom_node.domain.job import ENDED, Job, JobState, rerun_ids_of, result_id_of
from dicom_node.domain.records import JobRecord
from dicom_node.engine.runner import job_of
from dicom_node.registry import Registry
from dicom_node.settings import Settings
from dicom_node.stores import Archive


def retry(archive: Archive, job_id: str, *, now: datetime) -> JobRecord:
    """Run a failed job again, or send an undelivered result again.

    Raises
    ------
    ConfigError
        Where the job is in another state.
    UnknownRecord
        Where there is no such job.
    """
    record = archive.jobs.get(job_id)
    if record.state is JobState.UNDELIVERED:
        archive.outbox.revive(now=now, job_id=job_id)
    elif record.state is JobState.FAILED:
        archive.jobs.step(job_id, JobState.QUEUED, reason="asked for by hand", now=now)
    else:
        allowed = f"a job that is {JobState.FAILED} or {JobState.UNDELIVERED}"
        raise ConfigError(file="jobs retry", key=job_id, value=str(record.state), allowed=allowed)
    return archive.jobs.get(job_id)


def rerun(
    archive: Archive, settings: Settings, registry: Registry, job_id: str, *, now: datetime
) -> JobRecord:
    """Queue a new job on the inputs of one that has ended; its result names the earlier one.

    It runs the version of the algorithm that is installed now, and goes where the route says now.

    Raises
    ------
    ConfigError
        Where the job has not ended, was re-run before, its algorithm is not installed, or files
        of its inputs were removed.
    UnknownRecord
        Where there is no such job.
    """
    record = archive.jobs.get(job_id)
    if record.state not in ENDED:
        allowed = "a job that has ended; cancel it first"
        raise ConfigError(file="jobs rerun", key=job_id, value=str(record.state), allowed=allowed)
    gone = [one for given in record.input_instances.values() for one in given]
    missing = sum(not one.path.exists() for one in gone)
    if missing:
        value = f"{missing} of {len(gone)} input files removed"
        allowed = "a job whose inputs are kept; send the study again"
        raise ConfigError(file="jobs rerun", key=job_id, value=value, allowed=allowed)
    job = _again(record, settings, registry, now)
    if not archive.jobs.create(job, JobState.QUEUED, reason=f"takes the place of {job_id}"):
        allowed = f"its last run; it was re-run as {job.job_id}"
        raise ConfigError(file="jobs rerun", key="job", value=job_id, allowed=allowed)
    return archive.jobs.get(job.job_id)


def _again(record: JobRecord, settings: Settings, registry: Registry, now: datetime) -> Job:
    route = next((one for one in settings.routes if one.name == record.route), None)
    options = {} if route is None else route.options
    version = registry.spec(record.algorithm).with_options(options).card.version
    content = result_id_of(
        algorithm=record.algorithm, version=version, inputs=record.input_instances
    )
    job_id, result_id = rerun_ids_of(predecessor=record.job_id, result_id=content)
    return replace(
        job_of(record),
        job_id=job_id,
        result_id=result_id,
        version=version,
        created_at=now,
        predecessor=record.job_id,
        destinations=record.destinations if route is None else route.result_destinations,
        priority=record.priority if route is None else route.priority,
        gate=record.gate if route is None else route.gate,
    )
