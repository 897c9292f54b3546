"""Liver and blood pool of one study, spleen and parotids of PSMA PET: placed, or told why not."""

from collections.abc import Sequence
from dataclasses import dataclass

from algorithms.toolbox.blood_pool_reference import BLOOD_POOL_SOURCE, blood_pool
from algorithms.toolbox.lesion_segments import Reference
from algorithms.toolbox.liver_reference import LIVER_SOURCE, liver_of
from algorithms.toolbox.parotid_reference import PAROTID_SOURCE, parotids
from algorithms.toolbox.pet_input import ct_of_same_frame
from algorithms.toolbox.reference_region import ReferenceRegion, UptakeRange
from algorithms.toolbox.spleen_reference import SPLEEN_SOURCE, spleen_ball
from dicom_node.domain.coding import Code
from dicom_node.domain.result import Region
from dicom_node.domain.volume import Volume

LIVER = Code("10200004", "SCT", "Liver")
THORACIC_AORTA = Code("113262008", "SCT", "Thoracic aorta")
SPLEEN = Code("78961009", "SCT", "Spleen")
PAROTID = Code("45289007", "SCT", "Parotid gland")
_LIVER_RGB, _POOL_RGB = (255, 220, 90), (120, 190, 255)
_SPLEEN_RGB, _PAROTID_RGB = (214, 150, 255), (120, 240, 190)
NO_LIVER = "No even liver was found in the field of view: no value relative to the liver is given."
NO_CT = "There is no CT in the PET's frame of reference: no blood pool is placed."
NO_AORTA = "No place in the descending aorta was found: no blood pool is placed."
NO_LANDMARK = "Without the liver as landmark no spleen is placed."
NO_SPLEEN = (
    "No even region of SUV {low:g} to {high:g} was found where the spleen lies: no value relative "
    "to the spleen is given."
)
NO_PAROTID = (
    "The pattern of both parotids and submandibular glands, wholly in the field of view and of SUV "
    "{low:g} to {high:g}, was not found: no value relative to the parotid is given."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """Uptake of the organs that are looked for with a tracer; None for one that is not wanted."""

    liver: UptakeRange
    spleen: UptakeRange | None = None
    parotid: UptakeRange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Reference regions; what was looked for and is absent has its reason among the warnings."""

    liver: ReferenceRegion | None
    blood_pool: ReferenceRegion | None
    spleen: ReferenceRegion | None
    parotid: ReferenceRegion | None
    warnings: tuple[str, ...]


def references_of(
    pet: Volume, ct: Volume | None, lesions: Sequence[Region], ranges: Ranges
) -> References:
    """Reference regions of a PET in SUVbw; a CT of another frame of reference is not used."""
    usable = ct_of_same_frame(pet, ct)
    density = None if usable is None else (usable.array, usable.geometry)
    suv, geometry = pet.array, pet.geometry
    liver = liver_of(suv, geometry, ranges.liver, lesions=lesions, ct=density)
    pool = None if density is None else blood_pool(suv, geometry, density, lesions=lesions)
    spleen = parotid = None
    said = [] if liver is not None else [NO_LIVER]
    if pool is None:
        said.append(NO_CT if density is None else NO_AORTA)
    if ranges.spleen is not None:
        if liver is not None:
            spleen = spleen_ball(suv, geometry, ranges.spleen, liver, lesions=lesions, ct=density)
        if spleen is None:
            said.append(NO_LANDMARK if liver is None else _of(NO_SPLEEN, ranges.spleen))
    if ranges.parotid is not None:
        parotid = parotids(suv, geometry, ranges.parotid, lesions=lesions, liver=liver)
        if parotid is None:
            said.append(_of(NO_PAROTID, ranges.parotid))
    return References(
        liver=None if liver is None else liver.ball,
        blood_pool=pool,
        spleen=spleen,
        parotid=parotid,
        warnings=tuple(said),
    )


def shown(found: References) -> tuple[Reference, ...]:
    """The reference regions that could be placed, as segments show them."""
    rows = (
        (found.liver, "Liver reference", LIVER, _LIVER_RGB, LIVER_SOURCE),
        (found.spleen, "Spleen reference", SPLEEN, _SPLEEN_RGB, SPLEEN_SOURCE),
        (found.blood_pool, "Blood pool ref.", THORACIC_AORTA, _POOL_RGB, BLOOD_POOL_SOURCE),
        (found.parotid, "Parotid ref.", PAROTID, _PAROTID_RGB, PAROTID_SOURCE),
    )
    return tuple(
        Reference(name=name, site=site, rgb=rgb, placed=region, source=source)
        for region, name, site, rgb, source in rows
        if region is not None
    )


def _of(message: str, limits: UptakeRange) -> str:
    return message.format(low=limits.low, high=limits.high)
