"""Routing rules as typed data: nothing is evaluated as code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Conditions on one series; all that are given must hold, and a missing attribute is no match.

    Empty tuples and None mean "not asked". Text is compared without case.
    """

    modality: tuple[str, ...] = ()
    tracer: tuple[str, ...] = ()
    exam: tuple[str, ...] = ()
    phase: tuple[str, ...] = ()
    image_type: tuple[str, ...] = ()  # every one of these must be among the values
    unit: tuple[str, ...] = ()
    body_part: tuple[str, ...] = ()
    manufacturer_contains: tuple[str, ...] = ()
    station_name: tuple[str, ...] = ()
    description_contains: tuple[str, ...] = ()
    called_ae: tuple[str, ...] = ()
    calling_ae: tuple[str, ...] = ()
    attenuation_corrected: bool | None = None
    original: bool | None = None
    min_slices: int | None = None
    max_slices: int | None = None


class IfMissing(StrEnum):
    """What becomes of a job whose companion has not come when the wait is over."""

    RUN = "run"  # without it
    HOLD = "hold"  # until it comes after all, or somebody releases the job to run without
    REJECT = "reject"


class PriorPick(StrEnum):
    """Which of several earlier studies."""

    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorRule:
    """What an earlier series of the same patient must be to be compared with the primary one.

    Parameters
    ----------
    same_tracer : bool
        Whether it must be of the tracer of the primary series; an unknown tracer is never the same.
    from_days, within_days : float
        How much earlier it was acquired than the primary series, in days: at least, at most.
    most_studies : int
        Of the earlier studies of an archive, at most how many are looked into.
    pick : PriorPick
        Which of the fitting ones is taken.
    """

    same_tracer: bool = True
    from_days: float = 1.0
    within_days: float = 366.0
    most_studies: int = 3
    pick: PriorPick = PriorPick.NEWEST

    def __post_init__(self) -> None:
        if not 0 <= self.from_days < self.within_days:
            raise ValueError(f"from_days is {self.from_days:g}, within_days {self.within_days:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanionRule:
    """A second series that a job takes along: of the same study, or an earlier one of the patient.

    Parameters
    ----------
    same_frame_of_reference : bool
        Whether it must be; not asked of a prior, which has its own.
    wait_s : float
        How long the job waits for it, in seconds from the completion of the primary series.
    if_missing : IfMissing
        How the job goes on when the wait is over.
    phase : str or None
        ``rest`` or ``stress``: only a reconstruction of that one is a companion, and one that is
        gated and corrected like the primary series is preferred.
    fetch : tuple of str
        Names of the archives that are asked for it, one after the other.
    fetch_after_s : float
        How long it may come by itself before the first of them is asked.
    prior : PriorRule or None
        It is looked for in the patient's earlier studies, and not in the study itself.
    """

    modality: str
    same_frame_of_reference: bool = True
    if_missing: IfMissing = IfMissing.RUN
    wait_s: float = 60.0
    phase: str | None = None
    fetch: tuple[str, ...] = ()
    fetch_after_s: float = 10.0
    prior: PriorRule | None = None


class ContourUse(StrEnum):
    """What a route does with a SEG or RTSTRUCT that was drawn on a series it takes."""

    IGNORED = "ignored"
    TAKEN = (
        "taken"  # each makes a job of its own; a series without any is outlined by the algorithm
    )
    REQUIRED = "required"  # as taken, but a series without any makes no job


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWindow:
    """A part of every day, in local time; one whose end is the earlier goes over midnight."""

    start: time
    end: time

    def __post_init__(self) -> None:
        if self.start == self.end:
            raise ValueError(f"the window starts and ends at {self.start:%H:%M}")

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which algorithm runs on which series, and where its results go.

    Parameters
    ----------
    priority : int
        Jobs of a higher one run first.
    window : TimeWindow or None
        Jobs start only within it; None for at any time.
    gate : bool
        Whether results are held until somebody releases them.
    shadow_destinations : tuple of str
        Where there are any, results go to these only, and to none of `destinations`.
    contours : ContourUse
        What becomes of contours that a human or another product drew on a series of the route.
    options : mapping
        Options of the algorithm, name to text.
    """

    name: str
    algorithm: str
    destinations: tuple[str, ...]
    when: Condition
    companions: Mapping[str, CompanionRule] = field(default_factory=dict)
    fallback: bool = False  # runs only where no other route matched
    priority: int = 0
    window: TimeWindow | None = None
    gate: bool = False
    shadow_destinations: tuple[str, ...] = ()
    contours: ContourUse = ContourUse.IGNORED
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def result_destinations(self) -> tuple[str, ...]:
        """Where its results go now."""
        return self.shadow_destinations or self.destinations
