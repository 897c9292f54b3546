"""Contours as segments, their numbers, and what a reader of them has to be told."""

from collections.abc import Mapping, Sequence

import numpy as np

from algorithms.gtv_contours.methods import Delineation, Method
from algorithms.gtv_contours.parameters import Parameters
from algorithms.gtv_contours.seeds import Seed
from algorithms.toolbox.ground import Box, painted
from algorithms.toolbox.lesion_values import plain, suv
from dicom_node.domain import coding
from dicom_node.domain.coding import PRIVATE_SCHEME, Code
from dicom_node.domain.result import Measurement, Region, Segment

RGB: Mapping[Method, tuple[int, int, int]] = {
    Method.ADAPTED: (0, 158, 96),
    Method.GRADIENT: (214, 39, 160),
    Method.FRACTION: (30, 110, 255),
    Method.HIGHER_FRACTION: (0, 190, 215),
    Method.FIXED: (240, 140, 0),
}
HOT_SPOT_CONTOUR = Code("hot-spot-contour", PRIVATE_SCHEME, "Contour of a hot spot (candidate)")
BACKGROUND = Code("local-background", PRIVATE_SCHEME, "SUVbw around a contour")
LEVEL = Code("contour-level", PRIVATE_SCHEME, "SUVbw at which a contour was drawn")
OVERLAP = Code("dice", PRIVATE_SCHEME, "Overlap with the given contour (Dice)")
PARTIAL_VOLUME_ML = 1.0
_OPEN = "; ended at its bound"


def segments_of(found: Sequence[Delineation]) -> tuple[Segment, ...]:
    """One segment for each contour; each has a row of its own on the result page."""
    return tuple(
        Segment(
            number=number,
            label=f"{one.seed.name} {one.name}",
            category=coding.SPATIAL_CONCEPT,
            type=HOT_SPOT_CONTOUR,
            region=one.region,
            tracking_id=f"seed-{one.seed.number} {one.name}",
            display_rgb=RGB[one.method],
        )
        for number, one in enumerate(found, start=1)
    )


def measurements_of(
    found: Sequence[Delineation], parameters: Parameters
) -> tuple[Measurement, ...]:
    """Volume, SUV and level of every contour; its overlap with a contour that was given."""
    return tuple(
        row for number, one in enumerate(found, start=1) for row in _of(one, number, parameters)
    )


def _of(one: Delineation, segment: int, parameters: Parameters) -> list[Measurement]:
    note = one.source + ("" if one.closed else _OPEN)
    peak = (
        f"greatest mean over a {parameters.peak_sphere_ml:g} mL sphere whose centre is a voxel of "
        "the contour (PERCIST 1.0: Wahl et al., J Nucl Med 2009;50 Suppl 1:122S)"
    )
    rows = [
        plain(
            "Volume",
            coding.VOLUME,
            one.uptake.volume_ml,
            coding.MILLILITRE,
            segment=segment,
            source=note,
        ),
        suv("SUVmax", one.uptake.maximum, coding.MAXIMUM, segment, "hottest voxel"),
        suv("SUVmean", one.uptake.mean, coding.MEAN, segment, note),
        suv("SUVpeak", one.uptake.peak, coding.PEAK, segment, peak),
    ]
    per_ml = coding.G_PER_ML_SUVBW
    if one.level is not None:
        rows.append(plain("Level", LEVEL, one.level, per_ml, segment=segment, source=one.source))
    if one.background is not None and one.method is Method.ADAPTED:
        cold = one.background
        rows.append(
            plain("Background", BACKGROUND, cold, per_ml, segment=segment, source=one.source)
        )
    if one.seed.drawn:
        rows.append(
            plain(
                "Dice to given",
                OVERLAP,
                overlap(one.region, one.seed.region),
                coding.RATIO,
                segment=segment,
                source="2 |A and B| / (|A| + |B|) with the contour that was given",
            )
        )
    return rows


def overlap(one: Region, other: Region) -> float:
    """Dice coefficient of two regions of one grid."""
    a, b, c = (
        slice(min(p.start, q.start), max(p.stop, q.stop))
        for p, q in zip(one.slices, other.slices, strict=True)
    )
    box: Box = (a, b, c)
    common = np.count_nonzero(painted([one], box) & painted([other], box))
    return float(2.0 * common / (one.voxels + other.voxels))


def warnings_of(seeds: Sequence[Seed], found: Sequence[Delineation]) -> tuple[str, ...]:
    """What a reader has to know of the contours, the most important first."""
    if not seeds:
        return ()
    labels = {f"{one.seed.name} {one.name}": one for one in found}
    still = [label for label, one in labels.items() if not one.closed]
    small = [label for label, one in labels.items() if one.uptake.volume_ml < PARTIAL_VOLUME_ML]
    told = (
        "Contours of hot spots, drawn by formulas: none is a gross tumour volume before a "
        "physician has edited and accepted it. The methods differ; see how much.",
        f"Ended at their bound, not by uptake: {', '.join(still)}." if still else "",
        f"Below {PARTIAL_VOLUME_ML:g} mL, so that the partial volume effect lowers SUV and makes "
        f"volumes uncertain: {', '.join(small)}."
        if small
        else "",
        *(_missing(seed, found) for seed in seeds),
    )
    return tuple(text for text in told if text)


def of_rule(
    seeds: Sequence[Seed], chosen: Sequence[Seed], parameters: Parameters
) -> tuple[str, ...]:
    """How hot spots were chosen where nobody drew a contour."""
    rule = f"SUVbw {parameters.seed_suvbw:g} and {parameters.seed_minimum_ml:g} mL"
    if not seeds:
        return (f"No contour was given, and no connected region reaches {rule}: no outline.",)
    rest = len(seeds) - len(chosen)
    more = f" {rest} more that reach it are not outlined." if rest else ""
    return (
        f"No contour was given: the hottest connected regions of {rule} were outlined, which may "
        f"be brain, heart, kidneys, bladder or bowel.{more}",
    )


def _missing(seed: Seed, found: Sequence[Delineation]) -> str:
    have = {one.method for one in found if one.seed is seed}
    absent = [str(method) for method in Method if method not in have]
    if not absent:
        return ""
    return f"{seed.name} has no contour by: {', '.join(absent)} (not above its surroundings)."
