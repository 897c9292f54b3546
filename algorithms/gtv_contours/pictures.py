"""A picture for each hot spot: the three planes through its hottest voxel, with every contour."""

from collections.abc import Sequence

from algorithms.gtv_contours.measurements import RGB
from algorithms.gtv_contours.methods import Delineation, Method
from algorithms.gtv_contours.seeds import Seed
from algorithms.toolbox.canvas import Outline, Window
from algorithms.toolbox.figures import mip_figure
from algorithms.toolbox.planes import Key, planes_figure
from algorithms.toolbox.slices import Scan
from algorithms.toolbox.views import View
from dicom_node.domain.result import Figure
from dicom_node.domain.volume import Volume

GIVEN_RGB = (200, 20, 20)
_DASHED = frozenset({Method.HIGHER_FRACTION, Method.FIXED})
# The white of the window at the edge of a hot tumour hides the others; that of a cold one hides it.
_LEAST_HIGH, _MOST_HIGH = 4.0, 15.0


def draw(pet: Volume, seeds: Sequence[Seed], found: Sequence[Delineation]) -> tuple[Figure, ...]:
    """Planes of each seed; a projection where there is none."""
    if not seeds:
        return (mip_figure(pet.array, pet.geometry, (), view=View.CORONAL, title="Coronal MIP"),)
    return tuple(_planes(pet, seed, [one for one in found if one.seed is seed]) for seed in seeds)


def _planes(pet: Volume, seed: Seed, found: Sequence[Delineation]) -> Figure:
    outlines = [
        Outline(region=one.region, rgb=RGB[one.method], dashed=one.method in _DASHED)
        for one in found
    ]
    keys = [
        Key(
            text=f"{one.name}: {one.uptake.volume_ml:.1f} mL",
            rgb=RGB[one.method],
            dashed=one.method in _DASHED,
        )
        for one in found
    ]
    if seed.drawn:
        outlines.append(Outline(region=seed.region, rgb=GIVEN_RGB))
        given = seed.region.voxels * pet.geometry.voxel_volume_ml
        keys.append(Key(text=f"given: {given:.1f} mL", rgb=GIVEN_RGB))
    hottest = float(pet.array[seed.hottest])
    high = min(max(_LEAST_HIGH, round(hottest)), _MOST_HIGH)
    return planes_figure(
        Scan(image=pet.array, geometry=pet.geometry),
        seed.hottest,
        outlines,
        title=f"{seed.name}: planes through its hottest voxel, SUV {hottest:.1f}",
        keys=keys,
        window=Window(high=high),
    )
