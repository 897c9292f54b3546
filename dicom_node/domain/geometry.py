"""Where voxels lie: one affine from (slice, row, column) indices to patient millimetres (LPS)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Affine = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Geometry:
    """A regular grid in the patient (PS3.3 C.7.6.2.1.1: +x left, +y back, +z head).

    Parameters
    ----------
    affine : (4, 4) float64
        Maps (slice, row, column, 1) to LPS millimetres. Columns are orthogonal; either handedness.
    shape : (slices, rows, columns)
    frame_of_reference_uid : str or None
        None where the source has none (Usage U for NM images).
    placed : bool
        False where the source does not tell orientation and position (Type 2 for NM images). Only
        spacings and the order of slices can be trusted then: ratios may be computed, but nothing
        that depends on a place or a side, and no object with a place in the patient is written.
    """

    affine: Affine
    shape: tuple[int, int, int]
    frame_of_reference_uid: str | None
    placed: bool = True

    def __post_init__(self) -> None:
        affine = np.array(self.affine, dtype=np.float64)
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise ValueError(f"affine must be 4 x 4 and finite, not {affine.shape}")
        if not np.array_equal(affine[3], (0, 0, 0, 1)):
            raise ValueError(f"last row of an affine is 0 0 0 1, not {affine[3]}")
        if len(self.shape) != 3 or min(self.shape) < 1:
            raise ValueError(f"shape must be three positive numbers, not {self.shape}")
        axes = affine[:3, :3]
        lengths = np.linalg.norm(axes, axis=0)
        if lengths.min() <= 0:
            raise ValueError(f"spacing must be positive, not {lengths}")
        cosines = (axes / lengths).T @ (axes / lengths) - np.eye(3)
        if np.abs(cosines).max() > 1e-3:
            raise ValueError("axes of the grid are not orthogonal (gantry tilt or a broken affine)")
        affine.setflags(write=False)
        object.__setattr__(self, "affine", affine)

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance of neighbouring slices, rows and columns, in millimetres."""
        slices, rows, columns = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(slices), float(rows), float(columns)

    @property
    def voxel_volume_ml(self) -> float:
        """Volume of one voxel in millilitres."""
        return float(np.prod(self.spacing_mm)) / 1000.0

    @property
    def image_orientation_patient(self) -> tuple[float, ...]:
        """Row then column direction cosines, as Image Orientation (Patient) (0020,0037)."""
        along_row = self.affine[:3, 2] / self.spacing_mm[2]
        along_column = self.affine[:3, 1] / self.spacing_mm[1]
        return tuple(float(v) for v in (*along_row, *along_column))

    def index_to_lps(self, index: ArrayLike) -> NDArray[np.float64]:
        """Millimetres (..., 3) of (slice, row, column) indices (..., 3); fractions are allowed."""
        points = np.asarray(index, dtype=np.float64)
        return np.asarray(points @ self.affine[:3, :3].T + self.affine[:3, 3])

    def lps_to_index(self, point_mm: ArrayLike) -> NDArray[np.float64]:
        """Fractional (slice, row, column) indices (..., 3) of LPS millimetres (..., 3)."""
        offset = np.asarray(point_mm, dtype=np.float64) - self.affine[:3, 3]
        return np.asarray(np.linalg.solve(self.affine[:3, :3], offset[..., None])[..., 0])

    def same_grid(self, other: "Geometry", *, tolerance_mm: float = 0.01) -> bool:
        """Whether both grids have the same voxels: shape, and every corner within the tolerance."""
        if self.shape != other.shape:
            return False
        corners = np.array(np.meshgrid(*((0, n - 1) for n in self.shape))).reshape(3, -1).T
        apart = self.index_to_lps(corners) - other.index_to_lps(corners)
        return bool(np.abs(apart).max() <= tolerance_mm)
