"""Volumes of an algorithm's input, made by keyword."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from phantoms import axes_mm, points_mm, sphere

from dicom_node.domain.coding import Unit
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Result
from dicom_node.domain.series import SeriesKey
from dicom_node.domain.tracer import TracerFinding
from dicom_node.domain.volume import FrameSource, UnitProvenance, Volume

AXIAL = (1, 0, 0, 0, 1, 0)


def grid(
    shape: Sequence[int] = (24, 24, 24),
    *,
    spacing_mm: Sequence[float] = (4, 4, 4),
    orientation: Sequence[float] = AXIAL,
    centre_mm: Sequence[float] = (0, 0, 0),
    frame_of_reference_uid: str | None = "1.2.3",
) -> Geometry:
    """Grid whose centre lies at a place in the patient; a negative spacing reverses the slices."""
    affine = axes_mm(spacing_mm=spacing_mm, origin_mm=(0, 0, 0), orientation=orientation)
    middle = affine[:3, :3] @ (np.array(shape) - 1) / 2
    affine[:3, 3] = np.array(centre_mm, float) - middle
    a, b, c = shape
    return Geometry(affine=affine, shape=(a, b, c), frame_of_reference_uid=frame_of_reference_uid)


def places(geometry: Geometry) -> NDArray[np.float64]:
    """LPS millimetres of every voxel centre, (slices, rows, columns, 3)."""
    return points_mm(geometry.shape, geometry.affine)


def volume(
    array: ArrayLike,
    geometry: Geometry,
    *,
    unit: Unit = Unit.SUVBW,
    tracer: str | None = "FDG",
    **given: Any,
) -> Volume:
    """Volume of an array in a unit, of a tracer."""
    values = np.asarray(array, dtype=np.float32)
    frames = (
        FrameSource(sop_class_uid="1.2.840.10008.5.1.4.1.1.128", sop_instance_uid=f"1.2.{n + 1}")
        for n in range(geometry.shape[0])
    )
    return Volume(
        array=values,
        geometry=geometry,
        unit=unit,
        tracer=TracerFinding(tracer=tracer, evidence="made for a test"),
        key=SeriesKey(study_instance_uid="1.2", series_instance_uid="1.3"),
        frames=tuple(frames),
        unit_provenance=UnitProvenance(stored_unit="BQML", rule="made for a test"),
        **given,
    )


def regridded(
    array: NDArray[np.float32], geometry: Geometry, *, order: Sequence[int], flips: Sequence[int]
) -> tuple[NDArray[np.float32], Geometry]:
    """The same voxels at the same places, stored with other axes in another order."""
    affine = np.array(geometry.affine)
    for axis in flips:
        affine[:3, 3] += affine[:3, axis] * (geometry.shape[axis] - 1)
        affine[:3, axis] *= -1
    turned = np.ascontiguousarray(np.transpose(np.flip(array, tuple(flips)), order))
    affine[:, :3] = affine[:, list(order)]
    a, b, c = turned.shape
    return turned, Geometry(
        affine=affine,
        shape=(a, b, c),
        frame_of_reference_uid=geometry.frame_of_reference_uid,
    )


def with_spheres(
    geometry: Geometry,
    *spheres: tuple[Sequence[float], float, float],
    background: float = 0.8,
) -> NDArray[np.float32]:
    """Image of uniform spheres (centre and radius in mm, value) in a uniform background."""
    image = np.full(geometry.shape, background, dtype=np.float32)
    for centre_mm, radius_mm, value in spheres:
        image[sphere(places(geometry), centre_mm=centre_mm, radius_mm=radius_mm)] = value
    return image


def value_of(result: Result, label: str, segment: int | None = None) -> float:
    """The one measurement of a label, of a segment or (None) of the whole study."""
    (found,) = [m.value for m in result.measurements_of(segment) if m.label == label]
    return found
