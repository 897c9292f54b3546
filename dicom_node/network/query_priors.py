"""Query SCU for a patient's earlier studies: two levels of C-FIND (PS3.4 C.6.2)."""

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom.presentation import build_context

from dicom_node.domain.errors import DeliveryFailed
from dicom_node.domain.peer import Destination
from dicom_node.domain.query import EarlierStudies, RemoteSeries
from dicom_node.network.query_retrieve import STUDY_ROOT_FIND, find_series, matches
from dicom_node.network.requestor import association_with

_WILD = frozenset("*?\\")  # of a matching key (PS3.4 C.2.2.2.4); a list in its value


def find_earlier(
    archive: Destination, wanted: EarlierStudies, *, most: int, newest_first: bool
) -> tuple[RemoteSeries, ...]:
    """Series of one modality in earlier studies of a patient, study by study.

    Parameters
    ----------
    most : int
        Studies that are looked into.

    Raises
    ------
    DeliveryFailed
        Where there is no association or no complete answer, and for good where the Patient ID
        cannot be asked for because an archive would match others by it.
    """
    if not wanted.patient_id or _WILD & set(wanted.patient_id):
        raise DeliveryFailed(
            destination=archive.name,
            status=None,
            cause="the Patient ID is empty or has a wildcard, and others would match it",
            transient=False,
        )
    dated = [one for one in _studies(archive, wanted) if one is not None]
    dated.sort(reverse=newest_first)
    studies = list(dict.fromkeys(study for _, study in dated))[:most]
    return tuple(
        series
        for study in studies
        for series in find_series(archive, study, modality=wanted.modality)
    )


def _studies(archive: Destination, wanted: EarlierStudies) -> list[tuple[str, str]]:
    """Study Date and UID of the patient's studies within the days that are asked for."""
    asked = Dataset()
    asked.QueryRetrieveLevel = "STUDY"
    asked.PatientID = wanted.patient_id
    asked.StudyDate = f"{wanted.first:%Y%m%d}-{wanted.last:%Y%m%d}"
    asked.ModalitiesInStudy = wanted.modality
    asked.StudyInstanceUID = ""
    found: list[tuple[str, str]] = []
    with association_with(archive, [build_context(STUDY_ROOT_FIND)]) as association:
        answers = association.send_c_find(asked, UID(STUDY_ROOT_FIND))
        for match in matches(archive, association, answers):
            date, uid = str(match.get("StudyDate", "")), str(match.get("StudyInstanceUID", ""))
            if uid and match.get("PatientID") == wanted.patient_id and _within(date, wanted):
                found.append((date, uid))
    return found


def _within(date: str, wanted: EarlierStudies) -> bool:
    return f"{wanted.first:%Y%m%d}" <= date <= f"{wanted.last:%Y%m%d}" and len(date) == len(
        "YYYYMMDD"
    )
