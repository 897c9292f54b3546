"""The commands on destinations and dead letters, and their arguments; imports as in `app.py`."""

from typing import Annotated

import typer

from dicom_node.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption

dead_letters_app = typer.Typer(help="List what destinations refused for good; send it again.")


def destinations(*, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Tell of every destination whether it answers, and how much waits for it."""
    from dicom_node.cli.destinations import list_destinations

    list_destinations(config, as_json=as_json)


def archives(*, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Tell of every archive whether it answers, and how many companions it is asked for."""
    from dicom_node.cli.archives import list_archives

    list_archives(config, as_json=as_json)


@dead_letters_app.callback(invoke_without_command=True)
def dead_letters(
    context: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most this many, oldest first.")] = 1000,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """List what destinations refused for good, and why."""
    if context.invoked_subcommand is None:
        from dicom_node.cli.destinations import list_dead_letters

        list_dead_letters(config, limit=limit, as_json=as_json)


@dead_letters_app.command("resend")
def resend(
    *,
    destination: Annotated[str | None, typer.Option(help="Only those of this destination.")] = None,
    job: Annotated[str | None, typer.Option(help="Only those of this job.")] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Send dead letters again: all, or those of a destination or a job."""
    from dicom_node.cli.destinations import resend_dead_letters

    resend_dead_letters(config, destination=destination, job=job, as_json=as_json)
