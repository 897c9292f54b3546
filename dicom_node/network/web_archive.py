"""QIDO-RS and WADO-RS user agent (PS3.18 10.4, 10.6): what an archive has, and having it.

The functions stand beside those of `query_retrieve`, `query_priors` and `c_get`, and answer in the
same words; instances come as the archive stores them, and go where the listener's go.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPResponse
from urllib.parse import quote, urlencode

import structlog

from dicom_node.domain.errors import ArchiveError, DeliveryFailed, UnreadableInstance
from dicom_node.domain.peer import Destination, ReceivedInstance, StoreOutcome
from dicom_node.domain.query import EarlierStudies, RemoteSeries, RetrieveReport
from dicom_node.domain.series import SeriesKey
from dicom_node.network.multipart import (
    MalformedMultipart,
    MultipartTooLarge,
    content_type_of,
    parts_of,
)
from dicom_node.network.part10_in import split_part10
from dicom_node.network.web_client import exchange, need_success, read_answer

log = structlog.get_logger(__name__)

# More than any study has; an archive that ignores what it is asked for would name all it has.
_MOST_MATCHES = 500
_MOST_INSTANCES, _MOST_INSTANCE_BYTES = 100_000, 4 * 2**30
_MODALITY, _STUDY, _SERIES = "00080060", "0020000D", "0020000E"
_COUNT, _PATIENT_ID, _STUDY_DATE = "00201209", "00100020", "00080020"
_ANY_SYNTAX = 'multipart/related; type="application/dicom"; transfer-syntax=*'


def find_series(
    archive: Destination, study_instance_uid: str, *, modality: str
) -> tuple[RemoteSeries, ...]:
    """Series of one modality of a study, as the archive has them.

    Raises
    ------
    DeliveryFailed
        Where there is no answer, or none of success.
    """
    asked = [("Modality", modality), ("includefield", _COUNT)]
    found = []
    for match in _matches(archive, _series_of(study_instance_uid), asked):
        uid = _text(match, _SERIES)
        asked_study = _text(match, _STUDY, study_instance_uid) == study_instance_uid
        if uid and asked_study and _text(match, _MODALITY, modality) == modality:
            found.append(
                RemoteSeries(
                    study_instance_uid=study_instance_uid,
                    series_instance_uid=uid,
                    modality=modality,
                    instances=_number(match),
                )
            )
    return tuple(found)


def count_instances(archive: Destination, key: SeriesKey) -> int | None:
    """How many instances an archive has of a series; None where it does not have it or not tell.

    Raises
    ------
    DeliveryFailed
        Where there is no answer, or none of success.
    """
    asked = [("SeriesInstanceUID", key.series_instance_uid), ("includefield", _COUNT)]
    for match in _matches(archive, _series_of(key.study_instance_uid), asked):
        number = _number(match)
        if _text(match, _SERIES) == key.series_instance_uid and number is not None:
            return number
    return None


def find_earlier(
    archive: Destination, wanted: EarlierStudies, *, most: int, newest_first: bool
) -> tuple[RemoteSeries, ...]:
    """Series of one modality in earlier studies of a patient, study by study.

    Raises
    ------
    DeliveryFailed
        Where there is no answer, and for good where the Patient ID would match others, too.
    """
    if not wanted.patient_id or set("*?\\,") & set(wanted.patient_id):
        cause = "the Patient ID is empty or has a wildcard, and others would match it"
        raise _failed(archive, cause, transient=False)
    days = f"{wanted.first:%Y%m%d}-{wanted.last:%Y%m%d}"
    asked = [
        ("PatientID", wanted.patient_id),
        ("StudyDate", days),
        ("ModalitiesInStudy", wanted.modality),
    ]
    dated = []
    for match in _matches(archive, "/studies", asked):
        date, study = _text(match, _STUDY_DATE), _text(match, _STUDY)
        is_theirs = _text(match, _PATIENT_ID) == wanted.patient_id
        if study and is_theirs and days[:8] <= date <= days[9:] and len(date) == len("YYYYMMDD"):
            dated.append((date, study))
    dated.sort(reverse=newest_first)
    studies = list(dict.fromkeys(study for _, study in dated))[:most]
    return tuple(
        series
        for study in studies
        for series in find_series(archive, study, modality=wanted.modality)
    )


def retrieve_series(
    archive: Destination,
    series: RemoteSeries,
    *,
    store: Callable[[ReceivedInstance], StoreOutcome],
    ended: Callable[[str], None],
    called_ae: str,
    limit_s: float,
) -> RetrieveReport:
    """Have an archive hand over a series, and store it.

    Parameters
    ----------
    store, ended : callable
        As of the listener.
    called_ae : str
        Stands for the title under which the series came.
    limit_s : float
        For all of it.

    Raises
    ------
    DeliveryFailed
        Where there is no answer, or none of success.
    """
    path = f"{_series_of(series.study_instance_uid)}/{quote(series.series_instance_uid, safe='')}"
    association_id = uuid.uuid4().hex
    taking = _Taking(
        archive=archive,
        store=store,
        called_ae=called_ae,
        association_id=association_id,
        ends_at=time.monotonic() + limit_s,
    )
    try:
        with exchange(archive, "GET", path, headers={"Accept": _ANY_SYNTAX}) as response:
            need_success(archive, response)
            return taking.all_of(response, limit_s)
    finally:
        ended(association_id)


class _Late(Exception):
    """A series did not come in its time."""


@dataclass(slots=True, kw_only=True)
class _Taking:
    """One series on its way in."""

    archive: Destination
    store: Callable[[ReceivedInstance], StoreOutcome]
    called_ae: str
    association_id: str
    ends_at: float
    completed: int = 0
    failed: int = 0

    def all_of(self, response: HTTPResponse, limit_s: float) -> RetrieveReport:
        """Store every part of an answer; what ends it early is told as a failure that may pass."""
        kind, parameters = content_type_of(response.headers.get("Content-Type", ""))
        boundary = parameters.get("boundary", "")
        if kind != "multipart/related" or not boundary:
            return self._report(f"WADO-RS was answered with {kind}, not multipart/related")
        most = {"most_parts": _MOST_INSTANCES, "most_bytes": _MOST_INSTANCE_BYTES}
        try:
            for _, file in parts_of(lambda n: self._read(response, n), boundary, **most):
                self._take(file)
        except _Late:
            return self._report(f"WADO-RS is not at its end after {limit_s:g} s")
        except (MalformedMultipart, MultipartTooLarge) as cause:
            return self._report(f"WADO-RS: {cause}")
        if self.failed:
            return self._report(f"{self.failed} of the images could not be stored")
        if not self.completed:
            return self._report("WADO-RS brought no images")
        return self._report("")

    def _read(self, response: HTTPResponse, number: int) -> bytes:
        if time.monotonic() > self.ends_at:
            raise _Late
        return response.read1(number)

    def _take(self, file: bytes) -> None:
        try:
            found = split_part10(file)
            self.store(
                ReceivedInstance(
                    sop_class_uid=found.sop_class_uid,
                    sop_instance_uid=found.sop_instance_uid,
                    transfer_syntax_uid=found.transfer_syntax_uid,
                    dataset=found.dataset,
                    calling_ae=self.archive.ae_title,
                    called_ae=self.called_ae,
                    peer_address=self.archive.host,
                    association_id=self.association_id,
                )
            )
        except (UnreadableInstance, ArchiveError) as cause:
            log.warning("wado.not_stored", archive=self.archive.name, reason=str(cause))
            self.failed += 1
        else:
            self.completed += 1

    def _report(self, cause: str) -> RetrieveReport:
        return RetrieveReport(
            completed=self.completed,
            failed=self.failed,
            warning=0,
            status=0xB000 if cause else 0x0000,
            cause=cause,
            transient=bool(cause),
        )


def reachable(archive: Destination) -> None:
    """Ask a service something that names no patient; DeliveryFailed where it does not answer."""
    # A study that nobody has: the answer is empty, whatever the archive holds.
    asked = [("StudyInstanceUID", f"2.25.{uuid.uuid4().int}"), ("limit", "1")]
    list(_matches(archive, "/studies", asked))


def _series_of(study_instance_uid: str) -> str:
    return f"/studies/{quote(study_instance_uid, safe='')}/series"


def _matches(
    archive: Destination, path: str, asked: Sequence[tuple[str, str]]
) -> Iterator[Mapping[str, object]]:
    target = f"{path}?{urlencode(asked)}"
    headers = {"Accept": "application/dicom+json"}
    with exchange(archive, "GET", target, headers=headers) as response:
        if response.status == 204:
            return
        need_success(archive, response)
        content = read_answer(archive, response)
    try:
        found = json.loads(content or b"[]")
    except ValueError as cause:
        raise _failed(archive, "QIDO-RS was not answered with JSON") from cause
    if not isinstance(found, list):
        raise _failed(archive, "QIDO-RS was not answered with a list")
    if len(found) > _MOST_MATCHES:
        raise _failed(archive, f"names more than {_MOST_MATCHES} matches")
    yield from (one for one in found if isinstance(one, dict))


def _first(match: Mapping[str, object], tag: str) -> object:
    element = match.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return values[0] if isinstance(values, list) and values else None


def _text(match: Mapping[str, object], tag: str, absent: str = "") -> str:
    found = _first(match, tag)
    return absent if found is None else str(found)


def _number(match: Mapping[str, object]) -> int | None:
    found = _first(match, _COUNT)
    try:
        return None if found is None else int(str(found))
    except ValueError:
        return None


def _failed(archive: Destination, cause: str, *, transient: bool = True) -> DeliveryFailed:
    return DeliveryFailed(destination=archive.name, status=None, cause=cause, transient=transient)
