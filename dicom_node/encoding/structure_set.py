"""The segments of a result as an RT Structure Set (PS3.3 A.19): closed contours on the slices."""

from io import BytesIO

import numpy as np
import pydicom
from highdicom.base import SOPClass
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import RTStructureSetStorage

from dicom_node.domain.equipment import Equipment
from dicom_node.domain.errors import EncodingFailed
from dicom_node.domain.report import Report
from dicom_node.domain.result import Segment, SegmentationResult
from dicom_node.encoding.content import code
from dicom_node.encoding.contours import Contour, contours_of
from dicom_node.encoding.explicit import element, put_sequences, sequence, text
from dicom_node.encoding.forms import Form
from dicom_node.encoding.landmark import check_stored
from dicom_node.encoding.provenance import RESEARCH_ONLY, finish, identity
from dicom_node.encoding.references import image_reference
from dicom_node.encoding.sources import SourceHeader
from dicom_node.encoding.uids import tracking_uid

_STUDY_CLASS = "1.2.840.10008.3.1.2.3.1"  # Detached Study Management, as RT objects name a study
_LABEL = "RESEARCH"
_AREA_TOLERANCE = 0.01  # of a region's area: millimetres are written with two digits
_MOST_BYTES = 0xFFFE  # of Contour Data, DS


def build_structure_set(
    report: Report,
    segmentation: SegmentationResult,
    equipment: Equipment,
    source: SourceHeader,
    form: Form,
) -> Dataset:
    """Structure set with one region of interest for each segment, of the same number and name.

    Raises
    ------
    EncodingFailed
        Where the segments are not on the grid of the source, or a contour is too long.
    """
    if not segmentation.geometry.same_grid(report.source.geometry):
        raise EncodingFailed("the segments are not on the grid of the primary input")
    made: Dataset = SOPClass(
        study_instance_uid=report.source.key.study_instance_uid,
        sop_class_uid=RTStructureSetStorage,
        modality="RTSTRUCT",
        **identity(report, equipment, source, form),
    )
    made.StructureSetLabel = _LABEL
    made.StructureSetDescription = f"{RESEARCH_ONLY}. {report.card.name} {report.card.version}"
    made.OperatorsName = None
    made.ApprovalStatus = "UNAPPROVED"
    made.FrameOfReferenceUID = source.frame_of_reference_uid
    made.PositionReferenceIndicator = source.position_reference_indicator
    finish(made, report=report, equipment=equipment, source=source)
    made.StructureSetDate, made.StructureSetTime = made.ContentDate, made.ContentTime
    # These are of composite documents; a structure set has dates of its own.
    del made.ContentDate, made.ContentTime
    segments = segmentation.segments
    place = source.frame_of_reference_uid
    put_sequences(
        made,
        ReferencedFrameOfReferenceSequence=[_frame_of_reference(report, place)],
        StructureSetROISequence=[_region(one, place) for one in segments],
        ROIContourSequence=[_contours(report, one) for one in segments],
        RTROIObservationsSequence=[_observation(report, one) for one in segments],
    )
    return made


def check_structure_set(encoded: bytes, report: Report, segmentation: SegmentationResult) -> None:
    """Refuse contours that do not lie on the slices of their segments, or hold another area.

    Raises
    ------
    EncodingFailed
        Where a contour leaves its slice, names another source, or the areas differ.
    """
    dataset = pydicom.dcmread(BytesIO(encoded))
    used: set[int] = set()
    for item, segment in zip(dataset.ROIContourSequence, segmentation.segments, strict=True):
        areas = _areas(item, report)
        used |= areas.keys()
        first = segment.region.origin[0]
        for index, mask in enumerate(segment.region.mask, start=first):
            expected = int(np.count_nonzero(mask))
            found = areas.pop(index, 0.0)
            if abs(found - expected) > _AREA_TOLERANCE * max(expected, 1):
                raise EncodingFailed(
                    f"contours of segment {segment.number} hold {found:.2f} pixels on slice "
                    f"{index}; expected {expected}"
                )
        if areas:
            raise EncodingFailed(f"segment {segment.number} has no voxel on slice {min(areas)}")
    check_stored(report, sorted(used))


def _areas(item: Dataset, report: Report) -> dict[int, float]:
    """Pixels that the contours of a region go round, by the slice on which they lie."""
    areas: dict[int, float] = {}
    for contour in item.ContourSequence:
        points = np.array(contour.ContourData, dtype=np.float64).reshape(-1, 3)
        where = report.source.geometry.lps_to_index(points)
        index = int(np.rint(where[0, 0]))
        (image,) = contour.ContourImageSequence
        named = (image.ReferencedSOPInstanceUID, image.get("ReferencedFrameNumber"))
        inside = 0 <= index < len(report.source.frames)
        if not inside or np.abs(where[:, 0] - index).max() > _AREA_TOLERANCE:
            raise EncodingFailed("a contour lies on no slice")
        frame = report.source.frames[index]
        if named != (frame.sop_instance_uid, frame.frame_number):
            raise EncodingFailed(f"a contour on slice {index} names another source")
        area = Contour(slice_index=index, corners=where[:, 1:]).area
        areas[index] = areas.get(index, 0.0) + area
    return areas


def _frame_of_reference(report: Report, uid: str) -> bytes:
    """Item of Referenced Frame of Reference Sequence (C.8.8.5): study, series, images."""
    key = report.source.key
    images = [image_reference(frame) for frame in report.source.frames]
    series = text(0x0020000E, "UI", key.series_instance_uid) + sequence(0x30060016, images)
    study = b"".join(
        (
            text(0x00081150, "UI", _STUDY_CLASS),
            text(0x00081155, "UI", key.study_instance_uid),
            sequence(0x30060014, [series]),
        )
    )
    return text(0x00200052, "UI", uid) + sequence(0x30060012, [study])


def _region(segment: Segment, frame_of_reference_uid: str) -> bytes:
    """Item of Structure Set ROI Sequence (3006,0020)."""
    return b"".join(
        (
            text(0x30060022, "IS", str(segment.number)),
            text(0x30060024, "UI", frame_of_reference_uid),
            text(0x30060026, "LO", segment.label),
            text(0x30060036, "CS", segment.algorithm_type),
        )
    )


def _contours(report: Report, segment: Segment) -> bytes:
    """Item of ROI Contour Sequence (3006,0039)."""
    contours = [_contour(report, one) for one in contours_of(segment.region)]
    return b"".join(
        (
            text(0x3006002A, "IS", "\\".join(str(part) for part in segment.display_rgb)),
            sequence(0x30060040, contours),
            text(0x30060084, "IS", str(segment.number)),
        )
    )


def _contour(report: Report, contour: Contour) -> bytes:
    """Item of Contour Sequence (3006,0040)."""
    points = contour.points_mm(report.source.geometry)
    data = "\\".join(_millimetres(points))
    if len(data) > _MOST_BYTES:
        raise EncodingFailed(f"a contour on slice {contour.slice_index} has {len(points)} points")
    image = image_reference(report.source.frames[contour.slice_index])
    return b"".join(
        (
            sequence(0x30060016, [image]),
            text(0x30060042, "CS", "CLOSED_PLANAR"),
            text(0x30060046, "IS", str(len(points))),
            element(0x30060050, "DS", data.encode()),
        )
    )


def _millimetres(points: NDArray[np.float64]) -> list[str]:
    """Numbers with three digits behind the point, without those that say nothing."""
    return [f"{value:.3f}".rstrip("0").rstrip(".") for value in points.ravel()]


def _observation(report: Report, segment: Segment) -> bytes:
    """Item of RT ROI Observations Sequence (3006,0080): what it is, and its Tracking UID."""
    return b"".join(
        (
            text(0x00620020, "UT", segment.tracking_id),
            text(0x00620021, "UI", tracking_uid(report.result_id, segment.tracking_id)),
            text(0x30060082, "IS", str(segment.number)),
            text(0x30060084, "IS", str(segment.number)),
            code(0x30060086, segment.type),
            text(0x300600A4, "CS", ""),
            text(0x300600A6, "PN", ""),
        )
    )
