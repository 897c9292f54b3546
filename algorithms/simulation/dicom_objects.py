"""Writes instances from plain headers; the only file here that knows pydicom."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGLSLossless

from algorithms.simulation.headers import Attributes, uid_of

# In place of pydicom's own: bytes must not change with its version.
_IMPLEMENTATION_CLASS_UID = uid_of("implementation")
_IMPLEMENTATION_VERSION_NAME = "DCMNODE_SIM_1"


def write_series(
    folder: Path,
    stored: NDArray[np.uint16],
    shared: Attributes,
    images: Sequence[Attributes],
    *,
    compressed: bool,
) -> tuple[Path, ...]:
    """Write one instance per slice, named by instance number.

    Parameters
    ----------
    folder : made where it is absent; files of the same name are replaced
    stored : (slices, rows, columns), pixel values as they stand in the file
    shared : attributes of the series
    images : attributes of each slice
    compressed : JPEG-LS lossless instead of Explicit VR Little Endian

    Returns
    -------
    Paths in the order of the slices.
    """
    folder.mkdir(parents=True, exist_ok=True)
    template = _dataset(shared)
    paths = []
    for plane, attributes in zip(stored, images, strict=True):
        instance = Dataset()
        instance.update(template)
        instance.update(_dataset(attributes))
        _add_pixels(instance, plane)
        if compressed:
            instance.compress(JPEGLSLossless, generate_instance_uid=False)
        path = folder / f"{int(instance.InstanceNumber):04d}.dcm"
        instance.save_as(path, enforce_file_format=True)
        paths.append(path)
    return tuple(paths)


def write_frames(path: Path, stored: NDArray[np.uint16], attributes: Attributes) -> Path:
    """Write one multi-frame instance, Explicit VR Little Endian; its folder is made.

    Parameters
    ----------
    stored : (frames, rows, columns), pixel values as they stand in the file
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    instance = _dataset(attributes)
    _add_pixels(instance, stored)
    instance.save_as(path, enforce_file_format=True)
    return path


def _dataset(attributes: Attributes) -> Dataset:
    """Data set of a mapping; a tuple of mappings is a sequence."""
    made = Dataset()
    for keyword, value in attributes.items():
        if not isinstance(value, tuple):
            setattr(made, keyword, value)
        elif isinstance(value[0], Mapping):
            setattr(made, keyword, [_dataset(item) for item in value])
        else:
            setattr(made, keyword, list(value))
    return made


def _add_pixels(instance: Dataset, plane: NDArray[np.uint16]) -> None:
    """Image Pixel module (PS3.3 C.7.6.3) of (..., rows, columns), and file meta information."""
    instance.SamplesPerPixel = 1
    instance.PhotometricInterpretation = "MONOCHROME2"
    instance.Rows, instance.Columns = plane.shape[-2:]
    instance.BitsAllocated = 16
    instance.PixelRepresentation = 0
    instance.PixelData = plane.astype("<u2").tobytes()
    instance.file_meta = FileMetaDataset()
    instance.file_meta.MediaStorageSOPClassUID = instance.SOPClassUID
    instance.file_meta.MediaStorageSOPInstanceUID = instance.SOPInstanceUID
    instance.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    instance.file_meta.ImplementationClassUID = UID(_IMPLEMENTATION_CLASS_UID)
    instance.file_meta.ImplementationVersionName = _IMPLEMENTATION_VERSION_NAME
