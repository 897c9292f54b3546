"""`dicom-node jobs retry` and `rerun`: what plans and queues jobs, and loads what that takes."""

from pathlib import Path

from dicom_node.cli.jobs import show_one
from dicom_node.control import rerun, retry
from dicom_node.registry import load_registry
from dicom_node.settings import read_settings
from dicom_node.stores import open_archive, utc_now


def retry_job(job_id: str, config: Path, *, as_json: bool) -> None:
    """Run a failed job again, or send an undelivered result again."""
    archive = open_archive(read_settings(config))
    show_one(retry(archive, job_id, now=utc_now()), as_json=as_json)


def rerun_job(job_id: str, config: Path, *, as_json: bool) -> None:
    """Make a new result of a job that has ended."""
    settings = read_settings(config)
    archive = open_archive(settings)
    made = rerun(archive, settings, load_registry(), job_id, now=utc_now())
    show_one(made, as_json=as_json)
