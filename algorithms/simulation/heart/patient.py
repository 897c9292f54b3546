"""One patient: a heart at rest and at stress in one chest, and how the camera sees it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter  # type: ignore[attr-defined]  # filled at run time
from scipy.spatial.transform import Rotation

from algorithms.simulation.heart.chest import Chest, draw_chest, paint
from algorithms.simulation.heart.perfusion import Perfusion, draw_perfusion
from algorithms.simulation.heart.ventricle import Ventricle, beat, draw_ventricle
from algorithms.simulation.heart.worlds import World
from algorithms.simulation.shapes import Axes, axes_of
from algorithms.toolbox.brain_template import places_mm, sampled
from dicom_node.domain.geometry import Geometry

Floats = NDArray[np.float64]
Image = NDArray[np.float32]

_FINE_MM = 4.0
_BOX_LOW_MM, _BOX_HIGH_MM = (-232.0, -104.0, -128.0), (148.0, 172.0, 132.0)  # body and heart
_FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))
_STILL_FRAMES = 5  # of which the image of a scan without gating is the sum
_GATED_FILTER = 1.3  # gates have few counts and are filtered more
_NEAR_MM = 85.0  # no part of a left ventricle is farther from its middle
_RIGHT_HALF_MM = (46.0, 40.0, 27.0)  # of the right ventricle: along the axis, up, aside
_RIGHT_WALL_MM = 4.0


class State(StrEnum):
    """What the patient did."""

    REST = "rest"
    STRESS = "stress"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Optics:
    """What the camera did in one scan.

    Parameters
    ----------
    resolution_mm, filter_mm : full width at half maximum
    depth_loss : share of counts lost per 200 mm of depth; 0 where corrected
    """

    resolution_mm: float
    filter_mm: float
    counts_per_ml: float
    breathing_mm: float
    depth_loss: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Patient:
    """A patient, as drawn."""

    hearts: dict[State, Ventricle]
    chests: dict[State, Chest]
    optics: dict[State, Optics]
    perfusion: Perfusion
    voxel_mm: float
    seed: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """A reconstruction.

    Parameters
    ----------
    gates : (gates, slices, rows, columns)
        Counts, not rounded; one gate where the scan was not gated.
    """

    gates: Image
    geometry: Geometry

    @property
    def image(self) -> Image:
        """Sum of the gates."""
        return np.asarray(self.gates.sum(axis=0), dtype=np.float32)


def draw_patient(world: World, number: int) -> Patient:
    """Patient of a world; the same number gives the same patient."""
    seed = (world.seed, number)
    random = np.random.default_rng((*seed, 0))
    rest = draw_ventricle(random, world.heart)
    perfusion = draw_perfusion(random, world.perfusion)
    stress = _later(random, rest, ischaemia=_ischaemia(perfusion))
    lowest = _lowest_mm(rest)
    chest = draw_chest(random, world.chest, lowest)
    calm = random.uniform(0.45, 1.0)  # exercise takes blood from liver and gut
    balls = [*chest.balls[:4], *(replace(b, uptake=b.uptake * calm) for b in chest.balls[4:])]
    camera = world.camera
    corrected = random.uniform() < camera.corrected
    optics = Optics(
        resolution_mm=float(random.uniform(*camera.resolution_mm)),
        filter_mm=float(random.uniform(*camera.filter_mm)),
        counts_per_ml=float(random.uniform(*camera.counts_per_ml)),
        breathing_mm=float(random.uniform(*camera.breathing_mm)),
        depth_loss=0.0 if corrected else float(random.uniform(*camera.depth_loss)),
    )
    # One-day studies give a third of the activity first.
    fewer = max(camera.counts_per_ml[0], optics.counts_per_ml * random.uniform(0.3, 1.0))
    return Patient(
        hearts={State.REST: rest, State.STRESS: stress},
        chests={State.REST: chest, State.STRESS: replace(chest, balls=tuple(balls))},
        optics={State.REST: replace(optics, counts_per_ml=fewer), State.STRESS: optics},
        perfusion=perfusion,
        voxel_mm=float(random.choice(camera.voxels_mm)),
        seed=seed,
    )


def _ischaemia(perfusion: Perfusion) -> float:
    """How much of the wall is short of blood at stress only, 0 to 1."""
    return min(1.0, sum(d.severity * (1 - d.fixed) for d in perfusion.defects))


def _later(random: np.random.Generator, rest: Ventricle, *, ischaemia: float) -> Ventricle:
    """The ventricle after stress: moved a little, wider and weaker the more is ischaemic."""
    size = float(random.normal(1.0 + 0.05 * ischaemia, 0.02))
    turn = Rotation.from_rotvec(np.radians(random.normal(0, 2.0, 3))).as_matrix()
    weaker = float(random.normal(-0.06 * ischaemia, 0.02))
    return replace(
        rest,
        base_mm=rest.base_mm + random.normal(0, 3.0, 3),
        direction=turn @ rest.direction,
        radius_mm=rest.radius_mm * size,
        length_mm=rest.length_mm * size,
        ejection=float(np.clip(rest.ejection + weaker, 0.12, 0.82)),
    )


def _lowest_mm(heart: Ventricle) -> float:
    """Height of the lower end of the left ventricle."""
    across = np.sqrt(1 - heart.direction[2] ** 2)
    ends = [
        heart.base_mm[2] + share * heart.length_mm * heart.direction[2] - reach * across
        for share, reach in ((0.0, heart.radius_mm), (0.5, heart.radius_mm), (1.0, 0.0))
    ]
    return float(min(ends)) - heart.wall_mm


def frames_of(patient: Patient, state: State, gates: int) -> tuple[tuple[Ventricle, ...], ...]:
    """Ventricles that each gate is the sum of; one gate is a scan without gating."""
    heart = patient.hearts[state]
    if gates == 1:
        return (beat(heart, _STILL_FRAMES),)
    return tuple((one,) for one in beat(heart, gates))


def scan(patient: Patient, state: State, geometry: Geometry, *, gates: int = 1) -> Scan:
    """The reconstruction of a patient on a grid of any direction."""
    frames = frames_of(patient, state, gates)
    random = np.random.default_rng((*patient.seed, 1 + tuple(State).index(state)))
    images = [
        exposure(patient, state, hearts, geometry, 1 / gates, random=random) for hearts in frames
    ]
    return Scan(gates=np.stack(images), geometry=geometry)


def exposure(
    patient: Patient,
    state: State,
    hearts: Sequence[Ventricle],
    geometry: Geometry,
    share: float,
    *,
    random: np.random.Generator,
) -> Image:
    """Reconstructed counts of a share of the scan's time, in which the heart had these shapes."""
    fine = _fine_grid()
    axes = axes_of(fine)
    optics = patient.optics[state]
    image = paint(patient.chests[state].balls, axes)
    near = _near(patient.hearts[state], fine)
    box = image[near.slices].copy()
    looks = [_with(heart, box, patient, state, near.places) for heart in hearts]
    image[near.slices] = np.mean(looks, axis=0)
    expected = np.clip(sampled(_seen(image, axes, optics), fine, places_mm(geometry)), 0.0, None)
    counts = expected * (optics.counts_per_ml * share) * geometry.voxel_volume_ml
    smoothing = optics.filter_mm * (1.0 if share == 1.0 else _GATED_FILTER)
    sigma = [smoothing / _FWHM / step for step in geometry.spacing_mm]
    drawn = random.poisson(counts).astype(np.float32)
    return np.asarray(gaussian_filter(drawn, sigma), dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Near:
    """The part of a grid that holds the heart, and its places in millimetres."""

    slices: tuple[slice, slice, slice]
    places: Floats


def _near(heart: Ventricle, fine: Geometry) -> _Near:
    middle = heart.base_mm + 0.5 * heart.length_mm * heart.direction
    index = fine.lps_to_index(middle)
    half = _NEAR_MM / _FINE_MM
    a, b, c = (
        slice(max(0, int(i - half)), min(n, int(i + half) + 1))
        for i, n in zip(index, fine.shape, strict=True)
    )
    local = np.stack(list(np.mgrid[a, b, c]), axis=-1)
    return _Near((a, b, c), fine.index_to_lps(local))


def _with(heart: Ventricle, box: Image, patient: Patient, state: State, places: Floats) -> Image:
    """Uptake near the heart, the heart in it."""
    chest = patient.chests[state]
    image = _with_right_ventricle(heart, box, chest, places)
    wall, cavity = heart.shares(places, _FINE_MM)
    image += cavity * (chest.blood - image)
    muscle = wall > 0
    radius, angle = heart.axis.on_map(places[muscle])
    uptake = patient.perfusion.uptake(radius, angle, stress=state is State.STRESS)
    image[muscle] += wall[muscle] * (uptake - image[muscle])
    return np.asarray(image, dtype=np.float32)


def _with_right_ventricle(heart: Ventricle, box: Image, chest: Chest, places: Floats) -> Floats:
    """A crescent on the septum, full of blood."""
    along, up, aside = np.moveaxis(heart.axis.local(places), -1, 0)
    middle = -(heart.radius_mm + heart.wall_mm) - 0.45 * _RIGHT_HALF_MM[2]
    parts = (along - 0.45 * heart.length_mm, up, aside - middle)
    image = box.astype(np.float64)
    for thicker, uptake in ((_RIGHT_WALL_MM, chest.right_wall), (0.0, chest.blood)):
        squares = [
            (part / (half + thicker)) ** 2 for part, half in zip(parts, _RIGHT_HALF_MM, strict=True)
        ]
        apart = np.sqrt(sum(squares, np.zeros(1)))
        share = np.clip(0.5 + (1 - apart) * 36.0 / _FINE_MM, 0.0, 1.0)
        image += share * (uptake - image)
    return image


def _seen(image: Image, axes: Axes, optics: Optics) -> Image:
    """Attenuation that was not corrected, resolution, breathing."""
    loss = optics.depth_loss * (axes.y_mm - axes.y_mm[0]) / 200.0
    dimmed = image * np.maximum(1.0 - loss, 0.2).astype(np.float32)[:, None]
    sigma = optics.resolution_mm / _FWHM
    along = float(np.hypot(sigma, optics.breathing_mm))
    steps = (along / _FINE_MM, sigma / _FINE_MM, sigma / _FINE_MM)
    return np.asarray(gaussian_filter(dimmed, steps), dtype=np.float32)


def _fine_grid() -> Geometry:
    low, high = np.array(_BOX_LOW_MM), np.array(_BOX_HIGH_MM)
    columns, rows, slices = (int(n) for n in np.round((high - low) / _FINE_MM))
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = _FINE_MM
    affine[:, 3] = (*(low + _FINE_MM / 2), 1.0)
    return Geometry(affine=affine, shape=(slices, rows, columns), frame_of_reference_uid=None)
