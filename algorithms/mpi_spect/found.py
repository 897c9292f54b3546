"""What was found in one scan, and in two of one patient, before it is put into words."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algorithms.mpi_spect.function import Function
from algorithms.mpi_spect.limits import Scores
from algorithms.mpi_spect.pose import Posed
from algorithms.toolbox.heart_net.network import Outline
from algorithms.toolbox.heart_segments import segment_means

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """One scan.

    Parameters
    ----------
    state : ``stress``, ``rest``, or ``uptake`` where the header does not tell
    beside : the outlines again, of grids half a voxel aside; voxels of segments are of the mean
    counts : polar map, (20, 36)
    polar : the same in percent of its hottest part
    function : None where the scan is not gated
    scores : None where no normal limits of the state are in use
    """

    state: str
    posed: Posed
    beside: tuple[Outline, ...]
    counts: Floats
    polar: Floats
    function: Function | None
    scores: Scores | None

    @property
    def segments(self) -> tuple[float, ...]:
        """Percent in each of the 17 segments."""
        return segment_means(self.polar)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """Stress and rest of one patient.

    Parameters
    ----------
    rest : its map in percent on the scale of the stress map; scores are of its own scale
    """

    stress: Found
    rest: Found

    @property
    def rest_polar(self) -> Floats:
        """Rest map on the scale of the stress map, percent."""
        return self.rest.polar

    @property
    def difference(self) -> Floats:
        """Rest less stress, percent points: above 0 where stress takes up less."""
        return np.asarray(self.rest_polar - self.stress.polar)

    @property
    def dilation(self) -> float:
        """Cavity volume at stress over that at rest, both over the whole beat."""
        return self.stress.posed.cavity_ml / self.rest.posed.cavity_ml
