"""One simulated study at full size, written once, read back as any reader would."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from algorithms.simulation.fdg_petct import simulate
from algorithms.simulation.petct_series import SimulatedStudy

SEED = 1


@dataclass(frozen=True)
class Read:
    """Real-world values of a series, slices by rising z, with the places of its voxels."""

    datasets: tuple[pydicom.Dataset, ...]

    @cached_property
    def values(self) -> NDArray[np.float64]:
        return np.stack(
            [
                d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept)
                for d in self.datasets
            ]
        )

    @cached_property
    def axes_mm(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        first = self.datasets[0]
        x, y, _ = (float(v) for v in first.ImagePositionPatient)
        rows, columns = (float(v) for v in first.PixelSpacing)
        z = np.array([float(d.ImagePositionPatient[2]) for d in self.datasets])
        return x + columns * np.arange(first.Columns), y + rows * np.arange(first.Rows), z

    def ball(self, centre_mm: Sequence[float], radius_mm: float) -> NDArray[np.bool_]:
        """Voxels whose centre lies within a radius of a place."""
        x, y, z = (axis - c for axis, c in zip(self.axes_mm, centre_mm, strict=True))
        apart = z[:, None, None] ** 2 + y[None, :, None] ** 2 + x[None, None, :] ** 2
        return apart <= radius_mm**2

    def place_mm(self, index: Sequence[int]) -> NDArray[np.float64]:
        x, y, z = self.axes_mm
        return np.array([x[index[2]], y[index[1]], z[index[0]]])


def read(paths: Sequence[Path]) -> Read:
    found = [pydicom.dcmread(path) for path in paths]
    return Read(tuple(sorted(found, key=lambda d: float(d.ImagePositionPatient[2]))))


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> SimulatedStudy:
    return simulate(tmp_path_factory.mktemp("fdg-petct"), seed=SEED)


@pytest.fixture(scope="session")
def pet(study: SimulatedStudy) -> Read:
    return read(study.pet)


@pytest.fixture(scope="session")
def ct(study: SimulatedStudy) -> Read:
    return read(study.ct)
