"""Every number of PSMA lesions, whoever drew them: a network, a person, another product."""

from collections.abc import Sequence

from algorithms.psma_lesions import vocabulary as words
from algorithms.psma_lesions.expression import (
    LIVER_EXCRETED,
    SPLEEN_NEEDED,
    Means,
    explained,
    mipsma,
    out_of_order,
)
from algorithms.toolbox.burden import Burden
from algorithms.toolbox.lesion_references import Ranges, References
from algorithms.toolbox.lesion_study import study_of
from algorithms.toolbox.lesion_values import plain, suvs_of
from algorithms.toolbox.lesions import Lesion
from algorithms.toolbox.liver_reference import PSMA_LIVER
from algorithms.toolbox.parotid_reference import PSMA_PAROTID
from algorithms.toolbox.reference_region import ReferenceRegion
from algorithms.toolbox.spleen_reference import SPLEEN_OF_KIDNEY_LIGANDS, SPLEEN_OF_LIVER_LIGANDS
from algorithms.toolbox.uptake import Uptake
from dicom_node.domain import coding
from dicom_node.domain.coding import Code
from dicom_node.domain.result import (
    Classification,
    Measurement,
    Region,
    Result,
)
from dicom_node.domain.volume import Volume


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
    tracer = pet.tracer.tracer
    study = study_of(
        pet,
        lesions,
        ct,
        physiological=physiological,
        ranges=ranges_of(tracer),
        what="PSMA lesions",
    )
    burden, found = study.burden, study.references
    scores, said = _score(burden, found, tracer)
    return Result(
        segmentation=study.segmentation,
        measurements=(
            *(
                one
                for number, uptake in enumerate(burden.lesions, start=1)
                for one in _of_lesion(uptake, number, found)
            ),
            *study.common,
            *_totals(burden, lesions),
        ),
        classifications=scores,
        warnings=(*found.warnings, *said),
    )


def ranges_of(tracer: str | None) -> Ranges:
    """Uptake of the reference organs with a ligand."""
    by_liver = tracer in LIVER_EXCRETED
    return Ranges(
        liver=PSMA_LIVER,
        spleen=SPLEEN_OF_LIVER_LIGANDS if by_liver else SPLEEN_OF_KIDNEY_LIGANDS,
        parotid=PSMA_PAROTID,
    )


def _of_lesion(uptake: Uptake, segment: int, found: References) -> tuple[Measurement, ...]:
    volume, product = coding.METABOLIC_VOLUME, words.TOTAL_LESION_PSMA
    return (
        *suvs_of(uptake, segment),
        plain("PSMA-TV", volume, uptake.volume_ml, coding.MILLILITRE, segment=segment),
        plain("TL-PSMA", product, uptake.product, coding.GRAM, segment=segment),
        *_ratio("to liver", words.TO_LIVER, uptake, found.liver, segment),
        *_ratio("to spleen", words.TO_SPLEEN, uptake, found.spleen, segment),
        *_ratio("to blood pool", words.TO_BLOOD_POOL, uptake, found.blood_pool, segment),
        *_ratio("to parotid", words.TO_PAROTID, uptake, found.parotid, segment),
    )


def _ratio(
    label: str, name: Code, uptake: Uptake, organ: ReferenceRegion | None, segment: int
) -> tuple[Measurement, ...]:
    """Mean of a lesion over that of an organ, where there is one with uptake."""
    if organ is None or organ.mean <= 0:
        return ()
    source = "SUVmean of the lesion over SUVmean of the reference"
    value = uptake.mean / organ.mean
    return (plain(label, name, value, coding.RATIO, segment=segment, source=source),)


def _totals(burden: Burden, lesions: Sequence[Lesion]) -> tuple[Measurement, ...]:
    """Number and sums, in total and for each site that the contours name."""
    volume, product = coding.METABOLIC_VOLUME, words.TOTAL_LESION_PSMA
    rows = [
        plain("Number of lesions", words.NUMBER_OF_LESIONS, float(burden.number), coding.COUNT),
        plain("Total PSMA-TV", volume, burden.volume_ml, coding.MILLILITRE),
        plain("Total TL-PSMA", product, burden.product, coding.GRAM),
    ]
    for site in dict.fromkeys(one.site for one in lesions if one.site is not None):
        there = [u for u, one in zip(burden.lesions, lesions, strict=True) if one.site == site]
        rows += [
            plain(
                f"PSMA-TV {site.meaning}",
                volume,
                sum(u.volume_ml for u in there),
                coding.MILLILITRE,
            ),
            plain(f"TL-PSMA {site.meaning}", product, sum(u.product for u in there), coding.GRAM),
        ]
    return tuple(rows)


def _score(
    burden: Burden, found: References, tracer: str | None
) -> tuple[tuple[Classification, ...], tuple[str, ...]]:
    """Score of the lesion with the highest mean, and what its reader has to know."""
    said = []
    if tracer in LIVER_EXCRETED and found.spleen is None:
        said.append(SPLEEN_NEEDED.format(tracer))
    if not burden.lesions:
        return (), tuple(said)
    highest = max(one.mean for one in burden.lesions)
    means = Means(
        blood_pool=_mean(found.blood_pool),
        liver=_mean(found.liver),
        spleen=_mean(found.spleen),
        parotid=_mean(found.parotid),
    )
    contradiction = out_of_order(highest, means, tracer)
    if contradiction:
        said.append(contradiction)
    score = mipsma(highest, means, tracer)
    if score is None:
        return (), tuple(said)
    told = Classification(
        name=words.MIPSMA,
        value=words.score(score),
        explanation=explained(highest, means, tracer),
    )
    return (told,), tuple(said)


def _mean(organ: ReferenceRegion | None) -> float | None:
    return None if organ is None else organ.mean
