"""Questions to other archives, each told in the audit trail."""

from collections.abc import Callable
from typing import TypeVar

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from dicom_node.audit.events import queried
from dicom_node.audited import peer_of
from dicom_node.auditing import Audit
from dicom_node.domain.audit import AuditOutcome
from dicom_node.domain.errors import DeliveryFailed
from dicom_node.domain.peer import Destination, RefusedPeer
from dicom_node.domain.query import EarlierStudies, RemoteSeries, RetrieveReport
from dicom_node.domain.route import PriorRule
from dicom_node.domain.series import SeriesKey
from dicom_node.engine.archive_seams import ArchiveCalls
from dicom_node.stores import utc_now

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"  # PS3.4 C.6.2.3
_IMPLICIT_LITTLE = "1.2.840.10008.1.2"

Answer = TypeVar("Answer")


class AuditedCalls:
    """Another archive's calls, with a Query message for each question.

    Parameters
    ----------
    calls : ArchiveCalls
    peer : Destination
        The archive.
    """

    def __init__(self, calls: ArchiveCalls, peer: Destination, audit: Audit) -> None:
        self._calls, self._peer, self._audit = calls, peer, audit

    def series_of_study(self, study_instance_uid: str, modality: str) -> tuple[RemoteSeries, ...]:
        """Series of one modality of a study."""
        asked = _identifier("SERIES", StudyInstanceUID=study_instance_uid, Modality=modality)
        return self._told(asked, lambda: self._calls.series_of_study(study_instance_uid, modality))

    def earlier_series(self, wanted: EarlierStudies, prior: PriorRule) -> tuple[RemoteSeries, ...]:
        """Series of one modality in earlier studies of a patient, study by study."""
        asked = _identifier(
            "STUDY",
            PatientID=wanted.patient_id,
            StudyDate=f"{wanted.first:%Y%m%d}-{wanted.last:%Y%m%d}",
            ModalitiesInStudy=wanted.modality,
        )
        return self._told(asked, lambda: self._calls.earlier_series(wanted, prior))

    def count(self, key: SeriesKey) -> int | None:
        """How many instances it has of a series."""
        asked = _identifier(
            "SERIES",
            StudyInstanceUID=key.study_instance_uid,
            SeriesInstanceUID=key.series_instance_uid,
        )
        return self._told(asked, lambda: self._calls.count(key))

    def retrieve(self, series: RemoteSeries) -> RetrieveReport:
        """Have it send a series; what comes is told as it comes."""
        try:
            return self._calls.retrieve(series)
        except DeliveryFailed as failure:
            self._tell_distrust(failure)
            raise

    def _told(self, asked: bytes, ask: Callable[[], Answer]) -> Answer:
        try:
            answer = ask()
        except DeliveryFailed as failure:
            self._tell_distrust(failure)
            self._tell(asked, AuditOutcome.MINOR_FAILURE, failure.cause)
            raise
        self._tell(asked, AuditOutcome.SUCCESS, "")
        return answer

    def _tell(self, asked: bytes, outcome: AuditOutcome, cause: str) -> None:
        archive, now = peer_of(self._peer.ae_title, self._peer.host), utc_now()
        self._audit.record(
            lambda: [
                queried(
                    self._audit.node,
                    archive,
                    sop_class_uid=STUDY_ROOT_FIND,
                    query=asked,
                    transfer_syntax_uid=_IMPLICIT_LITTLE,
                    outcome=outcome,
                    description=cause,
                    now=now,
                )
            ]
        )

    def _tell_distrust(self, failure: DeliveryFailed) -> None:
        if failure.untrusted:
            self._audit.refused(
                RefusedPeer(
                    address=self._peer.host, calling_ae=self._peer.ae_title, cause=failure.cause
                )
            )


def _identifier(level: str, **keys: str) -> bytes:
    """Keys of a question as the identifier of a C-FIND, whichever way it was asked."""
    asked = Dataset()
    asked.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(asked, keyword, value)
    written = DicomBytesIO()
    written.is_implicit_VR = written.is_little_endian = True
    write_dataset(written, asked)
    return bytes(written.getvalue())
