"""Tissue of the MNI152 brain (ICBM 2009a, symmetric), as nilearn ships it, on a grid of 2 mm.

Copyright (C) 1993-2009 Louis Collins, McConnell Brain Imaging Centre, Montreal Neurological
Institute, McGill University; used and redistributed by nilearn under the notice of the atlas. The
files are read where nilearn has them, without importing nilearn: that takes seconds and pandas.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813  as everybody writes it
from numpy.typing import NDArray
from scipy.ndimage import (  # type: ignore[attr-defined]  # filled at run time
    binary_fill_holes,
    distance_transform_edt,
    map_coordinates,
)

from dicom_node.domain.errors import ConfigError
from dicom_node.domain.geometry import Geometry

Floats = NDArray[np.float32]
Places = NDArray[np.float64]

_FILE = "mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"
_STEP = 2  # of the 1 mm voxels one in two is kept: a scan of 7 mm resolution shows no less
_BRAIN_SHARE, _SCALP_MM = 0.3, 14.0
# Ellipsoid round the occipital cortex, LPS mm of MNI space, drawn by eye on the template.
_OCCIPITAL_CENTRE, _OCCIPITAL_HALF = (0.0, 84.0, 6.0), (38.0, 20.0, 22.0)
_OCCIPITAL_DEPTH_MM = 4.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BrainTemplate:
    """Shares of tissue in each voxel, 0 to 1, (slices, rows, columns).

    Parameters
    ----------
    brain : grey, white and the fluid between them, filled
    scalp : what lies within 14 mm of the brain and is not brain
    occipital : region of reference in the back of the brain, away from its edge
    geometry : indices to LPS millimetres of MNI space (its x and y have the other sign in RAS)
    """

    grey: Floats
    white: Floats
    brain: Floats
    scalp: Floats
    occipital: Floats
    geometry: Geometry


def read_brain_template() -> BrainTemplate:
    """Template from the files of nilearn.

    Raises
    ------
    ConfigError
        nilearn is not installed, or has not these files.
    """
    grey, geometry = _read("gm")
    white, _ = _read("wm")
    brain = _filled(grey + white > _BRAIN_SHARE)
    distance = _STEP * distance_transform_edt(np.logical_not(brain))
    scalp = (distance > 0) & (distance <= _SCALP_MM)
    depth = _STEP * distance_transform_edt(brain)
    occipital = _occipital(geometry) & (depth > _OCCIPITAL_DEPTH_MM)
    return BrainTemplate(
        grey=grey,
        white=white,
        brain=brain.astype(np.float32),
        scalp=scalp.astype(np.float32),
        occipital=occipital.astype(np.float32),
        geometry=geometry,
    )


def places_mm(geometry: Geometry) -> Places:
    """LPS millimetres of every voxel centre, (slices, rows, columns, 3)."""
    index = np.moveaxis(np.indices(geometry.shape), 0, -1)
    return geometry.index_to_lps(index)


def sampled(values: Floats, geometry: Geometry, points_mm: Places) -> Floats:
    """Linear interpolation of an image at places (..., 3) in LPS millimetres; 0 outside of it."""
    # One inverse for a million points; solving for each of them takes a second.
    inverse = np.linalg.inv(geometry.affine)
    index = np.moveaxis(points_mm @ inverse[:3, :3].T + inverse[:3, 3], -1, 0)
    return np.asarray(map_coordinates(values, index, output=np.float32, order=1, mode="constant"))


def _filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(binary_fill_holes(mask))


def _occipital(geometry: Geometry) -> NDArray[np.bool_]:
    apart = (places_mm(geometry) - _OCCIPITAL_CENTRE) / _OCCIPITAL_HALF
    return np.asarray(np.sum(apart**2, axis=-1) <= 1.0)


def _read(tissue: str) -> tuple[Floats, Geometry]:
    path = _folder() / _FILE.format(tissue)
    if not path.is_file():
        raise ConfigError(
            file=str(path), key="(file)", value=None, allowed="the MNI152 files of nilearn 0.14"
        )
    image = sitk.ReadImage(str(path))[::_STEP, ::_STEP, ::_STEP]
    values = sitk.GetArrayFromImage(image).astype(np.float32) / 255.0
    affine = np.eye(4)
    direction = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, :3] = direction[:, ::-1]  # ITK counts columns first
    affine[:3, 3] = image.GetOrigin()
    a, b, c = values.shape
    return values, Geometry(affine=affine, shape=(a, b, c), frame_of_reference_uid=None)


def _folder() -> Path:
    found = find_spec("nilearn")
    if found is None or not found.submodule_search_locations:
        raise ConfigError(
            file="(installation)", key="nilearn", value=None, allowed="nilearn 0.14, installed"
        )
    return Path(found.submodule_search_locations[0]) / "datasets" / "data"
