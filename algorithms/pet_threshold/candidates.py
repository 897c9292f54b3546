"""Uptake candidates: hot spots above a fixed SUV, ranked, with their contour at a fraction."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from algorithms.toolbox.card import numbers
from algorithms.toolbox.ground import Image
from algorithms.toolbox.isocontour import (
    Isocontour,
    at_fixed_level,
    at_fraction_of_maximum,
    hottest_voxel,
)
from algorithms.toolbox.uptake import Uptake, uptake_of
from dicom_node.domain.algorithm import AlgorithmCard
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The values of the model card that decide the result; why these, the card tells."""

    threshold_suvbw: float
    fraction_of_maximum: float
    minimum_volume_ml: float
    contour_margin_mm: float
    peak_sphere_ml: float
    most_candidates_outlined: int

    @classmethod
    def from_card(cls, card: AlgorithmCard) -> "Parameters":
        """Parameters as the card has them; a ConfigError where one is missing, unknown or wild."""
        found = numbers(
            card,
            {
                "threshold_suvbw": (0, 100),
                "fraction_of_maximum": (0, 1),
                "minimum_volume_ml": (0, 1000),
                "contour_margin_mm": (0, 100),
                "peak_sphere_ml": (0, 100),
                "most_candidates_outlined": (0, 200),
            },
        )
        return cls(
            threshold_suvbw=found["threshold_suvbw"],
            fraction_of_maximum=found["fraction_of_maximum"],
            minimum_volume_ml=found["minimum_volume_ml"],
            contour_margin_mm=found["contour_margin_mm"],
            peak_sphere_ml=found["peak_sphere_ml"],
            most_candidates_outlined=int(found["most_candidates_outlined"]),
        )

    @property
    def fixed_name(self) -> str:
        """Short name of the fixed threshold, e.g. ``SUV>=4.0``."""
        return f"SUV>={self.threshold_suvbw:.1f}"

    @property
    def fraction_name(self) -> str:
        """Short name of the fraction, e.g. ``41%``."""
        return f"{100 * self.fraction_of_maximum:.0f}%"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HotSpot:
    """A connected region above the fixed threshold, and its numbers.

    Parameters
    ----------
    hottest : (slice, row, column)
        Where its maximum lies.
    at_border : bool
        Whether it touches the border of the image, so that it may go on beyond.
    """

    region: Region
    uptake: Uptake
    hottest: tuple[int, int, int]
    at_border: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """A hot spot that gets a number, from 1, and a second contour at a fraction of its maximum."""

    number: int
    hot_spot: HotSpot
    contour: Isocontour
    contour_uptake: Uptake


def find_hot_spots(image: Image, geometry: Geometry, parameters: Parameters) -> tuple[HotSpot, ...]:
    """Hot spots, the hottest first; of equal maximum the larger, then the lower in the patient."""
    regions = at_fixed_level(
        image,
        geometry,
        level=parameters.threshold_suvbw,
        min_volume_ml=parameters.minimum_volume_ml,
    )
    spots = [
        HotSpot(
            region=region,
            uptake=uptake_of(image, geometry, region, peak_volume_ml=parameters.peak_sphere_ml),
            hottest=hottest_voxel(image, geometry, region),
            at_border=_touches_border(region, geometry),
        )
        for region in regions
    ]

    def rank(spot: HotSpot) -> tuple[float, ...]:
        x, y, z = np.round(geometry.index_to_lps(spot.hottest), 3)
        return -spot.uptake.maximum, -spot.region.voxels, float(z), float(y), float(x)

    return tuple(sorted(spots, key=rank))


def outline_candidates(
    image: Image, geometry: Geometry, hot_spots: Sequence[HotSpot], parameters: Parameters
) -> tuple[Candidate, ...]:
    """The first hot spots as numbered candidates; the others still keep their ground."""
    chosen = hot_spots[: parameters.most_candidates_outlined]
    candidates = []
    for number, spot in enumerate(chosen, start=1):
        contour = at_fraction_of_maximum(
            image,
            geometry,
            spot.region,
            fraction=parameters.fraction_of_maximum,
            others=[other.region for other in hot_spots if other is not spot],
            margin_mm=parameters.contour_margin_mm,
        )
        uptake = uptake_of(
            image, geometry, contour.region, peak_volume_ml=parameters.peak_sphere_ml
        )
        candidates.append(
            Candidate(number=number, hot_spot=spot, contour=contour, contour_uptake=uptake)
        )
    return tuple(candidates)


def _touches_border(region: Region, geometry: Geometry) -> bool:
    return any(
        part.start == 0 or part.stop == size
        for part, size in zip(region.slices, geometry.shape, strict=True)
    )
