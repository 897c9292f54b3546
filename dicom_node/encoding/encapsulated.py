"""The pages of a result as an Encapsulated PDF (PS3.3 A.45.1)."""

from highdicom.base import SOPClass
from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from dicom_node.domain.equipment import Equipment
from dicom_node.domain.report import Report
from dicom_node.encoding.codes import REPORT_TITLES, concept
from dicom_node.encoding.explicit import put_sequences, text
from dicom_node.encoding.forms import Form
from dicom_node.encoding.page import pages_pdf
from dicom_node.encoding.provenance import RESEARCH_ONLY, finish, identity, put_body_part, short
from dicom_node.encoding.secondary_capture import put_side
from dicom_node.encoding.sources import SourceHeader


def build_encapsulated_pdf(
    report: Report, equipment: Equipment, source: SourceHeader, form: Form
) -> Dataset:
    """PDF of the summary page and of each picture; it names no patient, but is dated."""
    document = pages_pdf(report, modality=source.modality)
    made: Dataset = SOPClass(
        study_instance_uid=report.source.key.study_instance_uid,
        sop_class_uid=EncapsulatedPDFStorage,
        modality="DOC",
        **identity(report, equipment, source, form),
    )
    made.ConversionType = "SYN"
    made.BurnedInAnnotation = "YES"
    made.AcquisitionDateTime = None
    made.DocumentTitle = short(f"{RESEARCH_ONLY.capitalize()}: {report.card.title}")
    made.ConceptNameCodeSequence = [concept(REPORT_TITLES[source.modality])]
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocument = document + bytes(len(document) % 2)
    made.EncapsulatedDocumentLength = len(document)
    finish(made, report=report, equipment=equipment, source=source)
    put_body_part(made, source.dataset)
    put_side(made, source.dataset)
    instances = [
        text(0x00081150, "UI", one.sop_class_uid) + text(0x00081155, "UI", one.sop_instance_uid)
        for one in report.source_instances
    ]
    put_sequences(made, SourceInstanceSequence=instances)
    return made
