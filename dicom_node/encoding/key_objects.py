"""What a reader should look at, as a Key Object Selection (PS3.3 A.35.4, TID 2010)."""

from collections.abc import Iterator, Mapping, Sequence

from highdicom.base import SOPClass
from pydicom.dataset import Dataset
from pydicom.uid import KeyObjectSelectionDocumentStorage

from dicom_node.domain.coding import Code
from dicom_node.domain.equipment import Equipment
from dicom_node.domain.report import Report
from dicom_node.domain.volume import FrameSource
from dicom_node.encoding.codes import KEY_OBJECT_DESCRIPTION, OF_INTEREST, concept
from dicom_node.encoding.content import (
    Relation,
    composite_item,
    image_item,
    template_item,
    text_item,
)
from dicom_node.encoding.evidence import Reference, reference_to, study_items
from dicom_node.encoding.explicit import put_sequences
from dicom_node.encoding.forms import Form
from dicom_node.encoding.observer import observer_items
from dicom_node.encoding.outline import hottest_slice
from dicom_node.encoding.provenance import RESEARCH_ONLY, finish, identity
from dicom_node.encoding.sources import SourceHeader
from dicom_node.encoding.statements import segments_of
from dicom_node.encoding.uids import Role

_TEMPLATE = "2010"
_MOST_SLICES = 20  # a list that is longer is looked at by nobody
_DOCUMENTS = (Role.SR, Role.MEASUREMENTS)


def build_key_objects(
    report: Report,
    made: Mapping[Form, Dataset],
    equipment: Equipment,
    source: SourceHeader,
    form: Form,
) -> Dataset:
    """Key objects: page, reports and segmentations of a destination, and the hottest slices.

    Parameters
    ----------
    made : mapping
        Every object that the form lists.
    """
    objects = [(one, made[one]) for one in form.listed]
    slices = tuple(_slices(report))
    document: Dataset = SOPClass(
        study_instance_uid=report.source.key.study_instance_uid,
        sop_class_uid=KeyObjectSelectionDocumentStorage,
        modality="KO",
        **identity(report, equipment, source, form),
    )
    _put_root(document, OF_INTEREST)
    finish(document, report=report, equipment=equipment, source=source)
    references = [*(reference_to(one) for _, one in objects), *_references(report, slices)]
    put_sequences(
        document,
        ReferencedPerformedProcedureStepSequence=(),
        ContentTemplateSequence=[template_item(_TEMPLATE)],
        CurrentRequestedProcedureEvidenceSequence=study_items(dict.fromkeys(references)),
        ContentSequence=[
            *observer_items(equipment),
            text_item(Relation.CONTAINS, KEY_OBJECT_DESCRIPTION, _description(report, slices)),
            *(_object_item(one, dataset) for one, dataset in objects),
            *(_slice_item(one) for one in slices),
        ],
    )
    return document


def _put_root(document: Dataset, title: Code) -> None:
    """Root of the content tree."""
    document.ValueType = "CONTAINER"
    document.ConceptNameCodeSequence = [concept(title)]
    document.ContinuityOfContent = "SEPARATE"


def _slices(report: Report) -> Iterator[FrameSource]:
    """Source frames with the hottest voxel of a segment, each once, those of the first first."""
    chosen: dict[int, None] = {}
    for segment in segments_of(report.result):
        chosen[hottest_slice(segment.region, report.source.array)] = None
    for index in list(chosen)[:_MOST_SLICES]:
        yield report.source.frames[index]


def _references(report: Report, slices: Sequence[FrameSource]) -> list[Reference]:
    """The instances of the slices."""
    key = report.source.key
    return [
        (key.study_instance_uid, key.series_instance_uid, one.sop_class_uid, one.sop_instance_uid)
        for one in slices
    ]


def _description(report: Report, slices: Sequence[FrameSource]) -> str:
    """Key Object Description: what is listed, and that it is research."""
    hottest = f", and the {len(slices)} slices with the hottest voxels" if slices else ""
    return f"{RESEARCH_ONLY}. Results of {report.card.title}{hottest}."


def _object_item(form: Form, made: Dataset) -> bytes:
    """A result: reports are documents, everything else is an image."""
    _, _, sop_class, instance = reference_to(made)
    if form.role in _DOCUMENTS:
        return composite_item(Relation.CONTAINS, sop_class_uid=sop_class, sop_instance_uid=instance)
    return image_item(Relation.CONTAINS, None, sop_class_uid=sop_class, sop_instance_uid=instance)


def _slice_item(frame: FrameSource) -> bytes:
    """A slice of the source."""
    return image_item(
        Relation.CONTAINS,
        None,
        sop_class_uid=frame.sop_class_uid,
        sop_instance_uid=frame.sop_instance_uid,
        frame=frame.frame_number,
    )
