"""A figure with its 95 % interval, by bootstrap over cases."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], float]
_BOOTSTRAPS = 1000


def with_interval(values: Floats, statistic: Statistic, digits: int = 3) -> str:
    """``0.912 (0.905 to 0.920)``: the statistic over the rows, and over rows drawn anew."""
    random = np.random.default_rng(0)
    again = [
        statistic(values[random.integers(0, len(values), len(values))]) for _ in range(_BOOTSTRAPS)
    ]
    low, high = np.nanpercentile(again, (2.5, 97.5))
    return f"{statistic(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
