"""Examples for the heart networks: simulated scans on their grids, with shares of voxels."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from algorithms.simulation.heart.patient import Patient, State, draw_patient, exposure, frames_of
from algorithms.simulation.heart.truth import true_axis, true_shares, whole_beat
from algorithms.simulation.heart.worlds import world
from algorithms.toolbox.heart_net.grid import (
    FIND_MM,
    OUTLINE_MM,
    cube_grid,
    finding_grid,
    found_scale,
    on_grid,
)
from dicom_node.domain.geometry import Geometry

Image = NDArray[np.float32]
_SPARE_VOXELS = 30  # of a side of a stored example, from which a training crop is cut
_FIND_SHAPE = (24, 40, 40)
_SINGLE_GATES = 0.4  # share of examples that show one gate of 8 or 16
_SHORT_AXIS = 0.3
_SHARES = 255  # as which a share of 1 is stored


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeartExample:
    """One scan, as both networks are taught it.

    Parameters
    ----------
    fine : (30, 30, 30) float16, counts about the ventricle, 1 at the brightest
    wall, cavity : (30, 30, 30) uint8, share of a voxel times 255
    coarse : (24, 40, 40) float16, input of the network that finds
    solid : (24, 40, 40) uint8, share of ventricle times 255
    """

    fine: NDArray[np.float16]
    wall: NDArray[np.uint8]
    cavity: NDArray[np.uint8]
    coarse: NDArray[np.float16]
    solid: NDArray[np.uint8]


def examples(seed: int, count: int, *, workers: int) -> Iterator[HeartExample]:
    """Examples of patients of the training world, in order whatever the number of workers."""
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(make_example, repeat(seed), range(count), chunksize=8)


def make_example(seed: int, number: int) -> HeartExample:
    """One example: rest or stress, whole beat or one gate, transaxial or short-axis."""
    random = np.random.default_rng((seed, number, 77))
    patient = draw_patient(world("training"), seed * 1_000_000 + number)
    state = State(random.choice(tuple(State)))
    hearts, share = whole_beat(patient, state), 1.0
    if random.uniform() < _SINGLE_GATES:
        gates = int(random.choice((8, 16)))
        hearts = frames_of(patient, state, gates)[int(random.integers(gates))]
        share = 1 / gates
    geometry = draw_grid(patient, state, random)
    image = exposure(patient, state, hearts, geometry, share, random=random)
    axis = true_axis(patient, state)
    middle = axis.base_mm + 0.5 * axis.length_mm * axis.direction
    fine = cube_grid(middle + random.normal(0, 3.0, 3), OUTLINE_MM, (_SPARE_VOXELS,) * 3)
    wall, cavity = true_shares(hearts, fine)
    whole = finding_grid(geometry)
    centre = whole.index_to_lps((np.array(whole.shape) - 1) / 2)
    coarse = cube_grid(centre, FIND_MM, _FIND_SHAPE)
    solid = np.sum(true_shares(hearts, coarse), axis=0)
    inner = on_grid(image, geometry, fine)
    return HeartExample(
        fine=(inner / max(float(inner.max()), 1e-6)).astype(np.float16),
        wall=_stored(wall),
        cavity=_stored(cavity),
        coarse=found_scale(on_grid(image, geometry, coarse)).astype(np.float16),
        solid=_stored(solid),
    )


def draw_grid(patient: Patient, state: State, random: np.random.Generator) -> Geometry:
    """Grid of a reconstruction that holds the heart: transaxial, or short-axis turned by hand."""
    step = patient.voxel_mm
    axis = true_axis(patient, state)
    middle = axis.base_mm + 0.5 * axis.length_mm * axis.direction
    if random.uniform() < _SHORT_AXIS:
        turn = Rotation.from_rotvec(np.radians(random.normal(0, 6.0, 3))).as_matrix()
        ways = turn @ np.stack([-axis.direction, -axis.anterior, axis.lateral], axis=1)
        size = (random.uniform(130, 190), *(random.uniform(190, 260),) * 2)
    else:
        ways = np.eye(3)[:, ::-1]
        size = (random.uniform(170, 240), *(random.uniform(280, 420),) * 2)
        middle = middle * (0.8, 0.5, 1.0) + random.normal(0, 8.0, 3)
    if random.uniform() < 0.5:
        ways = ways * (-1, 1, 1)  # slices the other way
    a, b, c = (round(length / step) for length in size)
    affine = np.eye(4)
    affine[:3, :3] = ways * step
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array((a, b, c)) - 1) / 2)
    return Geometry(affine=affine, shape=(a, b, c), frame_of_reference_uid=None)


def _stored(share: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(np.clip(share, 0, 1) * _SHARES), dtype=np.uint8)
