"""Whose data stored files are: their studies and patients, from as few headers as possible."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from dicom_node.domain.audit import AuditedFile, AuditedStudy
from dicom_node.domain.errors import UnreadableInstance
from dicom_node.reading.header import read_header


def studies_in(files: Iterable[AuditedFile]) -> Sequence[AuditedStudy]:
    """Studies of files, with their patients; of those that are alike, one header is read."""
    alike: dict[str, list[AuditedFile]] = defaultdict(list)
    for one in files:
        alike[one.alike].append(one)
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for several in alike.values():
        counts[_whose(several)].update(one.sop_class_uid for one in several)
    return [
        AuditedStudy(
            study_instance_uid=study, patient_id=number, patient_name=name, sop_classes=classes
        )
        for (study, number, name), classes in counts.items()
    ]


def by_patient(studies: Iterable[AuditedStudy]) -> Iterable[Sequence[AuditedStudy]]:
    """Studies of each patient: most messages may tell of one patient only."""
    patients: dict[tuple[str, str], list[AuditedStudy]] = defaultdict(list)
    for one in studies:
        patients[one.patient_id, one.patient_name].append(one)
    return patients.values()


def _whose(files: Sequence[AuditedFile]) -> tuple[str, str, str]:
    """Study, patient's id and name by the first header that can be read; empty where none can."""
    for one in files:
        try:
            header = read_header(one.path)
        except UnreadableInstance:
            continue
        found = (header.text(key) for key in ("StudyInstanceUID", "PatientID", "PatientName"))
        study, number, name = (text or "" for text in found)
        return study, number, name
    return "", "", ""
