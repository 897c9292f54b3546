"""A trunk with a liver, a lesion and a warm organ as PET, and its way through the pipeline."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from dicom_parts import item, uid
from encoding.reports import EQUIPMENT
from factories import HFS, ct_series, pet_series
from factories_contours import FRAME, segmentation, structure_set
from numpy.typing import NDArray
from phantoms import axes_mm, points_mm
from pydicom import Dataset
from read_back import series_of

from dicom_node.domain.algorithm import AlgorithmSpec
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.job import JobOutcome
from dicom_node.domain.route import CompanionRule, Condition, Route
from dicom_node.pipeline import process
from dicom_node.planning import JobRequest, plan
from dicom_node.reading.site_tracers import NO_SITE_TRACERS

SHAPE, SPACING_MM = (36, 44, 64), (6.0, 6.0, 6.0)
# The middle of the grid is at (0, 0, 0).
_MIDDLE = 0.5 * (np.array(SHAPE[::-1]) - 1) * 6.0
ORIGIN_MM = (-float(_MIDDLE[0]), -float(_MIDDLE[1]), -float(_MIDDLE[2]))
LESION_MM, LESION_RADIUS_MM, LESION_SUV = (70.0, 10.0, 30.0), 18.0, 12.0
WARM_MM, WARM_RADIUS_MM, WARM_SUV = (40.0, -20.0, -60.0), 18.0, 3.6
LIVER_MM, LIVER_SUV = (-80.0, 0.0, -20.0), 2.0
# 370 MBq at 09:00, series at 10:00, 75 kg (`dicom_parts.fdg`).
_SUV_OF_BQ = 75_000.0 / (370e6 * 0.5 ** (3600.0 / 6586.2))
ROUTE = Route(
    name="fdg",
    algorithm="fdg-lesions",
    destinations=(),
    when=Condition(),
    companions={"ct": CompanionRule(modality="CT")},
)


def suv(*, lesion: bool = True, liver: bool = True) -> NDArray[np.float64]:
    """SUVbw of the trunk."""
    points = points_mm(SHAPE, axes_mm(spacing_mm=SPACING_MM, origin_mm=ORIGIN_MM, orientation=HFS))
    body = (points[..., 0] / 165) ** 2 + (points[..., 1] / 110) ** 2 < 1
    image = np.where(body, 0.7, 0.0)
    if liver:
        image[_within(points, LIVER_MM, 52.0)] = LIVER_SUV
    image[_within(points, WARM_MM, WARM_RADIUS_MM)] = WARM_SUV
    if lesion:
        image[_within(points, LESION_MM, LESION_RADIUS_MM)] = LESION_SUV
    return image


def pet(image: NDArray[np.float64] | None = None, **attributes: Any) -> list[Dataset]:
    """PET series of an image in SUVbw, default: the trunk."""
    values = (suv() if image is None else image) / _SUV_OF_BQ
    return pet_series(**_grid(), values=values.astype(np.float32), **attributes)


def ct(**attributes: Any) -> list[Dataset]:
    """CT of water and air on the same grid."""
    hounsfield = np.where(suv() > 0, 40.0, -1000.0)
    return ct_series(**_grid(), values=hounsfield.astype(np.float32), **attributes)


def grid() -> Geometry:
    """Grid of the PET."""
    affine = axes_mm(spacing_mm=SPACING_MM, origin_mm=ORIGIN_MM, orientation=HFS)
    return Geometry(affine=affine, shape=SHAPE, frame_of_reference_uid=FRAME)


def drawn_seg(**attributes: Any) -> Dataset:
    """SEG of somebody who outlined the lesion by hand."""
    return segmentation(
        {1: suv() > 10},
        grid(),
        ReferencedSeriesSequence=[item(SeriesInstanceUID=uid("study", "pet"))],
        **attributes,
    )


def drawn_rtstruct(**attributes: Any) -> Dataset:
    """RTSTRUCT with a box around the lesion as GTV."""
    x, y, z = LESION_MM
    heights = [-_MIDDLE[2] + 6.0 * n for n in range(SHAPE[0])]
    half = 15.0
    corners = np.array([(x - half, y - half), (x + half, y - half), (x + half, y + half),
                        (x - half, y + half)])  # fmt: skip
    polygons = [np.column_stack([corners, np.full(4, h)]) for h in heights if abs(h - z) < half]
    return structure_set({"GTV left": polygons}, **attributes)


def run(
    spec: AlgorithmSpec,
    folder: Path,
    made: Sequence[Dataset],
    *,
    contours: Dataset | None = None,
    companion: Sequence[Dataset] = (),
) -> tuple[JobOutcome, dict[str, Dataset]]:
    """Outcome of the pipeline, and the objects it wrote by modality."""
    folder.mkdir(parents=True, exist_ok=True)
    series = series_of(made, folder).series
    study = [series, *([series_of(companion, folder).series] if companion else [])]
    drawn = None if contours is None else series_of([contours], folder).series.instances[0]
    job = plan(
        series,
        study,
        route=replace(ROUTE, algorithm=spec.card.name),
        spec=spec,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        contours=drawn,
    )
    request = JobRequest(
        job=job, folder=folder / "out", site_tracers=NO_SITE_TRACERS, equipment=EQUIPMENT
    )
    outcome = process(request, spec)
    return outcome, {one.modality: pydicom.dcmread(one.path) for one in outcome.objects}


def texts_of(report: Dataset) -> list[str]:
    """All texts of a structured report."""
    return [str(one.value) for one in report.iterall() if one.keyword == "TextValue"]


def number(outcome: JobOutcome, name: str, segment: int | None = None) -> float:
    """The one measurement of a name."""
    (found,) = [m.value for m in outcome.measurements if (m.name, m.segment) == (name, segment)]
    return found


def _grid() -> dict[str, Any]:
    slices, rows, columns = SHAPE
    return {
        "slices": slices,
        "rows": rows,
        "columns": columns,
        "spacing_mm": SPACING_MM,
        "origin_mm": ORIGIN_MM,
    }


def _within(
    points: NDArray[np.float64], centre: Sequence[float], radius: float
) -> NDArray[np.bool_]:
    return np.asarray(np.linalg.norm(points - np.array(centre), axis=-1) < radius)
