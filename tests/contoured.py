"""What tests of contours share: regions as masks, and how well two of them agree."""

from pathlib import Path

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from dicom_node.domain.contour import Contour, ContourSet
from dicom_node.domain.geometry import Geometry

Mask = NDArray[np.bool_]


def mask_of(contour: Contour, grid: Geometry) -> Mask:
    """Region of a contour as a mask of the whole grid; empty where it has none."""
    mask = np.zeros(grid.shape, bool)
    if contour.region is not None:
        contour.region.paint(mask, value=True)
    return mask


def masks_of(contours: ContourSet) -> dict[int, Mask]:
    """Masks by number."""
    return {one.number: mask_of(one, contours.geometry) for one in contours.contours}


def dice(one: Mask, other: Mask) -> float:
    """Dice coefficient: twice the common voxels by the sum of both."""
    return 2.0 * int((one & other).sum()) / (int(one.sum()) + int(other.sum()))


def centroid_mm(mask: Mask, grid: Geometry) -> NDArray[np.float64]:
    """Mean place of the voxels, LPS."""
    return np.asarray(grid.index_to_lps(np.argwhere(mask)).mean(axis=0))


def labels_and_grid(
    path: Path, frame_of_reference_uid: str | None
) -> tuple[NDArray[np.int_], Geometry]:
    """Labels (slices, rows, columns) of an image file and its grid, by SimpleITK alone."""
    image = SimpleITK.ReadImage(str(path))
    labels = SimpleITK.GetArrayFromImage(image).astype(int)
    axes = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = axes[:, ::-1], image.GetOrigin()
    a, b, c = labels.shape
    grid = Geometry(affine=affine, shape=(a, b, c), frame_of_reference_uid=frame_of_reference_uid)
    return labels, grid
