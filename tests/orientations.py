"""Orientations of slices for property tests: row and column direction cosines."""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
FEET_UP = (1.0, 0.0, 0.0, 0.0, -1.0, 0.0)  # normal to the feet


def _cosines(quaternion: tuple[float, float, float, float]) -> tuple[float, ...]:
    """First two columns of the rotation of a quaternion."""
    w, x, y, z = np.array(quaternion) / np.linalg.norm(quaternion)
    row = (1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y))
    column = (2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x))
    return tuple(float(value) for value in (*row, *column))


_parts = st.floats(-1, 1)
oblique = (
    st.tuples(_parts, _parts, _parts, _parts)
    .filter(lambda four: np.linalg.norm(four) > 0.1)
    .map(_cosines)
)
orientations = st.one_of(st.sampled_from([AXIAL, CORONAL, SAGITTAL, FEET_UP]), oblique)


def normal_of(orientation: tuple[float, ...]) -> NDArray[np.float64]:
    """Row x column direction."""
    return np.cross(orientation[:3], orientation[3:])
