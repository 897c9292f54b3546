"""Is a series complete? By evidence first, by silence only where there is none."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dicom_node.domain.errors import IncompleteSeries, InconsistentGeometry
from dicom_node.domain.rules import AssemblyRules
from dicom_node.domain.series import Reason, Series


class Assembly(StrEnum):
    """How far a series has come."""

    RECEIVING = "receiving"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"  # given up: instances are missing and nothing has come for long


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """State of a series, and the evidence for it in words."""

    state: Assembly
    evidence: str


def judge_completeness(
    series: Series,
    *,
    last_received_at: datetime,
    sender_active: bool,
    now: datetime,
    rules: AssemblyRules,
) -> Verdict:
    """Whether every instance of a series has come.

    Parameters
    ----------
    series : Series
        With all instances that have come so far.
    last_received_at : datetime
        When the last of them came.
    sender_active : bool
        Whether the association that brought the last one is still open and has not gone on to
        another series.
    now : datetime

    Returns
    -------
    Verdict
        A promised number decides at once. A gap-free stack counts once its sender is through with
        it and `settle_s` have passed. Everything else waits for `quiet_s` of silence.
    """
    silence = now - last_received_at
    quiet = silence >= timedelta(seconds=rules.quiet_s)
    missing = missing_instances(series)
    if series.expected_instances is not None and missing is None:
        return _complete(f"{len(series.instances)} of {series.expected_instances} instances")
    if missing is not None:
        return Verdict(state=Assembly.INCOMPLETE if quiet else Assembly.RECEIVING, evidence=missing)
    if series.stacked:
        settled = silence >= timedelta(seconds=rules.settle_s) and not sender_active
        if settled or quiet:
            return _complete(f"gap-free stack of {series.slices} slices, sender is through")
        return Verdict(state=Assembly.RECEIVING, evidence="gap-free so far; no number is promised")
    if quiet:
        return _complete(f"nothing came for {rules.quiet_s:g} s; no attribute promises a number")
    return Verdict(state=Assembly.RECEIVING, evidence="no attribute promises a number of instances")


def missing_instances(series: Series) -> str | None:
    """What is missing in a series, in words; None where nothing is known to be missing."""
    found = len(series.instances)
    if series.expected_instances is not None and found < series.expected_instances:
        where = f"; {series.geometry_fault}" if series.geometry_fault else ""
        return f"{found} of {series.expected_instances} instances{where}"
    # A promise may be too small; a gap is a gap.
    return series.geometry_fault if series.gap else None


def why_no_volume(series: Series) -> Reason | None:
    """Why the instances that are there make no volume; None where nothing speaks against it."""
    missing = missing_instances(series)
    if missing is not None:
        return Reason(code=IncompleteSeries.code, message=missing)
    if series.geometry_fault is not None:
        code = series.fault_code or InconsistentGeometry.code
        return Reason(code=code, message=series.geometry_fault)
    return None


def _complete(evidence: str) -> Verdict:
    return Verdict(state=Assembly.COMPLETE, evidence=evidence)
