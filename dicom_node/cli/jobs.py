"""`dicom-node jobs`: what ran, what waits, what failed, and why a series started nothing."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from dicom_node.archive.job_lookups import ahead_of, successors_of
from dicom_node.cli import tables
from dicom_node.cli.json_forms import history_form, record_form, set_aside_form, status_form
from dicom_node.cli.options import print_json
from dicom_node.domain.errors import ConfigError
from dicom_node.domain.job import JobState
from dicom_node.domain.records import History, JobRecord
from dicom_node.policy.waiting import why_waiting
from dicom_node.settings import read_settings
from dicom_node.stores import Archive, open_archive, utc_now


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
    settings = read_settings(config)
    archive = open_archive(settings)
    record = archive.jobs.get(job_id)
    deliveries = archive.outbox.list(job_id=job_id)
    fetches = archive.fetches.of_jobs([job_id])[job_id]
    history = History(
        record=record,
        events=archive.jobs.events(job_id),
        deliveries=deliveries,
        last_input_at=_last_input_at(archive, record),
        waits=why_waiting(
            record,
            route=next((one for one in settings.routes if one.name == record.route), None),
            deliveries=deliveries,
            health=archive.destinations.all_health(),
            transactions=archive.commitments.of_job(job_id),
            ahead=ahead_of(archive.index.database, job_id),
            now=utc_now().astimezone(),
            fetches=fetches,
        ),
        successors=successors_of(archive.index.database, job_id),
        fetches=fetches,
    )
    if as_json:
        print_json(history_form(history))
    else:
        tables.show_history(history)


def steer_job(
    action: Literal["cancel", "hold", "release"], job_id: str, config: Path, *, as_json: bool
) -> None:
    """Cancel, hold or release a job."""
    archive = open_archive(read_settings(config))
    steps = {
        "cancel": archive.control.cancel,
        "hold": archive.control.hold,
        "release": archive.control.release,
    }
    steps[action](job_id, now=utc_now())
    show_one(archive.jobs.get(job_id), as_json=as_json)


def show_one(record: JobRecord, *, as_json: bool) -> None:
    """Tell what a job is now."""
    if as_json:
        print_json(record_form(record))
    else:
        tables.show_records([record])


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
