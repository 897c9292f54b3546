"""The commands below `dicom-node jobs` and their arguments; see `app.py` for the imports."""

from typing import Annotated

import typer

from dicom_node.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption

jobs_app = typer.Typer(help="Show jobs, and why a study has no result; steer them.")

JobArgument = Annotated[str, typer.Argument(metavar="JOB", help="Id of the job.")]


@jobs_app.callback(invoke_without_command=True)
def jobs(
    context: typer.Context,
    *,
    state: Annotated[str | None, typer.Option(help="Only jobs in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many, newest first.")] = 50,
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """List jobs, newest first, and what started none, each with its reason."""
    if context.invoked_subcommand is None:
        from dicom_node.cli.jobs import list_jobs

        list_jobs(config, state=state, limit=limit, as_json=as_json)


@jobs_app.command("show")
def show(
    job: JobArgument, *, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False
) -> None:
    """Tell what happened to one job, and when."""
    from dicom_node.cli.jobs import show_job

    show_job(job, config, as_json=as_json)


@jobs_app.command("retry")
def retry(
    job: JobArgument, *, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False
) -> None:
    """Run a failed job again, or send an undelivered result again."""
    from dicom_node.cli.again import retry_job

    retry_job(job, config, as_json=as_json)


@jobs_app.command("rerun")
def rerun(
    job: JobArgument, *, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False
) -> None:
    """Make a new result of a job that has ended; it names the earlier one."""
    from dicom_node.cli.again import rerun_job

    rerun_job(job, config, as_json=as_json)


@jobs_app.command("cancel")
def cancel(
    job: JobArgument, *, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False
) -> None:
    """End a job; what it has not sent yet is not sent."""
    from dicom_node.cli.jobs import steer_job

    steer_job("cancel", job, config, as_json=as_json)


@jobs_app.command("hold")
def hold(
    job: JobArgument, *, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False
) -> None:
    """Keep a job from starting, or its results from being sent, until it is released."""
    from dicom_node.cli.jobs import steer_job

    steer_job("hold", job, config, as_json=as_json)


@jobs_app.command("release")
def release(
    job: JobArgument, *, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False
) -> None:
    """Let a job go on that was held by hand or by the gate of its route."""
    from dicom_node.cli.jobs import steer_job

    steer_job("release", job, config, as_json=as_json)
