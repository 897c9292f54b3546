"""Volume at 41 % of each lesion's maximum, and which lesions have no such contour of their own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from algorithms.toolbox.isocontour import Isocontour, at_fraction_of_maximum
from dicom_node.domain.result import Region
from dicom_node.domain.volume import Volume

_FRACTION, _MARGIN_MM = 0.41, 30.0
SOURCE = "41 % of each lesion's maximum (EANM, Boellaard 2015)"
OPEN = (
    "At 41 % of its maximum the contour of lesion {} runs into what surrounds it: in the Total MTV "
    "41% each of them counts with its part inside its own contour."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelativeVolume:
    """The sum, in ml, and the numbers (from 1) of lesions whose contour ran out and was cut."""

    volume_ml: float
    ran_out: tuple[int, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """Names the lesions whose contour ran out."""
        if not self.ran_out:
            return ()
        return (OPEN.format(", ".join(map(str, self.ran_out))),)


def relative_volume(
    pet: Volume, lesions: Sequence[Region], physiological: Region | None
) -> RelativeVolume:
    """Sum of the isocontours at 41 % of each lesion's maximum.

    The contour of a faint lesion runs out into tissue that takes up as much: 41 % of a lesion of
    SUV 4 is less than the liver's uptake. Its volume would say more of the bound that ended it
    than of the lesion, so that such a lesion counts with what its own contour holds of the level.

    Parameters
    ----------
    lesions : on the grid of the PET
    physiological : uptake that no lesion's contour may take
    """
    voxels, ran_out = 0, []
    for number, region in enumerate(lesions, start=1):
        others = [other for other in lesions if other is not region]
        if physiological is not None:
            others.append(physiological)
        contour = _contour(pet, region, others)
        if contour.closed:
            voxels += contour.region.voxels
        else:
            ran_out.append(number)
            inside = pet.array[region.slices] >= np.float32(contour.level)
            voxels += int(np.count_nonzero(inside & region.mask))
    return RelativeVolume(volume_ml=voxels * pet.geometry.voxel_volume_ml, ran_out=tuple(ran_out))


def _contour(pet: Volume, region: Region, others: list[Region]) -> Isocontour:
    return at_fraction_of_maximum(
        pet.array,
        pet.geometry,
        region,
        fraction=_FRACTION,
        others=others,
        margin_mm=_MARGIN_MM,
    )
