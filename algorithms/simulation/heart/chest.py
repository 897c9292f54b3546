"""What is round the heart: body, lungs, right ventricle, liver, stomach and bowel."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algorithms.simulation.shapes import Axes

Image = NDArray[np.float32]
Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChestRange:
    """Uptake over that of a normal left wall, and places in LPS millimetres from the heart.

    Ranges are our choice, wide: liver and bowel reach and exceed the heart at rest.
    """

    body: Range = (0.05, 0.14)
    lung_share: Range = (0.35, 0.7)  # of the body
    blood_share: Range = (1.0, 2.0)  # of the body
    right_wall: Range = (0.08, 0.35)
    liver: Range = (0.2, 1.0)
    liver_gap_mm: Range = (-4.0, 24.0)  # its dome below the lower wall of the heart
    gut_share: float = 0.55  # of patients with hot stomach or bowel
    gut: Range = (0.3, 1.6)
    gut_gap_mm: Range = (4.0, 34.0)
    spleen: Range = (0.1, 0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ball:
    """An ellipsoid along the patient's axes, with an uptake."""

    middle_mm: tuple[float, float, float]
    half_mm: tuple[float, float, float]
    uptake: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chest:
    """Surroundings of one heart.

    Parameters
    ----------
    balls : painted one over the other: body, lungs, liver, spleen, gut
    """

    balls: tuple[Ball, ...]
    blood: float
    right_wall: float


def draw_chest(random: np.random.Generator, of: ChestRange, lowest_mm: float) -> Chest:
    """Surroundings of a heart whose lower wall is at a height.

    Parameters
    ----------
    lowest_mm : z of the lower end of the heart
    """
    body = random.uniform(*of.body)
    lung = body * random.uniform(*of.lung_share)
    wide, deep = random.uniform(150, 190), random.uniform(100, 135)
    x, y = random.normal(-45.0, 8.0), random.normal(35.0, 8.0)  # middle of the body
    balls = [
        Ball(middle_mm=(x, y, 0.0), half_mm=(wide, deep, 400.0), uptake=body),
        _lung((x - 0.48 * wide, y + 5.0), wide, deep, lung),
        _lung((x + 0.55 * wide, y + 12.0), wide, deep, lung),
        Ball(middle_mm=(x + 42.0, y - 32.0, 5.0), half_mm=(72.0, 62.0, 78.0), uptake=body),
    ]
    dome = lowest_mm - random.uniform(*of.liver_gap_mm)
    half = (random.uniform(85, 110), random.uniform(65, 85), random.uniform(60, 85))
    middle = (x - random.uniform(30, 60), y - 5.0, dome - half[2])
    balls.append(Ball(middle_mm=middle, half_mm=half, uptake=random.uniform(*of.liver)))
    spleen = (x + 0.62 * wide, y + 0.4 * deep, lowest_mm - random.uniform(25, 50))
    balls.append(
        Ball(middle_mm=spleen, half_mm=(22.0, 32.0, 42.0), uptake=random.uniform(*of.spleen))
    )
    if random.uniform() < of.gut_share:
        balls += _draw_gut(random, of, lowest_mm)
    return Chest(
        balls=tuple(balls),
        blood=body * random.uniform(*of.blood_share),
        right_wall=random.uniform(*of.right_wall),
    )


def _lung(place: tuple[float, float], wide: float, deep: float, uptake: float) -> Ball:
    return Ball(middle_mm=(*place, 15.0), half_mm=(0.36 * wide, 0.72 * deep, 130.0), uptake=uptake)


def _draw_gut(random: np.random.Generator, of: ChestRange, lowest_mm: float) -> list[Ball]:
    """One to three pieces of stomach or bowel below the heart."""
    balls = []
    for _ in range(int(random.integers(1, 4))):
        half = (random.uniform(15, 38), random.uniform(12, 30), random.uniform(8, 18))
        z = lowest_mm - random.uniform(*of.gut_gap_mm) - half[2]
        place = (random.uniform(-25, 45), random.uniform(-25, 35), z)
        balls.append(Ball(middle_mm=place, half_mm=half, uptake=random.uniform(*of.gut)))
    return balls


def paint(balls: Sequence[Ball], axes: Axes) -> Image:
    """Uptake on a grid, each ball over those before it; edges are soft over a voxel."""
    image = np.zeros(axes.shape, dtype=np.float32)
    for ball in balls:
        share = _share(ball, axes)
        image += share * (np.float32(ball.uptake) - image)
    return image


def _share(ball: Ball, axes: Axes) -> Image:
    squares = [
        ((places - middle) / half) ** 2
        for places, middle, half in zip(
            (axes.x_mm, axes.y_mm, axes.z_mm), ball.middle_mm, ball.half_mm, strict=True
        )
    ]
    x, y, z = squares
    apart = np.sqrt(z[:, None, None] + y[:, None] + x)
    size = float(np.prod(ball.half_mm)) ** (1 / 3)
    return np.asarray(np.clip(0.5 + (1 - apart) * (size / axes.edge_mm), 0, 1), dtype=np.float32)
