"""Volumes over a beat: end-diastole, end-systole, ejection fraction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_FEWEST_GATES = 6
_HARMONICS = {True: 3, False: 2}  # of the course that is fitted, with 12 gates or more, or fewer
_COURSE = 64  # places of the fitted course


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Function:
    """What a gated scan tells.

    Parameters
    ----------
    volumes_ml : of the cavity in each gate, strokes by their factor
    course_ml : (64,), fitted to them
    """

    volumes_ml: tuple[float, ...]
    course_ml: Floats

    @property
    def end_diastolic_ml(self) -> float:
        """Largest volume of the course."""
        return float(self.course_ml.max())

    @property
    def end_systolic_ml(self) -> float:
        """Smallest volume of the course."""
        return float(max(self.course_ml.min(), 0.0))

    @property
    def ejection_percent(self) -> float:
        """Stroke volume over end-diastolic volume."""
        return 100.0 * (1.0 - self.end_systolic_ml / self.end_diastolic_ml)


def function_of(volumes_ml: Sequence[float], *, stroke_factor: float = 1.0) -> Function | None:
    """Function of a beat; None where there are too few gates or one has no cavity.

    Parameters
    ----------
    stroke_factor : by which what is ejected is multiplied; the cavity of systole is smaller than
        the resolution and comes out too large
    """
    if len(volumes_ml) < _FEWEST_GATES or min(volumes_ml) <= 0:
        return None
    harmonics = _HARMONICS[len(volumes_ml) >= 12]
    at = (np.arange(len(volumes_ml)) + 0.5) / len(volumes_ml)
    weights, *_ = np.linalg.lstsq(_waves(at, harmonics), np.array(volumes_ml), rcond=None)
    course = _waves(np.arange(_COURSE) / _COURSE, harmonics) @ weights
    full = float(course.max())
    volumes = [full - stroke_factor * (full - float(v)) for v in volumes_ml]
    return Function(
        volumes_ml=tuple(volumes), course_ml=np.asarray(full - stroke_factor * (full - course))
    )


def _waves(at: Floats, harmonics: int) -> Floats:
    """Constant, cosines and sines at shares of the beat."""
    turns = 2 * np.pi * at[:, None] * np.arange(1, harmonics + 1)
    return np.concatenate([np.ones((at.size, 1)), np.cos(turns), np.sin(turns)], axis=1)
