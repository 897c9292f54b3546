"""Patient and study of a result: those of its source, attribute by attribute, in UTF-8."""

import re
from copy import deepcopy

import structlog
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag
from pydicom.valuerep import PersonName

log = structlog.get_logger(__name__)

CHARACTER_SET = "ISO_IR 192"

# Groups whose standard elements all describe the patient or the clinical trial: PS3.3 C.7.1.1,
# C.7.1.3, C.7.2.2 and C.7.2.3. By group, because an edition adds attributes that an older
# dictionary does not name (Gender Identity Sequence, for one).
_PATIENT_GROUPS = (0x0010, 0x0012)
# Clinical Trial Series (PS3.3 C.7.3.2) belongs to a series, not to the patient.
_SERIES_LEVEL = (
    "ClinicalTrialCoordinatingCenterName",
    "ClinicalTrialSeriesID",
    "ClinicalTrialSeriesDescription",
    "IssuerOfClinicalTrialSeriesID",
)
# The rest of Patient (C.7.1.1), General Study (C.7.2.1) and Patient Study (C.7.2.2).
_OTHER_KEYWORDS = (
    "ReferencedPatientSequence",
    "ReferencedPatientPhotoSequence",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "IssuerOfAccessionNumberSequence",
    "ReferringPhysicianName",
    "ReferringPhysicianIdentificationSequence",
    "ConsultingPhysicianName",
    "ConsultingPhysicianIdentificationSequence",
    "ProcedureCodeSequence",
    "PhysiciansOfRecord",
    "PhysiciansOfRecordIdentificationSequence",
    "NameOfPhysiciansReadingStudy",
    "PhysiciansReadingStudyIdentificationSequence",
    "ReferencedStudySequence",
    "RequestingService",
    "RequestingServiceCodeSequence",
    "ReasonForPerformedProcedureCodeSequence",
    "AdmittingDiagnosesDescription",
    "AdmittingDiagnosesCodeSequence",
    "ReasonForVisit",
    "ReasonForVisitCodeSequence",
    "AdmissionID",
    "IssuerOfAdmissionIDSequence",
    "ServiceEpisodeID",
    "ServiceEpisodeDescription",
    "IssuerOfServiceEpisodeIDSequence",
    "PatientState",
    "LongitudinalTemporalInformationModified",
    "TimezoneOffsetFromUTC",
)
# Type 2: written empty where the source, against the standard, lacks them.
_TYPE_2_KEYWORDS = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)


# Clinical Trial Subject (C.7.1.3, Usage U), and what it must have.
_TRIAL_SUBJECT = (
    "ClinicalTrialSponsorName",
    "ClinicalTrialProtocolID",
    "ClinicalTrialProtocolName",
    "IssuerOfClinicalTrialProtocolID",
    "OtherClinicalTrialProtocolIDsSequence",
    "ClinicalTrialSiteID",
    "ClinicalTrialSiteName",
    "IssuerOfClinicalTrialSiteID",
    "ClinicalTrialSubjectID",
    "IssuerOfClinicalTrialSubjectID",
    "ClinicalTrialSubjectReadingID",
    "IssuerOfClinicalTrialSubjectReadingID",
    "ClinicalTrialProtocolEthicsCommitteeName",
    "ClinicalTrialProtocolEthicsCommitteeApprovalNumber",
)
_TRIAL_TYPE_1 = ("ClinicalTrialSponsorName", "ClinicalTrialProtocolID")
_TRIAL_EITHER = ("ClinicalTrialSubjectID", "ClinicalTrialSubjectReadingID")
_AGE = re.compile(r"(\d{3}[DWMY])?")  # AS, or empty
_SERIES_TAGS = frozenset(Tag(keyword) for keyword in _SERIES_LEVEL)
_OTHER_TAGS = frozenset(Tag(keyword) for keyword in _OTHER_KEYWORDS)


def is_patient_or_study(tag: BaseTag) -> bool:
    """Whether an attribute belongs to the patient, the study or the trial, not to a series."""
    by_group = tag.group in _PATIENT_GROUPS and tag not in _SERIES_TAGS
    return by_group or tag in _OTHER_TAGS


def patient_and_study(source: Dataset) -> Dataset:
    """Patient, study and trial attributes of a source, decoded, ready to be written in UTF-8.

    Values are those of the source, valid or not: a result must match the patient and the study
    that the archive knows, not the ones that a correction would make; so a Study ID of more than 16
    characters stays whole. Two exceptions, which identify nobody and would make each result
    invalid: the optional trial module is left out whole where the source lacks what it must have
    (de-identified archives empty the sponsor), and so is a Patient's Age that is none (PS3.5 6.2).
    """
    copied = Dataset()
    for tag in source.keys():  # noqa: SIM118  # a Dataset iterates over its elements
        if is_patient_or_study(tag):
            copied.add(utf8_copy(source[tag]))
    for keyword in _TYPE_2_KEYWORDS:
        if keyword not in copied:
            setattr(copied, keyword, None)
    if "PatientAge" in copied and not _AGE.fullmatch(str(copied.PatientAge or "")):
        log.warning("result.patient_age_left_out", study=str(copied.get("StudyInstanceUID")))
        del copied.PatientAge
    if not _is_trial_subject(copied):
        for keyword in _TRIAL_SUBJECT:
            if keyword in copied:
                delattr(copied, keyword)
    return copied


def _is_trial_subject(dataset: Dataset) -> bool:
    """Whether the Type 1 attributes of Clinical Trial Subject are there (C.7.1.3)."""
    required = all(dataset.get(keyword) for keyword in _TRIAL_TYPE_1)
    return required and any(dataset.get(keyword) for keyword in _TRIAL_EITHER)


def nobody() -> Dataset:
    """Data set of an empty patient and study, for highdicom, which asks for both.

    highdicom refuses values that it holds for wrong; those of the source are copied afterwards.
    """
    empty = Dataset()
    for keyword in _TYPE_2_KEYWORDS:
        setattr(empty, keyword, None)
    return empty


def utf8_copy(element: DataElement) -> DataElement:
    """Copy of an element that no longer knows the character set it was read in."""
    if element.VR == "SQ":
        return DataElement(element.tag, "SQ", Sequence([_utf8_item(i) for i in element.value]))
    if element.VR == "PN":
        return DataElement(element.tag, "PN", _text_of(element.value))
    return deepcopy(element)


def _utf8_item(item: Dataset) -> Dataset:
    """Copy of a sequence item, its own Specific Character Set dropped."""
    copied = Dataset()
    for element in item:
        if element.keyword != "SpecificCharacterSet":
            copied.add(utf8_copy(element))
    return copied


def _text_of(value: PersonName | MultiValue[PersonName] | None) -> str | list[str] | None:
    """Names as text: a PersonName keeps the bytes and the encoding it was read in."""
    if isinstance(value, MultiValue):
        return [str(name) for name in value]
    return None if value is None else str(value)
