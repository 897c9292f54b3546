"""Measurement groups that a viewer can list and draw: an outline for each segment (TID 1501).

OHIF makes a row of its measurement list of such a group where every number is inferred from one
polyline, area comes first, and the Tracking Identifier begins with the name of a drawing tool.
"""

from collections.abc import Sequence

from dicom_node.domain.coding import MAXIMUM, MEAN, Unit
from dicom_node.domain.forms import SrTracking
from dicom_node.domain.report import Report
from dicom_node.domain.result import Segment
from dicom_node.domain.volume import FrameSource
from dicom_node.encoding.codes import AREA, SOURCE, SQUARE_MILLIMETRE, unit_code
from dicom_node.encoding.content import Relation, image_item, number_item, polyline_item
from dicom_node.encoding.measurement_groups import (
    Items,
    algorithm_items,
    finding_items,
    group_of,
    readable,
    segment_group,
    tracking_items,
)
from dicom_node.encoding.outline import SliceOutline, hottest_outline
from dicom_node.encoding.parts import WrittenPart, places_of
from dicom_node.encoding.statements import segments_of

_TOOL = "Cornerstone3DTools@^0.1.0:PlanarFreehandROI"


def outline_groups(report: Report, written: Sequence[WrittenPart], tracking: SrTracking) -> Items:
    """An outline for each segment, then the measurements of each.

    The order matters: OHIF takes the Tracking Identifier of the first group of a Tracking UID, and
    leaves the viewport black where a UID has no outline at all. So nothing else may be in here:
    totals, categories and warnings are in the report.
    """
    segments, places = segments_of(report.result), places_of(written)
    outlines = [_outline_group(report, segment, tracking) for segment in segments]
    measured = [segment_group(report, one, places.get(one.number)) for one in segments]
    return [*outlines, *measured]


def _outline_group(report: Report, segment: Segment, tracking: SrTracking) -> bytes:
    """Outline on the slice of the hottest voxel, with area, maximum and mean of that slice."""
    outline = hottest_outline(segment.region, report.source.array)
    image = _image_item(report.source.frames[outline.slice_index])
    items = [
        *tracking_items(
            report, segment.tracking_id, identifier=_identifier(segment.tracking_id, tracking)
        ),
        *finding_items(segment),
        *algorithm_items(report.card),
        *_numbers(report, outline, polyline_item(SOURCE, outline.points, image)),
    ]
    return group_of(items, [segment.label])  # OHIF's name of the row


def _identifier(tracking_id: str, tracking: SrTracking) -> str:
    """Tracking Identifier; viewers recognize it by its beginning."""
    return f"{_TOOL}:{tracking_id}" if tracking is SrTracking.CORNERSTONE else tracking_id


def _image_item(frame: FrameSource) -> bytes:
    """The image that the outline is drawn on."""
    return image_item(
        Relation.SELECTED,
        SOURCE,
        sop_class_uid=frame.sop_class_uid,
        sop_instance_uid=frame.sop_instance_uid,
        frame=frame.frame_number,
    )


def _numbers(report: Report, outline: SliceOutline, polyline: bytes) -> Items:
    """Numbers of the slice alone, in the order in which OHIF reads them."""
    _, rows_mm, columns_mm = report.source.geometry.spacing_mm
    unit = unit_code(Unit(report.source.unit))
    area = outline.values.size * rows_mm * columns_mm
    mean = outline.values.mean(dtype=float)
    return [
        number_item(AREA, readable(area), SQUARE_MILLIMETRE, [polyline]),
        number_item(MAXIMUM, readable(outline.values.max()), unit, [polyline]),
        number_item(MEAN, readable(mean), unit, [polyline]),
    ]
