"""Radioactive decay: how much is left, and when within a frame the mean activity was there."""

import math


def decay_constant_per_s(half_life_s: float) -> float:
    """Natural logarithm of 2 divided by the half-life.

    ValueError for a half-life that is not positive and finite.
    """
    if not (half_life_s > 0 and math.isfinite(half_life_s)):
        raise ValueError(f"a half-life is a positive number of seconds, not {half_life_s}")
    return math.log(2.0) / half_life_s


def remaining_fraction(elapsed_s: float, half_life_s: float) -> float:
    """Activity after `elapsed_s`, as a fraction of that at its beginning: exp(-lambda t)."""
    return math.exp(-decay_constant_per_s(half_life_s) * elapsed_s)


def decay_in_frame(duration_s: float, half_life_s: float) -> float:
    """Activity at the start of a frame divided by its mean over the frame: x / (1 - exp(-x)).

    x is lambda times the duration; a frame without duration gives 1.
    """
    if not (duration_s >= 0 and math.isfinite(duration_s)):
        raise ValueError(f"a frame lasts a number of seconds >= 0, not {duration_s}")
    x = decay_constant_per_s(half_life_s) * duration_s
    return x / -math.expm1(-x) if x > 0 else 1.0


def average_time_s(duration_s: float, half_life_s: float) -> float:
    """Time after the start of a frame at which the activity equals its mean over the frame.

    PS3.3 C.8.9.4.1.5, T_ave = ln(lambda T / (1 - exp(-lambda T))) / lambda: a little before the
    middle, 59.94 s for two minutes of F-18.
    """
    inside = decay_in_frame(duration_s, half_life_s)
    return math.log(inside) / decay_constant_per_s(half_life_s)
