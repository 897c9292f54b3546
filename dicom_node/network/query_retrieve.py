"""Query/Retrieve SCU (PS3.4 Annex C): what an archive has of a study, and having it sent to us."""

import time
from collections.abc import Iterable, Iterator

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom.association import Association
from pynetdicom.presentation import build_context

from dicom_node.domain.errors import DeliveryFailed
from dicom_node.domain.peer import Destination
from dicom_node.domain.query import RemoteSeries, RetrieveReport
from dicom_node.domain.series import SeriesKey
from dicom_node.network.requestor import association_with

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"  # PS3.4 C.6.2.3
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"

# More series than any study has; an archive that ignores the study's UID would name all it has.
_MOST_MATCHES = 500
_PENDING = (0xFF00, 0xFF01)

# Of C-FIND and C-MOVE (PS3.4 Tables C.4-1 and C.4-2); everything else is told by its number.
_FAILURES = {
    0xA700: "out of resources",
    0xA701: "out of resources: cannot count the matches",
    0xA702: "out of resources: cannot send them",
    0xA801: "move destination unknown: the archive does not know this node's AE title",
    0xA900: "identifier does not match the SOP class",
    0xC000: "cannot process",
    0x0122: "SOP class not supported",
    0xFE00: "cancelled",
}
# What people or time repair; an identifier that the archive does not understand stays.
_FOR_GOOD = frozenset({0xA900, 0x0122})


def find_series(
    archive: Destination, study_instance_uid: str, *, modality: str
) -> tuple[RemoteSeries, ...]:
    """Series of one modality of a study, as the archive has them.

    Raises
    ------
    DeliveryFailed
        Where there is no association or no complete answer.
    """
    asked = Dataset()
    asked.QueryRetrieveLevel = "SERIES"
    asked.StudyInstanceUID = study_instance_uid
    asked.SeriesInstanceUID = ""
    asked.Modality = modality
    asked.NumberOfSeriesRelatedInstances = None
    with association_with(archive, [build_context(STUDY_ROOT_FIND)]) as association:
        answers = association.send_c_find(asked, UID(STUDY_ROOT_FIND))
        return tuple(
            one
            for match in matches(archive, association, answers)
            for one in _as_series(match, study_instance_uid, modality)
        )


def count_instances(archive: Destination, key: SeriesKey) -> int | None:
    """How many instances an archive has of a series; None where it does not have it or not tell.

    Raises
    ------
    DeliveryFailed
        Where there is no association or no complete answer.
    """
    asked = Dataset()
    asked.QueryRetrieveLevel = "SERIES"
    asked.StudyInstanceUID = key.study_instance_uid
    asked.SeriesInstanceUID = key.series_instance_uid
    asked.NumberOfSeriesRelatedInstances = None
    with association_with(archive, [build_context(STUDY_ROOT_FIND)]) as association:
        answers = association.send_c_find(asked, UID(STUDY_ROOT_FIND))
        counts = [
            _counted(match)
            for match in matches(archive, association, answers)
            if match.get("SeriesInstanceUID") == key.series_instance_uid
        ]
    return next((count for count in counts if count is not None), None)


def matches(
    archive: Destination,
    association: Association,
    answers: Iterable[tuple[Dataset, Dataset | None]],
) -> Iterator[Dataset]:
    """Matches of a C-FIND up to its last answer.

    Raises
    ------
    DeliveryFailed
        Where the last answer is not success, and where there are more matches than can be.
    """
    for number, (status, match) in enumerate(answers):
        code = status.get("Status")
        if code not in _PENDING:
            if code != 0x0000:
                raise _failed(archive, code, _cause(code, "C-FIND", archive.timeout_s))
            return
        if number >= _MOST_MATCHES:
            association.abort()
            raise _failed(archive, None, f"names more than {_MOST_MATCHES} matches")
        if match is not None:
            yield match


def retrieve_series(
    archive: Destination, series: RemoteSeries, *, to: str, limit_s: float
) -> RetrieveReport:
    """Have an archive send a series to an AE title by C-MOVE.

    Parameters
    ----------
    to : str
        Title under which the archive knows where to send it: ours.
    limit_s : float
        For all of it. Some archives say nothing until the last image was sent.

    Raises
    ------
    DeliveryFailed
        Where there is no association.
    """
    asked = Dataset()
    asked.QueryRetrieveLevel = "SERIES"
    asked.StudyInstanceUID = series.study_instance_uid
    asked.SeriesInstanceUID = series.series_instance_uid
    ends_at = time.monotonic() + limit_s
    told = Dataset()
    with association_with(archive, [build_context(STUDY_ROOT_MOVE)]) as association:
        association.dimse_timeout = limit_s
        for told, _ in association.send_c_move(asked, to, UID(STUDY_ROOT_MOVE)):
            if told.get("Status") in _PENDING and time.monotonic() > ends_at:
                association.abort()
                cause = f"C-MOVE is not at its end after {limit_s:g} s"
                return report_of(told, cause, transient=True)
    return judged(told, "C-MOVE", limit_s)


def _as_series(match: Dataset, study: str, modality: str) -> list[RemoteSeries]:
    """A match, where it is what was asked for: some archives match more than they are asked."""
    if match.get("StudyInstanceUID", study) != study:
        return []
    uid = match.get("SeriesInstanceUID")
    if not uid or match.get("Modality", modality) != modality:
        return []
    return [
        RemoteSeries(
            study_instance_uid=study,
            series_instance_uid=str(uid),
            modality=modality,
            instances=_counted(match),
        )
    ]


def _counted(match: Dataset) -> int | None:
    counted = match.get("NumberOfSeriesRelatedInstances")
    return None if counted is None else int(counted)


def judged(told: Dataset, what: str, limit_s: float) -> RetrieveReport:
    """What the last answer to a C-MOVE or C-GET says."""
    code = told.get("Status")
    if code == 0x0000:
        return report_of(told, "", transient=False)
    if code == 0xB000:
        failed = told.get("NumberOfFailedSuboperations") or 0
        cause = f"{failed} of the images could not be sent"
        return report_of(told, cause, transient=True)
    return report_of(told, _cause(code, what, limit_s), transient=code not in _FOR_GOOD)


def report_of(told: Dataset, cause: str, *, transient: bool) -> RetrieveReport:
    """Numbers of an answer, with why not everything was sent."""
    return RetrieveReport(
        completed=told.get("NumberOfCompletedSuboperations") or 0,
        failed=told.get("NumberOfFailedSuboperations") or 0,
        warning=told.get("NumberOfWarningSuboperations") or 0,
        status=told.get("Status"),
        cause=cause,
        transient=transient,
    )


def _cause(code: int | None, what: str, limit_s: float) -> str:
    if code is None:
        return f"no answer to {what} within {limit_s:g} s, or the association was ended"
    known = _FAILURES.get(code, "failure")
    return f"{what} was answered with status 0x{code:04X} ({known})"


def _failed(archive: Destination, code: int | None, cause: str) -> DeliveryFailed:
    return DeliveryFailed(
        destination=archive.name, status=code, cause=cause, transient=code not in _FOR_GOOD
    )
