"""Numbers of the candidates as coded measurements, and what a reader of them has to be told."""

from collections.abc import Sequence

from algorithms.pet_threshold.candidates import Candidate, HotSpot, Parameters
from algorithms.toolbox.ground import Image
from algorithms.toolbox.lesion_values import suv
from algorithms.toolbox.uptake import Uptake
from dicom_node.domain import coding
from dicom_node.domain.coding import Code
from dicom_node.domain.result import Measurement

PEAK_SOURCE = (
    "greatest mean over a {:g} mL sphere whose centre is a voxel of the segment "
    "(PERCIST 1.0: Wahl et al., J Nucl Med 2009;50 Suppl 1:122S)"
)
OPEN_CONTOUR = "; the contour ended at its bound, not where uptake fell below the level"
PARTIAL_VOLUME_ML = 1.0


def product_of(tracer: str | None) -> tuple[str, Code]:
    """Label and code of SUVmean times volume of one candidate.

    PS3.16 knows the product as Total Lesion Glycolysis only. Glycolysis is what FDG shows and no
    other tracer, so that name and code are for FDG; that the finding is a candidate and no lesion
    stands in the segment's own type.
    """
    if tracer == "FDG":
        return "TLG", coding.TOTAL_LESION_GLYCOLYSIS
    return "SUVmean x volume", coding.UPTAKE_VOLUME_PRODUCT


def of_segment(
    uptake: Uptake, segment: int, tracer: str | None, parameters: Parameters, *, note: str = ""
) -> tuple[Measurement, ...]:
    """SUVmax, SUVmean, SUVpeak, volume, and SUVmean times volume of one segment.

    The volume is coded as a plain Volume: Metabolic Volume would say that the region is the
    metabolically active part of a finding, which a threshold does not know.
    """
    label, name = product_of(tracer)
    peak = PEAK_SOURCE.format(parameters.peak_sphere_ml)
    mean = "mean of the voxels of the segment" + note
    return (
        suv("SUVmax", uptake.maximum, coding.MAXIMUM, segment, "hottest voxel of the segment"),
        suv("SUVmean", uptake.mean, coding.MEAN, segment, mean),
        suv("SUVpeak", uptake.peak, coding.PEAK, segment, peak),
        Measurement(
            label="Volume",
            name=coding.VOLUME,
            value=uptake.volume_ml,
            unit=coding.MILLILITRE,
            segment=segment,
            source="number of voxels x volume of a voxel" + note,
        ),
        Measurement(
            label=label,
            name=name,
            value=uptake.product,
            unit=coding.GRAM,
            segment=segment,
            source="SUVmean x volume of an uptake candidate" + note,
        ),
    )


def of_study(image: Image, hot_spots: Sequence[HotSpot], name: str) -> tuple[Measurement, ...]:
    """Number of candidates, their total volume and total SUVmean x volume, and the image's SUVmax.

    All candidates count, those without an outline of their own as well. The total product is never
    coded as glycolysis of lesions: brain, heart and urine are in the sum.
    """
    volume = sum(spot.uptake.volume_ml for spot in hot_spots)
    product = sum(spot.uptake.product for spot in hot_spots)
    source = f"sum over all candidates ({name}), physiological uptake included"
    return (
        Measurement(
            label="Number of candidates",
            name=coding.NUMBER_OF_CANDIDATES,
            value=float(len(hot_spots)),
            unit=coding.COUNT,
            source=f"26-connected regions of {name}",
        ),
        Measurement(
            label="Total volume of candidates",
            name=coding.VOLUME,
            value=float(volume),
            unit=coding.MILLILITRE,
            derivation=coding.TOTAL,
            source=source,
        ),
        Measurement(
            label="Total SUVmean x volume of candidates",
            name=coding.UPTAKE_VOLUME_PRODUCT,
            value=float(product),
            unit=coding.GRAM,
            derivation=coding.TOTAL,
            source=source,
        ),
        suv("SUVmax", float(image.max()), coding.MAXIMUM, None, "hottest voxel of the image"),
    )


def warnings_of(
    hot_spots: Sequence[HotSpot],
    candidates: Sequence[Candidate],
    *,
    tracer: str | None,
    parameters: Parameters,
) -> tuple[str, ...]:
    """What a reader has to know, the most important first."""
    return tuple(
        warning
        for warning in (
            "Uptake candidates only: physiological uptake (brain, heart, kidneys, urinary tract, "
            "bowel and others) is not separated from disease.",
            _nothing_found(hot_spots, parameters),
            _left_out(hot_spots[len(candidates) :]),
            _tracer_note(tracer, parameters),
            _listed(
                candidates,
                [c.number for c in candidates if not c.contour.closed],
                f"the {parameters.fraction_name} contour reached its bound "
                f"({parameters.contour_margin_mm:g} mm beyond {parameters.fixed_name}, or half way "
                "to the next candidate); its volume and mean are those of the bounded region",
            ),
            _listed(
                candidates,
                [c.number for c in candidates if c.hot_spot.uptake.volume_ml < PARTIAL_VOLUME_ML],
                f"smaller than {PARTIAL_VOLUME_ML:g} mL, so that the partial volume effect lowers "
                "the SUV",
            ),
            _listed(
                candidates,
                [c.number for c in candidates if c.hot_spot.at_border],
                "at the border of the image and perhaps cut by it; SUVpeak is the mean over the "
                "part of the sphere that was imaged",
            ),
        )
        if warning
    )


def _nothing_found(hot_spots: Sequence[HotSpot], parameters: Parameters) -> str:
    if hot_spots:
        return ""
    return (
        f"No uptake candidate: no connected region of {parameters.fixed_name} has "
        f"{parameters.minimum_volume_ml:g} mL or more."
    )


def _left_out(rest: Sequence[HotSpot]) -> str:
    if not rest:
        return ""
    volume = sum(spot.uptake.volume_ml for spot in rest)
    hottest = max(spot.uptake.maximum for spot in rest)
    return (
        f"{len(rest)} more candidates ({volume:.1f} mL together, SUVmax up to {hottest:.1f}) have "
        "no outline and no numbers of their own; the totals count them."
    )


def _tracer_note(tracer: str | None, parameters: Parameters) -> str:
    if tracer == "FDG":
        return ""
    subject = "The tracer is not known" if tracer is None else f"The tracer is {tracer}"
    return (
        f"{subject}; {parameters.fixed_name} and {parameters.fraction_name} of the maximum were "
        "proposed for FDG."
    )


def _listed(candidates: Sequence[Candidate], numbers: Sequence[int], what: str) -> str:
    if not numbers:
        return ""
    if len(numbers) == len(candidates) and len(numbers) > 1:
        return f"All candidates: {what}."
    noun = "Candidate" if len(numbers) == 1 else "Candidates"
    return f"{noun} {', '.join(str(number) for number in numbers)}: {what}."
