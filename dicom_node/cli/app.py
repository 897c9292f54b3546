"""The commands: arguments in, the node's own code called, text or JSON out."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from dicom_node import __version__
from dicom_node.checks import check_configuration
from dicom_node.cli import tables
from dicom_node.cli.demo import run_demo
from dicom_node.cli.jobs import jobs_app
from dicom_node.cli.json_forms import (
    Json,
    algorithm_form,
    job_form,
    send_form,
    series_form,
    unreadable_form,
)
from dicom_node.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    PathArgument,
    print_json,
)
from dicom_node.cli.progress import progress
from dicom_node.domain.errors import ConfigError, DicomNodeError
from dicom_node.domain.job import JobState
from dicom_node.explanation import explain as explain_series
from dicom_node.logs import JSON_VARIABLE, VERBOSE_VARIABLE, configure_logging
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.storage_scu import send as network_send
from dicom_node.node import Node, equipment_of
from dicom_node.offline import OfflineJob, planned_jobs, run_job
from dicom_node.reading.folder import FolderReading, read_folder
from dicom_node.reading.site_tracers import read_site_tracers
from dicom_node.registry import load_registry, load_simulation
from dicom_node.settings import Settings, read_settings
from dicom_node.worker import Worker

app = typer.Typer(
    help="A DICOM node for nuclear medicine. Research use only, not for diagnosis.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

app.add_typer(jobs_app, name="jobs")


def main() -> None:
    """Entry point: errors we know end in one line and exit status 2, never in a stack trace."""
    try:
        app()
    except DicomNodeError as cause:
        _fail(cause)


def _fail(cause: DicomNodeError) -> NoReturn:
    if "--json" in sys.argv:
        print_json({"error": {"code": cause.code, "message": str(cause)}})
    print(f"dicom-node: {cause}", file=sys.stderr)
    raise SystemExit(2)


@app.callback()
def _common(
    *,
    verbose: Annotated[
        bool, typer.Option("--verbose", envvar=VERBOSE_VARIABLE, help="Log debug events, too.")
    ] = False,
    log_json: Annotated[
        bool, typer.Option("--log-json", envvar=JSON_VARIABLE, help="Log as JSON lines.")
    ] = False,
) -> None:
    configure_logging(as_json=log_json, verbose=verbose)


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


@app.command()
def serve(*, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Listen for studies, run the routes, deliver the results, until stopped (Ctrl-C, SIGTERM)."""
    Node(read_settings(config), load_registry()).serve_until_stopped()


@app.command()
def explain(
    path: PathArgument, *, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False
) -> None:
    """Tell for every series what it is, whether it is whole, its SUV factor, and who takes it."""
    settings, registry = read_settings(config), load_registry()
    reading = _read(path, settings)
    explained = explain_series(reading.series, routes=settings.routes, registry=registry)
    if as_json:
        series: list[Json] = [series_form(one) for one in explained]
        copies: list[Json] = list(reading.copies)
        unreadable = unreadable_form(reading.unreadable)
        print_json({"series": series, "unreadable": unreadable, "copies": copies})
    else:
        tables.show_series(explained)
        tables.show_unreadable(reading.unreadable)


@app.command()
def run(
    path: PathArgument,
    *,
    out: Annotated[Path, typer.Option(help="Folder for the result objects.")],
    algorithm: Annotated[
        str | None, typer.Option(help="Run this one, whatever the routes say.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Run the routes on a folder of DICOM files, without a network; objects go to OUT."""
    settings, registry = read_settings(config), load_registry()
    if algorithm is not None:
        registry.spec(algorithm)
    reading = _read(path, settings)
    explained = explain_series(reading.series, routes=settings.routes, registry=registry)
    planned = list(
        planned_jobs(
            [read.series for read in reading.series],
            routes=settings.routes,
            registry=registry,
            algorithm=algorithm,
            created_at=datetime.now(UTC),
        )
    )
    worker = Worker()
    done: list[OfflineJob] = []
    with progress("running", len(planned)) as advance:
        for job, primary in planned:
            done.append(
                run_job(
                    job,
                    primary,
                    worker=worker,
                    spec=registry.spec(job.algorithm),
                    out=out,
                    site_tracers=read_site_tracers(settings.tracers_file),
                    equipment=equipment_of(settings),
                )
            )
            advance()
    worker.stop()
    if as_json:
        jobs: list[Json] = [job_form(one.job, one.outcome) for one in done]
        series: list[Json] = [series_form(one) for one in explained]
        unreadable = unreadable_form(reading.unreadable)
        print_json({"jobs": jobs, "series": series, "unreadable": unreadable})
    else:
        tables.show_outcomes([(one.job, one.outcome) for one in done])
        tables.show_series(explained)
        tables.show_unreadable(reading.unreadable)
    if any(one.outcome.state is not JobState.ENCODED for one in done):
        raise typer.Exit(1)


def _read(path: Path, settings: Settings) -> FolderReading:
    with progress("reading", None) as advance:
        return read_folder(path, read_site_tracers(settings.tracers_file), advance)


@app.command()
def check(
    *,
    echo: Annotated[
        bool, typer.Option("--echo", help="Try every destination with C-ECHO.")
    ] = False,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Check configuration, algorithms and destinations; exit status 2 where something is wrong."""
    findings = check_configuration(read_settings(config), load_registry(), with_echo=echo)
    if as_json:
        listed: list[Json] = [
            {"what": one.what, "ok": one.ok, "message": one.message} for one in findings
        ]
        print_json({"ok": all(one.ok for one in findings), "findings": listed})
    else:
        tables.show_findings(findings)
    if not all(one.ok for one in findings):
        raise typer.Exit(2)


@app.command()
def send(
    path: PathArgument,
    *,
    to: Annotated[str, typer.Option("--to", help="Name of a destination.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Send DICOM files to a destination by C-STORE; exit status 1 where one was not stored."""
    settings = read_settings(config)
    if to not in settings.destinations:
        known = sorted(settings.destinations)
        raise ConfigError(file="destinations.toml", key="--to", value=to, allowed=f"one of {known}")
    outgoing, unreadable = outgoing_files(path)
    reports = network_send(outgoing, settings.destinations[to])
    if as_json:
        print_json(send_form(reports, unreadable))
    else:
        tables.show_sent(reports, unreadable)
    if not all(report.stored for report in reports):
        raise typer.Exit(1)


@app.command()
def demo(
    *,
    serve: Annotated[
        bool, typer.Option("--serve", help="Leave a node running on the configured ports.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path("demo"),
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Show the whole path on this machine: simulate a PET/CT, send it, print what came back."""
    run_demo(read_settings(config), load_registry(), folder=folder, serve=serve, as_json=as_json)


@app.command()
def algorithms(*, as_json: JsonOption = False) -> None:
    """List the algorithms that are installed, and those that are broken with the reason."""
    registry = load_registry()
    if as_json:
        listed: list[Json] = [algorithm_form(spec) for spec in registry.specs.values()]
        print_json({"algorithms": listed, "broken": dict(registry.broken)})
    else:
        tables.show_algorithms(registry)


@app.command()
def simulate(
    name: Annotated[str, typer.Argument(help="What to simulate, e.g. fdg-petct.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the study.")],
    seed: Annotated[int, typer.Option(help="Same seed, same study.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Make a simulated study of an analytic phantom as DICOM files."""
    files = sorted(str(path) for path in load_simulation(name)(out, seed=seed).files)
    if as_json:
        print_json({"study": name, "seed": seed, "out": str(out), "files": list(files)})
    else:
        print(f"{name}, seed {seed}: {len(files)} files in {out}")
