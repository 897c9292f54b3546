"""Simulated patients as training examples: crops of one size, made by worker processes."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from algorithms.simulation.shapes import Floats
from algorithms.simulation.wholebody.patient import (
    BACKGROUND,
    GRID_MM,
    LESION,
    PHYSIOLOGICAL,
    Patient,
    Scan,
    draw_patient,
    scan,
)
from algorithms.simulation.wholebody.worlds import world
from algorithms.toolbox.lesion_net.grid import BodyGrid, channels, compressed, expanded, to_grid
from dicom_node.domain.geometry import Geometry

# Small lesions weigh more than their few voxels: up to this, as the root of volume over 8 ml.
_T = TypeVar("_T", np.float32, np.uint8)
_MOST_WEIGHT, _FULL_ML = 4.0, 8.0
# A crop may reach so many slices beyond the field of view. A study does, by the margin of its grid
# and to a multiple of the network's stride, and a brain cut in half before that air is no lesion.
_BEYOND = 18
_BLOCK = 16  # patients that take turns; a worker keeps them meanwhile, 30 MB each
# What crops are laid around, in turn: what is rare, what misleads, and anything.
_AIMS = (LESION, PHYSIOLOGICAL, LESION, BACKGROUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamplePlan:
    """How patients become crops.

    Parameters
    ----------
    family : ``fdg`` or ``psma``
    seed : moves the whole stream of patients
    crop : (slices, rows, columns) of a crop, multiples of 16; the trunk's cross-section fits
    per_patient : crops of each patient
    without_ct : share of crops whose CT is left out
    cut_short : share of crops in which the field of view ends, above or below
    pool : so many patients are kept and used again and again (a miniature); 0 for ever new ones
    visits : times that each patient gives crops, `_BLOCK` patients in turn; a patient costs about
        as much as a step of the network on a core
    """

    family: str
    seed: int
    crop: tuple[int, int, int]
    per_patient: int = 2
    without_ct: float = 0.3
    cut_short: float = 0.3
    pool: int = 0
    visits: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A patient on the network's grid: inputs, labels, and lesions by number."""

    inputs: Floats
    labels: NDArray[np.uint8]
    lesion: NDArray[np.uint8]


def case_of(patient: Patient, found: Scan) -> Case:
    """A scan on the 4 mm grid of the network, whatever the scanner's voxels were."""
    if patient.scanner.voxel_mm == (GRID_MM,) * 3:
        return Case(channels(found.suv, found.hounsfield), found.labels, found.lesion)
    geometry = geometry_of(found)
    x, y, z = (float(axis[0]) for axis in (found.axes.x_mm, found.axes.y_mm, found.axes.z_mm))
    shape = tuple(
        int(n * step / GRID_MM) for n, step in zip(geometry.shape, geometry.spacing_mm, strict=True)
    )
    grid = BodyGrid((x, y, z), (shape[0], shape[1], shape[2]))
    suv = to_grid(found.suv, geometry, grid, outside=0.0)
    hounsfield = to_grid(found.hounsfield, geometry, grid, outside=-1000.0)
    nearest = np.ix_(
        *(
            np.minimum(np.rint(np.arange(n) * GRID_MM / step).astype(int), size - 1)
            for n, step, size in zip(shape, geometry.spacing_mm, geometry.shape, strict=True)
        )
    )
    return Case(channels(suv, hounsfield), found.labels[nearest], found.lesion[nearest])


def geometry_of(found: Scan) -> Geometry:
    """Grid of a scan as the node's readers would give it."""
    z, y, x = (axis for axis in (found.axes.z_mm, found.axes.y_mm, found.axes.x_mm))
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2] = (float(a[1] - a[0]) for a in (z, y, x))
    affine[:, 3] = (float(x[0]), float(y[0]), float(z[0]), 1.0)
    return Geometry(affine=affine, shape=found.axes.shape, frame_of_reference_uid=None)


class Patients(Dataset[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]):
    """Patient number n of the stream as crops; the same n gives the same crops in any process."""

    def __init__(self, plan: ExamplePlan, start: int, count: int) -> None:
        self.plan, self.start, self.count = plan, start, count
        self._kept: dict[int, Case] = {}

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        plan, place = self.plan, self.start + number
        patient, visit = patient_at(plan, place)
        case = self._case(patient)
        random = np.random.default_rng((plan.seed, 100, place))
        first = (place + visit) * plan.per_patient  # another aim at each visit
        crops = [
            _crop(case, plan, random, at=_AIMS[(first + n) % len(_AIMS)])
            for n in range(plan.per_patient)
        ]
        inputs, labels, weights = (
            torch.from_numpy(np.stack(found)) for found in zip(*crops, strict=True)
        )
        # Small types, for whole batches pass between processes; the trainer widens them.
        return inputs.half(), labels, weights.half()

    def _case(self, patient: int) -> Case:
        plan = self.plan
        if patient not in self._kept:
            if not plan.pool:
                block = patient // _BLOCK
                self._kept = {n: c for n, c in self._kept.items() if n // _BLOCK == block}
            seed = plan.seed * 10_000_000 + patient
            self._kept[patient] = simulated(plan.family, "training", seed)
        return self._kept[patient]


def patient_at(plan: ExamplePlan, place: int) -> tuple[int, int]:
    """Which patient a place of the stream shows, and how often it was shown before."""
    if plan.pool:
        return place % plan.pool, 0
    block, within = divmod(place, _BLOCK * plan.visits)
    visit, number = divmod(within, _BLOCK)
    return block * _BLOCK + number, visit


def simulated(family: str, world_name: str, seed: int) -> Case:
    """A patient of a world, scanned and brought to the network's grid."""
    patient = draw_patient(world(family, world_name), seed)
    on_grid = patient.scanner.voxel_mm == (GRID_MM,) * 3
    return case_of(patient, scan(patient, patient.plan.axes if on_grid else None))


def batches(
    plan: ExamplePlan, *, patients_per_batch: int, first: int, count: int, workers: int
) -> DataLoader[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Batches in the order of the stream, whatever number of worker processes makes them.

    Parameters
    ----------
    first, count : patients of the stream
    workers : processes; 0 makes them in this one
    """
    return DataLoader(
        Patients(plan, first, count),
        batch_size=patients_per_batch,
        num_workers=workers,
        collate_fn=_joined,
        worker_init_fn=_one_thread,
        multiprocessing_context="forkserver" if workers else None,
        prefetch_factor=2 if workers else None,
        drop_last=True,
    )


def _one_thread(_worker: int) -> None:
    torch.set_num_threads(1)


def _joined(
    items: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    inputs, labels, weights = (torch.cat(found) for found in zip(*items, strict=True))
    return inputs, labels, weights


def _crop(
    case: Case, plan: ExamplePlan, random: np.random.Generator, *, at: int
) -> tuple[Floats, NDArray[np.uint8], Floats]:
    """A crop of the plan's size, laid around a class; where the body is smaller, air."""
    centre = _aim(case, random, at) + random.uniform(-0.3, 0.3, 3) * plan.crop
    starts = [
        _start(float(c), wanted, size, random, beyond=beyond)
        for c, wanted, size, beyond in zip(
            centre, plan.crop, case.labels.shape, (_BEYOND, 0, 0), strict=True
        )
    ]
    inputs = _cut(case.inputs, starts, plan.crop)
    labels = _cut(case.labels, starts, plan.crop)
    weights = _weights(_cut(case.lesion, starts, plan.crop), case.lesion)
    calibration = np.float32(random.uniform(0.93, 1.07))
    inputs[0] = compressed(calibration * expanded(inputs[0]))
    if random.random() < plan.without_ct:
        inputs[1] = 0
    if random.random() < plan.cut_short:
        gone = _cut_off(plan.crop[0], random)
        inputs[:, gone], labels[gone], weights[gone] = 0, BACKGROUND, 1
    return inputs, labels, weights


def _cut_off(slices: int, random: np.random.Generator) -> slice:
    """Up to a third of a crop, at its top or bottom, that lies outside the field of view."""
    many = int(random.integers(1, slices // 3))
    return slice(slices - many, None) if random.random() < 0.5 else slice(many)


def _aim(case: Case, random: np.random.Generator, at: int) -> NDArray[np.float64]:
    """A voxel of a class, or any voxel."""
    lesions = np.unique(case.lesion[case.lesion > 0])
    if at == LESION and lesions.size:
        # A lesion is drawn first and then its voxel, so that large ones are not all that is seen.
        chosen = case.lesion == random.choice(lesions)
    elif at == PHYSIOLOGICAL:
        chosen = case.labels == PHYSIOLOGICAL
    else:
        return random.random(3) * case.labels.shape
    where = np.flatnonzero(chosen)
    place = int(where[int(random.integers(where.size))])
    return np.array(np.unravel_index(place, chosen.shape), dtype=np.float64)


def _start(
    centre: float, wanted: int, size: int, random: np.random.Generator, *, beyond: int
) -> int:
    """First index of the crop along an axis; negative where air stands before the body."""
    if size <= wanted:
        return -int(random.integers(0, wanted - size + 1))
    before, after = random.integers(0, beyond + 1, size=2)
    return int(np.clip(round(centre - wanted / 2), -before, size - wanted + after))


def _cut(array: NDArray[_T], starts: list[int], crop: tuple[int, ...]) -> NDArray[_T]:
    """Part of the last three axes, filled with zeros beyond the array."""
    out = np.zeros((*array.shape[:-3], *crop), dtype=array.dtype)
    spans = [
        (max(start, 0), min(start + wanted, size), start)
        for start, wanted, size in zip(starts, crop, array.shape[-3:], strict=True)
    ]
    z, y, x = (slice(low, high) for low, high, _ in spans)
    c, b, a = (slice(low - start, high - start) for low, high, start in spans)
    out[..., c, b, a] = array[..., z, y, x]
    return out


def _weights(crop: NDArray[np.uint8], lesion: NDArray[np.uint8]) -> Floats:
    """Weight of each voxel in the cross-entropy: 1, more in small lesions."""
    volume_ml = np.bincount(lesion.ravel(), minlength=256) * GRID_MM**3 / 1000
    table = np.clip(np.sqrt(_FULL_ML / np.maximum(volume_ml, 1e-3)), 1.0, _MOST_WEIGHT)
    table[0] = 1.0
    return np.asarray(table[crop], dtype=np.float32)
