"""Which SOP classes a destination may be sent, by the forms that it takes."""

from pydicom.uid import (
    UID,
    EncapsulatedPDFStorage,
    KeyObjectSelectionDocumentStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    ParametricMapStorage,
    RTStructureSetStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
)

from dicom_node.domain.forms import (
    LABEL_MAP_SEGMENTATION_STORAGE,
    ExtraForm,
    PageForm,
    ResultForms,
    SegForm,
)
from dicom_node.encoding.structured_report import SR_CLASS_UIDS

_PAGES = {
    PageForm.SINGLE: SecondaryCaptureImageStorage,
    PageForm.MULTI_FRAME: MultiFrameTrueColorSecondaryCaptureImageStorage,
}
_EXTRA = {
    ExtraForm.RTSTRUCT: RTStructureSetStorage,
    ExtraForm.MAPS: ParametricMapStorage,
    ExtraForm.PDF: EncapsulatedPDFStorage,
    ExtraForm.KEY_OBJECTS: KeyObjectSelectionDocumentStorage,
}


def sop_classes_of(forms: ResultForms) -> tuple[str, ...]:
    """UIDs of every SOP class that a destination of these forms may be sent, sorted."""
    found: set[UID | str] = {
        SegmentationStorage,  # of a LABELMAP the spare
        SR_CLASS_UIDS[forms.sr_class],
        _PAGES[forms.page_form],
    }
    if forms.seg_form is SegForm.LABELMAP:
        found.add(LABEL_MAP_SEGMENTATION_STORAGE)
    return tuple(sorted(map(str, found.union(_EXTRA[extra] for extra in forms.extra_forms))))
