"""Every number of FDG lesions, whoever drew them: a network, a person, another product."""

from collections.abc import Sequence

from algorithms.fdg_lesions import vocabulary as words
from algorithms.fdg_lesions.relative_volume import SOURCE as RELATIVE_SOURCE
from algorithms.fdg_lesions.relative_volume import RelativeVolume, relative_volume
from algorithms.toolbox.body_size import lean_body_mass_kg
from algorithms.toolbox.burden import DMAX_SOURCE, SDMAX_SOURCE, Burden, restricted
from algorithms.toolbox.fdg_criteria import (
    PERCIST_SOURCE,
    QPET_SOURCE,
    deauville_of,
    percist_threshold,
    qpet,
)
from algorithms.toolbox.lesion_references import Ranges
from algorithms.toolbox.lesion_study import study_of
from algorithms.toolbox.lesion_values import plain, suvs_of
from algorithms.toolbox.lesions import Lesion
from algorithms.toolbox.liver_reference import FDG_LIVER
from algorithms.toolbox.reference_region import ReferenceRegion
from algorithms.toolbox.uptake import Uptake
from dicom_node.domain import coding
from dicom_node.domain.result import (
    Classification,
    Measurement,
    Region,
    Result,
)
from dicom_node.domain.volume import PatientFacts, Volume

_FIXED_SUV = 4.0
NO_BODY = "Size, weight or sex of the patient is missing: no PERCIST threshold and no SDmax."


def measured(
    pet: Volume,
    lesions: Sequence[Lesion],
    ct: Volume | None = None,
    *,
    physiological: Region | None = None,
) -> Result:
    """Segments and numbers of lesions that are given.

    Parameters
    ----------
    pet : in SUVbw
    lesions : on the grid of the PET
    ct : used for the reference regions where it shares the PET's frame of reference
    physiological : uptake that a network took for normal; shown, and in none of the totals

    Raises
    ------
    NotCalibrated
        The PET is not in SUVbw.
    """
    study = study_of(
        pet,
        lesions,
        ct,
        physiological=physiological,
        ranges=Ranges(liver=FDG_LIVER),
        what="FDG lesions",
    )
    burden, regions, found = study.burden, study.regions, study.references
    body, missing = _of_body(pet.patient, burden, found.liver)
    relative = relative_volume(pet, regions, physiological)
    ratios, categories = _of_liver(pet, regions, burden, found.liver)
    return Result(
        segmentation=study.segmentation,
        measurements=(
            *(m for n, one in enumerate(burden.lesions, start=1) for m in _of_lesion(one, n)),
            *ratios,
            *study.common,
            *_totals(pet, regions, burden, relative),
            *body,
        ),
        classifications=categories,
        warnings=(*found.warnings, *missing, *relative.warnings),
    )


def _of_lesion(uptake: Uptake, segment: int) -> tuple[Measurement, ...]:
    volume, product = coding.METABOLIC_VOLUME, coding.TOTAL_LESION_GLYCOLYSIS
    return (
        *suvs_of(uptake, segment),
        plain("MTV", volume, uptake.volume_ml, coding.MILLILITRE, segment=segment),
        plain("TLG", product, uptake.product, coding.GRAM, segment=segment),
    )


def _totals(
    pet: Volume, regions: Sequence[Region], burden: Burden, relative: RelativeVolume
) -> tuple[Measurement, ...]:
    """Number and sums: of the contours, of their part at SUV 4.0, and of 41 % of each maximum."""
    voxel_ml = pet.geometry.voxel_volume_ml
    fixed = sum(part.voxels for part in restricted(pet.array, regions, _FIXED_SUV)) * voxel_ml
    rows = [
        ("Number of lesions", words.NUMBER_OF_LESIONS, float(burden.number), coding.COUNT, ""),
        ("Total MTV", coding.METABOLIC_VOLUME, burden.volume_ml, coding.MILLILITRE, "contours"),
        ("Total MTV SUV>=4.0", coding.METABOLIC_VOLUME, fixed, coding.MILLILITRE,
         "part of the contours with SUV of 4.0 or more"),
        ("Total MTV 41%", coding.METABOLIC_VOLUME, relative.volume_ml, coding.MILLILITRE,
         RELATIVE_SOURCE),
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
        plain("qPET", words.QPET, value, coding.RATIO, segment=number, source=QPET_SOURCE)
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
        out.append(plain("SDmax", words.SDMAX, spread, words.PER_METRE, source=SDMAX_SOURCE))
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
        out.append(plain("PERCIST threshold (SULpeak)", name, least, coding.COUNT, source=source))
    return tuple(out), ()
