"""Liver and blood pool of one study: placed, or told why not."""

from collections.abc import Sequence
from dataclasses import dataclass

from algorithms.toolbox.blood_pool_reference import blood_pool
from algorithms.toolbox.liver_reference import FDG_LIVER, liver_ball
from algorithms.toolbox.reference_region import ReferenceRegion
from dicom_node.domain.result import Region
from dicom_node.domain.volume import Volume

NO_LIVER = "No even liver was found in the field of view: no value relative to the liver is given."
NO_CT = "There is no CT in the PET's frame of reference: no blood pool is placed."
NO_AORTA = "No place in the descending aorta was found: no blood pool is placed."


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Reference regions; what is absent has its reason among the warnings."""

    liver: ReferenceRegion | None
    blood_pool: ReferenceRegion | None
    warnings: tuple[str, ...]


def references_of(pet: Volume, ct: Volume | None, lesions: Sequence[Region]) -> References:
    """Reference regions of a PET in SUVbw; a CT of another frame of reference is not used."""
    frame = pet.geometry.frame_of_reference_uid
    usable = ct is not None and frame is not None
    usable = usable and ct is not None and ct.geometry.frame_of_reference_uid == frame
    density = (ct.array, ct.geometry) if ct is not None and usable else None
    liver = liver_ball(pet.array, pet.geometry, FDG_LIVER, lesions=lesions, ct=density)
    pool = (
        None if density is None else blood_pool(pet.array, pet.geometry, density, lesions=lesions)
    )
    warnings = [] if liver is not None else [NO_LIVER]
    if pool is None:
        warnings.append(NO_CT if density is None else NO_AORTA)
    return References(liver=liver, blood_pool=pool, warnings=tuple(warnings))
