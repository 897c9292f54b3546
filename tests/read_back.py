"""Test data on their way through files, as the node meets them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from factories import write_series
from numpy.typing import NDArray
from pydicom import Dataset

from dicom_node.reading.frames import planes_of
from dicom_node.reading.header import Header, read_header
from dicom_node.reading.pixels import scaled_values
from dicom_node.reading.rescale import scales_of
from dicom_node.reading.series import ReadSeries, group_by_series, read_series
from dicom_node.reading.site_tracers import NO_SITE_TRACERS


def headers_of(datasets: Sequence[Dataset], folder: Path) -> list[Header]:
    """Headers of the data sets, written to a new folder within `folder` and read back."""
    there = folder / f"series{len(list(folder.iterdir()))}"
    return [read_header(path) for path in write_series(datasets, there)]


def series_of(datasets: Sequence[Dataset], folder: Path) -> ReadSeries:
    """The one series of the data sets, written and read back."""
    return read_series(headers_of(datasets, folder), NO_SITE_TRACERS)


def series_in(folder: Path) -> list[ReadSeries]:
    """Every series of the files of one folder."""
    headers = [read_header(path) for path in sorted(folder.iterdir()) if path.is_file()]
    return [read_series(one, NO_SITE_TRACERS) for one in group_by_series(headers).values()]


def values_of(headers: Sequence[Header]) -> NDArray[np.float32]:
    """Real-world values of all planes, in stored order."""
    planes = planes_of(headers)
    return scaled_values(planes, scales_of(planes))
