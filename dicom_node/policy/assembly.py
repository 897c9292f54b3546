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


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """How many instances of a series an archive has.

    Parameters
    ----------
    instances : int or None
        None where it does not tell.
    counting : bool
        Whether it is still to be asked.
    """

    archive: str
    instances: int | None
    counting: bool = False


def judge_completeness(
    series: Series,
    *,
    last_received_at: datetime,
    sender_active: bool,
    now: datetime,
    rules: AssemblyRules,
    archived: Archived | None = None,
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
    archived : Archived or None
        What the archive that sends it says of it.

    Returns
    -------
    Verdict
        A promised number decides at once, and one that an archive counts where nothing speaks
        against it. A gap-free stack counts once its sender is through with it and `settle_s` have
        passed, unless the archive has more or is still to be asked. Everything else waits for
        `quiet_s` of silence.
    """
    silence = now - last_received_at
    quiet = silence >= timedelta(seconds=rules.quiet_s)
    missing = missing_instances(series)
    if series.expected_instances is not None and missing is None:
        return _complete(f"{len(series.instances)} of {series.expected_instances} instances")
    if missing is not None:
        return Verdict(state=Assembly.INCOMPLETE if quiet else Assembly.RECEIVING, evidence=missing)
    counted = None if archived is None else _by_archive(series, archived, quiet=quiet)
    if counted is not None:
        return counted
    if series.stacked:
        settled = silence >= timedelta(seconds=rules.settle_s) and not sender_active
        return _by_stack(series, through=settled or quiet)
    if quiet:
        return _complete(f"nothing came for {rules.quiet_s:g} s; no attribute promises a number")
    return Verdict(state=Assembly.RECEIVING, evidence="no attribute promises a number of instances")


def _by_archive(series: Series, archived: Archived, *, quiet: bool) -> Verdict | None:
    """What the number of an archive says; None where it says nothing."""
    short = missing_of_archive(series, archived)
    if short is not None:
        return Verdict(state=Assembly.INCOMPLETE if quiet else Assembly.RECEIVING, evidence=short)
    if archived.instances is not None:
        return _complete(f"{len(series.instances)} instances; {_counts(archived)}")
    if archived.counting and not quiet:
        evidence = f"{archived.archive} is asked how many there are"
        return Verdict(state=Assembly.RECEIVING, evidence=evidence)
    return None


def _by_stack(series: Series, *, through: bool) -> Verdict:
    if through:
        return _complete(f"gap-free stack of {series.slices} slices, sender is through")
    return Verdict(state=Assembly.RECEIVING, evidence="gap-free so far; no number is promised")


def missing_instances(series: Series) -> str | None:
    """What is missing in a series, in words; None where nothing is known to be missing."""
    found = len(series.instances)
    if series.expected_instances is not None and found < series.expected_instances:
        where = f"; {series.geometry_fault}" if series.geometry_fault else ""
        return f"{found} of {series.expected_instances} instances{where}"
    # A promise may be too small; a gap is a gap.
    return series.geometry_fault if series.gap else None


def missing_of_archive(series: Series, archived: Archived) -> str | None:
    """What is missing by the count of an archive, in words; None where nothing is."""
    if archived.instances is None or len(series.instances) >= archived.instances:
        return None
    return f"{len(series.instances)} instances; {_counts(archived)}"


def why_no_volume(series: Series) -> Reason | None:
    """Why the instances that are there make no volume; None where nothing speaks against it."""
    missing = missing_instances(series)
    if missing is not None:
        return Reason(code=IncompleteSeries.code, message=missing)
    if series.geometry_fault is not None:
        code = series.fault_code or InconsistentGeometry.code
        return Reason(code=code, message=series.geometry_fault)
    return None


def _counts(archived: Archived) -> str:
    return f"{archived.archive} counts {archived.instances}"


def _complete(evidence: str) -> Verdict:
    return Verdict(state=Assembly.COMPLETE, evidence=evidence)
