"""A grid looked at along the patient's axes: which array axis, which way round, which spacing.

Nothing is resampled: a view takes the array axis nearest to the patient's axis. On an oblique grid
the picture is tilted by `tilt_deg` against the patient.
"""

from dataclasses import dataclass
from enum import StrEnum
from itertools import permutations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

Index = tuple[int, int, int]
Scalar = TypeVar("Scalar", bound=np.generic)

X, Y, Z = 0, 1, 2  # LPS: to the patient's left, back, head


class View(StrEnum):
    """Plane of a picture."""

    CORONAL = "coronal"
    SAGITTAL = "sagittal"
    AXIAL = "axial"


# Patient axes (through, down, across) and whether down and across go along them. Radiological
# convention: the patient's right is at the picture's left, seen from the front and from the feet.
PATIENT_AXES = {
    View.CORONAL: ((Y, Z, X), (False, True)),
    View.SAGITTAL: ((X, Z, Y), (False, True)),
    View.AXIAL: ((Z, Y, X), (True, True)),
}
# What is seen at the left, right, top and bottom edge.
MARKS = {
    View.CORONAL: ("R", "L", "H", "F"),
    View.SAGITTAL: ("A", "P", "H", "F"),
    View.AXIAL: ("R", "L", "A", "P"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """How a view lies in an array.

    Parameters
    ----------
    through, down, across : int
        Array axis along which one looks, and those of the picture's rows and columns.
    flip_down, flip_across : bool
        Whether the picture runs against the array.
    down_mm, across_mm : float
        Spacing of the picture's rows and columns.
    marks : (left, right, top, bottom)
    tilt_deg : float
        Largest angle between an array axis and the patient's axis it stands for.
    """

    through: int
    down: int
    across: int
    flip_down: bool
    flip_across: bool
    down_mm: float
    across_mm: float
    marks: tuple[str, str, str, str]
    tilt_deg: float

    def oriented(self, picture: NDArray[Scalar]) -> NDArray[Scalar]:
        """A picture (the two axes that are left, in array order), turned as it is looked at."""
        turned = picture if self.down < self.across else picture.T
        rows = slice(None, None, -1 if self.flip_down else 1)
        columns = slice(None, None, -1 if self.flip_across else 1)
        return turned[rows, columns]

    def array_index(
        self, rows: NDArray[np.float64], columns: NDArray[np.float64], index: int, shape: Index
    ) -> NDArray[np.float64]:
        """Array indices (rows, columns, 3) of places in a cut; they may lie between pixels."""
        down = shape[self.down] - 1 - rows if self.flip_down else rows
        across = shape[self.across] - 1 - columns if self.flip_across else columns
        places = np.empty((len(rows), len(columns), 3))
        places[..., self.through] = index
        places[..., self.down] = down[:, None]
        places[..., self.across] = across[None, :]
        return places

    def projection(self, array: NDArray[Scalar]) -> NDArray[Scalar]:
        """Greatest value along the line of sight."""
        return self.oriented(np.asarray(array.max(axis=self.through)))

    def cut(self, array: NDArray[Scalar], index: int) -> NDArray[Scalar]:
        """Plane at an index of the axis one looks along."""
        return self.oriented(np.asarray(array.take(index, axis=self.through)))

    def region_projection(self, region: Region, shape: Index) -> NDArray[np.bool_]:
        """Shadow of a region in the picture of the whole grid."""
        return self._placed(np.asarray(region.mask.any(axis=self.through)), region, shape)

    def region_cut(self, region: Region, shape: Index, index: int) -> NDArray[np.bool_]:
        """Voxels of a region in the plane at an index; none where the region does not reach."""
        inside = region.slices[self.through]
        if not inside.start <= index < inside.stop:
            empty = np.zeros([shape[a] for a in range(3) if a != self.through], dtype=bool)
            return np.asarray(self.oriented(empty), dtype=bool)
        return self._placed(region.mask.take(index - inside.start, self.through), region, shape)

    def _placed(self, flat: NDArray[np.bool_], region: Region, shape: Index) -> NDArray[np.bool_]:
        left = [axis for axis in range(3) if axis != self.through]
        whole = np.zeros([shape[axis] for axis in left], dtype=bool)
        whole[tuple(region.slices[axis] for axis in left)] = flat
        return np.asarray(self.oriented(whole), dtype=bool)


def axes_of(geometry: Geometry, view: View) -> Axes:
    """Array axes of a view on a grid of any orientation."""
    cosines = geometry.affine[:3, :3] / geometry.spacing_mm
    # The array axis of each patient axis: the assignment with the greatest sum of cosines.
    nearest = max(
        permutations(range(3)), key=lambda p: sum(abs(cosines[i, p[i]]) for i in range(3))
    )
    (through, down, across), (along_down, along_across) = PATIENT_AXES[view]
    smallest = min(abs(cosines[i, nearest[i]]) for i in range(3))
    return Axes(
        through=nearest[through],
        down=nearest[down],
        across=nearest[across],
        flip_down=bool(cosines[down, nearest[down]] > 0) != along_down,
        flip_across=bool(cosines[across, nearest[across]] > 0) != along_across,
        down_mm=geometry.spacing_mm[nearest[down]],
        across_mm=geometry.spacing_mm[nearest[across]],
        # Without a place in the patient nobody knows which side is which.
        marks=MARKS[view] if geometry.placed else ("", "", "", ""),
        tilt_deg=float(np.degrees(np.arccos(min(1.0, smallest)))),
    )
