"""The instances that a document rests on: the source, its companions, the objects beside it."""

from collections.abc import Iterable, Sequence

from pydicom.dataset import Dataset

from dicom_node.domain.report import Report
from dicom_node.domain.series import Instance
from dicom_node.encoding.explicit import sequence, text
from dicom_node.encoding.parts import WrittenPart
from dicom_node.encoding.patient_study import nobody

Reference = tuple[str, str, str, str]
"""Study, series, SOP class and SOP instance UID."""


def evidence_of(report: Report, written: Sequence[WrittenPart]) -> dict[str, list[bytes]]:
    """Evidence sequences of a document by keyword (PS3.3 C.17.2), of the UIDs alone.

    What is in the study of the source is evidence of the current procedure; a companion out of
    another study is other evidence.
    """
    own = report.source_instances[0].key.study_instance_uid
    instances = (*report.source_instances, *report.companions)
    references = [*map(reference_of, instances), *(reference_to(part.dataset) for part in written)]
    here = [one for one in references if one[0] == own]
    elsewhere = [one for one in references if one[0] != own]
    found = {"CurrentRequestedProcedureEvidenceSequence": study_items(here)}
    if elsewhere:
        found["PertinentOtherEvidenceSequence"] = study_items(elsewhere)
    return found


def reference_of(instance: Instance) -> Reference:
    """The UIDs of an instance of the source."""
    key = instance.key
    return (
        key.study_instance_uid,
        key.series_instance_uid,
        instance.sop_class_uid,
        instance.sop_instance_uid,
    )


def reference_to(dataset: Dataset) -> Reference:
    """The UIDs of an object that was made."""
    return (
        str(dataset.StudyInstanceUID),
        str(dataset.SeriesInstanceUID),
        str(dataset.SOPClassUID),
        str(dataset.SOPInstanceUID),
    )


def study_items(references: Iterable[Reference]) -> list[bytes]:
    """Items of a hierarchical reference: study, series, instance (PS3.3 C.17.2.1)."""
    studies: dict[str, dict[str, list[bytes]]] = {}
    for study, series, sop_class, instance in references:
        item = text(0x00081150, "UI", sop_class) + text(0x00081155, "UI", instance)
        studies.setdefault(study, {}).setdefault(series, []).append(item)
    return [
        sequence(
            0x00081115,
            [
                sequence(0x00081199, instances) + text(0x0020000E, "UI", series)
                for series, instances in found.items()
            ],
        )
        + text(0x0020000D, "UI", study)
        for study, found in studies.items()
    ]


def named(instance: Instance) -> Dataset:
    """The UIDs of an instance for highdicom; patient and study are filled in by `finish`."""
    item = nobody()
    item.SOPClassUID = instance.sop_class_uid
    item.SOPInstanceUID = instance.sop_instance_uid
    item.StudyInstanceUID = instance.key.study_instance_uid
    item.SeriesInstanceUID = instance.key.series_instance_uid
    return item
