"""A brain SPECT: resolution, counts, filter, and the grid of a camera.

Resolution is a Gaussian and noise is Poisson in the voxel, then filtered; nothing is projected or
reconstructed, so attenuation and scatter leave no pattern.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter  # type: ignore[attr-defined]  # filled at run time

from algorithms.simulation.brain_anatomy import Head, Tissue, Variety, activity, draw_head
from algorithms.simulation.brain_uptake import (
    DatUptake,
    Group,
    Population,
    draw_uptake,
)
from algorithms.toolbox.brain_template import BrainTemplate, places_mm, sampled
from algorithms.toolbox.striatum import Nucleus, Side, share
from dicom_node.domain.geometry import Geometry

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

_FINE_MM = 2.5
_BOX_MM = (210.0, 250.0, 210.0)  # up, back, left: a head of any pose
_BOX_CENTRE_MM = (0.0, 18.0, 8.0)
_FWHM = 2.0 * np.sqrt(2.0 * np.log(2.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """From to of what differs between scans.

    Parameters
    ----------
    resolution_mm, filter_mm : full width at half maximum, before and after the noise
    counts_per_ml : at the unspecific level
    """

    resolution_mm: tuple[float, float] = (7.0, 9.0)
    filter_mm: tuple[float, float] = (4.0, 5.0)
    counts_per_ml: tuple[float, float] = (330.0, 800.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that decides which scans there are."""

    name: str
    people: Population = field(default_factory=Population)
    variety: Variety = field(default_factory=Variety)
    tissue: Tissue = field(default_factory=Tissue)
    camera: Camera = field(default_factory=Camera)


FIRST = World(name="first")
# Never trained on: poorer resolution, fewer counts, scatter left in, heads that differ more.
SECOND = World(
    name="second",
    people=Population(normal=6.0, spread=1.0, severity=(2.8, 2.4), one_sided=0.25),
    variety=Variety(
        turn_deg=(9.0, 6.0, 7.0), scale=0.045, bend_mm=(1.0, 2.2), thickness=0.07, aside_mm=1.1
    ),
    tissue=Tissue(grey=1.0, white=0.78, fluid=0.40, scalp=0.55, inside=0.05),
    camera=Camera(resolution_mm=(8.5, 10.5), filter_mm=(5.0, 7.0), counts_per_ml=(200.0, 500.0)),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BrainScan:
    """A scan and its truth.

    Parameters
    ----------
    image : (slices, rows, columns), counts per voxel, not rounded
    uptake : binding as put in
    """

    image: Image
    geometry: Geometry
    uptake: DatUptake
    head: Head
    fwhm_mm: float


def camera_grid(
    *, matrix: int, pixel_mm: float, slices: int, slice_mm: float, uid: str | None = None
) -> Geometry:
    """Axial grid about the middle of the scanner; a negative slice distance goes to the feet."""
    affine = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2] = slice_mm, pixel_mm, pixel_mm
    affine[3, 3] = 1.0
    middle = (np.array([slices, matrix, matrix]) - 1) / 2
    affine[:3, 3] = np.array(_BOX_CENTRE_MM) - affine[:3, :3] @ middle
    return Geometry(affine=affine, shape=(slices, matrix, matrix), frame_of_reference_uid=uid)


def scan_person(
    group: Group,
    template: BrainTemplate,
    geometry: Geometry,
    random: np.random.Generator,
    world: World = FIRST,
) -> BrainScan:
    """Draw a person of a group and scan it."""
    uptake = draw_uptake(group, random, world.people)
    head = draw_head(random, world.variety)
    camera = world.camera
    resolution = float(random.uniform(*camera.resolution_mm))
    smoothing = float(random.uniform(*camera.filter_mm))
    fine = _fine_grid()
    truth = activity(head, uptake, world.tissue, template, places_mm(fine)).astype(np.float32)
    taken = Taken(
        resolution_mm=resolution,
        filter_mm=smoothing,
        counts_per_ml=float(random.uniform(*camera.counts_per_ml)),
    )
    return BrainScan(
        image=take(truth, fine, geometry, taken, random),
        geometry=geometry,
        uptake=uptake,
        head=head,
        fwhm_mm=float(np.hypot(resolution, smoothing)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How one scan is taken; as `Camera`, with one value of each."""

    resolution_mm: float
    filter_mm: float
    counts_per_ml: float


def take(
    truth: Image, fine: Geometry, geometry: Geometry, taken: Taken, random: np.random.Generator
) -> Image:
    """Counts per voxel of a camera's grid, of a concentration on a fine one, unspecific 1."""
    blurred = _blurred(truth, taken.resolution_mm, fine)
    expected = np.clip(sampled(blurred, fine, places_mm(geometry)), 0.0, None)
    counts = expected * taken.counts_per_ml * geometry.voxel_volume_ml
    return _blurred(random.poisson(counts).astype(np.float32), taken.filter_mm, geometry)


def true_masks(scan: BrainScan) -> dict[tuple[Nucleus, Side], Mask]:
    """Voxels of the scan of which more than half is in a nucleus."""
    places = scan.head.to_template(places_mm(scan.geometry))
    return {
        (nucleus, side): share(nucleus, side, places, build=scan.head.builds[side]) > 0.5
        for nucleus in (Nucleus.CAUDATE, Nucleus.PUTAMEN)
        for side in Side
    }


def true_reference(scan: BrainScan, template: BrainTemplate) -> Mask:
    """Voxels of the scan in the occipital region of reference."""
    places = scan.head.to_template(places_mm(scan.geometry))
    return np.asarray(sampled(template.occipital, template.geometry, places) > 0.5)


def _fine_grid() -> Geometry:
    up, back, left = (round(length / _FINE_MM) for length in _BOX_MM)
    affine = np.zeros((4, 4))
    affine[2, 0] = affine[1, 1] = affine[0, 2] = _FINE_MM
    affine[3, 3] = 1.0
    middle = (np.array([up, back, left]) - 1) / 2
    affine[:3, 3] = np.array(_BOX_CENTRE_MM) - affine[:3, :3] @ middle
    return Geometry(affine=affine, shape=(up, back, left), frame_of_reference_uid=None)


def _blurred(image: Image, fwhm_mm: float, geometry: Geometry) -> Image:
    sigma = [fwhm_mm / _FWHM / step for step in geometry.spacing_mm]
    return np.asarray(gaussian_filter(image, sigma), dtype=np.float32)
