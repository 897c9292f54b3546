"""A trained network on a PET: lesions and physiological uptake on the grid of the scanner.

The classes are compared on the PET's own voxels, some slices at a time, so that a total-body scan
needs no copy of itself for each class.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from algorithms.toolbox.components import connected_regions
from algorithms.toolbox.lesion_net.bundle import load_bundle
from algorithms.toolbox.lesion_net.candidates import candidates_of
from algorithms.toolbox.lesion_net.grid import (
    BodyGrid,
    Image,
    NoBody,
    body_grid,
    channels,
    from_grid,
    to_grid,
)
from algorithms.toolbox.lesion_net.judge import Judge, certainty
from algorithms.toolbox.lesion_net.network import CLASSES, best_device, probabilities
from algorithms.toolbox.lesion_net.outlined import outlined
from dicom_node.domain.errors import InputRejected
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region
from dicom_node.domain.volume import Volume

_SLAB_VOXELS = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionLimits:
    """What a region must be to count as a lesion; all others are noise.

    Parameters
    ----------
    least_ml : volume
    least_certainty : probability, 0 to 1, that it is a lesion by the judge of the bundle; of its
        surest voxel where the bundle has no judge
    """

    least_ml: float
    least_certainty: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmented:
    """What the network saw.

    Parameters
    ----------
    lesions : tuple of Region
        Apart from each other, outlined by their uptake, none smaller than was asked.
    physiological : Region or None
        All normal uptake together; None where there is none.
    """

    lesions: tuple[Region, ...]
    physiological: Region | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LesionNetwork:
    """A trained three-class network, and the judge of its candidates."""

    net: torch.nn.Module
    device: torch.device
    judge: Judge | None = None

    @classmethod
    def of_bundle(cls, folder: Path) -> "LesionNetwork":
        """The network of a bundle, on the GPU where there is one; ConfigError as `load_bundle`."""
        device = best_device()
        bundle = load_bundle(folder, device)
        return cls(net=bundle.net, device=device, judge=bundle.judge)

    def __call__(self, pet: Volume, ct: Volume | None, limits: LesionLimits) -> Segmented:
        """Lesions and physiological uptake of a PET in SUVbw.

        Parameters
        ----------
        ct : in Hounsfield units and in the same frame of reference

        Raises
        ------
        InputRejected
            Where the PET holds no body.
        """
        density = None if ct is None else (ct.array, ct.geometry)
        try:
            return self.segmented(pet.array, pet.geometry, density, limits)
        except NoBody as cause:
            raise InputRejected(f"the PET holds no body: {cause}") from cause

    def segmented(
        self,
        suv: Image,
        geometry: Geometry,
        density: tuple[Image, Geometry] | None,
        limits: LesionLimits,
    ) -> Segmented:
        """The same from arrays, of a scanner or of the simulator.

        Raises
        ------
        NoBody
            Where no voxel takes up more than air.
        """
        grid = body_grid(suv, geometry)
        inputs = channels(
            to_grid(suv, geometry, grid, outside=0.0),
            None if density is None else to_grid(*density, grid, outside=-1000.0),
        )
        shares = self._judged(inputs, limits)
        labels = on_grid_of(shares, grid, geometry)
        physiological = labels == CLASSES.index("physiological")
        seen = connected_regions(
            labels == CLASSES.index("lesion"), geometry, min_volume_ml=limits.least_ml
        )
        contours = outlined(suv, geometry, seen, physiological)
        least = limits.least_ml / geometry.voxel_volume_ml
        return Segmented(
            lesions=tuple(region for region in contours if region.voxels >= least),
            physiological=Region.from_mask(physiological) if physiological.any() else None,
        )

    def _judged(self, inputs: Image, limits: LesionLimits) -> Image:
        """Probability of each class, without the candidates that are not sure enough."""
        shares = probabilities(self.net, inputs, self.device)
        candidates = candidates_of(shares, least_ml=limits.least_ml)
        sure = certainty(self.judge, candidates, inputs)
        return candidates.only(sure >= limits.least_certainty)


def on_grid_of(shares: Image, grid: BodyGrid, geometry: Geometry) -> NDArray[np.uint8]:
    """Most probable class of each voxel of a grid; background beyond the body."""
    slices, rows, columns = geometry.shape
    step = max(1, _SLAB_VOXELS // (rows * columns))
    labels = np.zeros(geometry.shape, dtype=np.uint8)
    for start in range(0, slices, step):
        stop = min(start + step, slices)
        part = _part_of(geometry, (slice(start, stop), slice(0, rows), slice(0, columns)))
        best = from_grid(shares[0], grid, part)
        for number in range(1, len(shares)):
            share = from_grid(shares[number], grid, part)
            # The first of equal ones wins, which beyond the body is the background.
            labels[start : start + part.shape[0]][share > best] = number
            np.maximum(best, share, out=best)
    return labels


def _part_of(geometry: Geometry, box: tuple[slice, slice, slice]) -> Geometry:
    """Grid of a part of a volume."""
    affine = np.array(geometry.affine)
    affine[:, 3] = geometry.affine @ (*(part.start for part in box), 1)
    a, b, c = (part.stop - part.start for part in box)
    return replace(geometry, affine=affine, shape=(a, b, c))
