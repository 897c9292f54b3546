"""The commands below `dicom-node audit` and their arguments; see `app.py` for the imports."""

from typing import Annotated

import typer

from dicom_node.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption

audit_app = typer.Typer(help="Check the audit trail, and whether the repository has it.")


@audit_app.command("verify")
def verify(
    *,
    known: Annotated[
        str | None,
        typer.Option(metavar="NUMBER:HASH", help="A line as `audit status` showed it before."),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Name the first line that was removed, changed or put in; exit status 1 where there is one."""
    from dicom_node.cli.audit import verify_trail

    if not verify_trail(config, known=known, as_json=as_json):
        raise typer.Exit(1)


@audit_app.command("status")
def status(*, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Tell where the trail ends, whether it can be written, and what waits for the repository."""
    from dicom_node.cli.audit import show_status

    if not show_status(config, as_json=as_json):
        raise typer.Exit(1)
