"""Text for people: what the commands show without `--json`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dicom_node.domain.job import Job, JobOutcome
from dicom_node.domain.peer import SendReport
from dicom_node.domain.records import History, JobRecord, SeriesStatus, SetAside
from dicom_node.registry import Registry

if TYPE_CHECKING:  # checks load pynetdicom, and most commands show none of them
    from dicom_node.checks import Finding


def show_outcomes(done: Sequence[tuple[Job, JobOutcome]]) -> None:
    """What each job gave: state, objects, numbers."""
    console = Console()
    if not done:
        console.print("no job: no route takes any of the series")
    for job, outcome in done:
        head = (
            f"job {job.job_id}: {job.algorithm} {job.version}, route {job.route}: {outcome.state}"
        )
        console.print(head, markup=False, soft_wrap=True)
        if outcome.reason:
            console.print(f"  reason: {outcome.reason}", markup=False, soft_wrap=True)
        for made in outcome.objects:
            console.print(f"  {made.modality:<4} {made.path}", markup=False, soft_wrap=True)
        if outcome.measurements:
            console.print(measurement_table(outcome))
        for warning in outcome.warnings:
            console.print(f"  warning: {warning}", markup=False, soft_wrap=True)


def measurement_table(outcome: JobOutcome) -> Table:
    """Numbers by segment, a row each; those of the whole study in the caption."""
    rows = [row for row in outcome.measurements if row.segment is not None]
    names = list(dict.fromkeys(row.name for row in rows))
    units = {row.name: row.unit for row in rows}
    values = {(row.segment, row.name): f"{row.value:.4g}" for row in rows}
    whole = [row for row in outcome.measurements if row.segment is None]
    told = [f"{row.name}: {row.value:.4g} {_shown(row.unit)}".strip() for row in whole]
    table = Table(box=box.SIMPLE, pad_edge=False, caption="\n".join(told), caption_justify="left")
    table.add_column("segment", justify="right")
    for name in names:
        table.add_column(f"{name} {_shown(units[name])}".strip(), justify="right")
    for segment in dict.fromkeys(row.segment for row in rows):
        table.add_row(str(segment), *(values.get((segment, name), "") for name in names))
    return table


def _shown(unit: str) -> str:
    """A UCUM unit without its annotation: what stands in braces is told by the name."""
    return "" if unit == "1" else unit.split("{", maxsplit=1)[0]


def show_algorithms(registry: Registry) -> None:
    """Installed algorithms, and broken ones with their reason."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in ("name", "version", "inputs", "what it does"):
        table.add_column(heading)
    for spec in registry.specs.values():
        inputs = ", ".join(
            f"{one.role}{'' if one.required else ' (optional)'}" for one in spec.inputs
        )
        table.add_row(spec.card.name, spec.card.version, inputs, spec.card.summary)
    for name, reason in registry.broken.items():
        table.add_row(name, "broken", "", reason)
    Console().print(table)


def show_records(records: Sequence[JobRecord]) -> None:
    """Jobs, a line each."""
    if not records:
        Console().print("no jobs")
        return
    rows = [
        (
            one.job_id,
            f"{one.updated_at:%Y-%m-%d %H:%M:%S}",
            one.route,
            f"{one.algorithm} {one.version}",
            str(one.state),
            one.reason or "",
        )
        for one in records
    ]
    show_rows(("job", "updated (UTC)", "route", "algorithm", "state", "reason"), rows)


def show_history(history: History) -> None:
    """One job: what it waits for, its inputs, its steps, its deliveries."""
    console = Console()
    record, last_input_at = history.record, history.last_input_at
    show_records([record])
    if history.waits is not None:
        console.print(f"  waits {history.waits}", markup=False, highlight=False, soft_wrap=True)
    if record.predecessor is not None:
        console.print(f"  takes the place of job {record.predecessor}", highlight=False)
    for successor in history.successors:
        console.print(f"  job {successor} takes its place", highlight=False)
    for role, uid in record.inputs.items():
        console.print(f"  input {role}: series {uid}", soft_wrap=True)
    if last_input_at is not None:
        console.print(f"  last image that it uses came at {last_input_at:%Y-%m-%d %H:%M:%S.%f}")
    steps = [
        (f"{one.at:%H:%M:%S.%f}", str(one.old or ""), str(one.new), one.reason or "")
        for one in history.events
    ]
    show_rows(("at (UTC)", "from", "to", "reason"), steps)
    sent = [
        (one.destination, str(one.state), str(one.attempts), one.last_error or "")
        for one in history.deliveries
    ]
    show_rows(("destination", "delivery", "attempts", "last error"), sent)


def show_statuses(statuses: Sequence[SeriesStatus]) -> None:
    """Series that started no job, each with its reasons."""
    console = Console()
    for one in statuses:
        line = f"series {one.key.series_instance_uid}: {one.state}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
        for reason in one.reasons:
            line = f"  {reason.code}: {reason.message}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)


def show_set_aside(instances: Sequence[SetAside]) -> None:
    """Instances that were kept but are part of no series."""
    for one in instances:
        line = f"set aside {one.path}: {one.reason.code}: {one.reason.message}"
        Console().print(line, markup=False, highlight=False, soft_wrap=True)


def show_sent(reports: Sequence[SendReport]) -> None:
    """How many objects were stored, and why the others were not."""
    stored = sum(one.stored for one in reports)
    Console().print(f"{stored} of {len(reports)} objects stored")
    for one in reports:
        if not one.stored:
            line = f"not stored {one.sop_instance_uid}: {one.cause}"
            Console().print(line, markup=False, soft_wrap=True)


def show_findings(findings: "Sequence[Finding]") -> None:
    """What was checked, a line each."""
    rows = [("ok" if one.ok else "WRONG", one.what, one.message) for one in findings]
    show_rows(("", "what", ""), rows)


def show_rows(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; nothing where it has no rows."""
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    if rows:
        Console().print(table)
