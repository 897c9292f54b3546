"""Liver and blood pool of one study: placed, or told why not."""

from collections.abc import Sequence
from dataclasses import dataclass

from algorithms.toolbox.blood_pool_reference import BLOOD_POOL_SOURCE, blood_pool
from algorithms.toolbox.lesion_segments import Reference
from algorithms.toolbox.liver_reference import LIVER_SOURCE, LiverRange, liver_ball
from algorithms.toolbox.pet_input import ct_of_same_frame
from algorithms.toolbox.reference_region import ReferenceRegion
from dicom_node.domain.coding import Code
from dicom_node.domain.result import Region
from dicom_node.domain.volume import Volume

LIVER = Code("10200004", "SCT", "Liver")
THORACIC_AORTA = Code("113262008", "SCT", "Thoracic aorta")
_LIVER_RGB, _POOL_RGB = (255, 220, 90), (120, 190, 255)
NO_LIVER = "No even liver was found in the field of view: no value relative to the liver is given."
NO_CT = "There is no CT in the PET's frame of reference: no blood pool is placed."
NO_AORTA = "No place in the descending aorta was found: no blood pool is placed."


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Reference regions; what is absent has its reason among the warnings."""

    liver: ReferenceRegion | None
    blood_pool: ReferenceRegion | None
    warnings: tuple[str, ...]


def references_of(
    pet: Volume, ct: Volume | None, lesions: Sequence[Region], limits: LiverRange
) -> References:
    """Reference regions of a PET in SUVbw; a CT of another frame of reference is not used.

    Parameters
    ----------
    limits : of a liver's uptake with the tracer
    """
    usable = ct_of_same_frame(pet, ct)
    density = None if usable is None else (usable.array, usable.geometry)
    liver = liver_ball(pet.array, pet.geometry, limits, lesions=lesions, ct=density)
    pool = (
        None if density is None else blood_pool(pet.array, pet.geometry, density, lesions=lesions)
    )
    warnings = [] if liver is not None else [NO_LIVER]
    if pool is None:
        warnings.append(NO_CT if density is None else NO_AORTA)
    return References(liver=liver, blood_pool=pool, warnings=tuple(warnings))


def shown(found: References) -> tuple[Reference, ...]:
    """The reference regions that could be placed, as segments show them."""
    rows = (
        (found.liver, "Liver reference", LIVER, _LIVER_RGB, LIVER_SOURCE),
        (found.blood_pool, "Blood pool ref.", THORACIC_AORTA, _POOL_RGB, BLOOD_POOL_SOURCE),
    )
    return tuple(
        Reference(name=name, site=site, rgb=rgb, placed=ball, source=source)
        for ball, name, site, rgb, source in rows
        if ball is not None
    )
