"""Pixel data to values: decoded, scaled plane by plane, in parallel."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from dicom_node.domain.errors import InputRejected
from dicom_node.reading.pixel_format import FORMAT_KEYWORDS, PixelFormat, format_of
from dicom_node.reading.plane import Plane
from dicom_node.reading.rescale import Scale
from dicom_node.reading.stored_pixels import Stored, stored_planes

_MOST_THREADS = 8
# Several shares for each thread, so that one slow file does not hold up the others.
_SHARES_PER_THREAD = 4


@dataclass(frozen=True, slots=True)
class _Task:
    """Where one plane goes, and how its stored values are scaled."""

    index: int
    plane: Plane
    scale: Scale


def scaled_values(planes: Sequence[Plane], scales: Sequence[Scale]) -> NDArray[np.float32]:
    """Values (planes, rows, columns) of planes that share one layout.

    Each is stored x slope + intercept in float64, then rounded to float32.

    Parameters
    ----------
    scales : one for each plane

    Raises
    ------
    UnsupportedObject
        For colours, palettes and transfer syntaxes that cannot be decoded.
    MissingAttribute
        Where an attribute of the pixel module or the pixel data are absent.
    InputRejected
        Where pixel data are cut off or damaged, or are said to be larger than memory.
    """
    values = _empty(planes)
    tasks = [
        _Task(index, plane, scale)
        for index, (plane, scale) in enumerate(zip(planes, scales, strict=True))
    ]
    threads = min(_MOST_THREADS, os.cpu_count() or 1, len(tasks))
    shares = np.array_split(np.arange(len(tasks)), min(len(tasks), threads * _SHARES_PER_THREAD))
    with ThreadPoolExecutor(max_workers=threads) as pool:
        work = [pool.submit(_fill, values, tasks[s[0] : s[-1] + 1]) for s in shares]
        for one in work:
            one.result()
    return values


def _empty(planes: Sequence[Plane]) -> NDArray[np.float32]:
    layout = planes[0].layout
    shape = (len(planes), layout.rows, layout.columns)
    try:
        return np.empty(shape, dtype=np.float32)
    except MemoryError as cause:
        raise InputRejected(f"{shape} values do not fit into memory") from cause


def _fill(values: NDArray[np.float32], tasks: Sequence[_Task]) -> None:
    """Decode and scale some planes, each file opened once."""
    formats: dict[tuple[object, ...], PixelFormat] = {}
    scratch: NDArray[np.float64] | None = None
    for _, several in groupby(tasks, key=lambda task: id(task.plane.header)):
        of_one = list(several)
        header = of_one[0].plane.header
        key = header.stored(FORMAT_KEYWORDS)
        if key not in formats:
            formats[key] = format_of(header)
        numbers = [task.plane.frame_number or 1 for task in of_one]
        decoded = stored_planes(header, formats[key], numbers)
        for task, stored in zip(of_one, decoded, strict=True):
            if scratch is None:
                scratch = np.empty(stored.shape, dtype=np.float64)
            _scale(stored, task.scale, scratch, values[task.index])


def _scale(
    stored: Stored, scale: Scale, scratch: NDArray[np.float64], out: NDArray[np.float32]
) -> None:
    """Values of one plane; the rounding to float32 comes last."""
    if scale.intercept == 0:
        np.multiply(stored, scale.slope, out=out, dtype=np.float64, casting="unsafe")
    else:
        np.multiply(stored, scale.slope, out=scratch)
        np.add(scratch, scale.intercept, out=out, casting="unsafe")
