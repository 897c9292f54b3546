"""`dicom-node jobs`: what ran, what waits, what failed, and why a series started nothing."""

from datetime import datetime
from pathlib import Path

from dicom_node.cli import tables
from dicom_node.cli.json_forms import history_form, record_form, set_aside_form, status_form
from dicom_node.cli.options import print_json
from dicom_node.domain.errors import ConfigError
from dicom_node.domain.job import JobState
from dicom_node.domain.records import JobRecord
from dicom_node.node import Archive, open_archive, utc_now
from dicom_node.settings import read_settings


def list_jobs(config: Path, *, state: str | None, limit: int, as_json: bool) -> None:
    """List jobs, newest first, and what started none, each with its reason."""
    wanted = None if state is None else _state(state)
    archive = open_archive(read_settings(config))
    records = archive.jobs.list(limit=limit, state=wanted)
    statuses = archive.index.statuses(limit=limit)
    idle = [status for status in statuses if status.state != "routed"]
    aside = (*archive.index.unreadable(), *archive.index.conflicts())
    if as_json:
        print_json(
            {
                "jobs": [record_form(one) for one in records],
                "series": [status_form(one) for one in idle],
                "set_aside": [set_aside_form(one) for one in aside],
            }
        )
        return
    tables.show_records(records)
    tables.show_statuses(idle)
    tables.show_set_aside(aside)


def show_job(job_id: str, config: Path, *, as_json: bool) -> None:
    """Tell what happened to one job, and when."""
    archive = open_archive(read_settings(config))
    record = archive.jobs.get(job_id)
    events = archive.jobs.events(job_id)
    deliveries = archive.outbox.list(job_id=job_id)
    last_input_at = _last_input_at(archive, record)
    if as_json:
        print_json(history_form(record, events, deliveries, last_input_at))
    else:
        tables.show_history(record, events, deliveries, last_input_at)


def retry_job(job_id: str, config: Path, *, as_json: bool) -> None:
    """Run a failed job again, or send an undelivered result again."""
    archive = open_archive(read_settings(config))
    record = archive.jobs.get(job_id)
    if record.state is JobState.UNDELIVERED:
        archive.outbox.revive(now=utc_now(), job_id=job_id)
    elif record.state is JobState.FAILED:
        archive.jobs.step(job_id, JobState.QUEUED, reason="asked for by hand", now=utc_now())
    else:
        allowed = f"a job that is {JobState.FAILED} or {JobState.UNDELIVERED}"
        raise ConfigError(file="jobs retry", key=job_id, value=str(record.state), allowed=allowed)
    again = archive.jobs.get(job_id)
    if as_json:
        print_json(record_form(again))
    else:
        tables.show_records([again])


def _last_input_at(archive: Archive, record: JobRecord) -> datetime | None:
    """When the last of the images came that the job uses."""
    arrivals = [archive.index.arrival(one[0].key) for one in record.input_instances.values()]
    return max((one.last_received_at for one in arrivals if one is not None), default=None)


def _state(name: str) -> JobState:
    try:
        return JobState(name.upper())
    except ValueError as cause:
        allowed = ", ".join(JobState)
        raise ConfigError(file="jobs", key="--state", value=name, allowed=allowed) from cause
