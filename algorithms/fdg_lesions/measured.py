"""Every number of FDG lesions, whoever drew them: a network, a person, another product."""

from collections.abc import Sequence

from algorithms.fdg_lesions import vocabulary as words
from algorithms.fdg_lesions.references import References, references_of
from algorithms.toolbox.blood_pool_reference import BLOOD_POOL_SOURCE
from algorithms.toolbox.body_size import lean_body_mass_kg
from algorithms.toolbox.burden import DMAX_SOURCE, SDMAX_SOURCE, Burden, burden_of, restricted
from algorithms.toolbox.fdg_criteria import (
    PERCIST_SOURCE,
    QPET_SOURCE,
    deauville_of,
    percist_threshold,
    qpet,
)
from algorithms.toolbox.isocontour import at_fraction_of_maximum
from algorithms.toolbox.liver_reference import LIVER_SOURCE
from algorithms.toolbox.reference_region import ReferenceRegion
from algorithms.toolbox.uptake import Uptake
from dicom_node.domain import coding
from dicom_node.domain.coding import Code, Unit
from dicom_node.domain.errors import NotCalibrated
from dicom_node.domain.result import (
    Classification,
    Measurement,
    Region,
    Result,
    Segment,
    SegmentationResult,
)
from dicom_node.domain.volume import PatientFacts, Volume

_FIXED_SUV, _FRACTION, _MARGIN_MM = 4.0, 0.41, 30.0
_LESION_RGB, _LIVER_RGB, _POOL_RGB = (255, 70, 60), (255, 220, 90), (120, 190, 255)
NO_BODY = "Size, weight or sex of the patient is missing: no PERCIST threshold and no SDmax."


def measured(
    pet: Volume, lesions: Sequence[tuple[str, Region]], ct: Volume | None = None
) -> Result:
    """Segments and numbers of lesions that are given.

    Parameters
    ----------
    pet : in SUVbw
    lesions : label and region of each, on the grid of the PET
    ct : used for the reference regions where it shares the PET's frame of reference

    Raises
    ------
    NotCalibrated
        The PET is not in SUVbw.
    """
    if pet.unit is not Unit.SUVBW:
        raise NotCalibrated(f"FDG lesions need {Unit.SUVBW}, the volume is in {pet.unit}")
    regions = [region for _, region in lesions]
    burden = burden_of(pet.array, pet.geometry, regions)
    found = references_of(pet, ct, regions)
    segments = _segments(lesions, found)
    body, missing = _of_body(pet.patient, burden, found.liver)
    ratios, categories = _of_liver(pet, regions, burden, found.liver)
    segmentation = SegmentationResult(role="pet", geometry=pet.geometry, segments=segments)
    return Result(
        segmentation=segmentation if segments else None,
        measurements=(
            *(m for n, one in enumerate(burden.lesions, start=1) for m in _of_lesion(one, n)),
            *_of_references(segments, found),
            *_totals(pet, regions, burden),
            *ratios,
            *body,
        ),
        classifications=categories,
        warnings=(*found.warnings, *missing),
    )


def _segments(lesions: Sequence[tuple[str, Region]], found: References) -> tuple[Segment, ...]:
    segments = [
        Segment(
            number=number,
            label=label,
            category=coding.MORPHOLOGICALLY_ABNORMAL,
            type=words.LESION,
            region=region,
            tracking_id=f"lesion-{number}",
            display_rgb=_LESION_RGB,
        )
        for number, (label, region) in enumerate(lesions, start=1)
    ]
    for ball, label, site, rgb in (
        (found.liver, "Liver reference (automatic)", words.LIVER, _LIVER_RGB),
        (found.blood_pool, "Blood pool reference (automatic)", words.THORACIC_AORTA, _POOL_RGB),
    ):
        if ball is not None:
            segments.append(_reference_segment(len(segments) + 1, ball, label, site, rgb))
    return tuple(segments)


def _reference_segment(
    number: int, ball: ReferenceRegion, label: str, site: Code, rgb: tuple[int, int, int]
) -> Segment:
    return Segment(
        number=number,
        label=label,
        category=coding.SPATIAL_CONCEPT,
        type=coding.REFERENCE_REGION,
        region=ball.region,
        tracking_id=label.split(" (", maxsplit=1)[0].lower().replace(" ", "-"),
        display_rgb=rgb,
        site=site,
    )


def _of_lesion(uptake: Uptake, segment: int) -> tuple[Measurement, ...]:
    return (
        _suv("SUVmax", uptake.maximum, coding.MAXIMUM, segment),
        _suv("SUVmean", uptake.mean, coding.MEAN, segment),
        _suv("SUVpeak", uptake.peak, coding.PEAK, segment),
        _plain("MTV", coding.METABOLIC_VOLUME, uptake.volume_ml, coding.MILLILITRE, segment),
        _plain("TLG", coding.TOTAL_LESION_GLYCOLYSIS, uptake.product, coding.GRAM, segment),
    )


def _of_references(segments: Sequence[Segment], found: References) -> tuple[Measurement, ...]:
    pairs = (
        (words.LIVER, found.liver, LIVER_SOURCE),
        (words.THORACIC_AORTA, found.blood_pool, BLOOD_POOL_SOURCE),
    )
    out: list[Measurement] = []
    for site, ball, source in pairs:
        if ball is not None:
            number = next(s.number for s in segments if s.site == site)
            out.append(_suv("SUVmean", ball.mean, coding.MEAN, number, source))
            out.append(_suv("SUV SD", ball.sd, coding.STANDARD_DEVIATION, number, source))
    return tuple(out)


def _totals(pet: Volume, regions: Sequence[Region], burden: Burden) -> tuple[Measurement, ...]:
    """Number and sums: of the contours, of their part at SUV 4.0, and of 41 % of each maximum."""
    voxel_ml = pet.geometry.voxel_volume_ml
    fixed = sum(part.voxels for part in restricted(pet.array, regions, _FIXED_SUV)) * voxel_ml
    shares = [
        at_fraction_of_maximum(
            pet.array,
            pet.geometry,
            region,
            fraction=_FRACTION,
            others=[other for other in regions if other is not region],
            margin_mm=_MARGIN_MM,
        ).region
        for region in regions
    ]
    fraction = sum(share.voxels for share in shares) * voxel_ml
    rows = [
        ("Number of lesions", words.NUMBER_OF_LESIONS, float(burden.number), coding.COUNT, ""),
        ("Total MTV", coding.METABOLIC_VOLUME, burden.volume_ml, coding.MILLILITRE, "contours"),
        ("Total MTV SUV>=4.0", coding.METABOLIC_VOLUME, fixed, coding.MILLILITRE,
         "part of the contours with SUV of 4.0 or more"),
        ("Total MTV 41%", coding.METABOLIC_VOLUME, fraction, coding.MILLILITRE,
         "41 % of each lesion's maximum (EANM)"),
        ("Total TLG", coding.TOTAL_LESION_GLYCOLYSIS, burden.product, coding.GRAM, "contours"),
    ]  # fmt: skip
    if burden.dmax_mm is not None:
        rows.append(("Dmax", words.DMAX, burden.dmax_mm, coding.MILLIMETRE, DMAX_SOURCE))
    return tuple(
        Measurement(label=label, name=name, value=value, unit=unit, source=source)
        for label, name, value, unit, source in rows
    )


def _of_liver(
    pet: Volume, regions: Sequence[Region], burden: Burden, liver: ReferenceRegion | None
) -> tuple[tuple[Measurement, ...], tuple[Classification, ...]]:
    """QPET of each lesion, and the category that the highest suggests."""
    if liver is None or not regions:
        return (), ()
    quotients = [qpet(pet.array, pet.geometry, r, liver_mean=liver.mean) for r in regions]
    highest = max(quotients)
    category = deauville_of(highest)
    return tuple(
        _plain("qPET", words.QPET, value, coding.RATIO, number, QPET_SOURCE)
        for number, value in enumerate(quotients, start=1)
    ), (
        Classification(
            name=words.DEAUVILLE,
            value=words.deauville_category(category.value),
            explanation=f"a suggestion: highest qPET {highest:.2f}; {QPET_SOURCE}",
        ),
    )


def _of_body(
    patient: PatientFacts | None, burden: Burden, liver: ReferenceRegion | None
) -> tuple[tuple[Measurement, ...], tuple[str, ...]]:
    """PERCIST's threshold in SUL and SDmax, which need the size of the patient."""
    if patient is None or not patient.weight_kg or not patient.size_m:
        return (), (NO_BODY,)
    out: list[Measurement] = []
    spread = burden.sdmax_per_m(weight_kg=patient.weight_kg, height_m=patient.size_m)
    if spread is not None:
        out.append(_plain("SDmax", words.SDMAX, spread, words.PER_METRE, None, SDMAX_SOURCE))
    if patient.sex not in {"M", "F"}:
        return tuple(out), (NO_BODY,)
    if liver is not None:
        lean = lean_body_mass_kg(
            weight_kg=patient.weight_kg, height_m=patient.size_m, sex=str(patient.sex)
        )
        share = lean / patient.weight_kg
        least = percist_threshold(liver_mean=share * liver.mean, liver_sd=share * liver.sd)
        name = words.PERCIST_THRESHOLD
        source = f"{PERCIST_SOURCE}; SUL after Janmahasatian"
        out.append(_plain("PERCIST threshold (SULpeak)", name, least, coding.COUNT, None, source))
    return tuple(out), ()


def _suv(label: str, value: float, derivation: Code, segment: int, source: str = "") -> Measurement:
    return Measurement(
        label=label,
        name=coding.SUVBW,
        value=value,
        unit=coding.G_PER_ML_SUVBW,
        segment=segment,
        derivation=derivation,
        method=coding.SUVBW_METHOD,
        source=source,
    )


def _plain(  # noqa: PLR0917  private, and each is what its name says
    label: str, name: Code, value: float, unit: Code, segment: int | None, source: str = ""
) -> Measurement:
    return Measurement(
        label=label, name=name, value=value, unit=unit, segment=segment, source=source
    )
