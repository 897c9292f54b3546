"""Decay against its definition, and frame averages against numerical integration."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_node.reading.decay import (
    average_time_s,
    decay_constant_per_s,
    decay_in_frame,
    remaining_fraction,
)

F18_S = 6586.2
HALF_LIVES = st.floats(60, 1e7)
DURATIONS = st.floats(0.01, 7200)


def test_half_is_left_after_a_half_life() -> None:
    assert remaining_fraction(F18_S, F18_S) == pytest.approx(0.5, rel=1e-14)
    assert remaining_fraction(0, F18_S) == 1
    assert remaining_fraction(-F18_S, F18_S) == pytest.approx(2)


def test_two_minutes_of_f18_have_their_mean_at_59_94_s() -> None:
    assert average_time_s(120, F18_S) == pytest.approx(59.94, abs=0.005)


def test_a_frame_without_duration_has_its_mean_at_its_start() -> None:
    assert decay_in_frame(0, F18_S) == 1
    assert average_time_s(0, F18_S) == 0


@given(half_life_s=HALF_LIVES, one=st.floats(0, 1e4), two=st.floats(0, 1e4))
def test_decay_over_two_spans_is_the_product(half_life_s: float, one: float, two: float) -> None:
    product = remaining_fraction(one, half_life_s) * remaining_fraction(two, half_life_s)
    assert remaining_fraction(one + two, half_life_s) == pytest.approx(product, rel=1e-9)


@given(half_life_s=HALF_LIVES, duration_s=DURATIONS)
def test_average_time_lies_just_before_the_middle(half_life_s: float, duration_s: float) -> None:
    average = average_time_s(duration_s, half_life_s)
    assert 0 < average <= duration_s / 2 * (1 + 1e-4)


@given(half_life_s=st.floats(60, 1e5), duration_s=st.floats(1, 3600))
def test_activity_at_the_average_time_is_the_mean_of_the_frame(
    half_life_s: float, duration_s: float
) -> None:
    times = np.linspace(0, duration_s, 20_001)
    activity = 2 ** (-times / half_life_s)
    mean = np.trapezoid(activity, times) / duration_s
    average = average_time_s(duration_s, half_life_s)
    assert remaining_fraction(average, half_life_s) == pytest.approx(mean, rel=1e-5)
    assert decay_in_frame(duration_s, half_life_s) == pytest.approx(1 / mean, rel=1e-5)


@pytest.mark.parametrize("half_life_s", [0, -1, math.nan, math.inf])
def test_what_is_no_half_life_is_refused(half_life_s: float) -> None:
    with pytest.raises(ValueError, match="half-life"):
        decay_constant_per_s(half_life_s)


@pytest.mark.parametrize("duration_s", [-1, math.nan, math.inf])
def test_what_is_no_duration_is_refused(duration_s: float) -> None:
    with pytest.raises(ValueError, match="frame"):
        decay_in_frame(duration_s, F18_S)
