"""What is true of a simulated scan: masks on its grid, shares of voxels, volumes, vessels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from algorithms.simulation.heart.patient import Patient, State, frames_of
from algorithms.simulation.heart.ventricle import Ventricle
from algorithms.toolbox.brain_template import places_mm
from algorithms.toolbox.long_axis import LongAxis
from dicom_node.domain.geometry import Geometry

Floats = NDArray[np.float64]


def true_shares(hearts: Sequence[Ventricle], geometry: Geometry) -> tuple[Floats, Floats]:
    """Share of each voxel that is wall, and cavity, mean over some shapes of the beat.

    Returns
    -------
    wall, cavity : (slices, rows, columns) each, 0 to 1
    """
    edge = float(np.cbrt(np.prod(geometry.spacing_mm)))
    places = places_mm(geometry)
    shares = [heart.shares(places, edge) for heart in hearts]
    wall, cavity = (np.mean([pair[part] for pair in shares], axis=0) for part in (0, 1))
    return np.asarray(wall), np.asarray(cavity)


def whole_beat(patient: Patient, state: State) -> tuple[Ventricle, ...]:
    """Shapes that an image without gating is the sum of."""
    return frames_of(patient, state, 1)[0]


def true_axis(patient: Patient, state: State) -> LongAxis:
    """Long axis of the mean over the beat: what an image without gating shows."""
    return mean_heart(patient, state).axis


def mean_heart(patient: Patient, state: State) -> Ventricle:
    """The ventricle at the mean volume of its beat."""
    hearts = whole_beat(patient, state)
    mean = float(np.mean([one.cavity_ml for one in hearts]))
    return patient.hearts[state].at_volume(mean)


def true_ejection(patient: Patient, state: State) -> float:
    """Ejection fraction, 0 to 1, of the continuous beat."""
    return patient.hearts[state].ejection
