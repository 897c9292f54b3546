"""What a quantitative PET has to be, and whether a CT lies where it does."""

import numpy as np

from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import InputRejected, NotCalibrated
from dicom_node.domain.volume import Volume


def check_suv(pet: Volume, name: str) -> None:
    """Refuse a PET that is not in SUVbw, or is no image.

    Parameters
    ----------
    name : str
        Of the algorithm, for the message.

    Raises
    ------
    NotCalibrated
        The PET is not in SUVbw.
    InputRejected
        The PET has values that are no numbers, or is the same everywhere.
    """
    if pet.unit is not Unit.SUVBW:
        raise NotCalibrated(f"{name} needs {Unit.SUVBW}, the volume is in {pet.unit}")
    finite = np.isfinite(pet.array)
    if not finite.all():
        first = tuple(int(i) for i in np.unravel_index(int(finite.argmin()), finite.shape))
        raise InputRejected(
            f"{finite.size - int(np.count_nonzero(finite))} of {finite.size} voxels are no finite "
            f"number, the first at (slice, row, column) {first}; every voxel needs a value"
        )
    lowest, highest = float(pet.array.min()), float(pet.array.max())
    if lowest == highest:
        raise InputRejected(f"every voxel of the PET is {lowest:g}; such a volume is no image")


def ct_of_same_frame(pet: Volume, ct: Volume | None) -> Volume | None:
    """The CT, unless nothing says that it lies where the PET does."""
    frame = pet.geometry.frame_of_reference_uid
    if ct is None or frame is None or ct.geometry.frame_of_reference_uid != frame:
        return None
    return ct
