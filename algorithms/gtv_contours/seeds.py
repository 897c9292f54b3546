"""Where contours start: contours that somebody drew, or the hottest spots by the card's rule."""

from dataclasses import dataclass

import numpy as np

from algorithms.gtv_contours.parameters import Parameters
from algorithms.toolbox.adaptive_edge import adapted_edge
from algorithms.toolbox.components import Index
from algorithms.toolbox.ground import Image, ground_of
from algorithms.toolbox.isocontour import at_fixed_level, hottest_voxel
from algorithms.toolbox.lesions import drawn
from dicom_node.domain.contour import ContourSet
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region

_LONGEST_NAME = 40  # a segment's label has 64 characters, and the method stands behind the name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seed:
    """A hot spot to be outlined.

    Parameters
    ----------
    number : from 1
    name : as results are told by
    region : what the spot was found as; contours keep near it, and away from those of others
    hottest : (slice, row, column) of its maximum, where every contour starts
    drawn : whether a person or another product drew the region
    """

    number: int
    name: str
    region: Region
    hottest: Index
    drawn: bool


def drawn_seeds(
    image: Image, geometry: Geometry, contours: ContourSet
) -> tuple[tuple[Seed, ...], tuple[str, ...]]:
    """A seed in each contour that may be a lesion, and what a reader has to know of the others."""
    lesions, said = drawn(contours)
    return tuple(
        Seed(
            number=number,
            name=lesion.label[:_LONGEST_NAME].strip(),
            region=lesion.region,
            hottest=hottest_voxel(image, geometry, lesion.region),
            drawn=True,
        )
        for number, lesion in enumerate(lesions, start=1)
    ), said


def hot_seeds(image: Image, geometry: Geometry, parameters: Parameters) -> tuple[Seed, ...]:
    """Connected regions of the card's SUV and volume, the hottest first.

    Those whose hottest voxel lies within the adapted contour of a hotter one are parts of it and
    left out, as long as the hotter one is among the first that will be outlined.
    """
    regions = at_fixed_level(
        image,
        geometry,
        level=parameters.seed_suvbw,
        min_volume_ml=parameters.seed_minimum_ml,
    )
    spots = sorted(
        ((region, hottest_voxel(image, geometry, region)) for region in regions),
        key=lambda spot: _rank(image, geometry, *spot),
    )
    found: list[tuple[Region, Index]] = []
    while spots:
        region, hottest = spots.pop(0)
        if len(found) < parameters.most_seeds and spots:
            ground = ground_of(region, (), geometry, parameters.reach_mm)
            edge = adapted_edge(image, geometry, ground, hottest)
            spots = [spot for spot in spots if edge is None or not _holds(edge.region, spot[1])]
        found.append((region, hottest))
    return tuple(
        Seed(number=number, name=f"Hot spot {number}", region=region, hottest=hottest, drawn=False)
        for number, (region, hottest) in enumerate(found, start=1)
    )


def _rank(image: Image, geometry: Geometry, region: Region, hottest: Index) -> tuple[float, ...]:
    """The hottest first; of equal ones the larger, then the lower in the patient."""
    x, y, z = np.round(geometry.index_to_lps(hottest), 3)
    return -float(image[hottest]), -region.voxels, float(z), float(y), float(x)


def _holds(region: Region, voxel: Index) -> bool:
    inside = all(axis.start <= v < axis.stop for axis, v in zip(region.slices, voxel, strict=True))
    a, b, c = (v - axis.start for axis, v in zip(region.slices, voxel, strict=True))
    return inside and bool(region.mask[a, b, c])
