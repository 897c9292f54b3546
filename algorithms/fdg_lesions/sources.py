"""Where lesions come from: a human's or another product's contours, or the trained network."""

from dataclasses import dataclass

import numpy as np
import torch

from algorithms.toolbox.components import connected_regions
from algorithms.toolbox.lesion_net.grid import body_grid, channels, from_grid, to_grid
from algorithms.toolbox.lesion_net.network import CLASSES, probabilities
from dicom_node.domain.contour import ContourSet
from dicom_node.domain.result import Region
from dicom_node.domain.volume import Volume

LEAST_ML = 0.2  # smaller specks of a network are noise
_MOST_LABEL = 64
Lesions = tuple[tuple[str, Region], ...]


def of_contours(found: ContourSet) -> Lesions:
    """Every contour that has voxels, under its own label; the others are the caller's to tell."""
    return tuple(
        ((contour.label or f"Contour {contour.number}")[:_MOST_LABEL], contour.region)
        for contour in found.contours
        if contour.region is not None
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LesionNetwork:
    """A trained three-class network as a source of lesions."""

    net: torch.nn.Module
    device: torch.device

    def lesions(self, pet: Volume, ct: Volume | None) -> Lesions:
        """Connected lesions of a PET in SUVbw, the largest first.

        Raises
        ------
        NoBody
            Where the PET holds no body.
        """
        grid = body_grid(pet.array, pet.geometry)
        suv = to_grid(pet.array, pet.geometry, grid, outside=0.0)
        density = None if ct is None else to_grid(ct.array, ct.geometry, grid, outside=-1000.0)
        shares = probabilities(self.net, channels(suv, density), self.device)
        back = np.stack([from_grid(share, grid, pet.geometry) for share in shares])
        mask = back.argmax(axis=0) == CLASSES.index("lesion")
        regions = connected_regions(mask, pet.geometry, min_volume_ml=LEAST_ML)
        ordered = sorted(regions, key=lambda region: (-region.voxels, region.origin))
        return tuple((f"Lesion {n}", region) for n, region in enumerate(ordered, start=1))
