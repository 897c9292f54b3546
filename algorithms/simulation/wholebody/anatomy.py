"""One patient's organs in painting order, with everything physiological that may be hot."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from algorithms.simulation.head import brain, neck, skull_and_face
from algorithms.simulation.shapes import Capsule
from algorithms.simulation.skeleton import skeleton
from algorithms.simulation.tissues import Tissue
from algorithms.simulation.viscera import lungs_and_vessels
from algorithms.simulation.wholebody.habitus import Habitus
from algorithms.simulation.wholebody.hot_spots import (
    HotSpotRates,
    brown_fat,
    ganglia,
    glands,
    joints,
    muscles,
    thyroid,
    urine,
)
from algorithms.simulation.wholebody.organs import Organ
from algorithms.simulation.wholebody.outline import arm_bones, arm_paths, outline
from algorithms.simulation.wholebody.pieces import Piece, fitted
from algorithms.simulation.wholebody.viscera import (
    Rough,
    belly_cavity,
    gut,
    heart,
    pelvic,
    solid_organs,
)


def draw_anatomy(
    habitus: Habitus, rates: HotSpotRates, *, prostate: bool, random: np.random.Generator
) -> tuple[Piece, ...]:
    """Every piece of a patient, in the patient's own millimetres, later over earlier."""
    head = [replace(part, in_head=True) for part in (*skull_and_face(), *brain(), *neck())]
    replaced = (Tissue.SALIVARY_GLAND, Tissue.TONSIL)  # drawn one by one instead
    return (
        *outline(habitus),
        *_fit(habitus, muscles(rates, random)),
        *fitted(habitus, lungs_and_vessels(random)),
        *_fit(habitus, heart(random)),
        *_fit(habitus, belly_cavity()),
        *_fit(habitus, brown_fat(rates, random)),
        *_fit(habitus, gut(random)),
        *_fit(habitus, solid_organs(random)),
        *_fit(habitus, pelvic(random, sex=habitus.sex, prostate=prostate)),
        *_fit(habitus, urine(rates, random)),
        *_fit(habitus, ganglia(rates, random)),
        *_fit(habitus, thyroid(random)),
        *fitted(habitus, (part for part in head if part.tissue not in replaced)),
        *(Piece(organ, habitus.fit_head(solid)) for organ, solid in glands()),
        *fitted(habitus, skeleton(arms=False)),
        *arm_bones(habitus),
        *_fit(habitus, joints(rates, random)),
        *_injection(habitus, rates, random),
    )


def _fit(habitus: Habitus, rough: Iterable[Rough]) -> tuple[Piece, ...]:
    return tuple(Piece(organ, habitus.fit_trunk(solid), gain) for organ, solid, gain in rough)


def _injection(
    habitus: Habitus, rates: HotSpotRates, random: np.random.Generator
) -> tuple[Piece, ...]:
    """Paravasation near the elbow or on the back of the hand, with some of the vein above it."""
    seen, side, along = random.random(), int(random.integers(2)), float(random.uniform(0, 0.9))
    radius, gain = float(random.uniform(3, 9)), float(random.uniform(0.4, 1.3))
    if seen >= rates.injection_site:
        return ()
    _, elbow, wrist, _ = (np.array(point) for point in arm_paths(habitus)[side])
    place = elbow + along * (wrist - elbow) + np.array([0, -18, 0])
    end = place + 0.12 * (elbow - wrist) / max(1.0, float(np.linalg.norm(elbow - wrist))) * 200
    spot = Capsule(
        start_mm=(float(place[0]), float(place[1]), float(place[2])),
        end_mm=(float(end[0]), float(end[1]), float(end[2])),
        radius_mm=radius,
    )
    return (Piece(Organ.INJECTION_SITE, spot, gain),)
