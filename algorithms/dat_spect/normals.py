"""Reference ranges: mean by age and spread of each number in persons taken as normal.

A file of normals is JSON: people can read it, and nothing in it is run. Ranges depend on camera,
reconstruction and regions (nuclear_medicine 5.1), so the file names its normals and region set.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable

import numpy as np

from algorithms.dat_spect.ratios import Ratios
from algorithms.dat_spect.regions import REGION_SET
from algorithms.toolbox.normals_file import read_normals_file
from algorithms.toolbox.striatum import Nucleus, Side

FORMAT = 2
REFERENCE_AGE = 60.0
LEAST_SUBJECTS = 10
QUANTITIES = (
    "caudate",
    "putamen",
    "total_counts",
    "caudate_to_putamen",
    "asymmetry_caudate",
    "asymmetry_putamen",
)
_AGED = frozenset(("caudate", "putamen", "total_counts"))  # the others hardly change with age
_LEAST_AGE_SPREAD = 8.0  # years; with less, a slope would be made of noise
_RANGE_SD = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Normal values of one number: mean at 60 years, change per year, standard deviation."""

    at_60: float
    per_year: float
    sd: float

    def mean(self, age_years: float | None) -> float:
        """Mean at an age; at 60 where the age is not known."""
        return self.at_60 + self.per_year * ((age_years or REFERENCE_AGE) - REFERENCE_AGE)

    def ends(self, age_years: float | None) -> tuple[float, float]:
        """Range that holds 95 % of normals."""
        mean = self.mean(age_years)
        return mean - _RANGE_SD * self.sd, mean + _RANGE_SD * self.sd

    def z(self, value: float, age_years: float | None) -> float:
        """Standard deviations above the mean."""
        return (value - self.mean(age_years)) / self.sd


@dataclass(frozen=True, slots=True, kw_only=True)
class Normals:
    """Ranges of every quantity, and whose they are; they hold for one tracer."""

    name: str
    tracer: str
    subjects: int
    ranges: Mapping[str, Range]


def fit_normals(name: str, tracer: str, scans: Sequence[tuple[Ratios, float | None]]) -> Normals:
    """Normals of scans of one tracer with the age of each person.

    Left and right count as two looks at one person: their mean is fitted, their spread about it
    stays in the standard deviation.

    Raises
    ------
    ValueError
        Fewer than ten scans, or one quantity cannot be had from them.
    """
    if len(scans) < LEAST_SUBJECTS:
        raise ValueError(f"{len(scans)} normal scans; at least {LEAST_SUBJECTS} are needed")
    ages = np.array([math.nan if age is None else age for _, age in scans])
    ranges = {
        quantity: _fit([values_of(ratios)[quantity] for ratios, _ in scans], ages, quantity)
        for quantity in QUANTITIES
    }
    return Normals(name=name, tracer=tracer, subjects=len(scans), ranges=ranges)


def values_of(ratios: Ratios) -> dict[str, tuple[float, ...]]:
    """Numbers of a scan by quantity, one or two (left, right) of each; those that exist."""

    def known(*values: float | None) -> tuple[float, ...]:
        return tuple(value for value in values if value is not None)

    binding = ratios.binding
    return {
        "caudate": tuple(binding[Nucleus.CAUDATE, side] for side in Side),
        "putamen": tuple(binding[Nucleus.PUTAMEN, side] for side in Side),
        "total_counts": tuple(ratios.total_counts[side] for side in Side),
        "caudate_to_putamen": known(*(ratios.caudate_to_putamen(side) for side in Side)),
        "asymmetry_caudate": known(ratios.asymmetry_percent(Nucleus.CAUDATE)),
        "asymmetry_putamen": known(ratios.asymmetry_percent(Nucleus.PUTAMEN)),
    }


def _fit(values: Sequence[tuple[float, ...]], ages: np.ndarray, quantity: str) -> Range:
    pairs = [(v, age) for scan, age in zip(values, ages, strict=True) for v in scan]
    if not pairs:
        raise ValueError(f"no scan has a value of {quantity}")
    found, at = np.array(pairs).T
    told = np.isfinite(at)
    sloped = quantity in _AGED and told.all() and float(np.std(at)) >= _LEAST_AGE_SPREAD
    slope = float(np.polyfit(at, found, 1)[0]) if sloped else 0.0
    level = found - slope * np.where(told, at - REFERENCE_AGE, 0.0)
    return Range(at_60=float(level.mean()), per_year=slope, sd=float(level.std(ddof=2)))


def to_json(normals: Normals) -> str:
    """File of normals."""
    ranges = {
        name: {"at_60": one.at_60, "per_year": one.per_year, "sd": one.sd}
        for name, one in normals.ranges.items()
    }
    content = {
        "format": FORMAT,
        "regions": REGION_SET,
        "name": normals.name,
        "tracer": normals.tracer,
        "subjects": normals.subjects,
        "ranges": ranges,
    }
    return json.dumps(content, indent=1) + "\n"


def read_normals(path: Traversable) -> Normals:
    """Normals of a file.

    Raises
    ------
    ConfigError
        The file is absent, is no file of normals, or is for another set of regions.
    """
    return read_normals_file(
        path,
        _normals,
        needed={"format": FORMAT, "regions": REGION_SET},
        what="normals",
        keys="name, tracer, subjects and ranges",
    )


def _normals(content: Mapping[str, object]) -> Normals:
    ranges, subjects = content["ranges"], content["subjects"]
    if not isinstance(ranges, dict) or not isinstance(subjects, int):
        raise TypeError("ranges")
    made = {name: Range(**{k: float(v) for k, v in ranges[name].items()}) for name in QUANTITIES}
    for name, one in made.items():
        if not one.sd > 0 or not math.isfinite(one.at_60 + one.per_year + one.sd):
            raise ValueError(f"ranges.{name}")
    return Normals(
        name=str(content["name"]), tracer=str(content["tracer"]), subjects=subjects, ranges=made
    )
