"""The striatum in MNI space, drawn by us: each nucleus is a chain of ellipsoids along a curve.

No atlas of others is behind the numbers. They were set by eye on the MNI152 T1 image, in
millimetres, so that nuclei fill what is grey there; both sides are mirror images, as the template
is symmetric.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Side(StrEnum):
    """Side of the patient."""

    LEFT = "left"
    RIGHT = "right"

    @property
    def sign(self) -> int:
        """Sign of x in LPS."""
        return 1 if self is Side.LEFT else -1


class Nucleus(StrEnum):
    """A part of the striatum."""

    CAUDATE = "caudate"
    PUTAMEN = "putamen"
    VENTRAL = "ventral striatum"


@dataclass(frozen=True, slots=True)
class Station:
    """Centre and half axes of an ellipsoid: distance from the midline, to the front, upwards."""

    aside: float
    front: float
    up: float
    half: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How the striatum of one person differs from the drawn one.

    Parameters
    ----------
    thickness : factor of all half axes
    length : factor of distances along the front-back axis, about the nucleus' middle
    aside_mm : shift away from the midline
    """

    thickness: float = 1.0
    length: float = 1.0
    aside_mm: float = 0.0


STATIONS: Mapping[Nucleus, tuple[Station, ...]] = MappingProxyType(
    {
        Nucleus.CAUDATE: (
            Station(10.5, 16.0, -3.0, (4.5, 6.2, 4.5)),
            Station(12.5, 18.0, 3.0, (5.4, 6.8, 6.2)),
            Station(13.5, 13.0, 9.0, (5.2, 6.8, 6.2)),
            Station(14.5, 5.0, 14.0, (4.5, 6.2, 5.4)),
            Station(16.0, -4.0, 18.0, (3.8, 6.2, 4.3)),
            Station(18.0, -13.0, 20.5, (3.2, 5.6, 3.4)),
        ),
        Nucleus.PUTAMEN: (
            Station(19.5, 15.0, -2.0, (4.1, 4.5, 6.2)),
            Station(22.5, 10.0, 0.0, (5.4, 5.6, 9.0)),
            Station(25.0, 4.0, 1.0, (5.6, 6.2, 9.9)),
            Station(27.5, -3.0, 2.0, (5.2, 6.2, 9.9)),
            Station(29.5, -10.0, 3.0, (4.1, 5.6, 8.5)),
            Station(31.0, -16.0, 4.0, (2.7, 4.0, 6.2)),
        ),
        Nucleus.VENTRAL: (
            Station(9.0, 11.0, -7.5, (4.0, 5.1, 3.6)),
            Station(13.5, 13.0, -6.5, (4.5, 4.5, 3.6)),
        ),
    }
)
# Between its front and its back end the putamen changes over from one part to the other.
PUTAMEN_FRONT_MM, PUTAMEN_BACK_MM = 19.0, -19.5
_STEPS = 6  # ellipsoids between two stations
_MARGIN_MM = 4.0


def share(
    nucleus: Nucleus,
    side: Side,
    points_mm: Floats,
    *,
    build: Build | None = None,
    edge_mm: float = 1.0,
) -> Floats:
    """How much of a voxel belongs to a nucleus, 0 to 1.

    Parameters
    ----------
    points_mm : (..., 3)
        Voxel centres, LPS millimetres in MNI space.
    edge_mm : float
        Width over which the share falls from 1 to 0 at the surface: about the voxel's size.
    """
    centres, halves = _chain(nucleus, Build() if build is None else build)
    low = (centres - halves).min(axis=0) - _MARGIN_MM
    high = (centres + halves).max(axis=0) + _MARGIN_MM
    signs = (side.sign, -1, 1)
    near = np.ones(points_mm.shape[:-1], dtype=bool)
    for axis, sign in enumerate(signs):
        near &= np.abs(sign * points_mm[..., axis] - (low + high)[axis] / 2) <= (
            (high - low)[axis] / 2
        )
    inside = np.zeros(points_mm.shape[:-1])
    if near.any():
        depth = _depth_mm(points_mm[near] * signs, centres, halves)
        inside[near] = np.clip(0.5 + depth / edge_mm, 0.0, 1.0)
    return inside


def back_weight(points_mm: Floats) -> Floats:
    """Where between front (0) and back (1) of the putamen a place lies; linear."""
    front = -points_mm[..., 1]
    weight = (PUTAMEN_FRONT_MM - front) / (PUTAMEN_FRONT_MM - PUTAMEN_BACK_MM)
    return np.asarray(np.clip(weight, 0.0, 1.0))


def _depth_mm(points: Floats, centres: Floats, halves: Floats) -> Floats:
    """Millimetres below the surface of the nearest ellipsoid, to first order; negative outside."""
    deepest = np.full(len(points), -np.inf)
    for centre, half in zip(centres, halves, strict=True):
        radius = np.linalg.norm((points - centre) / half, axis=1)
        np.maximum(deepest, (1.0 - radius) * half.min(), out=deepest)
    return deepest


def _chain(nucleus: Nucleus, build: Build) -> tuple[Floats, Floats]:
    """Centres and half axes (n, 3) of the ellipsoids, stations joined by straight lines."""
    stations = STATIONS[nucleus]
    centres = np.array([(one.aside, one.front, one.up) for one in stations])
    halves = np.array([one.half for one in stations])
    places = np.linspace(0, len(stations) - 1, (len(stations) - 1) * _STEPS + 1)
    at = np.arange(len(stations))
    centres = np.stack([np.interp(places, at, column) for column in centres.T], axis=1)
    halves = np.stack([np.interp(places, at, column) for column in halves.T], axis=1)
    middle = centres[:, 1].mean()
    centres[:, 1] = middle + build.length * (centres[:, 1] - middle)
    centres[:, 0] += build.aside_mm
    return centres, halves * build.thickness
