"""Measurement groups of the report: one per segment, one for the study, one for the run."""

from collections.abc import Sequence
from typing import Any

from highdicom.sr import (
    AlgorithmIdentification,
    FindingSite,
    Measurement,
    MeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    ReferencedSegment,
    RelationshipTypeValues,
    SourceSeriesForSegmentation,
    TextContentItem,
    TrackingIdentifier,
    VolumetricROIMeasurementsAndQualitativeEvaluations,
)

from dicom_node.domain.algorithm import AlgorithmCard
from dicom_node.domain.report import Report
from dicom_node.domain.result import Classification, Segment
from dicom_node.domain.result import Measurement as MeasuredValue
from dicom_node.encoding.codes import COMMENT, NO_UNITS, OUTPUT_SCORE, concept
from dicom_node.encoding.number_text import values_line
from dicom_node.encoding.parts import SegmentPlace, WrittenPart, places_of
from dicom_node.encoding.provenance import algorithm_statements
from dicom_node.encoding.statements import NOTHING_MARKED, run_statements, segments_of
from dicom_node.encoding.uids import tracking_uid

Group = MeasurementsAndQualitativeEvaluations | VolumetricROIMeasurementsAndQualitativeEvaluations


def measurement_groups(report: Report, written: Sequence[WrittenPart]) -> list[Group]:
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
        _told(
            segment_group(report, one, places.get(one.number)),
            one.label,
            result.measurements_of(one.number),
        )
        for one in segments
    ]
    if not segments or result.measurements_of(None):
        groups.append(_study_group(report, empty=not segments))
    for number, classification in enumerate(result.classifications, start=1):
        groups.append(_classification_group(report, number, classification))
    groups.append(_run_group(report))
    return groups


def segment_group(report: Report, segment: Segment, place: SegmentPlace | None) -> Group:
    """Group of a segment: its volumetric ROI (TID 1411), or (TID 1501) without a place."""
    facts: dict[str, Any] = {  # keyword arguments of either template
        "tracking_identifier": _tracking(report, segment.tracking_id),
        "finding_category": concept(segment.category),
        "finding_type": concept(segment.type),
        "finding_sites": finding_sites(segment),
        "algorithm_id": algorithm_of(report.card),
        "measurements": _measurements(report.result.measurements_of(segment.number)),
    }
    if place is None:
        return MeasurementsAndQualitativeEvaluations(**facts)
    reference = _referenced_segment(report, place)
    return VolumetricROIMeasurementsAndQualitativeEvaluations(referenced_segment=reference, **facts)


def _referenced_segment(report: Report, place: SegmentPlace) -> ReferencedSegment:
    """Reference to a segment of a SEG and to its source series.

    Made by hand: `ReferencedSegment.from_segmentation` fails on objects whose frames share their
    segment number.
    """
    return ReferencedSegment(
        sop_class_uid=place.sop_class_uid,
        sop_instance_uid=place.sop_instance_uid,
        segment_number=place.number,
        source_series=SourceSeriesForSegmentation(report.source.key.series_instance_uid),
    )


def _study_group(report: Report, *, empty: bool) -> Group:
    """Group without a region (TID 1501): totals, or the statement that nothing was marked."""
    values = report.result.measurements_of(None)
    group = _told(_plain_group(report, "whole-study", values), "Whole study", values)
    return with_comments(group, [NOTHING_MARKED] if empty else [])


def _classification_group(report: Report, number: int, said: Classification) -> Group:
    """Group of one category (qualitative evaluation) with the score that led to it."""
    score = []
    if said.probability is not None:
        score.append(
            Measurement(name=concept(OUTPUT_SCORE), value=said.probability, unit=concept(NO_UNITS))
        )
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(report, f"classification-{number}"),
        algorithm_id=algorithm_of(report.card),
        measurements=score,
        qualitative_evaluations=[
            QualitativeEvaluation(name=concept(said.name), value=concept(said.value))
        ],
    )
    return with_comments(group, [said.explanation] if said.explanation else [])


def _run_group(report: Report) -> Group:
    """Group of what a reader must know of the run: source, unit, warnings, limits of use."""
    return with_comments(_plain_group(report, "run", ()), run_statements(report))


def _plain_group(report: Report, name: str, values: Sequence[MeasuredValue]) -> Group:
    """Group of measurements that belong to no region (TID 1501)."""
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=_tracking(report, name),
        algorithm_id=algorithm_of(report.card),
        measurements=_measurements(values),
    )


def _told(group: Group, name: str, values: Sequence[MeasuredValue]) -> Group:
    """The group with its numbers in a line for people.

    Viewers write the concept without its derivation: three lines that say SUVbw.
    """
    return with_comments(group, [values_line(name, values)] if values else [])


def with_comments(group: Group, comments: Sequence[str]) -> Group:
    """The group, with a text item (121106, DCM, Comment) for each sentence."""
    for comment in comments:
        group[0].ContentSequence.append(
            TextContentItem(
                name=concept(COMMENT),
                value=comment,
                relationship_type=RelationshipTypeValues.CONTAINS,
            )
        )
    return group


def _measurements(values: Sequence[MeasuredValue]) -> list[Measurement]:
    """Numbers with unit, derivation and method (TID 300), in the digits that people can read."""
    return [
        Measurement(
            name=concept(one.name),
            value=readable(one.value),
            unit=concept(one.unit),
            derivation=None if one.derivation is None else concept(one.derivation),
            method=None if one.method is None else concept(one.method),
        )
        for one in values
    ]


def readable(value: float) -> float:
    """The value in six digits that count: no image measures more, and viewers show all of them."""
    return float(f"{value:.6g}")


def _tracking(report: Report, name: str) -> TrackingIdentifier:
    """Tracking identifier with the UID that the SEG has for the same name (TID 4108)."""
    return TrackingIdentifier(uid=tracking_uid(report.result_id, name), identifier=name)


def finding_sites(segment: Segment) -> list[FindingSite] | None:
    """Where the finding is, with its side; None where nothing says."""
    if segment.site is None:
        return None
    side = None if segment.laterality is None else concept(segment.laterality)
    return [FindingSite(concept(segment.site), laterality=side)]


def algorithm_of(card: AlgorithmCard) -> AlgorithmIdentification:
    """Algorithm with every parameter that decided the result (TID 4019)."""
    return AlgorithmIdentification(
        name=card.name,
        version=card.version,
        family=concept(card.family),
        parameters=[f"{name} = {value}" for name, value in algorithm_statements(card)],
    )
