"""Points in outlines, and their distances, against one point and one edge at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dicom_node.reading.contour_outlines import Outlines

Floats = NDArray[np.float64]
polygons = st.lists(
    st.lists(st.tuples(st.floats(-20, 20), st.floats(-20, 20)), min_size=3, max_size=9),
    min_size=1,
    max_size=4,
)


def outlines_of(planes: list[list[Floats]]) -> Outlines:
    """Outlines of polygons on several planes."""
    flat = [(number, one) for number, several in enumerate(planes) for one in several]
    return Outlines(
        start=np.concatenate([one for _, one in flat]),
        end=np.concatenate([np.roll(one, -1, axis=0) for _, one in flat]),
        plane=np.concatenate([np.full(len(one), number) for number, one in flat]),
    )


def edges(several: list[Floats]) -> list[tuple[Floats, Floats]]:
    return [(a, b) for one in several for a, b in zip(one, np.roll(one, -1, axis=0), strict=True)]


def winding_parity(point: Floats, several: list[Floats]) -> bool:
    """Whether edges turn round the point an odd number of times, by the sum of their angles."""
    odd = False
    for one in several:
        seen = one - point
        angles = np.arctan2(seen[:, 1], seen[:, 0])
        turn = (np.diff(np.append(angles, angles[0])) + np.pi) % (2 * np.pi) - np.pi
        odd ^= round(abs(turn.sum()) / (2 * np.pi)) % 2 == 1
    return odd


def distance(point: Floats, several: list[Floats]) -> float:
    found = []
    for a, b in edges(several):
        length = float((b - a) @ (b - a))
        part = np.clip((point - a) @ (b - a) / length, 0, 1) if length > 0 else 0.0
        found.append(float(np.linalg.norm(point - a - part * (b - a))))
    return min(found)


@settings(max_examples=50, deadline=None)
@given(
    planes=st.lists(polygons, min_size=1, max_size=3),
    seed=st.integers(0, 9999),
    lattice=st.booleans(),
)
def test_points_are_inside_where_edges_turn_round_them_an_odd_number_of_times(
    *, planes: list[list[list[tuple[float, float]]]], seed: int, lattice: bool
) -> None:
    arrays = [[np.array(one, float) for one in several] for several in planes]
    rng = np.random.default_rng(seed)
    if lattice:
        rows, columns = np.meshgrid(np.arange(-21, 22, 5.7), np.arange(-21, 22, 6.1), indexing="ij")
        points = np.column_stack([columns.ravel(), rows.ravel()])
    else:
        points = rng.uniform(-22, 22, (40, 2))
    plane = rng.integers(0, len(planes), len(points))
    found = outlines_of(arrays).contains(points, plane)
    for point, number, inside in zip(points, plane, found, strict=True):
        if distance(point, arrays[number]) > 1e-4:
            assert inside == winding_parity(point, arrays[number])


@settings(max_examples=40, deadline=None)
@given(
    planes=st.lists(polygons, min_size=1, max_size=3),
    seed=st.integers(0, 9999),
    most=st.floats(0.5, 60),
)
def test_distances_are_those_from_the_nearest_edge_up_to_the_most(
    *, planes: list[list[list[tuple[float, float]]]], seed: int, most: float
) -> None:
    arrays = [[np.array(one, float) for one in several] for several in planes]
    rng = np.random.default_rng(seed)
    points = rng.uniform(-30, 30, (40, 2))
    plane = rng.integers(0, len(planes), len(points))
    found = outlines_of(arrays).distance_mm(points, plane, np.full(len(points), most))
    expected = [
        min(distance(point, arrays[number]), most)
        for point, number in zip(points, plane, strict=True)
    ]
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_of_the_points_on_an_outline_those_on_its_lower_sides_are_inside() -> None:
    square = np.array([(0, 0), (4, 0), (4, 4), (0, 4)], float)
    points = np.array([(0, 0), (2, 0), (0, 2), (2, 2), (4, 2), (2, 4), (4, 0), (0, 4)], float)
    noise = np.random.default_rng(0).normal(0, 1e-9, points.shape)
    for moved in (points, points + noise):
        found = outlines_of([[square]]).contains(moved, np.zeros(len(points), int))
        assert list(found) == [True, True, True, True, False, False, False, False]


@pytest.mark.parametrize("count", [0, 1])
def test_few_points_are_no_special_case(count: int) -> None:
    square = np.array([(0, 0), (4, 0), (4, 4), (0, 4)], float)
    points, plane = np.full((count, 2), 1.5), np.zeros(count, int)
    assert list(outlines_of([[square]]).contains(points, plane)) == [True] * count
    nearest = outlines_of([[square]]).distance_mm(points, plane, np.full(count, 9.0))
    assert list(nearest) == [1.5] * count
