"""Paints a patient on a grid: uptake and CT number with soft edges, organ by majority."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algorithms.simulation.shapes import Axes, Floats, cover
from algorithms.simulation.wholebody.lumps import Lesion
from algorithms.simulation.wholebody.organs import HOUNSFIELD, NUMBER, Organ
from algorithms.simulation.wholebody.pieces import Piece

_FINE_BELOW_MM = 12.0  # smaller lesions are sampled finer, for their volume must be right


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Images of one patient on one grid, (slices, rows, columns).

    Parameters
    ----------
    suv, hounsfield : float32, before any scanner
    organ : uint8, `NUMBER` of the organ that fills most of a voxel
    lesion : uint8, number of the lesion that fills half of a voxel or more, from 1; 0 for none
    """

    axes: Axes
    suv: Floats
    hounsfield: Floats
    organ: NDArray[np.uint8]
    lesion: NDArray[np.uint8]


def paint_patient(axes: Axes, solids: Iterable[Piece], uptake: Mapping[Organ, float]) -> Canvas:
    """The patient without lesions."""
    canvas = Canvas(
        axes,
        np.full(axes.shape, uptake[Organ.AIR], dtype=np.float32),
        np.full(axes.shape, HOUNSFIELD[Organ.AIR].hounsfield, dtype=np.float32),
        np.full(axes.shape, NUMBER[Organ.AIR], dtype=np.uint8),
        np.zeros(axes.shape, dtype=np.uint8),
    )
    for piece in solids:
        covered = cover(axes, piece.solid)
        if covered is None:
            continue
        where, share = covered
        for image, value in (
            (canvas.suv, uptake[piece.organ] * piece.gain),
            (canvas.hounsfield, HOUNSFIELD[piece.organ].hounsfield),
        ):
            box = image[where]
            box += share * (np.float32(value) - box)
        np.copyto(canvas.organ[where], NUMBER[piece.organ], where=share >= 0.5)
    return canvas


def paint_lesions(canvas: Canvas, lesions: Iterable[Lesion]) -> None:
    """Add lesions; what is hotter than a lesion stays as it is."""
    for number, lesion in enumerate(lesions, start=1):
        fine = 3 if lesion.radius_mm < _FINE_BELOW_MM else 1
        covered = cover(canvas.axes, lesion.shape, fine=fine)
        if covered is None:
            continue
        where, share = covered
        suv = canvas.suv[where]
        share = np.where(suv < lesion.suv, share, np.float32(0))
        suv += share * (np.float32(lesion.suv) - suv)
        if lesion.hounsfield is not None:
            ct = canvas.hounsfield[where]
            ct += share * (np.float32(lesion.hounsfield) - ct)
        # The smallest lesions fill no voxel by half: then their fullest voxels stand for them.
        least = min(0.5, 0.7 * float(share.max(initial=0.0)))
        if least > 0.05:
            np.copyto(canvas.lesion[where], min(number, 255), where=share >= least)
        _paint_core(canvas, lesion)


def _paint_core(canvas: Canvas, lesion: Lesion) -> None:
    """The necrotic middle: part of the lesion, but cold."""
    if lesion.core is None:
        return
    covered = cover(canvas.axes, lesion.core)
    if covered is None:
        return
    where, share = covered
    suv, ct = canvas.suv[where], canvas.hounsfield[where]
    suv += share * (np.float32(lesion.core_suv) - suv)
    ct += share * (np.float32(18.0) - ct)
