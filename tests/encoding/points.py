"""Voxel centres of segments in millimetres: by the source's headers, by highdicom, by dcmqi."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import SimpleITK
from encoding.reports import geometry_of
from encoding.tools import run
from numpy.typing import NDArray
from pydicom import Dataset

Points = NDArray[np.float64]


def ordered(points: NDArray[Any]) -> Points:
    """Points in one order, however they were listed; rounded, so that the order is stable."""
    rounded = np.round(np.asarray(points, float), 3) + 0.0
    return np.asarray(rounded[np.lexsort(rounded.T)])


def by_headers(datasets: Sequence[Dataset], mask: NDArray[np.bool_]) -> Points:
    """Points of a mask by each instance's own header, without any affine (PS3.3 C.7.6.2.1.1)."""
    _, slices = geometry_of(datasets)
    found = []
    for one, plane in zip(slices, mask, strict=True):
        cosines = np.array(one.ImageOrientationPatient, float)
        row_mm, column_mm = (float(mm) for mm in one.PixelSpacing)
        for row, column in np.argwhere(plane):
            along = cosines[:3] * column_mm * column + cosines[3:] * row_mm * row
            found.append(np.array(one.ImagePositionPatient, float) + along)
    return ordered(np.array(found))


def by_highdicom(encoded: bytes, number: int) -> Points:
    """Points of a segment as highdicom places them."""
    seg = hd.seg.segread(BytesIO(encoded))
    volume = seg.get_volume(segment_numbers=[number], combine_segments=False)
    index = np.argwhere(volume.array[..., 0] > 0)
    return ordered(index @ volume.affine[:3, :3].T + volume.affine[:3, 3])


def by_dcmqi(path: Path, folder: Path, number: int, *, kind: str = "nrrd") -> Points:
    """Points of a segment as dcmqi writes them and SimpleITK reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    done = run("segimage2itkimage", "--inputDICOM", path, "--outputDirectory", folder, "-t", kind)
    assert done.returncode == 0, done.stderr
    suffix = "nii.gz" if kind == "nii" else kind
    for file in sorted(folder.glob(f"*.{suffix}")):
        image = SimpleITK.ReadImage(str(file))
        labels = SimpleITK.GetArrayFromImage(image)
        where = np.argwhere(labels == number)[:, ::-1]
        if len(where):
            return ordered(
                np.array([image.TransformIndexToPhysicalPoint(i.tolist()) for i in where])
            )
    raise AssertionError(f"dcmqi wrote no voxel of segment {number}: {list(folder.iterdir())}")
