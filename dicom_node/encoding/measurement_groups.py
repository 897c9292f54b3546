"""Measurement groups of the report: one per segment, one for the study, one for the run."""

from collections.abc import Sequence

from dicom_node.domain.algorithm import AlgorithmCard
from dicom_node.domain.coding import Code
from dicom_node.domain.report import Report
from dicom_node.domain.result import Classification, Measurement, Segment
from dicom_node.encoding import codes
from dicom_node.encoding.content import (
    Relation,
    code_item,
    container,
    image_item,
    number_item,
    text_item,
    uid_item,
)
from dicom_node.encoding.number_text import values_line
from dicom_node.encoding.parts import SegmentPlace, WrittenPart, places_of
from dicom_node.encoding.provenance import algorithm_statements
from dicom_node.encoding.statements import NOTHING_MARKED, run_statements, segments_of
from dicom_node.encoding.uids import tracking_uid

Items = list[bytes]
"""Content items of a group, in the order of the template."""

WITH_REGION, WITHOUT_REGION = "1411", "1501"  # templates of PS3.16


def measurement_groups(report: Report, written: Sequence[WrittenPart]) -> Items:
    """All groups of a report, in the order in which a person would read them.

    Parameters
    ----------
    written : sequence of WrittenPart
        The SEGs that the groups of segments refer to; none where nothing was marked, or where the
        source does not tell where it lies.
    """
    result = report.result
    segments, places = segments_of(result), places_of(written)
    groups = [
        segment_group(
            report,
            one,
            places.get(one.number),
            told=[
                *_told(one.label, result.measurements_of(one.number)),
                *([one.origin] if one.origin else []),
            ],
        )
        for one in segments
    ]
    if not segments or result.measurements_of(None):
        groups.append(_study_group(report, empty=not segments))
    if result.description:
        groups.append(group_of(_plain(report, "description", ()), result.description))
    for number, classification in enumerate(result.classifications, start=1):
        groups.append(_classification_group(report, number, classification))
    groups.append(group_of(_plain(report, "run", ()), run_statements(report)))
    return groups


def segment_group(
    report: Report, segment: Segment, place: SegmentPlace | None, *, told: Sequence[str] = ()
) -> bytes:
    """Group of a segment: its volumetric ROI (TID 1411), or (TID 1501) without a place."""
    items = [
        *tracking_items(report, segment.tracking_id),
        *finding_items(segment),
        *algorithm_items(report.card),
        *_measurements(report.result.measurements_of(segment.number)),
    ]
    if place is None:
        return group_of(items, told)
    items += _region_items(report, place)
    return group_of(items, told, template=WITH_REGION)


def _region_items(report: Report, place: SegmentPlace) -> Items:
    """Reference to a segment of a SEG, and to its source series."""
    return [
        image_item(
            Relation.CONTAINS,
            codes.REFERENCED_SEGMENT,
            sop_class_uid=place.sop_class_uid,
            sop_instance_uid=place.sop_instance_uid,
            segment=place.number,
        ),
        uid_item(Relation.CONTAINS, codes.SOURCE_SERIES, report.source.key.series_instance_uid),
    ]


def _study_group(report: Report, *, empty: bool) -> bytes:
    """Group without a region (TID 1501): totals, or the statement that nothing was marked."""
    values = report.result.measurements_of(None)
    told = [*_told("Whole study", values), *([NOTHING_MARKED] if empty else [])]
    return group_of(_plain(report, "whole-study", values), told)


def _classification_group(report: Report, number: int, said: Classification) -> bytes:
    """Group of one category (qualitative evaluation) with the score that led to it."""
    items = _plain(report, f"classification-{number}", ())
    if said.probability is not None:
        items.append(number_item(codes.OUTPUT_SCORE, said.probability, codes.NO_UNITS))
    items.append(code_item(Relation.CONTAINS, said.name, said.value))
    return group_of(items, [said.explanation] if said.explanation else [])


def _plain(report: Report, name: str, values: Sequence[Measurement]) -> Items:
    """Items of a group of measurements that belong to no region."""
    return [
        *tracking_items(report, name),
        *algorithm_items(report.card),
        *_measurements(values),
    ]


def group_of(items: Items, comments: Sequence[str], *, template: str = WITHOUT_REGION) -> bytes:
    """A measurement group that ends with a text item (121106, DCM, Comment) for each sentence."""
    said = [text_item(Relation.CONTAINS, codes.COMMENT, comment) for comment in comments]
    return container(codes.MEASUREMENT_GROUP, [*items, *said], template=template)


def _told(name: str, values: Sequence[Measurement]) -> list[str]:
    """The numbers in a line for people.

    Viewers write the concept without its derivation: three lines that say SUVbw.
    """
    return [values_line(name, values)] if values else []


def _measurements(values: Sequence[Measurement]) -> Items:
    """Numbers with unit, method and derivation (TID 300), in the digits that people can read."""
    return [
        number_item(
            one.name,
            readable(one.value),
            one.unit,
            [
                *_modifier(codes.MEASUREMENT_METHOD, one.method),
                *_modifier(codes.DERIVATION, one.derivation),
            ],
        )
        for one in values
    ]


def _modifier(name: Code, value: Code | None) -> Items:
    return [] if value is None else [code_item(Relation.MODIFIES, name, value)]


def readable(value: float) -> float:
    """The value in six digits that count: no image measures more, and viewers show all of them."""
    return float(f"{value:.6g}")


def tracking_items(report: Report, name: str, *, identifier: str | None = None) -> Items:
    """Tracking identifier with the UID that the SEG has for the same name (TID 4108).

    Parameters
    ----------
    identifier : str or None
        How the name is spelled here; None: as it is.
    """
    return [
        text_item(Relation.OBSERVED, codes.TRACKING_IDENTIFIER, identifier or name),
        uid_item(Relation.OBSERVED, codes.TRACKING_UID, tracking_uid(report.result_id, name)),
    ]


def finding_items(segment: Segment) -> Items:
    """What the finding is, and where, with its side, as far as that is told."""
    items = [
        code_item(Relation.CONTAINS, codes.FINDING_CATEGORY, segment.category),
        code_item(Relation.CONTAINS, codes.FINDING, segment.type),
    ]
    if segment.site is not None:
        side = _modifier(codes.LATERALITY, segment.laterality)
        items.append(code_item(Relation.MODIFIES, codes.FINDING_SITE, segment.site, side))
    return items


def algorithm_items(card: AlgorithmCard) -> Items:
    """Algorithm with every parameter that decided the result (TID 4019)."""
    said = [
        (codes.ALGORITHM_NAME, card.name),
        (codes.ALGORITHM_VERSION, card.version),
        *(
            (codes.ALGORITHM_PARAMETERS, f"{name} = {value}")
            for name, value in algorithm_statements(card)
        ),
    ]
    items = [text_item(Relation.MODIFIES, name, value) for name, value in said]
    return [*items, code_item(Relation.MODIFIES, codes.ALGORITHM_FAMILY, card.family)]
