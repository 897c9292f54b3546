"""Measurement groups that a viewer can list and draw: an outline for each segment (TID 1501).

OHIF makes a row of its measurement list of such a group where every number is inferred from one
polyline, area comes first, and the Tracking Identifier begins with the name of a drawing tool.
"""

from collections.abc import Sequence
from typing import Any

from highdicom.sr import (
    CoordinatesForMeasurement,
    GraphicTypeValues,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    SourceImageForRegion,
    TrackingIdentifier,
)

from dicom_node.domain.coding import MAXIMUM, MEAN, Unit
from dicom_node.domain.forms import SrTracking
from dicom_node.domain.report import Report
from dicom_node.domain.result import Segment
from dicom_node.domain.volume import FrameSource
from dicom_node.encoding.codes import AREA, SQUARE_MILLIMETRE, concept, unit_code
from dicom_node.encoding.measurement_groups import (
    Group,
    algorithm_of,
    finding_sites,
    readable,
    segment_group,
    with_comments,
)
from dicom_node.encoding.outline import SliceOutline, hottest_outline
from dicom_node.encoding.parts import WrittenPart, places_of
from dicom_node.encoding.statements import segments_of
from dicom_node.encoding.uids import tracking_uid

_TOOL = "Cornerstone3DTools@^0.1.0:PlanarFreehandROI"


def outline_groups(
    report: Report, written: Sequence[WrittenPart], tracking: SrTracking
) -> list[Group]:
    """An outline for each segment, then the measurements of each.

    The order matters: OHIF takes the Tracking Identifier of the first group of a Tracking UID, and
    leaves the viewport black where a UID has no outline at all. So nothing else may be in here:
    totals, categories and warnings are in the report.
    """
    segments, places = segments_of(report.result), places_of(written)
    outlines = [_outline_group(report, segment, tracking) for segment in segments]
    measured = [segment_group(report, one, places.get(one.number)) for one in segments]
    return [*outlines, *measured]


def _outline_group(report: Report, segment: Segment, tracking: SrTracking) -> Group:
    """Outline on the slice of the hottest voxel, with area, maximum and mean of that slice."""
    outline = hottest_outline(segment.region, report.source.array)
    coordinates = CoordinatesForMeasurement(
        graphic_type=GraphicTypeValues.POLYLINE,
        graphic_data=outline.points,
        source_image=_image(report.source.frames[outline.slice_index]),
    )
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            uid=tracking_uid(report.result_id, segment.tracking_id),
            identifier=_identifier(segment.tracking_id, tracking),
        ),
        finding_category=concept(segment.category),
        finding_type=concept(segment.type),
        finding_sites=finding_sites(segment),
        algorithm_id=algorithm_of(report.card),
        measurements=_numbers(report, outline, coordinates),
    )
    return with_comments(group, [segment.label])  # OHIF's name of the row


def _identifier(tracking_id: str, tracking: SrTracking) -> str:
    """Tracking Identifier; viewers recognize it by its beginning."""
    return f"{_TOOL}:{tracking_id}" if tracking is SrTracking.CORNERSTONE else tracking_id


def _image(frame: FrameSource) -> SourceImageForRegion:
    """The image that the outline is drawn on."""
    return SourceImageForRegion(
        referenced_sop_class_uid=frame.sop_class_uid,
        referenced_sop_instance_uid=frame.sop_instance_uid,
        referenced_frame_numbers=None if frame.frame_number is None else [frame.frame_number],
    )


def _numbers(
    report: Report, outline: SliceOutline, coordinates: CoordinatesForMeasurement
) -> list[Measurement]:
    """Numbers of the slice alone, in the order in which OHIF reads them."""
    _, rows_mm, columns_mm = report.source.geometry.spacing_mm
    unit = concept(unit_code(Unit(report.source.unit)))
    facts: dict[str, Any] = {"referenced_coordinates": [coordinates]}
    area = outline.values.size * rows_mm * columns_mm
    return [
        Measurement(concept(AREA), readable(area), concept(SQUARE_MILLIMETRE), **facts),
        Measurement(concept(MAXIMUM), readable(outline.values.max()), unit, **facts),
        Measurement(concept(MEAN), readable(outline.values.mean(dtype=float)), unit, **facts),
    ]
