"""The measurements of a result as structured reports, TID 1500: a report, and outlines."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from highdicom.sr import Comprehensive3DSR, ComprehensiveSR, EnhancedSR
from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage, ComprehensiveSRStorage, EnhancedSRStorage

from dicom_node.domain.coding import Code
from dicom_node.domain.equipment import Equipment
from dicom_node.domain.errors import EncodingFailed
from dicom_node.domain.forms import SrClass
from dicom_node.domain.report import Report
from dicom_node.encoding import codes
from dicom_node.encoding.codes import (
    IMAGING_MEASUREMENT_REPORT,
    PROCEDURES,
    REPORT_TITLES,
    concept,
)
from dicom_node.encoding.content import (
    Relation,
    code_item,
    container,
    template_item,
)
from dicom_node.encoding.evidence import evidence_of, named
from dicom_node.encoding.explicit import put_sequences
from dicom_node.encoding.forms import Form
from dicom_node.encoding.measurement_groups import Items, measurement_groups
from dicom_node.encoding.observer import observer_items
from dicom_node.encoding.outline_groups import outline_groups
from dicom_node.encoding.parts import WrittenPart
from dicom_node.encoding.provenance import finish, identity
from dicom_node.encoding.sources import SourceHeader
from dicom_node.encoding.uids import Role, instance_uid, series_uid

_CLASSES: Mapping[SrClass, type[Comprehensive3DSR | ComprehensiveSR | EnhancedSR]] = (
    MappingProxyType(
        {
            SrClass.COMPREHENSIVE_3D: Comprehensive3DSR,
            SrClass.COMPREHENSIVE: ComprehensiveSR,
            SrClass.ENHANCED: EnhancedSR,
        }
    )
)
SR_CLASS_UIDS: Mapping[SrClass, str] = MappingProxyType(
    {
        SrClass.COMPREHENSIVE_3D: Comprehensive3DSRStorage,
        SrClass.COMPREHENSIVE: ComprehensiveSRStorage,
        SrClass.ENHANCED: EnhancedSRStorage,
    }
)
_TEMPLATE = "1500"


def build_structured_report(
    report: Report,
    written: Sequence[WrittenPart],
    equipment: Equipment,
    source: SourceHeader,
    form: Form,
) -> Dataset:
    """Complete, unverified, preliminary report: of everything, or of the outlines alone.

    No image library (TID 1600): the evidence names every instance, and a library repeats the
    header of each one that it lists.

    Parameters
    ----------
    written : sequence of WrittenPart
        The SEGs of the same result.
    form : Form
        Whether it is the report, or the measurements that viewers draw.
    """
    if source.modality not in PROCEDURES:
        allowed = ", ".join(PROCEDURES)
        raise EncodingFailed(f"Modality of the source is {source.modality}; allowed: {allowed}")
    groups, title = _content(report, written, form, source.modality)
    made = _CLASSES[form.sr_class](
        evidence=[named(report.source_instances[0])],
        content=_root(title),
        is_complete=True,
        is_verified=False,
        is_final=False,
        previous_versions=_previous(report, form),
        **identity(report, equipment, source, form),
    )
    finish(made, report=report, equipment=equipment, source=source)
    put_sequences(
        made,
        ContentTemplateSequence=[template_item(_TEMPLATE)],
        ContentSequence=[*_context(equipment, source.modality), _measured(groups)],
        **evidence_of(report, written),
    )
    return made


def _previous(report: Report, form: Form) -> list[Dataset] | None:
    """The report that this one takes the place of (Predecessor Documents Sequence (0040,A360))."""
    if report.predecessor is None:
        return None
    earlier = Form(role=Role.SR, sr_class=form.sr_class).name
    item = Dataset()
    item.SOPClassUID = SR_CLASS_UIDS[form.sr_class]
    item.SOPInstanceUID = instance_uid(report.predecessor, earlier)
    item.StudyInstanceUID = report.source_instances[0].key.study_instance_uid
    item.SeriesInstanceUID = series_uid(report.predecessor, earlier)
    return [item]


def _content(
    report: Report, written: Sequence[WrittenPart], form: Form, modality: str
) -> tuple[Items, Code]:
    """Measurement groups and title of a report."""
    if form.role is Role.MEASUREMENTS:
        return outline_groups(report, written, form.tracking), IMAGING_MEASUREMENT_REPORT
    return measurement_groups(report, written), REPORT_TITLES[modality]


def _root(title: Code) -> Dataset:
    """Root of the content tree without its items; SEPARATE as every container."""
    root = Dataset()
    root.ValueType = "CONTAINER"
    root.ConceptNameCodeSequence = [concept(title)]
    root.ContinuityOfContent = "SEPARATE"
    root.ContentSequence = []
    return root


def _measured(groups: Items) -> bytes:
    """Container of all measurement groups."""
    return container(codes.IMAGING_MEASUREMENTS, groups)


def _context(equipment: Equipment, modality: str) -> Items:
    """Language, the node as a device observer (TID 1004), and the procedure reported."""
    return [
        code_item(Relation.MODIFIES, codes.LANGUAGE, codes.ENGLISH),
        *observer_items(equipment),
        code_item(Relation.MODIFIES, codes.PROCEDURE_REPORTED, PROCEDURES[modality]),
    ]
