"""Reports made by keyword, on files of made-up series; the volumes are built without our reader."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from factories import ct_series, nm_recon_tomo, pet_series, write_series
from numpy.typing import NDArray
from phantoms import axes_mm
from pydicom import Dataset

from dicom_node.domain import coding
from dicom_node.domain.algorithm import AlgorithmCard
from dicom_node.domain.coding import Unit
from dicom_node.domain.equipment import Equipment
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.report import Report
from dicom_node.domain.result import (
    Figure,
    Measurement,
    Region,
    Result,
    Segment,
    SegmentationResult,
)
from dicom_node.domain.series import Instance, SeriesKey
from dicom_node.domain.tracer import TracerFinding
from dicom_node.domain.volume import FrameSource, UnitProvenance, Volume
from dicom_node.encoding.landmark import check_landmarks
from dicom_node.encoding.segmentation import build_segmentation
from dicom_node.encoding.sources import read_source

EQUIPMENT = Equipment(
    software_version="dicom_node 0.1.0", device_serial_number="TEST-1", station_name="NODE"
)
CREATED = datetime(2024, 3, 5, 11, 22, 33, tzinfo=timezone(timedelta(hours=1)))
CARD = AlgorithmCard(
    name="pet-threshold",
    version="1.2.0",
    title="Uptake candidates by threshold",
    summary="Marks connected uptake above a threshold; it separates nothing physiological.",
    training_data="none (deterministic)",
    parameters={"relative threshold": "41 %", "fixed threshold": "SUVbw 4.0"},
)
FDG = TracerFinding(
    tracer="FDG",
    evidence="RadiopharmaceuticalCodeSequence (0054,0304) = 35321007 SCT",
    radionuclide="F-18",
)
RULE = UnitProvenance(
    stored_unit="BQML",
    rule="BQML, DecayCorrection START, reference time = Series Time (QIBA rule 1)",
    factors=(4.2111e-4,),
    values={"PatientWeight": 75.0, "RadionuclideTotalDose": 370e6},
    warnings=("the residual activity of the syringe is not in the header",),
)
COLORS = ((230, 60, 60), (60, 160, 60), (70, 110, 240), (200, 140, 0), (150, 60, 180))


def geometry_of(datasets: Sequence[Dataset]) -> tuple[Geometry, list[Dataset]]:
    """Grid of single-frame slices, and the slices in the order of position along the normal."""
    cosines = np.array(datasets[0].ImageOrientationPatient, float)
    normal = np.cross(cosines[:3], cosines[3:])
    ordered = sorted(datasets, key=lambda one: float(normal @ np.array(one.ImagePositionPatient)))
    positions = [np.array(one.ImagePositionPatient, float) for one in ordered]
    if len(ordered) > 1:
        step = (positions[-1] - positions[0]) / (len(ordered) - 1)
    else:
        step = normal * float(ordered[0].SliceThickness)
    rows_mm, columns_mm = (float(mm) for mm in ordered[0].PixelSpacing)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 3] = step, positions[0]
    affine[:3, 1], affine[:3, 2] = cosines[3:] * rows_mm, cosines[:3] * columns_mm
    shape = (len(ordered), int(ordered[0].Rows), int(ordered[0].Columns))
    return _grid(affine, shape, ordered[0]), ordered


def nm_geometry(dataset: Dataset) -> Geometry:
    """Grid of an NM reconstruction, whose slices may go against the normal."""
    detector = dataset.DetectorInformationSequence[0]
    affine = axes_mm(
        spacing_mm=[float(dataset.SpacingBetweenSlices), *map(float, dataset.PixelSpacing)],
        origin_mm=[float(mm) for mm in detector.ImagePositionPatient],
        orientation=[float(cosine) for cosine in detector.ImageOrientationPatient],
    )
    shape = (int(dataset.NumberOfSlices), int(dataset.Rows), int(dataset.Columns))
    return _grid(affine, shape, dataset)


def _grid(affine: NDArray[Any], shape: tuple[int, int, int], dataset: Dataset) -> Geometry:
    frame_of_reference = dataset.get("FrameOfReferenceUID")
    return Geometry(affine=affine, shape=shape, frame_of_reference_uid=frame_of_reference)


def instances_of(datasets: Sequence[Dataset], folder: Path) -> tuple[Instance, ...]:
    """The data sets written as files."""
    paths = write_series(datasets, folder)
    return tuple(
        Instance(
            key=SeriesKey(
                study_instance_uid=one.StudyInstanceUID, series_instance_uid=one.SeriesInstanceUID
            ),
            sop_class_uid=one.SOPClassUID,
            sop_instance_uid=one.SOPInstanceUID,
            path=path,
        )
        for one, path in zip(datasets, paths, strict=True)
    )


def volume_of(datasets: Sequence[Dataset], **changes: Any) -> Volume:
    """Volume of a series, or of one NM object; its numbers are zeros, which no encoder reads."""
    first = datasets[0]
    if first.Modality == "NM":
        geometry = nm_geometry(first)
        frames = [_frame(first, number) for number in range(1, geometry.shape[0] + 1)]
    else:
        geometry, ordered = geometry_of(datasets)
        frames = [_frame(one, None) for one in ordered]
    facts: dict[str, Any] = {
        "array": np.zeros(geometry.shape, np.float32),
        "geometry": geometry,
        "unit": Unit.SUVBW,
        "tracer": FDG,
        "key": SeriesKey(
            study_instance_uid=first.StudyInstanceUID, series_instance_uid=first.SeriesInstanceUID
        ),
        "frames": tuple(frames),
        "unit_provenance": RULE,
        "acquired_at": datetime(2024, 3, 5, 10, 0, 0),  # noqa: DTZ001  # the scanner's local time
        **changes,
    }
    return Volume(**facts)


def _frame(dataset: Dataset, number: int | None) -> FrameSource:
    return FrameSource(
        sop_class_uid=dataset.SOPClassUID,
        sop_instance_uid=dataset.SOPInstanceUID,
        frame_number=number,
    )


def corner_block(shape: tuple[int, int, int], *, shift: int = 0) -> NDArray[np.bool_]:
    """A block that is alike in no two directions, near the first corner of a grid."""
    mask = np.zeros(shape, bool)
    first = min(1 + shift, shape[0] - 1)
    mask[first : first + 3, 2 + shift : 6 + shift, 1 : 1 + 5] = True
    mask[first, 2 + shift : 9 + shift, 3] = True
    mask[first + 2 :, 3 + shift, 1:9] &= mask[first + 2 :, 3 + shift, 1:9]
    return mask


def segment(number: int, mask: NDArray[np.bool_], **changes: Any) -> Segment:
    """A threshold candidate."""
    facts: dict[str, Any] = {
        "number": number,
        "label": f"Uptake candidate {number} (41 % of maximum)",
        "category": coding.SPATIAL_CONCEPT,
        "type": coding.UPTAKE_CANDIDATE,
        "region": Region.from_mask(mask),
        "tracking_id": f"candidate-{number} 41%",
        "display_rgb": COLORS[(number - 1) % len(COLORS)],
        **changes,
    }
    return Segment(**facts)


def measured(number: int, *, top: float = 12.345) -> list[Measurement]:
    """What the threshold algorithm says of a candidate."""
    suv = {"name": coding.SUVBW, "unit": coding.G_PER_ML_SUVBW, "segment": number}
    volume = 7.9 / number
    peak = "mean of a 1 ml sphere at its best place in the region"
    return [
        Measurement(label="SUVmax", value=top, derivation=coding.MAXIMUM, **suv),
        Measurement(label="SUVmean", value=top * 0.61, derivation=coding.MEAN, **suv),
        Measurement(label="SUVpeak", value=top * 0.83, derivation=coding.PEAK, source=peak, **suv),
        Measurement(
            label="Volume",
            name=coding.METABOLIC_VOLUME,
            value=volume,
            unit=coding.MILLILITRE,
            segment=number,
        ),
        Measurement(
            label="SUVmean x volume",
            name=coding.UPTAKE_VOLUME_PRODUCT,
            value=volume * top * 0.61,
            unit=coding.GRAM,
            segment=number,
        ),
    ]


def result_of(
    geometry: Geometry, masks: Sequence[NDArray[np.bool_]] | None = None, **changes: Any
) -> Result:
    """Result of candidates with their numbers; two that overlap unless masks are given."""
    if masks is None:
        masks = [corner_block(geometry.shape), corner_block(geometry.shape, shift=1)]
    segments = tuple(segment(number, mask) for number, mask in enumerate(masks, start=1))
    values = [one for number in range(1, len(segments) + 1) for one in measured(number)]
    total = Measurement(
        label="Candidates",
        name=coding.NUMBER_OF_CANDIDATES,
        value=float(len(segments)),
        unit=coding.COUNT,
    )
    facts: dict[str, Any] = {
        "segmentation": SegmentationResult(role="pet", geometry=geometry, segments=segments),
        "measurements": (*values, total),
        "figures": (
            Figure(title="Maximum projection", pixels=np.full((60, 40, 3), 200, np.uint8)),
        ),
        "warnings": ("bladder and brain are not separated from candidates",),
        **changes,
    }
    return Result(**facts)


def report_of(
    folder: Path,
    datasets: Sequence[Dataset] | None = None,
    *,
    companions: Sequence[Dataset] = (),
    **changes: Any,
) -> Report:
    """Report on a series that is written to a folder; further keywords change the report."""
    series = pet_series() if datasets is None else datasets
    volume = changes.get("source") or volume_of(series)
    facts: dict[str, Any] = {
        "result_id": "0123456789abcdef0123456789abcdef01234567",
        "card": CARD,
        "result": result_of(volume.geometry),
        "source": volume,
        "source_instances": instances_of(series, folder / "source"),
        "companions": instances_of(companions, folder / "companions") if companions else (),
        "created_at": CREATED,
        **changes,
    }
    return Report(**facts)


def encoded_seg(report: Report) -> bytes:
    """File of the SEG alone, checked as `encode_report` does; spares the time of SR and page."""
    found = report.result.segmentation
    assert found is not None
    buffer = BytesIO()
    made = build_segmentation(report, found, EQUIPMENT, read_source(report))
    made.save_as(buffer, enforce_file_format=True)
    check_landmarks(buffer.getvalue(), report, found)
    return buffer.getvalue()


def petct_report(folder: Path, **changes: Any) -> Report:
    """PET with its CT in one study."""
    return report_of(folder, pet_series(), companions=ct_series(), **changes)


def spect_report(folder: Path, dataset: Dataset | None = None, **changes: Any) -> Report:
    """Report on one multi-frame NM object, in counts."""
    made = nm_recon_tomo() if dataset is None else dataset
    volume = volume_of(
        [made], unit=Unit.COUNTS, unit_provenance=UnitProvenance(stored_unit="CNTS", rule="stored")
    )
    report = report_of(folder, [made], source=volume, **changes)
    return replace(report, result=changes.get("result", result_of(volume.geometry)))
