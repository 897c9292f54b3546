"""Normal limits: mean and spread of the polar map in persons taken as normal, and what follows.

A file of limits is JSON: people can read it, and nothing in it is run. Limits depend on tracer,
camera, reconstruction, sex and on how the map is sampled, so that the file names its normals.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable

import numpy as np
from numpy.typing import NDArray

from algorithms.toolbox.heart_segments import (
    RINGS,
    SECTORS,
    SEGMENTS,
    map_places,
    map_weights,
    segment_means,
    segment_number,
)
from algorithms.toolbox.normals_file import read_normals_file

Floats = NDArray[np.float64]

FORMAT = 1
SAMPLING = "mpi-spect 1: 20 rings, 36 sectors, percent of the hottest"
LEAST_SUBJECTS = 10
_BELOW_SD = 2.5  # a sample is low where it lies further below the mean (Slomka 2005, recalled)
_DEEPEST = 0.70  # loss at which a sample counts 4 (Slomka 2005, recalled)
_LEAST_SD = 3.0  # percent points; with few normals a spread by chance would be none
# Loss from the mean at which a segment scores 1, 2, 3, 4: our choice.
_STEPS = (0.0, 0.20, 0.35, 0.50)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limits:
    """Normal maps by state (``rest``, ``stress``), and whose they are.

    Parameters
    ----------
    means, sds : percent of the hottest, (20, 36) each
    subjects : by state
    """

    name: str
    subjects: Mapping[str, int]
    means: Mapping[str, Floats]
    sds: Mapping[str, Floats]

    def has(self, state: str) -> bool:
        """Whether there are limits for a state."""
        return state in self.means


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """A map against its limits.

    Parameters
    ----------
    by_segment : 0 to 4 for each of the 17
    deficit_percent : total perfusion deficit, 0 to 100
    extent_percent : share of the wall below its limit
    """

    by_segment: tuple[int, ...]
    deficit_percent: float
    extent_percent: float

    @property
    def total(self) -> int:
        """Summed score, 0 to 68."""
        return sum(self.by_segment)


def scored(polar: Floats, limits: Limits, state: str) -> Scores:
    """Scores of a map in percent.

    Total perfusion deficit = 100 sum w s / (4 sum w), s from 0 at the limit to 4 at a loss of 70 %
    of the normal mean (Slomka et al., J Nucl Cardiol 2005;12:66, recalled).
    """
    mean, sd = limits.means[state], limits.sds[state]
    limit, deepest = mean - _BELOW_SD * sd, mean * (1 - _DEEPEST)
    depth = np.clip((limit - polar) / np.maximum(limit - deepest, 1.0), 0.0, 1.0)
    weights, numbers = map_weights(), segment_number(*map_places())
    scores = []
    for segment, value, normal in zip(
        SEGMENTS, segment_means(polar), segment_means(mean), strict=True
    ):
        part = numbers == segment.number
        low = float(np.average(polar[part] < limit[part], weights=weights[part])) >= 0.5
        loss = 1 - value / normal
        scores.append(sum(loss > step for step in _STEPS) if low else 0)
    return Scores(
        by_segment=tuple(scores),
        deficit_percent=100.0 * float((weights * depth).sum()),
        extent_percent=100.0 * float((weights * (polar < limit)).sum()),
    )


def fit_limits(name: str, maps: Mapping[str, Sequence[Floats]]) -> Limits:
    """Limits of maps in percent, by state; states with fewer than ten maps are left out.

    Raises
    ------
    ValueError
        No state has ten maps.
    """
    enough = {state: np.stack(of) for state, of in maps.items() if len(of) >= LEAST_SUBJECTS}
    if not enough:
        most = max((len(of) for of in maps.values()), default=0)
        raise ValueError(f"{most} normal maps of one state; at least {LEAST_SUBJECTS} are needed")
    return Limits(
        name=name,
        subjects={state: len(of) for state, of in enough.items()},
        means={state: of.mean(axis=0) for state, of in enough.items()},
        sds={state: np.maximum(of.std(axis=0, ddof=1), _LEAST_SD) for state, of in enough.items()},
    )


def to_json(limits: Limits) -> str:
    """File of limits."""
    states = {
        state: {
            "subjects": limits.subjects[state],
            "mean": np.round(limits.means[state], 2).tolist(),
            "sd": np.round(limits.sds[state], 2).tolist(),
        }
        for state in limits.means
    }
    content = {"format": FORMAT, "sampling": SAMPLING, "name": limits.name, "states": states}
    return json.dumps(content) + "\n"


def read_limits(path: Traversable) -> Limits:
    """Limits of a file.

    Raises
    ------
    ConfigError
        The file is absent, is no file of limits, or is for maps that are sampled otherwise.
    """
    return read_normals_file(
        path,
        _limits,
        needed={"format": FORMAT, "sampling": SAMPLING},
        what="normal limits",
        keys="name and states",
    )


def _limits(content: Mapping[str, object]) -> Limits:
    states = content["states"]
    if not isinstance(states, dict) or not set(states) <= {"rest", "stress"} or not states:
        raise TypeError("states")
    maps = {
        (state, part): np.array(of[part], dtype=np.float64)
        for state, of in states.items()
        for part in ("mean", "sd")
    }
    for (state, part), values in maps.items():
        if values.shape != (RINGS, SECTORS) or not (values > 0).all():
            raise ValueError(f"states.{state}.{part}")
        if not math.isfinite(float(values.sum())):
            raise ValueError(f"states.{state}.{part}")
    return Limits(
        name=str(content["name"]),
        subjects={state: int(of["subjects"]) for state, of in states.items()},
        means={state: maps[state, "mean"] for state in states},
        sds={state: maps[state, "sd"] for state in states},
    )
