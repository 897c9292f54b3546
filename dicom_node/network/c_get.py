"""Retrieve SCU by C-GET (PS3.4 C.4.3): a series comes on the association that asks for it."""

import time
import uuid
from collections.abc import Callable

from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)
from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from pynetdicom.presentation import build_context, build_role

from dicom_node.domain.errors import DeliveryFailed
from dicom_node.domain.peer import ConflictAnswer, Destination, ReceivedInstance, StoreOutcome
from dicom_node.domain.query import RemoteSeries, RetrieveReport
from dicom_node.network.c_store import OUT_OF_RESOURCES, StoreAnswers, received_instance
from dicom_node.network.query_retrieve import judged
from dicom_node.network.requestor import association_with

STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"  # PS3.4 C.6.2.3
_IMAGES = "1.2.840.10008.5.1.4.1.1."

# Image classes of a modality, below the root of storage: what a companion can be. Each class is
# proposed in each syntax by itself, because an archive takes one syntax of a context and then
# cannot send what it holds in another.
_CLASSES = {
    "CT": ("2", "2.1", "2.2"),
    "PT": ("128", "128.1", "130"),
    "NM": ("20",),
    "MR": ("4", "4.1", "4.4"),
}
_SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
    RLELossless,
)


def get_series(
    archive: Destination,
    series: RemoteSeries,
    *,
    store: Callable[[ReceivedInstance], StoreOutcome],
    ended: Callable[[str], None],
    limit_s: float,
) -> RetrieveReport:
    """Have an archive send a series on this association.

    Parameters
    ----------
    store : callable
        Makes an instance durable before it returns; raises ArchiveError where it cannot.
    ended : callable
        Called with the id of the association when nothing more comes.
    limit_s : float
        For all of it; what comes later is refused.

    Raises
    ------
    DeliveryFailed
        Where there is no association, for good where the modality is none of `CT PT NM MR`.
    """
    asked = Dataset()
    asked.QueryRetrieveLevel = "SERIES"
    asked.StudyInstanceUID = series.study_instance_uid
    asked.SeriesInstanceUID = series.series_instance_uid
    classes = [_IMAGES + one for one in _CLASSES.get(series.modality, ())]
    if not classes:
        cause = f"series of modality {series.modality} are not fetched by C-GET"
        raise DeliveryFailed(destination=archive.name, status=None, cause=cause, transient=False)
    contexts = [build_context(uid, syntax) for uid in classes for syntax in _SYNTAXES]
    roles = [build_role(uid, scp_role=True) for uid in classes]
    association_id = f"get-{uuid.uuid4().hex}"
    ends_at = time.monotonic() + limit_s
    # The archive holds the data set as well: of one under a known UID it is told nothing special.
    answers = StoreAnswers(store, ConflictAnswer.SUCCESS)

    def _on_store(event: Event) -> int:
        if time.monotonic() > ends_at:
            return OUT_OF_RESOURCES
        assert isinstance(event.request, C_STORE)
        uid = str(event.request.AffectedSOPInstanceUID)
        where = {"association": association_id, "sop_instance": uid}
        return answers.status_of(lambda: _received(event, archive, association_id), where)

    def _bind(association: Association) -> None:
        association.bind(evt.EVT_C_STORE, _on_store)

    told = Dataset()
    try:
        with association_with(
            archive, [build_context(STUDY_ROOT_GET), *contexts], opening=_bind, roles=roles
        ) as association:
            association.dimse_timeout = limit_s
            _refuse_without_service(archive, association)
            for answer, _ in association.send_c_get(asked, UID(STUDY_ROOT_GET)):
                told = answer
    finally:
        ended(association_id)
    return judged(told, "C-GET", limit_s)


def _refuse_without_service(archive: Destination, association: Association) -> None:
    if all(one.abstract_syntax != STUDY_ROOT_GET for one in association.accepted_contexts):
        raise DeliveryFailed(
            destination=archive.name,
            status=None,
            cause=f"C-GET was not accepted ({STUDY_ROOT_GET})",
            transient=False,
        )


def _received(event: Event, archive: Destination, association_id: str) -> ReceivedInstance:
    """The instance as if the archive had called us: its bytes exactly as they came."""
    return received_instance(
        event,
        calling_ae=archive.ae_title,
        called_ae=archive.calling_ae_title,
        peer_address=archive.host,
        association_id=association_id,
    )
