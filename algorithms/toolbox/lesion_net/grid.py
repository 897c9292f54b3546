"""The network's own grid: 4 mm voxels along the patient's axes, from the corner of the body.

The grid hangs on the body, not on the scanner's matrix. So neither air around the patient nor the
order or direction of rows and slices changes a result, and the whole body is one piece: nothing is
tiled in the plane, and nothing at all up to `network.PIECE_VOXELS`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (  # type: ignore[attr-defined]  # SciPy fills the module at run time
    affine_transform,
    gaussian_filter,
    uniform_filter,
)

from algorithms.toolbox.components import connected_regions
from dicom_node.domain.geometry import Geometry

Image = NDArray[np.float32]
SPACING_MM = 4.0
MARGIN_MM = 12.0
_BODY_SUV = 0.12  # air is below, lung and fat above, whatever the tracer
_FWHM_PER_SIGMA = 2.355
_TRUNCATE = 3.0  # of the smoothing, in its sigmas
_SLAB = 32  # slices of the grid that are made at a time
_SUV_SCALE, _MOST_SUV = 2.0, 200.0
_AIR_HU, _DENSEST_HU = -1000.0, 1200.0


class NoBody(ValueError):
    """The PET holds nothing that could be a body."""


@dataclass(frozen=True, slots=True, eq=False)
class BodyGrid:
    """Voxels of the network: index (z, y, x) to LPS millimetres, x left, y back, z up.

    Parameters
    ----------
    origin_mm : LPS x, y, z of the first voxel
    shape : (slices, rows, columns)
    """

    origin_mm: tuple[float, float, float]
    shape: tuple[int, int, int]

    @property
    def affine(self) -> NDArray[np.float64]:
        """Maps (z, y, x, 1) indices to LPS millimetres."""
        affine = np.zeros((4, 4))
        affine[2, 0] = affine[1, 1] = affine[0, 2] = SPACING_MM
        affine[:, 3] = (*self.origin_mm, 1.0)
        return affine


def body_grid(suv: Image, geometry: Geometry) -> BodyGrid:
    """Grid around the body of a PET, with a margin.

    Raises
    ------
    NoBody
        Where no voxel takes up more than air.
    """
    smooth = uniform_filter(np.asarray(suv, dtype=np.float32), size=3, mode="nearest")
    regions = connected_regions(smooth > _BODY_SUV, geometry)
    if not regions:
        raise NoBody(f"no voxel of the PET exceeds SUVbw {_BODY_SUV}")
    body = max(regions, key=lambda region: region.voxels)
    ends = [(part.start - 0.5, part.stop - 0.5) for part in body.slices]
    corners = np.array(np.meshgrid(*ends)).reshape(3, -1).T
    places = geometry.index_to_lps(corners)
    low, high = places.min(axis=0) - MARGIN_MM, places.max(axis=0) + MARGIN_MM
    columns, rows, slices = (int(n) for n in np.ceil((high - low) / SPACING_MM))
    start = low + SPACING_MM / 2
    return BodyGrid((float(start[0]), float(start[1]), float(start[2])), (slices, rows, columns))


def to_grid(image: Image, geometry: Geometry, grid: BodyGrid, *, outside: float) -> Image:
    """Image on the network's grid, linear; finer images are smoothed first, lest they alias.

    Some slices at a time, of what lies around the body: a total-body CT is never copied as a whole.

    Parameters
    ----------
    outside : value beyond the image
    """
    sigma = [
        float(np.sqrt(max(SPACING_MM**2 - step**2, 0.0)) / _FWHM_PER_SIGMA / step)
        for step in geometry.spacing_mm
    ]
    matrix = np.linalg.inv(geometry.affine) @ grid.affine
    found = np.empty(grid.shape, dtype=np.float32)
    for start in range(0, grid.shape[0], _SLAB):
        slab = found[start : start + _SLAB]
        offset = matrix[:3, :3] @ (start, 0, 0) + matrix[:3, 3]
        slab[...] = _sampled(
            image, sigma, matrix[:3, :3], offset, shape=slab.shape, outside=outside
        )
    return found


def _sampled(
    image: Image,
    sigma: list[float],
    matrix: NDArray[np.float64],
    offset: NDArray[np.float64],
    *,
    shape: tuple[int, ...],
    outside: float,
) -> Image:
    """A slab of the grid, from the part of the image that it needs."""
    corners = np.array(np.meshgrid(*((0, n - 1) for n in shape))).reshape(3, -1).T
    places = corners @ matrix.T + offset
    reach = [int(_TRUNCATE * one + 0.5) + 2 for one in sigma]
    low = np.clip(np.floor(places.min(axis=0)).astype(int) - reach, 0, image.shape)
    high = np.clip(np.ceil(places.max(axis=0)).astype(int) + 1 + reach, low, image.shape)
    part = image[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    if part.size == 0:
        return np.full(shape, outside, dtype=np.float32)
    if max(sigma) > 0:
        part = gaussian_filter(part, sigma, mode="nearest", truncate=_TRUNCATE)
    return np.asarray(
        affine_transform(
            part,
            matrix,
            offset - low,
            output_shape=shape,
            order=1,
            mode="constant",
            cval=outside,
            prefilter=False,
        ),
        dtype=np.float32,
    )


def from_grid(values: Image, grid: BodyGrid, geometry: Geometry) -> Image:
    """Values of the network's grid on another one, linear; 0 beyond the body."""
    matrix = np.linalg.inv(grid.affine) @ geometry.affine
    return np.asarray(
        affine_transform(
            values,
            matrix[:3, :3],
            matrix[:3, 3],
            output_shape=geometry.shape,
            order=1,
            mode="constant",
            cval=0.0,
            prefilter=False,
        ),
        dtype=np.float32,
    )


def channels(suv: Image, hounsfield: Image | None) -> Image:
    """Input of the network (2, slices, rows, columns): compressed SUV, and CT or nothing.

    The logarithm keeps SUV 1 and SUV 60 in one range without a threshold. Where there is no CT its
    channel is 0 throughout, which is what air has; the training leaves it out as often.
    """
    density = np.zeros_like(suv)
    if hounsfield is not None:
        density = (np.clip(hounsfield, _AIR_HU, _DENSEST_HU) - _AIR_HU) / 1000.0
    return np.stack([compressed(suv), density]).astype(np.float32)


def compressed(suv: Image) -> Image:
    """Logarithm of the uptake as the network takes it."""
    return np.asarray(np.log1p(np.clip(suv, 0.0, _MOST_SUV)) / _SUV_SCALE, dtype=np.float32)


def expanded(uptake: Image) -> Image:
    """SUV of what `compressed` gave."""
    return np.asarray(np.expm1(uptake * _SUV_SCALE), dtype=np.float32)
