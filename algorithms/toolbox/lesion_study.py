"""A PET with its lesions: burden, reference regions and segments, before any tracer's numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from algorithms.toolbox.burden import Burden, burden_of
from algorithms.toolbox.lesion_references import Ranges, References, references_of, shown
from algorithms.toolbox.lesion_segments import segments_of
from algorithms.toolbox.lesion_values import of_physiology, of_references
from algorithms.toolbox.lesions import Lesion
from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import NotCalibrated
from dicom_node.domain.result import Measurement, Region, SegmentationResult
from dicom_node.domain.volume import Volume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LesionStudy:
    """What the numbers of every tracer are made of.

    Parameters
    ----------
    segmentation : SegmentationResult or None
        None where there is nothing to show.
    common : tuple of Measurement
        Of the reference regions, and of what was taken for normal.
    """

    regions: tuple[Region, ...]
    burden: Burden
    references: References
    segmentation: SegmentationResult | None
    common: tuple[Measurement, ...]


def study_of(
    pet: Volume,
    lesions: Sequence[Lesion],
    ct: Volume | None,
    *,
    physiological: Region | None,
    ranges: Ranges,
    what: str,
) -> LesionStudy:
    """Burden, references and segments of lesions that are given.

    Parameters
    ----------
    ranges : Ranges
        Uptake of the reference organs with the tracer.
    what : str
        Lesions of which tracer, for the message.

    Raises
    ------
    NotCalibrated
        The PET is not in SUVbw.
    """
    if pet.unit is not Unit.SUVBW:
        raise NotCalibrated(f"{what} need {Unit.SUVBW}, the volume is in {pet.unit}")
    regions = tuple(one.region for one in lesions)
    found = references_of(pet, ct, regions, ranges)
    references = shown(found)
    segments = segments_of(lesions, references, physiological)
    return LesionStudy(
        regions=regions,
        burden=burden_of(pet.array, pet.geometry, regions),
        references=found,
        segmentation=SegmentationResult(role="pet", geometry=pet.geometry, segments=segments)
        if segments
        else None,
        common=(
            *of_references(segments, references),
            *of_physiology(pet, segments, physiological),
        ),
    )
