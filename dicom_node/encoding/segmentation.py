"""The segments of a result as one Segmentation, BINARY or LABELMAP (PS3.3 A.51)."""

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.color import CIELabColor
from highdicom.seg import Segmentation, SegmentDescription
from pydicom.dataset import Dataset

from dicom_node.domain.algorithm import AlgorithmCard
from dicom_node.domain.equipment import Equipment
from dicom_node.domain.errors import EncodingFailed
from dicom_node.domain.report import Report
from dicom_node.domain.result import AlgorithmType, Segment, SegmentationResult
from dicom_node.encoding.codes import concept
from dicom_node.encoding.explicit import put_sequences
from dicom_node.encoding.forms import Form
from dicom_node.encoding.frames import (
    frames_of,
    overlap,
    packed_bits,
    per_frame_groups,
    shared_groups,
)
from dicom_node.encoding.labelmap import bits_of, label_groups, label_pixels, slices_of
from dicom_node.encoding.provenance import (
    RESEARCH_ONLY,
    algorithm_statements,
    finish,
    identity,
    put_body_part,
    short,
)
from dicom_node.encoding.references import references_of
from dicom_node.encoding.sources import SourceHeader, one_voxel_image
from dicom_node.encoding.uids import Role, derived_uid, tracking_uid

WHOLE = Form(role=Role.SEG)


def build_segmentation(
    report: Report,
    segmentation: SegmentationResult,
    equipment: Equipment,
    source: SourceHeader,
    form: Form = WHOLE,
) -> Dataset:
    """Segmentation with one frame per segment and slice that holds voxels, or per slice alone.

    Parameters
    ----------
    segmentation : SegmentationResult
        That of the report, or a part of it, as the form says.

    Raises
    ------
    EncodingFailed
        Where the segments are not on the grid of the source.
    """
    if not segmentation.geometry.same_grid(report.source.geometry):
        raise EncodingFailed("the segments are not on the grid of the primary input")
    made = _header(report, segmentation, equipment, source, form)
    _put_frames(made, report, segmentation, form)
    finish(made, report=report, equipment=equipment, source=source)
    put_body_part(made, source.dataset)
    groups = _groups(report, segmentation, form)
    put_sequences(made, PerFrameFunctionalGroupsSequence=groups, **references_of(report))
    return made


def _header(
    report: Report,
    segmentation: SegmentationResult,
    equipment: Equipment,
    source: SourceHeader,
    form: Form,
) -> Dataset:
    """Segmentation of one voxel, which highdicom makes: everything but frames and references."""
    count = len(segmentation.segments)
    made = Segmentation(
        source_images=[one_voxel_image(report, source)],
        pixel_array=np.ones((1, 1, 1) if form.labelmap else (1, 1, 1, count), dtype=np.uint8),
        segmentation_type="LABELMAP" if form.labelmap else "BINARY",
        segment_descriptions=[_described(one, report) for one in segmentation.segments],
        content_creator_name=f"Algorithm^{report.card.name}",
        content_label=f"{source.modality}_SEG",
        content_description=short(f"{RESEARCH_ONLY.capitalize()}: {report.card.title}"),
        **identity(report, equipment, source, form),
    )
    # highdicom adds a segment 0, the background: OHIF then gives each segment its neighbour's
    # colour. Pixel Padding Value says the same.
    made.SegmentSequence = [one for one in made.SegmentSequence if one.SegmentNumber]
    return made


def _described(segment: Segment, report: Report) -> SegmentDescription:
    """Item of Segment Sequence (PS3.3 C.8.20.4)."""
    by_hand = segment.algorithm_type is AlgorithmType.MANUAL  # no algorithm is named then
    described = SegmentDescription(
        segment_number=segment.number,
        segment_label=segment.label,
        segmented_property_category=concept(segment.category),
        segmented_property_type=concept(segment.type),
        algorithm_type=segment.algorithm_type.value,
        algorithm_identification=None if by_hand else _algorithm(report.card),
        tracking_id=segment.tracking_id,
        tracking_uid=tracking_uid(report.result_id, segment.tracking_id),
        anatomic_regions=None if segment.site is None else [concept(segment.site)],
        display_color=CIELabColor.from_rgb(*segment.display_rgb),
    )
    if segment.origin:
        described.SegmentDescription = short(segment.origin, 1024)  # ST
    if segment.laterality is not None:
        _put_laterality(described, segment)
    return described


def _put_laterality(described: Dataset, segment: Segment) -> None:
    """Side of the site, or of the structure itself where no site is given."""
    side = [concept(segment.laterality)]  # type: ignore[arg-type]  # the caller has asked
    if segment.site is not None:
        described.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = side
        return
    kind = described.SegmentedPropertyTypeCodeSequence[0]
    kind.SegmentedPropertyTypeModifierCodeSequence = side


def _algorithm(card: AlgorithmCard) -> AlgorithmIdentificationSequence:
    """Segmentation Algorithm Identification Sequence (PS3.3 table 10-19)."""
    return AlgorithmIdentificationSequence(
        name=card.name,
        version=card.version,
        family=concept(card.family),
        parameters=dict(algorithm_statements(card)),
    )


def _put_frames(
    made: Dataset, report: Report, segmentation: SegmentationResult, form: Form
) -> None:
    """Pixels, and the dimensions that index the frames (C.7.6.16, C.7.6.17)."""
    frames, geometry = frames_of(segmentation), segmentation.geometry
    _, made.Rows, made.Columns = geometry.shape
    made.SharedFunctionalGroupsSequence = [shared_groups(geometry)]
    if form.labelmap:
        bits = bits_of(segmentation)
        made.NumberOfFrames = len(slices_of(segmentation.segments))
        made.SegmentsOverlap = "NO"
        made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
        made.PixelData = label_pixels(segmentation)
    else:
        made.NumberOfFrames = len(frames)
        made.SegmentsOverlap = "YES" if overlap(segmentation.segments) else "NO"
        made.PixelData = packed_bits(frames, geometry.shape[1:])
    organization = derived_uid(report.result_id, form.name, "dimensions")
    for item in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        item.DimensionOrganizationUID = organization


def _groups(report: Report, segmentation: SegmentationResult, form: Form) -> list[bytes]:
    """Functional groups of each frame."""
    geometry, sources = segmentation.geometry, report.source.frames
    if form.labelmap:
        return label_groups(slices_of(segmentation.segments), geometry, sources)
    return per_frame_groups(frames_of(segmentation), geometry, sources)
