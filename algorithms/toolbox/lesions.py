"""Lesions as what measures them wants them: outlined by a network, or drawn by somebody else."""

from collections.abc import Sequence
from dataclasses import dataclass

from dicom_node.domain import coding
from dicom_node.domain.coding import Code
from dicom_node.domain.contour import Contour, ContourSet
from dicom_node.domain.result import AlgorithmType, Region

_MOST_LABEL = 64
# PS3.3 C.8.8.8.1: of what a structure set may hold, a gross tumour volume is a lesion. A clinical
# or planning target volume holds a margin, the others are organs, devices and marks.
_LESION_TYPES = (None, "GTV")
# PS3.16 CID 7150: what is coded as an organ is none.
_ORGANS = (Code("123037004", "SCT", "Body Structure"), coding.ANATOMICAL_STRUCTURE)
# A tissue is not told from a lesion by what editors write by default, "Tissue, tissue"; by the name
# of an organ in the place of the second one it is.
_UNTOLD = (None, coding.TISSUE, Code("T-D0050", "SRT", "Tissue"))
_PHYSIOLOGICAL = ("physiolog", "reference", "background")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lesion:
    """One outlined lesion.

    Parameters
    ----------
    region : Region
        On the grid of the PET.
    algorithm_type : AlgorithmType
        Who outlined it: AUTOMATIC for the network.
    origin : str
        Whose contour it is, in a sentence; empty for the network's own.
    site, laterality : Code or None
        Where it lies, as far as that is told.
    """

    label: str
    region: Region
    algorithm_type: AlgorithmType = AlgorithmType.AUTOMATIC
    origin: str = ""
    site: Code | None = None
    laterality: Code | None = None


def automatic(regions: Sequence[Region]) -> tuple[Lesion, ...]:
    """Regions of a network, the largest first, by number."""
    ordered = sorted(regions, key=lambda region: (-region.voxels, region.origin))
    return tuple(Lesion(label=f"Lesion {n}", region=r) for n, r in enumerate(ordered, start=1))


def drawn(contours: ContourSet) -> tuple[tuple[Lesion, ...], tuple[str, ...]]:
    """Lesions among the contours of others, and what a reader has to know of them.

    Whoever draws may outline organs and references as well: what is coded, typed or named so is
    left out, and told.
    """
    taken = [one for one in contours.contours if one.region is not None and _may_be_lesion(one)]
    organs = [one for one in contours.contours if one.region is not None and one not in taken]
    absent = [one for one in contours.contours if one.region is None]
    said = [_source_line(contours), *contours.warnings]
    if organs:
        said.append(f"Not counted, as organs, margins or references: {_names(organs)}.")
    said += [f"Contour {one.number} was not measured: {_why(one)}." for one in absent]
    said += [f"Contour {one.number}: {text}" for one in taken for text in one.warnings]
    return tuple(_lesion(one, contours) for one in taken), tuple(said)


def _may_be_lesion(contour: Contour) -> bool:
    if contour.category in _ORGANS or contour.type == coding.REFERENCE_REGION:
        return False
    if contour.category == coding.TISSUE and contour.type not in _UNTOLD:
        return False
    if any(word in contour.label.casefold() for word in _PHYSIOLOGICAL):
        return False
    return contour.interpreted_type in _LESION_TYPES


def _lesion(contour: Contour, contours: ContourSet) -> Lesion:
    how = contour.algorithm_type
    told = "the source does not tell how" if how is None else how.value
    kind, uid = contours.kind, contours.source.sop_instance_uid
    return Lesion(
        label=_name(contour)[:_MOST_LABEL],
        region=contour.need_region(),
        # A segment has to say one of three (PS3.3 C.8.20.2); the one in the middle claims least.
        algorithm_type=AlgorithmType.SEMIAUTOMATIC if how is None else how,
        origin=f"Contour {contour.number} of {kind} {uid}, drawn: {told}",
        site=contour.site,
        laterality=contour.laterality,
    )


def _source_line(contours: ContourSet) -> str:
    ways = dict.fromkeys(
        "not told how" if one.algorithm_type is None else one.algorithm_type.value
        for one in contours.drawn
    )
    return (
        "The contours were drawn by others, no network ran: "
        f"{contours.kind} {contours.source.sop_instance_uid} ({', '.join(ways) or 'empty'})."
    )


def _why(contour: Contour) -> str:
    return "" if contour.absent is None else contour.absent.message


def _name(contour: Contour) -> str:
    return contour.label or f"Contour {contour.number}"


def _names(contours: Sequence[Contour]) -> str:
    return ", ".join(_name(one) for one in contours)
