"""The ratios as coded measurements and segments."""

from collections.abc import Mapping, Sequence

import numpy as np

from algorithms.dat_spect.normals import Normals
from algorithms.dat_spect.ratios import Ratios
from algorithms.dat_spect.regions import MEASURED, Part, Regions
from algorithms.toolbox.striatum import Nucleus, Side
from dicom_node.domain import coding
from dicom_node.domain.coding import PRIVATE_SCHEME, Code
from dicom_node.domain.result import Measurement, Region, Segment

# PS3.16 has no concept for any of these.
BINDING_RATIO = Code("specific-binding-ratio", PRIVATE_SCHEME, "Specific binding ratio")
TOTAL_COUNTS_RATIO = Code(
    "specific-binding-ratio-total", PRIVATE_SCHEME, "Specific binding ratio by total counts"
)
CAUDATE_TO_PUTAMEN = Code("caudate-to-putamen", PRIVATE_SCHEME, "Caudate to putamen ratio")
ASYMMETRY = Code("asymmetry-index", PRIVATE_SCHEME, "Asymmetry index")
Z_SCORE = Code("z-score", PRIVATE_SCHEME, "Standard deviations from the mean of the normals in use")

STRUCTURES = {
    Nucleus.CAUDATE: Code("11000004", "SCT", "Caudate nucleus"),
    Nucleus.PUTAMEN: Code("89278009", "SCT", "Putamen"),
}
_SIDES = {Side.LEFT: coding.LEFT, Side.RIGHT: coding.RIGHT}
COLOURS: Mapping[Part, tuple[int, int, int]] = {
    (Nucleus.CAUDATE, Side.LEFT): (0, 158, 115),
    (Nucleus.CAUDATE, Side.RIGHT): (86, 180, 233),
    (Nucleus.PUTAMEN, Side.LEFT): (213, 94, 0),
    (Nucleus.PUTAMEN, Side.RIGHT): (204, 121, 167),
}
REFERENCE_RGB = (240, 228, 66)  # a grey one is hard to see on a grey image

_BY_REGIONS = "(mean of the region - mean of the occipital reference) / mean of that reference"
_BY_TOTAL = (
    "(N / c - V) / {:g} ml; N total counts in a region 14 mm round the striatum, V its volume, c "
    "mean of the unspecific brain (Tossici-Bolt et al., Eur J Nucl Med Mol Imaging 2006;33:1491)"
)


def side_name(side: Side, *, placed: bool) -> str:
    """``left``, or what can be said where the source tells no orientation."""
    return str(side) if placed else {Side.LEFT: "side 1", Side.RIGHT: "side 2"}[side]


def segments_of(regions: Regions, *, placed: bool) -> tuple[Segment, ...]:
    """Caudate and putamen of either side, and the reference region, in this order."""
    nuclei = [
        Segment(
            number=number,
            label=f"{part[0].capitalize()} {side_name(part[1], placed=placed)}",
            category=coding.ANATOMICAL_STRUCTURE,
            type=STRUCTURES[part[0]],
            region=Region.from_mask(regions.nuclei[part]),
            tracking_id=f"{part[0]} {side_name(part[1], placed=placed)}",
            display_rgb=COLOURS[part],
            site=STRUCTURES[part[0]],
            laterality=_SIDES[part[1]] if placed else None,
        )
        for number, part in enumerate(MEASURED, start=1)
    ]
    reference = Segment(
        number=len(nuclei) + 1,
        label="Occipital reference",
        category=coding.SPATIAL_CONCEPT,
        type=coding.REFERENCE_REGION,
        region=Region.from_mask(regions.reference),
        tracking_id="occipital reference",
        display_rgb=REFERENCE_RGB,
    )
    return (*nuclei, reference)


def measurements_of(
    ratios: Ratios,
    segments: Sequence[Segment],
    voxel_ml: float,
    *,
    normals: Normals | None,
    age_years: float | None,
    striatum_ml: float,
    placed: bool,
) -> tuple[Measurement, ...]:
    """Numbers of each region, then those of the striata and of both sides together.

    Parameters
    ----------
    normals : None where there are none of the tracer; then nothing is compared
    """
    found: list[Measurement] = []
    for number, (part, segment) in enumerate(zip(MEASURED, segments, strict=False), start=1):
        value = ratios.binding[part]
        found.append(_number("SBR", BINDING_RATIO, value, segment=number, source=_BY_REGIONS))
        if normals is not None:
            z = normals.ranges[str(part[0])].z(value, age_years)
            source = f"(value - mean) / standard deviation of: {normals.name}"
            found.append(_number("z", Z_SCORE, z, coding.COUNT, segment=number, source=source))
        found.append(_volume(segment, voxel_ml))
    found.append(_volume(segments[-1], voxel_ml))
    return (*found, *_of_both_sides(ratios, striatum_ml, placed=placed))


def _of_both_sides(ratios: Ratios, striatum_ml: float, *, placed: bool) -> tuple[Measurement, ...]:
    total, ratio, apart = [], [], []
    for side in Side:
        name = side_name(side, placed=placed)
        by_total, divided = ratios.total_counts[side], ratios.caudate_to_putamen(side)
        told = _BY_TOTAL.format(striatum_ml)
        label = f"SBR by total counts, {name}"
        total.append(_number(label, TOTAL_COUNTS_RATIO, by_total, source=told))
        if divided is not None:
            label = f"Caudate to putamen, {name}"
            ratio.append(_number(label, CAUDATE_TO_PUTAMEN, divided, source="SBR / SBR"))
    for nucleus in (Nucleus.CAUDATE, Nucleus.PUTAMEN):
        index = ratios.asymmetry_percent(nucleus)
        if index is not None:
            label, source = f"Asymmetry of {nucleus}", "200 |left - right| / (left + right) of SBR"
            apart.append(_number(label, ASYMMETRY, index, coding.PERCENT, source=source))
    return (*total, *ratio, *apart)


def _number(
    label: str,
    name: Code,
    value: float,
    unit: Code = coding.RATIO,
    *,
    segment: int | None = None,
    source: str,
) -> Measurement:
    return Measurement(
        label=label, name=name, value=value, unit=unit, segment=segment, source=source
    )


def _volume(segment: Segment, voxel_ml: float) -> Measurement:
    return Measurement(
        label="Volume",
        name=coding.VOLUME,
        value=float(np.count_nonzero(segment.region.mask)) * voxel_ml,
        unit=coding.MILLILITRE,
        segment=segment.number,
        source="number of voxels x volume of a voxel",
    )
