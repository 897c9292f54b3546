"""Segments of a result on lesions: the lesions, reference regions, and what was left out."""

from collections.abc import Sequence
from dataclasses import dataclass

from algorithms.toolbox.lesions import Lesion
from algorithms.toolbox.reference_region import ReferenceRegion
from dicom_node.domain import coding
from dicom_node.domain.coding import PRIVATE_SCHEME, Code
from dicom_node.domain.result import Region, Segment

LESION = Code("52988006", "SCT", "Lesion")
FUNCTION = Code("246464006", "SCT", "Function")
PHYSIOLOGICAL = Code("physiological-uptake", PRIVATE_SCHEME, "Physiological uptake")

LESION_RGB, PHYSIOLOGICAL_RGB = (255, 70, 60), (0, 158, 96)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reference:
    """A reference region that is shown and measured.

    Parameters
    ----------
    name : str
        E.g. ``Liver reference``.
    source : str
        How it was placed.
    """

    name: str
    site: Code
    rgb: tuple[int, int, int]
    placed: ReferenceRegion
    source: str


def segments_of(
    lesions: Sequence[Lesion], references: Sequence[Reference], physiological: Region | None
) -> tuple[Segment, ...]:
    """Lesions from number 1, then the references, then physiological uptake."""
    segments = [_of_lesion(one, number) for number, one in enumerate(lesions, start=1)]
    for one in references:
        segments.append(_of_reference(one, len(segments) + 1))
    if physiological is not None:
        segments.append(_of_physiology(physiological, len(segments) + 1))
    return tuple(segments)


def number_of(segments: Sequence[Segment], reference: Reference) -> int:
    """Segment number of a reference."""
    name = _tracking(reference)
    return next(one.number for one in segments if one.tracking_id == name)


def _of_lesion(lesion: Lesion, number: int) -> Segment:
    return Segment(
        number=number,
        label=lesion.label,
        category=coding.MORPHOLOGICALLY_ABNORMAL,
        type=LESION,
        region=lesion.region,
        tracking_id=f"lesion-{number}",
        display_rgb=LESION_RGB,
        site=lesion.site,
        laterality=lesion.laterality,
        algorithm_type=lesion.algorithm_type,
        origin=lesion.origin,
    )


def _of_reference(reference: Reference, number: int) -> Segment:
    return Segment(
        number=number,
        label=f"{reference.name} (auto)",
        category=coding.SPATIAL_CONCEPT,
        type=coding.REFERENCE_REGION,
        region=reference.placed.region,
        tracking_id=_tracking(reference),
        display_rgb=reference.rgb,
        site=reference.site,
    )


def _of_physiology(region: Region, number: int) -> Segment:
    return Segment(
        number=number,
        label="Physiological uptake",
        category=FUNCTION,
        type=PHYSIOLOGICAL,
        region=region,
        tracking_id="physiological-uptake",
        display_rgb=PHYSIOLOGICAL_RGB,
    )


def _tracking(reference: Reference) -> str:
    return reference.name.lower().strip(".").replace(" ", "-")
