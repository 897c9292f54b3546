"""What becomes of a drawn contour on a grid: its region, what is lost, and the words for both."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicom_node.domain.result import Region
from dicom_node.domain.series import Reason

# Less than this is rounding of a shape at the rim of the grid.
_NOTHING_ML = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridRegion:
    """A contour on the grid.

    Parameters
    ----------
    region : Region or None
        None where no voxel centre of the grid lies in it.
    lost_ml : float
        Volume outside the grid.
    drawn_ml : float
        Volume of all of it.
    """

    region: Region | None
    lost_ml: float
    drawn_ml: float

    def absent(self, name: str) -> Reason | None:
        """Why there is no region; None where there is one."""
        if self.region is not None:
            return None
        if self.drawn_ml <= _NOTHING_ML:
            return Reason(code="empty", message=f"{name} is empty")
        if self.lost_ml > _NOTHING_ML:
            return Reason(
                code="outside-grid",
                message=f"{name} lies outside the grid with its {self.drawn_ml:.3g} ml",
            )
        return Reason(
            code="between-voxels",
            message=f"{name}, {self.drawn_ml:.3g} ml, holds no voxel centre of the grid",
        )

    def warnings(self, name: str) -> tuple[str, ...]:
        """What is lost of a region that is there in part."""
        if self.region is None or self.lost_ml <= _NOTHING_ML:
            return ()
        return (f"{name} leaves the grid: {self.lost_ml:.3g} of {self.drawn_ml:.3g} ml are lost",)


def region_of_box(origin: Sequence[int], mask: NDArray[np.bool_]) -> Region | None:
    """Region of the true voxels of a box that starts at an index of the grid; None without any.

    Unlike `Region.from_mask` it makes no list of voxels, which of a whole body are millions.
    """
    low, high = [], []
    for axis in range(3):
        others = tuple(other for other in range(3) if other != axis)
        there = np.flatnonzero(mask.any(axis=others))
        if len(there) == 0:
            return None
        low.append(int(there[0]))
        high.append(int(there[-1]) + 1)
    a, b, c = (int(start) + first for start, first in zip(origin, low, strict=True))
    tight = mask[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    return Region(origin=(a, b, c), mask=tight.copy())
