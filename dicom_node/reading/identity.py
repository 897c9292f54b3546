"""Who and what a header is about: patient as a digest, equipment, copies of one instance."""

import hashlib
from collections.abc import Sequence

from dicom_node.domain.equipment import MANUFACTURER, MODEL_NAME
from dicom_node.domain.series import SeriesKey
from dicom_node.reading.header import Header

PATIENT = ("PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate")


def series_key_of(header: Header) -> SeriesKey:
    """Study and Series Instance UID; MissingAttribute where one is absent."""
    return SeriesKey(
        study_instance_uid=header.need_text("StudyInstanceUID"),
        series_instance_uid=header.need_text("SeriesInstanceUID"),
    )


def patient_digest(header: Header) -> str:
    """16 hexadecimal digits that differ between patients and tell nothing of them.

    SHA-256 of Patient ID, its issuer, name and birth date.
    """
    facts = "\0".join("\\".join(header.texts(keyword)) for keyword in PATIENT)
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def all_alike(headers: Sequence[Header], keywords: Sequence[str]) -> bool:
    """Whether all headers store the same values; False also where only the spelling differs."""
    first = headers[0].stored(keywords)
    return all(header.stored(keywords) == first for header in headers)


def is_own_result(header: Header) -> bool:
    """Whether this node made the instance, alone or among others (PS3.3 C.7.5.1, C.12.1)."""
    contributors = header.items("ContributingEquipmentSequence")
    return any(
        one.text("Manufacturer") == MANUFACTURER and one.text("ManufacturerModelName") == MODEL_NAME
        for one in (header, *contributors)
    )


def without_copies(headers: Sequence[Header]) -> tuple[Header, ...]:
    """Headers without further copies of one file, told by SOP Instance UID and then by content."""
    if len({header.text("SOPInstanceUID") for header in headers}) == len(headers):
        return tuple(headers)
    kept: dict[str, list[Header]] = {}
    for header in headers:
        same_uid = kept.setdefault(header.need_text("SOPInstanceUID"), [])
        if not any(_is_copy(header, other) for other in same_uid):
            same_uid.append(header)
    return tuple(header for same_uid in kept.values() for header in same_uid)


def _is_copy(one: Header, other: Header) -> bool:
    if one.path is None or other.path is None:
        return one.dataset == other.dataset
    return one.path.samefile(other.path) or one.path.read_bytes() == other.path.read_bytes()
