"""`dicom-node run`: the routes on a folder of DICOM files, without a network."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from dicom_node.audited import tell_exported
from dicom_node.auditing import audit_of_command
from dicom_node.cli import series_tables, tables
from dicom_node.cli.explain import read_with_progress
from dicom_node.cli.json_forms import Json, job_form
from dicom_node.cli.options import print_json
from dicom_node.cli.progress import progress
from dicom_node.cli.series_forms import explanation_form
from dicom_node.domain.audit import AuditedFile
from dicom_node.domain.job import JobState
from dicom_node.explanation import explain
from dicom_node.offline import OfflineJob, planned_jobs, run_job
from dicom_node.reading.folder import FolderReading
from dicom_node.reading.site_tracers import read_site_tracers
from dicom_node.registry import Registry, load_registry
from dicom_node.settings import Settings, read_settings
from dicom_node.stores import equipment_of
from dicom_node.worker import Worker


def run_path(path: Path, config: Path, *, out: Path, algorithm: str | None, as_json: bool) -> bool:
    """Run the routes, or one algorithm, on what is below a path; whether all of it went well."""
    settings, registry = read_settings(config), load_registry()
    if algorithm is not None:
        registry.spec(algorithm, file="run", key="--algorithm")
    reading = read_with_progress(path, settings)
    explained = explain(reading.series, routes=settings.routes, registry=registry)
    done = _run(reading, settings, registry, out=out, algorithm=algorithm)
    _tell_exported(done, settings, out)
    if as_json:
        jobs: list[Json] = [job_form(one.job, one.outcome) for one in done]
        print_json({"jobs": jobs, **explanation_form(explained, reading)})
    else:
        tables.show_outcomes([(one.job, one.outcome) for one in done])
        series_tables.show_series(explained)
        series_tables.show_unreadable(reading.unreadable)
    return all(one.outcome.state is JobState.ENCODED for one in done)


def _tell_exported(done: Sequence[OfflineJob], settings: Settings, out: Path) -> None:
    """Record the export where there is a node; without one there is no trail to record it in."""
    if not settings.storage_folder.is_dir():
        return
    files = [
        AuditedFile(path=made.path, sop_class_uid=made.sop_class_uid, alike=one.job.job_id)
        for one in done
        for made in one.outcome.objects
    ]
    with audit_of_command(settings) as audit:
        tell_exported(audit, files, out.resolve().as_uri())


def _run(
    reading: FolderReading,
    settings: Settings,
    registry: Registry,
    *,
    out: Path,
    algorithm: str | None,
) -> list[OfflineJob]:
    planned = list(
        planned_jobs(
            [read.series for read in reading.series],
            routes=settings.routes,
            registry=registry,
            algorithm=algorithm,
            created_at=datetime.now(UTC),
        )
    )
    worker, done = Worker(), []
    options = {route.name: route.options for route in settings.routes}
    try:
        with progress("running", len(planned)) as advance:
            for job, primary in planned:
                given = options.get(job.route, {})
                done.append(
                    run_job(
                        job,
                        primary,
                        worker=worker,
                        spec=registry.spec(job.algorithm).with_options(given),
                        options=given,
                        out=out,
                        site_tracers=read_site_tracers(settings.tracers_file),
                        equipment=equipment_of(settings),
                    )
                )
                advance()
    finally:
        worker.stop()
    return done
