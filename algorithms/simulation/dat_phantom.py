"""The digital DaT phantom of Auer and Pells, from its own files: a known head that is not ours."""

from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from dicom_node.domain.geometry import Geometry

RATIO = 8.0  # striatum to background, as its authors say
STEP_MM = 2.0
_SOURCE, _SOURCE_SHAPE = "DaT_Source_120x120x120.i33", (120, 120, 120)
_TISSUES, _TISSUES_SHAPE = "DaT_Attenuation_72x90x77.i33", (77, 90, 72)
_BACKGROUND, _BRAIN = 100, 3
_MIDDLE_MM = (0.0, 18.0, 8.0)  # where our cameras look


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DatPhantom:
    """Concentration of a head, 1 in the brain's background.

    Parameters
    ----------
    activity : (120, 120, 120), slices to the head, rows to the back
    striatum : the same shape; both sides
    """

    activity: NDArray[np.float32]
    striatum: NDArray[np.bool_]
    geometry: Geometry

    @property
    def striatum_ml(self) -> float:
        """Volume of one striatum, the mean of both."""
        return float(np.count_nonzero(self.striatum)) * self.geometry.voxel_volume_ml / 2


def read_phantom(path: Path, *, outside: float = 1.0) -> DatPhantom:
    """Phantom of the published archive.

    Parameters
    ----------
    outside : concentration of skin, muscle and face. The phantom has that of the brain there, which
        no patient has; its attenuation map tells which voxels those are.

    Raises
    ------
    ValueError
        The files are of other sizes or values than those described.
    """
    with ZipFile(path) as archive:
        stored = _read(archive, _SOURCE, _SOURCE_SHAPE)
        tissues = _read(archive, _TISSUES, _TISSUES_SHAPE)
    head = np.argwhere(stored > 0)
    low, high = head.min(axis=0), head.max(axis=0) + 1
    striatum = stored == RATIO * _BACKGROUND
    if tuple(high - low) != _TISSUES_SHAPE or not striatum.any():
        raise ValueError(f"{path.name} is not the phantom that its authors describe")
    activity = (stored / _BACKGROUND).astype(np.float32)
    inner = activity[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]  # a view
    inner[(tissues != _BRAIN) & (inner == 1.0)] = outside
    return DatPhantom(activity=activity, striatum=striatum, geometry=_geometry())


def _read(archive: ZipFile, name: str, shape: tuple[int, int, int]) -> NDArray[np.int16]:
    return np.frombuffer(archive.read(name), dtype="<i2").reshape(shape)


def _geometry() -> Geometry:
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = STEP_MM
    affine[3, 3] = 1.0
    middle = (np.array(_SOURCE_SHAPE) - 1) / 2
    affine[:3, 3] = np.array(_MIDDLE_MM) - affine[:3, :3] @ middle
    return Geometry(affine=affine, shape=_SOURCE_SHAPE, frame_of_reference_uid=None)
