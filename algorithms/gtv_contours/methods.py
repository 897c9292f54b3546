"""The five contours of one hot spot."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from algorithms.gtv_contours.parameters import Parameters
from algorithms.gtv_contours.seeds import Seed
from algorithms.toolbox.adaptive_edge import (
    BACKGROUND_SOURCE,
    MIDWAY_SOURCE,
    STEEPEST_SOURCE,
    adapted_edge,
    steepest_edge,
)
from algorithms.toolbox.ground import Ground, Image, ground_of
from algorithms.toolbox.isocontour import at_level
from algorithms.toolbox.uptake import Uptake, uptake_of
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region


class Method(StrEnum):
    """How a contour was drawn, in the order of results."""

    ADAPTED = "background-adapted"
    GRADIENT = "gradient edge"
    FRACTION = "fraction of maximum"
    HIGHER_FRACTION = "higher fraction of maximum"
    FIXED = "fixed SUV"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Delineation:
    """One contour of one seed, and what lies in it.

    Parameters
    ----------
    name : short name of the method with its value, e.g. ``41% of max``
    source : formula or publication
    level : SUVbw; None where no single level made it
    background : SUVbw, where the method knows it
    closed : False where only its bound ended it
    """

    seed: Seed
    method: Method
    name: str
    source: str
    region: Region
    uptake: Uptake
    level: float | None
    background: float | None
    closed: bool


def delineations(
    image: Image, geometry: Geometry, seed: Seed, others: Sequence[Seed], parameters: Parameters
) -> tuple[Delineation, ...]:
    """Contours of a seed by every method that gives one.

    The adapted and the gradient contour are missing where nothing around the seed is colder, the
    fixed one where the seed itself is below the level.
    """
    margin = parameters.contour_margin_mm if seed.drawn else parameters.reach_mm
    rivals = [other.region for other in others if other is not seed]
    ground = ground_of(seed.region, rivals, geometry, margin)
    return (
        *_adaptive(image, geometry, ground, seed, parameters),
        *_isocontours(image, geometry, ground, seed, parameters),
    )


def _adaptive(
    image: Image, geometry: Geometry, ground: Ground, seed: Seed, parameters: Parameters
) -> tuple[Delineation, ...]:
    midway = adapted_edge(image, geometry, ground, seed.hottest)
    if midway is None:
        return ()
    steepest = steepest_edge(image, geometry, ground, seed.hottest, midway)
    pairs = (
        (Method.ADAPTED, midway, f"{MIDWAY_SOURCE}; background: {BACKGROUND_SOURCE}"),
        (Method.GRADIENT, steepest, STEEPEST_SOURCE),
    )
    return tuple(
        Delineation(
            seed=seed,
            method=method,
            name=str(method),
            source=source,
            region=edge.region,
            uptake=uptake_of(
                image, geometry, edge.region, peak_volume_ml=parameters.peak_sphere_ml
            ),
            level=edge.level,
            background=edge.background,
            closed=edge.closed,
        )
        for method, edge, source in pairs
    )


def _isocontours(
    image: Image, geometry: Geometry, ground: Ground, seed: Seed, parameters: Parameters
) -> tuple[Delineation, ...]:
    highest = float(image[seed.hottest])
    low, high = parameters.fraction_of_maximum, parameters.higher_fraction
    fixed = parameters.fixed_suvbw
    wanted = (
        (Method.FRACTION, low * highest, f"{100 * low:.0f}% of max", "share of the seed's SUVmax"),
        (
            Method.HIGHER_FRACTION,
            high * highest,
            f"{100 * high:.0f}% of max",
            "share of the seed's SUVmax",
        ),
        (Method.FIXED, fixed, f"SUV>={fixed:.1f}", "fixed level"),
    )
    out = []
    for method, level, name, source in wanted:
        if level > highest or highest <= 0:
            continue
        found = at_level(image, ground, seed.hottest, level)
        uptake = uptake_of(image, geometry, found.region, peak_volume_ml=parameters.peak_sphere_ml)
        out.append(
            Delineation(
                seed=seed,
                method=method,
                name=name,
                source=source,
                region=found.region,
                uptake=uptake,
                level=level,
                background=None,
                closed=found.closed,
            )
        )
    return tuple(out)
