"""Series as text for people: short enough to read, complete enough to act on."""

from collections.abc import Mapping, Sequence

from rich.console import Console

from dicom_node.cli.series_forms import suv_factor
from dicom_node.explanation import SeriesExplanation


def show_series(explained: Sequence[SeriesExplanation]) -> None:
    """One block a series: short enough to read, complete enough to act on."""
    console = Console()
    for one in explained:
        series, tracer = one.series, one.series.tracer
        expected = "" if series.expected_instances is None else f" of {series.expected_instances}"
        whole = "complete" if one.complete else "INCOMPLETE"
        console.print(
            f"[bold]{series.modality}[/bold] {series.key.series_instance_uid}", soft_wrap=True
        )
        rows = {
            "instances": f"{len(series.instances)}{expected}, {whole}",
            "exam": _exam(one),
            "tracer": f"{tracer.tracer or 'unknown'} ({tracer.conflict or tracer.evidence})",
            "unit": series.unit or "none",
            "SUVbw": _suv(one),
            "used": _used(one),
            "uptake": _uptake(one),
            "routes": ", ".join(one.routes) or "none",
        }
        lines = [(name, text) for name, text in rows.items() if text]
        lines += [("warning", warning) for warning in one.warnings]
        lines += [("reason", f"{reason.code}: {reason.message}") for reason in one.reasons]
        for name, text in lines:
            console.print(f"  {name:<10} {text}", highlight=False, markup=False, soft_wrap=True)


def _exam(one: SeriesExplanation) -> str:
    exam = one.series.exam
    corrected = {True: "attenuation corrected", False: "not attenuation corrected", None: ""}
    parts = (str(exam.kind), exam.phase or "", corrected[exam.attenuation_corrected])
    return ", ".join(part for part in parts if part)


def _suv(one: SeriesExplanation) -> str:
    factor = suv_factor(one.suv)
    if one.suv is None or factor is None:
        return "not available"
    if isinstance(factor, list):
        shown = f"{one.suv.factors[0]:.5g} to {one.suv.factors[-1]:.5g} (one per instance)"
    else:
        shown = f"{factor:.5g}"
    return f"real-world stored value x {shown}; {one.suv.rule}"


def _used(one: SeriesExplanation) -> str:
    """The header values that the SUV was computed with."""
    values = {} if one.suv is None else one.suv.values
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _uptake(one: SeriesExplanation) -> str:
    minutes = one.uptake_time_min
    return "" if minutes is None else f"scan {minutes:.0f} min after the administration"


def show_unreadable(unreadable: Mapping[str, str]) -> None:
    """Files that are no DICOM instance, with the reason."""
    for path, reason in unreadable.items():
        Console().print(f"unreadable {path}: {reason}", markup=False, soft_wrap=True)
