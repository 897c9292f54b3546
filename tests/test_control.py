"""Trying again and running anew, as a person asks for it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from contract.command import call
from engine.house import SPEC, House
from factories import pet_series
from peers import free_port, write_config

from dicom_node.archive.folder_lock import FolderLock
from dicom_node.control import rerun, retry
from dicom_node.domain.delivery import DestinationHealth
from dicom_node.domain.errors import ConfigError
from dicom_node.domain.job import JobOutcome, JobState, ResultObject
from dicom_node.registry import Registry
from dicom_node.settings import Settings, read_settings
from dicom_node.stores import Archive, open_archive

REGISTRY = Registry(specs={"nothing": SPEC}, broken={})
LATER = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    config = write_config(tmp_path, node_port=free_port(), pacs_port=free_port())
    return read_settings(config)


@pytest.fixture
def archive(settings: Settings) -> Archive:
    """The archive of a node with one queued job."""
    archive = open_archive(settings)
    house = House(settings.storage_folder)
    house.receive(pet_series())
    house.wait(61.0)
    return archive


def command(settings: Settings, *arguments: str) -> str:
    """Exit status and all output of a command."""
    done = call(*arguments, "--config", settings.folder)
    return f"{done.status} {done.out}{done.err}"


def finish(archive: Archive, outcome: JobOutcome) -> str:
    record = archive.jobs.claim_next(LATER)
    archive.jobs.finish(record.job_id, outcome, destinations=("pacs",), now=LATER)
    return record.job_id


def report(folder: Path) -> JobOutcome:
    made = ResultObject(
        path=folder / "sr.dcm",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.88.34",
        sop_instance_uid="2.25.1",
        modality="SR",
    )
    return JobOutcome(state=JobState.ENCODED, objects=(made,))


def delivered(archive: Archive, folder: Path) -> str:
    job = finish(archive, report(folder))
    for one in archive.outbox.due(LATER):
        archive.outbox.delivered(one.delivery_id, LATER)
    return job


def test_a_rerun_is_a_new_job_on_the_same_inputs_that_names_the_old_one(
    archive, settings, tmp_path
):
    old = delivered(archive, tmp_path)
    made = rerun(archive, settings, REGISTRY, old, now=LATER)
    before = archive.jobs.get(old)
    assert (made.state, made.predecessor) == (JobState.QUEUED, old)
    assert made.job_id != old
    assert made.result_id != before.result_id
    assert made.input_instances == before.input_instances
    assert made.created_at == LATER
    assert archive.jobs.claim_next(LATER).job_id == made.job_id
    assert before.state is JobState.DELIVERED


def test_a_job_is_re_run_once_and_then_its_last_run(archive, settings, tmp_path):
    old = delivered(archive, tmp_path)
    made = rerun(archive, settings, REGISTRY, old, now=LATER)
    with pytest.raises(ConfigError, match=f"re-run as {made.job_id}"):
        rerun(archive, settings, REGISTRY, old, now=LATER)
    delivered(archive, tmp_path)
    third = rerun(archive, settings, REGISTRY, made.job_id, now=LATER)
    assert third.predecessor == made.job_id


def test_a_job_that_has_not_ended_or_whose_inputs_are_gone_is_not_re_run(
    archive, settings, tmp_path
):
    (job,) = archive.jobs.list()
    with pytest.raises(ConfigError, match="cancel it first"):
        rerun(archive, settings, REGISTRY, job.job_id, now=LATER)
    delivered(archive, tmp_path)
    job.input_instances["pet"][0].path.unlink()
    with pytest.raises(ConfigError, match=r"1 of \d+ input files removed"):
        rerun(archive, settings, REGISTRY, job.job_id, now=LATER)


def test_a_retry_takes_failed_and_undelivered_jobs_only(archive, tmp_path):
    job = finish(archive, JobOutcome(state=JobState.FAILED, reason="no idea"))
    assert retry(archive, job, now=LATER).state is JobState.QUEUED
    with pytest.raises(ConfigError, match="FAILED or UNDELIVERED"):
        retry(archive, job, now=LATER)
    finish(archive, report(tmp_path))
    (due,) = archive.outbox.due(LATER)
    archive.outbox.dead(due.delivery_id, "refused", LATER)
    assert retry(archive, job, now=LATER + timedelta(1)).state is JobState.ENCODED


def test_the_commands_hold_release_cancel_and_tell(archive, settings):
    (job,) = archive.jobs.list()

    def jobs(*arguments: str) -> str:
        return command(settings, "jobs", *arguments)

    assert "HELD" in jobs("hold", job.job_id)
    assert "waits until somebody releases it" in jobs("show", job.job_id)
    assert "QUEUED" in jobs("release", job.job_id)
    assert '"state": "CANCELLED"' in jobs("cancel", job.job_id, "--json")
    assert jobs("cancel", job.job_id).startswith("2 ")


def test_dead_letters_are_listed_and_sent_again_by_one_command(archive, settings, tmp_path):
    job = finish(archive, report(tmp_path))
    (due,) = archive.outbox.due(LATER)
    archive.outbox.dead(due.delivery_id, "cannot understand (0xC000)", LATER)
    silent = DestinationHealth(
        name="pacs", failures=4, opened_at=LATER, next_probe_at=LATER, last_error="refused"
    )
    archive.destinations.set_health(silent)
    (told,) = json.loads(command(settings, "destinations", "--json")[2:])["destinations"]
    assert (told["name"], told["state"], told["objects"]["dead"]) == ("pacs", "silent", 1)
    assert "silent" in command(settings, "destinations")
    listed = command(settings, "dead-letters", "--json")
    (letter,) = json.loads(listed[2:])["dead_letters"]
    assert (letter["job_id"], letter["last_error"]) == (job, "cannot understand (0xC000)")
    assert command(settings, "dead-letters", "resend", "--destination", "x").startswith("2 ")
    assert command(settings, "dead-letters", "resend", "--job", "x").startswith("2 ")
    assert "1 dead letters" in command(settings, "dead-letters", "resend", "--job", job)
    assert archive.jobs.get(job).state is JobState.ENCODED
    assert "no dead letters" in command(settings, "dead-letters")


def test_a_destination_that_is_no_longer_configured_is_told_with_what_is_left(
    archive, settings, tmp_path
):
    finish(archive, report(tmp_path))
    (settings.folder / "destinations.toml").write_text("")
    (settings.folder / "routes.toml").write_text("")
    (told,) = json.loads(command(settings, "destinations", "--json")[2:])["destinations"]
    assert (told["name"], told["state"], told["objects"]["pending"]) == ("pacs", "unknown", 1)


def test_reindex_finds_files_that_the_database_does_not_know_and_not_beside_a_node(
    archive, settings
):
    stored = len(archive.index.instances_of(archive.jobs.list()[0].input_instances["pet"][0].key))
    archive.index.database.close()
    for file in settings.storage_folder.glob("node.sqlite*"):
        file.unlink()
    told, _ = json.JSONDecoder().raw_decode(command(settings, "reindex", "--json")[2:])
    assert (told["indexed"], told["rows_removed"]) == (stored, 0)
    assert command(settings, "reindex").startswith("0 0 files indexed")
    lock = FolderLock(settings.storage_folder)
    lock.acquire()
    told = command(settings, "reindex")
    lock.release()
    assert told.startswith("2 ")
    assert "in use by another process" in told
