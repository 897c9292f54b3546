"""The long axis and the 17 segments: places and rays agree, sectors lie where hearts have them."""

import numpy as np
import pytest

from algorithms.toolbox.heart_segments import (
    SEGMENTS,
    Vessel,
    in_territory,
    map_places,
    map_weights,
    segment_means,
    segment_number,
    segments_of,
)
from algorithms.toolbox.long_axis import LongAxis

DIRECTION = np.array([0.64, -0.62, -0.45]) / np.linalg.norm([0.64, -0.62, -0.45])
AXIS = LongAxis(
    base_mm=np.array([5.0, 10.0, 20.0]), direction=DIRECTION, length_mm=82.0, radius_mm=28.0
)


def test_anterior_goes_to_the_head_and_lateral_to_the_left_and_the_back():
    assert AXIS.anterior[2] > 0.5
    assert AXIS.lateral[0] > 0.3
    assert AXIS.lateral[1] > 0.3
    turned = np.stack([AXIS.direction, AXIS.anterior, AXIS.lateral])
    assert np.allclose(turned @ turned.T, np.eye(3))


def test_local_and_place_are_inverse():
    points = np.random.default_rng(0).normal(0, 40, (20, 3))
    assert np.allclose(AXIS.place(*np.moveaxis(AXIS.local(points), -1, 0)), points)


def test_every_place_on_a_ray_lies_where_the_ray_says():
    radius, angle = map_places()
    starts, ways = AXIS.rays(radius, angle)
    found_radius, found_angle = AXIS.on_map(starts + 28.0 * ways)
    assert np.allclose(found_radius, radius, atol=1e-6)
    apart = (found_angle - angle + 180) % 360 - 180
    assert np.abs(apart).max() < 1e-6


@pytest.mark.parametrize(
    ("radius", "angle", "number"),
    [
        (0.9, 0, 1),
        (0.9, 300, 2),
        (0.9, 240, 3),
        (0.9, 180, 4),
        (0.9, 120, 5),
        (0.9, 60, 6),
        (0.6, 359, 7),
        (0.6, 290, 8),
        (0.4, 0, 13),
        (0.4, 270, 14),
        (0.4, 180, 15),
        (0.4, 90, 16),
        (0.1, 77, 17),
        (1.2, 0, 1),
    ],
)
def test_sectors_lie_where_the_association_put_them(radius, angle, number):
    assert segment_number(np.array([radius]), np.array([angle])) == [number]


def test_every_segment_is_of_one_vessel_and_has_a_code_of_its_own():
    assert sum(len(segments_of(vessel)) for vessel in Vessel) == 17
    assert len({segment.code for segment in SEGMENTS}) == 17
    assert sum(in_territory(vessel).sum() for vessel in Vessel) == 20 * 36


def test_means_are_of_the_segments_and_weights_sum_to_one():
    assert map_weights().sum() == pytest.approx(1.0)
    numbers = segment_number(*map_places())
    assert segment_means(numbers.astype(float)) == pytest.approx(range(1, 18))
