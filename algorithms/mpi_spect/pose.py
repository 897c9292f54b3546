"""From outlines to the long axis: direction, valve plane, apex, radius."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label  # type: ignore[attr-defined]  # filled at run time

from algorithms.toolbox.brain_template import sampled
from algorithms.toolbox.heart_net.network import Outline
from algorithms.toolbox.long_axis import LongAxis
from dicom_node.domain.errors import InputRejected
from dicom_node.domain.geometry import Geometry

Floats = NDArray[np.float64]
Image = NDArray[np.float32]

_ALONG = np.arange(-39.0, 133.0, 3.0)  # of the frame in which a ventricle is cut into slices, mm
_ACROSS = np.arange(-60.0, 61.0, 4.0)
# Parts of the length whose slices make the axis.
_CAVITY_LINE, _SOLID_LINE = (0.08, 0.85), (0.50, 0.92)
_LEAST_AREA = 0.15  # of the largest slice
_ROUNDS, _STILL = 7, float(np.cos(np.radians(0.3)))
_SOLID_ML = (35.0, 900.0)  # wall and cavity together: a small child's heart to a huge one
_LENGTH_MM = (35.0, 130.0)
_USUAL = np.array([0.64, -0.62, -0.45])  # left, front, down


class VentricleNotFound(InputRejected):
    """Nothing in the image has the shape of a left ventricle."""

    code = "ventricle-not-found"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posed:
    """A ventricle with its long axis.

    Parameters
    ----------
    outline : its largest connected part alone
    wall_ml, cavity_ml : by shares of voxels
    """

    outline: Outline
    axis: LongAxis
    wall_ml: float
    cavity_ml: float


def posed(outline: Outline) -> Posed:
    """Long axis of what the networks outlined.

    Raises
    ------
    VentricleNotFound
        Where size, shape or direction are not those of a left ventricle.
    """
    one = _largest(outline)
    ml = one.grid.voxel_volume_ml
    wall, cavity = float(one.wall.sum()) * ml, float(one.cavity.sum()) * ml
    if not _SOLID_ML[0] <= wall + cavity <= _SOLID_ML[1]:
        raise VentricleNotFound(
            f"what looks most like a left ventricle has {wall + cavity:.0f} ml with its cavity; "
            f"{_SOLID_ML[0]:g} to {_SOLID_ML[1]:g} ml is possible"
        )
    axis = _axis(one)
    if float(axis.direction @ _USUAL) < 0:
        raise VentricleNotFound(
            "its apex would point to the right, the back and the head: no left ventricle, or "
            "left and right are exchanged"
        )
    if not _LENGTH_MM[0] <= axis.length_mm <= _LENGTH_MM[1]:
        raise VentricleNotFound(
            f"it would be {axis.length_mm:.0f} mm long; {_LENGTH_MM[0]:g} to {_LENGTH_MM[1]:g} mm "
            "is possible"
        )
    return Posed(outline=one, axis=axis, wall_ml=wall, cavity_ml=cavity)


def _largest(outline: Outline) -> Outline:
    parts, count = label(outline.wall + outline.cavity > 0.5)
    if count == 0:
        raise VentricleNotFound("no region of the image looks like a left ventricle")
    sizes = np.bincount(parts.ravel())[1:]
    apart = (parts > 0) & (parts != int(sizes.argmax()) + 1)
    return replace(
        outline,
        wall=np.where(apart, 0, outline.wall).astype(np.float32),
        cavity=np.where(apart, 0, outline.cavity).astype(np.float32),
    )


def _axis(outline: Outline) -> LongAxis:
    """Line through the middles of short-axis slices, in rounds from a first direction."""
    grid = outline.grid
    wall, cavity = (_middle(share, grid) for share in (outline.wall, outline.cavity))
    towards = wall - cavity  # the wall closes the apex and is open at the base
    found = towards / max(float(np.linalg.norm(towards)), 1e-6)
    first = found + _USUAL / np.linalg.norm(_USUAL)
    axis = LongAxis(
        base_mm=cavity - 45.0 * first / np.linalg.norm(first),
        direction=first / np.linalg.norm(first),
        length_mm=90.0,
        radius_mm=30.0,
    )
    for _ in range(_ROUNDS):
        before, axis = axis, _straightened(outline, axis)
        if float(before.direction @ axis.direction) > _STILL:
            break
    return _measured(outline, axis)


def _middle(share: Image, grid: Geometry) -> Floats:
    index = np.moveaxis(np.indices(share.shape), 0, -1).reshape(-1, 3)
    return grid.index_to_lps(np.average(index, axis=0, weights=share.ravel() + 1e-9))


def _cut(outline: Outline, axis: LongAxis) -> tuple[Floats, Floats]:
    """Wall and cavity in the frame of the axis, (along, anterior, lateral)."""
    along, up, aside = np.meshgrid(_ALONG, _ACROSS, _ACROSS, indexing="ij")
    places = axis.place(along, up, aside)
    wall, cavity = (
        np.asarray(sampled(share, outline.grid, places), dtype=np.float64)
        for share in (outline.wall, outline.cavity)
    )
    return wall, cavity


def _straightened(outline: Outline, axis: LongAxis) -> LongAxis:
    """The axis through the middles of slices: of the cavity, and of all where the septum is whole.

    Near the base the septum lacks a part, which would pull the middle of a slice to the free wall.
    """
    wall, cavity = _cut(outline, axis)
    solid = wall + cavity
    base, apex = _ends(solid.sum(axis=(1, 2)))
    heights, ups, asides, weights = [], [], [], []
    for part, (low, high) in ((cavity, _CAVITY_LINE), (solid, _SOLID_LINE)):
        area = part.sum(axis=(1, 2))
        inside = (base + low * (apex - base) <= _ALONG) & (base + high * (apex - base) >= _ALONG)
        chosen = inside & (area > _LEAST_AREA * area.max())
        heights.append(_ALONG[chosen])
        ups.append(np.tensordot(part, _ACROSS, axes=(1, 0)).sum(axis=1)[chosen] / area[chosen])
        asides.append(np.tensordot(part, _ACROSS, axes=(2, 0)).sum(axis=1)[chosen] / area[chosen])
        weights.append(np.sqrt(area[chosen]))
    height, weight = np.concatenate(heights), np.concatenate(weights)
    if height.size < 8:
        raise VentricleNotFound("it is too short to have a long axis")
    rise_up, at_up = np.polyfit(height, np.concatenate(ups), 1, w=weight)
    rise_aside, at_aside = np.polyfit(height, np.concatenate(asides), 1, w=weight)
    towards = axis.direction + rise_up * axis.anterior + rise_aside * axis.lateral
    origin = axis.base_mm + at_up * axis.anterior + at_aside * axis.lateral
    direction = towards / np.linalg.norm(towards)
    return replace(axis, base_mm=origin + base * direction, direction=direction)


def _ends(area: Floats) -> tuple[float, float]:
    """Where a profile along the axis rises to, and last falls below, half of its high part."""
    half = 0.5 * float(np.percentile(area, 85))
    over = np.flatnonzero(area >= half)
    return _crossing(area, int(over[0]), half, -1), _crossing(area, int(over[-1]), half, 1)


def _crossing(profile: Floats, inside: int, level: float, step: int) -> float:
    """Place between a sample at or above a level and the next one, below it."""
    outside = inside + step
    if not 0 <= outside < len(profile):
        return float(_ALONG[inside])
    share = (profile[inside] - level) / max(float(profile[inside] - profile[outside]), 1e-9)
    return float(_ALONG[inside] + np.clip(share, 0, 1) * (_ALONG[outside] - _ALONG[inside]))


def _measured(outline: Outline, axis: LongAxis) -> LongAxis:
    """Valve plane, apex and radius on a direction that stands.

    The septum begins nearer to the apex than the other walls (its upper part is membranous), so
    that the plane is where the rest of the ring begins.
    """
    wall, cavity = _cut(outline, axis)
    solid = wall + cavity
    up, aside = np.meshgrid(_ACROSS, _ACROSS, indexing="ij")
    free = aside > -np.abs(up)
    base, _ = _ends((solid * free).sum(axis=(1, 2)))
    near = np.hypot(up, aside) <= 7.0
    outer = _last(solid[:, near].mean(axis=1))
    inner = _last(cavity[:, near].mean(axis=1))
    ends = (base + 0.3 * (outer - base), base + 0.6 * (outer - base))
    middle = slice(*(int(place) for place in np.searchsorted(_ALONG, ends)))
    step = float(_ACROSS[1] - _ACROSS[0]) ** 2
    radii = [
        float(np.sqrt(share[middle].sum(axis=(1, 2)).mean() * step / np.pi))
        for share in (solid, cavity)
    ]
    return replace(
        axis,
        base_mm=axis.base_mm + base * axis.direction,
        length_mm=0.5 * (outer + inner) - base,
        radius_mm=0.5 * (radii[0] + radii[1]),
    )


def _last(profile: Floats) -> float:
    """Where a profile of shares along the axis last falls below one half."""
    over = np.flatnonzero(profile >= 0.5)
    if over.size == 0:
        raise VentricleNotFound("wall and cavity cannot be told apart on the long axis")
    return _crossing(profile, int(over[-1]), 0.5, 1)
