"""A real series without the node's own readers: values and places by pydicom alone."""

import numpy as np
import pydicom

from dicom_node.domain.geometry import Geometry


def stack(folder):
    """Real-world values by rising z, and their grid."""
    found = [pydicom.dcmread(path) for path in sorted(folder.iterdir())]
    found.sort(key=lambda d: float(d.ImagePositionPatient[2]))
    values = [d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in found]
    first, second = found[0], found[1]
    affine = np.zeros((4, 4))
    affine[2, 0] = float(second.ImagePositionPatient[2]) - float(first.ImagePositionPatient[2])
    affine[1, 1], affine[0, 2] = (float(v) for v in first.PixelSpacing)
    affine[:, 3] = (*(float(v) for v in first.ImagePositionPatient), 1)
    image = np.stack(values).astype(np.float32)
    return image, Geometry(affine=affine, shape=image.shape, frame_of_reference_uid=None)
