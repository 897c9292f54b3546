"""The commands and their arguments; what each does is in a module of its own, loaded when it runs.

The modules are imported within the commands, because PACS, imaging and plotting libraries take two
seconds to load and `dicom-node explain` needs none of them.
"""

import io
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from dicom_node import __version__
from dicom_node.cli.audit_app import audit_app
from dicom_node.cli.delivery_app import archives, dead_letters_app, destinations
from dicom_node.cli.jobs_app import jobs_app
from dicom_node.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    PathArgument,
    print_json,
)
from dicom_node.domain.errors import DicomNodeError
from dicom_node.domain.role import Role
from dicom_node.logs import JSON_VARIABLE, LEVEL_VARIABLE, LogLevel, configure_logging

app = typer.Typer(
    help="A DICOM node for nuclear medicine. Research use only, not for diagnosis.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(jobs_app, name="jobs")
app.command()(destinations)
app.command()(archives)
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(audit_app, name="audit")


def main() -> None:
    """Entry point: errors we know end in one line and exit status 2, never in a stack trace."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # letters that the terminal cannot show
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
    context: typer.Context,
    *,
    log_level: Annotated[
        LogLevel | None,
        typer.Option(envvar=LEVEL_VARIABLE, help="Least severe events to log: info, or as given."),
    ] = None,
    log_json: Annotated[
        bool, typer.Option("--log-json", envvar=JSON_VARIABLE, help="Log as JSON lines.")
    ] = False,
) -> None:
    context.obj = log_level
    configure_logging(as_json=log_json, level=log_level or LogLevel.INFO)


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


@app.command()
def serve(
    *,
    role: Annotated[
        Role, typer.Option(help="What this process does; all but 'all' need PostgreSQL.")
    ] = Role.ALL,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Listen for studies, run the routes, deliver the results, until stopped (Ctrl-C, SIGTERM)."""
    from dicom_node.cli.serve import serve_until_stopped

    serve_until_stopped(config, role)


@app.command()
def explain(
    path: PathArgument, *, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False
) -> None:
    """Tell for every series what it is, whether it is whole, its SUV factor, and who takes it."""
    from dicom_node.cli.explain import explain_path

    explain_path(path, config, as_json=as_json)


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
    from dicom_node.cli.run import run_path

    if not run_path(path, config, out=out, algorithm=algorithm, as_json=as_json):
        raise typer.Exit(1)


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
    from dicom_node.cli.check import check_folder

    if not check_folder(config, with_echo=echo, as_json=as_json):
        raise typer.Exit(2)


@app.command()
def conformance(*, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """Print the DICOM Conformance Statement of this configuration, as Markdown."""
    from dicom_node.cli.conformance import print_statement

    print_statement(config)


@app.command()
def send(
    path: PathArgument,
    *,
    to: Annotated[str, typer.Option("--to", help="Name of a destination.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Send DICOM files to a destination by C-STORE; exit status 1 where one was not stored."""
    from dicom_node.cli.send import send_path

    if not send_path(path, config, to=to, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def reindex(*, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Bring stored files and index to agreement while no node runs; a node does it at its start."""
    from dicom_node.cli.reindex import reindex as bring_to_agreement

    bring_to_agreement(config, as_json=as_json)


@app.command()
def algorithms(*, as_json: JsonOption = False) -> None:
    """List the algorithms that are installed, and those that are broken with the reason."""
    from dicom_node.cli.algorithms import list_algorithms

    list_algorithms(as_json=as_json)


@app.command()
def simulate(
    name: Annotated[str, typer.Argument(help="What to simulate, e.g. fdg-petct.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder for the study.")],
    seed: Annotated[int, typer.Option(help="Same seed, same study.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Make a simulated study of an analytic phantom as DICOM files."""
    from dicom_node.cli.simulate import simulate_study

    simulate_study(name, out=out, seed=seed, as_json=as_json)


@app.command()
def normals(
    algorithm: Annotated[str, typer.Argument(help="Whose reference ranges, e.g. dat-spect.")],
    path: PathArgument,
    *,
    name: Annotated[str, typer.Option(help="What the ranges are called in every result.")],
    out: Annotated[Path, typer.Option(help="File for the ranges.")],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Make an algorithm's reference ranges from a folder of scans that the site takes as normal."""
    from dicom_node.cli.normals import make_normals

    make_normals(algorithm, path, config, name=name, out=out, as_json=as_json)


@app.command()
def demo(
    context: typer.Context,
    *,
    serve: Annotated[
        bool, typer.Option("--serve", help="Leave a node running on the configured ports.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where everything is kept.")] = Path("demo"),
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Show the whole path on this machine: simulate a PET/CT, send it, print what came back."""
    from dicom_node.cli.demo import run_demo

    if not serve and context.obj is None:
        configure_logging(as_json=False, level=LogLevel.WARNING)  # it tells its steps itself

    run_demo(config, folder=folder, serve=serve, as_json=as_json)
