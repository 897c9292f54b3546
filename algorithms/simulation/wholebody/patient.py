"""A simulated patient: draw once, then scan on any grid; the truth beside the images."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algorithms.simulation.shapes import Axes, Floats
from algorithms.simulation.wholebody.anatomy import draw_anatomy
from algorithms.simulation.wholebody.canvas import Canvas, paint_lesions, paint_patient
from algorithms.simulation.wholebody.habitus import Habitus, draw_habitus
from algorithms.simulation.wholebody.lesions import draw_lesions
from algorithms.simulation.wholebody.lumps import Lesion
from algorithms.simulation.wholebody.organs import NUMBER, Organ
from algorithms.simulation.wholebody.pieces import Piece
from algorithms.simulation.wholebody.scanner import (
    Scanner,
    blurred,
    ct_like,
    draw_scanner,
    noisy,
    textured,
)
from algorithms.simulation.wholebody.tracers import TracerModel, draw_uptake
from algorithms.simulation.wholebody.worlds import World

BACKGROUND, PHYSIOLOGICAL, LESION = 0, 1, 2
GRID_MM = 4.0
_MARGIN_MM = 10.0
_VISIBLE_RATIO, _VISIBLE_SUV = 1.25, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """Everything that the seed decides, before any voxel of a scan.

    Parameters
    ----------
    z_mm : lowest and highest slice of the field of view; the vertex is near 0
    pieces : organs, in painting order
    plan : the patient without lesions on a grid of 4 mm, from which lesions were placed
    """

    world: World
    seed: int
    tracer: TracerModel
    habitus: Habitus
    uptake: Mapping[Organ, float]
    scanner: Scanner
    z_mm: tuple[float, float]
    pieces: tuple[Piece, ...]
    plan: Canvas
    lesions: tuple[Lesion, ...]

    def random(self, purpose: int) -> np.random.Generator:
        """One stream per purpose, so that a change of one leaves the others alone."""
        return _random(self.world, self.seed, purpose)

    def axes(self, voxel_mm: tuple[float, float, float]) -> Axes:
        """Axes that hold the body in the field of view, with (slice, row, column) spacing."""
        return _axes(self.pieces, self.z_mm, voxel_mm)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """Images and truth of a patient on one grid, (slices, rows, columns), x left, y back, z up.

    Parameters
    ----------
    suv, hounsfield : float32
    labels : uint8, `BACKGROUND`, `PHYSIOLOGICAL` or `LESION`
    lesion : uint8, number of the lesion from 1 in `Patient.lesions`; hidden ones are left out
    hidden : numbers of lesions that no reader could see on this scan
    """

    axes: Axes
    suv: Floats
    hounsfield: Floats
    labels: NDArray[np.uint8]
    lesion: NDArray[np.uint8]
    organ: NDArray[np.uint8]
    hidden: tuple[int, ...]


def draw_patient(world: World, seed: int) -> Patient:
    """Patient number `seed` of a world; the same on every machine and in every process."""
    random = _random(world, seed, 0)
    tracer = world.tracers[int(random.integers(len(world.tracers)))]
    habitus = draw_habitus(world.habitus, tracer.sexes, random)
    z_mm = _field_of_view(world, habitus, random)
    prostate = bool(random.random() < (0.5 if tracer.sexes == ("M",) else 0.95))
    uptake = _stimulated(draw_uptake(tracer, world.uptake, random), world, random)
    anatomy = draw_anatomy(
        habitus, world.hot_spots, prostate=prostate, random=_random(world, seed, 1)
    )
    plan = paint_patient(_axes(anatomy, z_mm, (GRID_MM,) * 3), anatomy, uptake)
    return Patient(
        world=world,
        seed=seed,
        tracer=tracer,
        habitus=habitus,
        uptake=uptake,
        scanner=draw_scanner(world.scanner, _random(world, seed, 2)),
        z_mm=z_mm,
        pieces=anatomy,
        plan=plan,
        lesions=draw_lesions(
            world.sites,
            world.lesions,
            tracer.lesion,
            habitus=habitus,
            canvas=plan,
            random=_random(world, seed, 3),
        ),
    )


def scan(patient: Patient, axes: Axes | None = None) -> Scan:
    """Images and truth on a grid; on the scanner's own voxels where none is given."""
    axes = patient.axes(patient.scanner.voxel_mm) if axes is None else axes
    healthy = (
        patient.plan
        if axes is patient.plan.axes
        else paint_patient(axes, patient.pieces, patient.uptake)
    )
    ill = Canvas(
        axes,
        healthy.suv.copy(),
        healthy.hounsfield.copy(),
        healthy.organ,
        np.zeros_like(healthy.organ),
    )
    paint_lesions(ill, patient.lesions)
    tall, scanner = patient.habitus.tall, patient.scanner
    without = blurred(healthy.suv, axes, scanner, tall)
    clean = blurred(textured(ill.suv, axes, patient.random(4)), axes, scanner, tall)
    hidden = _hidden(ill.lesion, clean, without)
    lesion = (
        np.where(np.isin(ill.lesion, hidden), np.uint8(0), ill.lesion) if hidden else ill.lesion
    )
    suv = noisy(
        clean,
        axes,
        scanner,
        liver_suv=patient.uptake[Organ.LIVER],
        weight_kg=patient.habitus.weight_kg,
        random=patient.random(5),
    )
    return Scan(
        axes=axes,
        suv=suv,
        hounsfield=ct_like(ill.hounsfield, axes, scanner, tall, patient.random(6)),
        labels=_labels(patient, healthy.organ, without, lesion),
        lesion=lesion,
        organ=healthy.organ,
        hidden=hidden,
    )


def _labels(
    patient: Patient, organ: NDArray[np.uint8], without: Floats, lesion: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Lesion over physiological over background; see the README for what counts as which."""
    always = np.isin(organ, [NUMBER[found] for found in patient.tracer.always])
    hot = without > np.float32(patient.tracer.hot_level(patient.uptake))
    labels = np.where(always | hot, np.uint8(PHYSIOLOGICAL), np.uint8(BACKGROUND))
    labels[lesion > 0] = LESION
    return np.asarray(labels)


def _hidden(lesion: NDArray[np.uint8], clean: Floats, without: Floats) -> tuple[int, ...]:
    """Numbers of the lesions that do not stand out of what would be there without them."""
    count = int(lesion.max(initial=0))
    if count == 0:
        return ()
    inside = lesion > 0
    numbers = lesion[inside]
    size = np.bincount(numbers, minlength=count + 1)
    with_it = np.bincount(numbers, clean[inside], minlength=count + 1)
    without_it = np.bincount(numbers, without[inside], minlength=count + 1)
    least = np.maximum(_VISIBLE_RATIO * without_it, without_it + _VISIBLE_SUV * size)
    return tuple(int(n) for n in range(1, count + 1) if size[n] and with_it[n] < least[n])


def _stimulated(
    uptake: Mapping[Organ, float], world: World, random: np.random.Generator
) -> Mapping[Organ, float]:
    """Marrow and spleen after growth factors, bowel under metformin."""
    marrow, bowel, much = random.random(), random.random(), random.uniform(1.7, 3.5)
    changed = dict(uptake)
    if marrow < world.stimulated_marrow:
        changed[Organ.MARROW] *= float(much)
        changed[Organ.SPLEEN] *= float(1 + 0.4 * (much - 1))
    if bowel < world.metformin:
        changed[Organ.COLON] *= float(1.5 * much)
        changed[Organ.BOWEL] *= float(much)
    return changed


def _field_of_view(
    world: World, habitus: Habitus, random: np.random.Generator
) -> tuple[float, float]:
    top, bottom, u, v = (float(x) for x in random.random(4))
    vertex, eyes, _ = world.tops
    start = 16.0 if top < vertex else (-110.0 if top < vertex + eyes else -210.0)
    thighs, knees, _ = world.bottoms
    if bottom < thighs:
        end = -960.0 - 130 * v
    else:
        end = -1330.0 if bottom < thighs + knees else -700.0 - 60 * v
    return end * habitus.tall, start * habitus.tall - 20 * u


def _axes(
    solids: tuple[Piece, ...], z_mm: tuple[float, float], voxel_mm: tuple[float, float, float]
) -> Axes:
    """Axes round all skin within the field of view."""
    boxes = np.array([p.solid.bounds_mm() for p in solids if p.organ in (Organ.FAT, Organ.MUSCLE)])
    seen = boxes[(boxes[:, 1, 2] > z_mm[0]) & (boxes[:, 0, 2] < z_mm[1])]
    low, high = seen[:, 0].min(axis=0) - _MARGIN_MM, seen[:, 1].max(axis=0) + _MARGIN_MM
    slices, rows, columns = voxel_mm

    def run(start: float, stop: float, step: float) -> Floats:
        return np.asarray(start + step * np.arange(int((stop - start) / step) + 1), np.float32)

    return Axes(
        run(float(low[0]), float(high[0]), columns),
        run(float(low[1]), float(high[1]), rows),
        run(z_mm[0], z_mm[1], slices),
    )


def _random(world: World, seed: int, purpose: int) -> np.random.Generator:
    return np.random.default_rng((world.seed, seed, purpose))
