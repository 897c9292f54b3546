"""Reports on every kind of source, read by the node's own reader, with everything to be written."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from encoding.reports import CARD, CREATED, FDG, result_of
from factories import ct_series, pet_series
from factories_enhanced import enhanced_pet
from factories_frames import nm_recon_tomo
from numpy.typing import NDArray
from pydicom import Dataset
from read_back import series_of

from dicom_node.domain import coding
from dicom_node.domain.coding import Code
from dicom_node.domain.report import Report
from dicom_node.domain.result import Result, VoxelMap
from dicom_node.domain.volume import Volume
from dicom_node.reading.volume import read_volumes

Z_SCORE = Code("113071", "DCM", "Z-score")

SOURCES: dict[str, Callable[[], list[Dataset]]] = {
    "PET": pet_series,
    "Enhanced PET": lambda: [enhanced_pet()],
    "NM recon": lambda: [nm_recon_tomo()],
    "gated NM": lambda: [nm_recon_tomo(gates=3)],
    "CT": ct_series,
}


def masks_of(shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Three regions: one with a hole and an island in it, one that touches a corner, one across."""
    masks = np.zeros((3, *shape), bool)
    masks[0, 1:4, 1:10, 1:10] = True
    masks[0, 2, 3:8, 3:8] = False
    masks[0, 2, 5, 5] = True
    masks[1, -2:, -2:, -2:] = True
    masks[2, :, 11:13, 2:5] = True
    return masks


def report_on(datasets: Sequence[Dataset], folder: Path) -> Report:
    """Report on the last volume of a series (a gated one has several), as a job would make it."""
    folder.mkdir(parents=True, exist_ok=True)
    read = series_of(datasets, folder)
    volume = replace(read_volumes(read, None)[-1], tracer=FDG)
    return Report(
        result_id="5" * 40,
        card=CARD,
        result=with_map(result_of(volume.geometry, list(masks_of(volume.geometry.shape))), volume),
        source=volume,
        source_instances=read.series.instances,
        companions=(),
        created_at=CREATED,
    )


def with_map(result: Result, source: Volume) -> Result:
    """The result, and a voxel map that is another number in each voxel."""
    values = np.arange(source.array.size, dtype=np.float32).reshape(source.array.shape) / 7 - 3
    voxels = VoxelMap(
        role="pet",
        label="z-score",
        geometry=source.geometry,
        values=values,
        quantity=Z_SCORE,
        unit=coding.COUNT,
    )
    return replace(result, maps=(voxels,))
