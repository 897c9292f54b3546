"""The pages as an RGB Secondary Capture, of one frame or of many (PS3.3 A.8.1, A.8.5)."""

from collections.abc import Sequence

import numpy as np
from highdicom.sc import SCImage
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import MultiFrameTrueColorSecondaryCaptureImageStorage

from dicom_node.domain.equipment import Equipment
from dicom_node.domain.report import Report
from dicom_node.encoding.codes import SOURCE_IMAGE, concept
from dicom_node.encoding.forms import Form
from dicom_node.encoding.page import pages_of
from dicom_node.encoding.provenance import (
    RESEARCH_ONLY,
    finish,
    identity,
    put_body_part,
)
from dicom_node.encoding.sources import SourceHeader
from dicom_node.encoding.uids import Role

PAGE = Form(role=Role.SC)

# Body Part Examined of which there is one (PS3.16 Annex L, column Paired: N).
_SINGLE_PARTS = frozenset(
    """
    ABDOMEN ABDOMENPELVIS AORTA BACK BLADDER BRAIN CEREBELLUM CERVIX CHEST CHESTABDOMEN
    CHESTABDPELVIS COCCYX COLON CSPINE DUODENUM ESOPHAGUS FACE GALLBLADDER HEAD HEADNECK
    HEART ILEUM ILIUM JAW JEJUNUM LARYNX LIVER LSPINE MAXILLA MEDIASTINUM MOUTH NECK
    NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV NOSE PANCREAS PELVIS PENIS PHARYNX PROSTATE
    RECTUM SCALP SKULL SPINE SPLEEN SSPINE STERNUM STOMACH THYMUS THYROID TLSPINE TONGUE
    TRACHEA TSPINE URETHRA UTERUS VAGINA VULVA WHOLEBODY
    """.split()  # noqa: SIM905  a list of sixty lines tells no more
)


def build_secondary_capture(
    report: Report, equipment: Equipment, source: SourceHeader, form: Form = PAGE
) -> Dataset:
    """Secondary capture of the page, or of all pages as frames of one object.

    Modality OT, because OHIF takes a PT for a broken PET.
    """
    pages = pages_of(report, modality=source.modality, all_pages=form.role is Role.PAGES)
    made: Dataset = SCImage(
        pixel_array=pages[0],
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),
        study_instance_uid=report.source.key.study_instance_uid,
        **identity(report, equipment, source, form),
    )
    made.ConversionType = "SYN"
    made.PatientOrientation = None  # a page of text has none; highdicom insists on one
    # Nobody is named on it, but it is dated: those who remove identities must look at it.
    made.BurnedInAnnotation = "YES"
    made.DerivationDescription = (
        f"{RESEARCH_ONLY}. Page drawn by {report.card.name} {report.card.version}"
    )
    made.SourceImageSequence = [_first_source(report)]
    if form.role is Role.PAGES:
        _put_frames(made, pages)
    finish(made, report=report, equipment=equipment, source=source)
    made.DateOfSecondaryCapture = made.ContentDate
    made.TimeOfSecondaryCapture = made.ContentTime
    put_body_part(made, source.dataset)
    put_side(made, source.dataset)
    return made


def _put_frames(made: Dataset, pages: Sequence[NDArray[np.uint8]]) -> None:
    """Make it a Multi-frame True Color Secondary Capture (PS3.3 A.8.5), whose frames are pages."""
    made.SOPClassUID = MultiFrameTrueColorSecondaryCaptureImageStorage
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.NumberOfFrames = len(pages)
    made.FrameIncrementPointer = Tag("PageNumberVector")
    made.PageNumberVector = list(range(1, len(pages) + 1))
    pixels = b"".join(page.tobytes() for page in pages)
    made.PixelData = pixels + bytes(len(pixels) % 2)


def put_side(made: Dataset, source: Dataset) -> None:
    """Laterality (PS3.3 C.7.3.1, Type 2C) as in the source; empty where a side is not known.

    A part of the body of which there is one must have none; a SEG neither, where it belongs to the
    segments.
    """
    if source.get("Laterality") or made.get("BodyPartExamined") not in _SINGLE_PARTS:
        made.Laterality = source.get("Laterality")


def _first_source(report: Report) -> Dataset:
    """Item of Source Image Sequence (PS3.3 C.7.6.1.1.4); the SR lists all instances."""
    first = report.source.frames[0]
    item = Dataset()
    item.ReferencedSOPClassUID = first.sop_class_uid
    item.ReferencedSOPInstanceUID = first.sop_instance_uid
    item.PurposeOfReferenceCodeSequence = [concept(SOURCE_IMAGE)]
    return item
