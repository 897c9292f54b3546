"""Storage commitment: the name of a request, and what a destination reported to it (PS3.4 J)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from dicom_node.domain.errors import DicomNodeError

# Any fixed UUID serves; a request that was sent before a change of it would lose its report.
_NAMESPACE = uuid.UUID("0c1f4c5e-8a53-5b0d-9a51-7f3b2d1c6e40")

# PS3.3 C.14.1.1.
_FAILURE_REASONS: Mapping[int, str] = {
    0x0110: "processing failure",
    0x0112: "no such object instance",
    0x0119: "class and instance conflict",
    0x0122: "referenced SOP class not supported",
    0x0131: "duplicate transaction UID",
    0x0213: "resource limitation",
}


class UnknownTransaction(DicomNodeError):
    """A commitment report names a transaction that this node never asked for."""

    code = "unknown-transaction"

    def __init__(self, transaction_uid: str) -> None:
        super().__init__(f"no storage commitment was asked for as {transaction_uid}")
        self.transaction_uid = transaction_uid


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentReport:
    """What a destination reported to one request, exactly as it came.

    Parameters
    ----------
    transaction_uid : str
        Of the request; the same report may come again.
    committed : tuple of str
        SOP Instance UIDs for whose safekeeping the destination takes responsibility. They need not
        be those that were asked for: none but these may be held as committed.
    failed : mapping of str to int
        SOP Instance UID to Failure Reason (PS3.3 C.14.1.1). An instance that the destination
        reports as both is failed, and in `failed` only.
    """

    transaction_uid: str
    committed: tuple[str, ...]
    failed: Mapping[str, int]


def transaction_uid_of(*, job_id: str, destination: str, attempt: int) -> str:
    """Transaction UID of a request: it can be made durable before the request goes out.

    Parameters
    ----------
    destination : str
        Its name: two destinations of one job report separately.
    attempt : int
        From 1. A new request needs a new number, since a UID is used up by its report
        (PS3.4 J.3.3); the same request repeated after a crash keeps its number.

    Returns
    -------
    str
        UID under 2.25 (PS3.5 B.2).
    """
    words = chr(0).join((job_id, destination, str(attempt)))
    return f"2.25.{uuid.uuid5(_NAMESPACE, words).int}"


def failure_text(reason: int) -> str:
    """What a Failure Reason means, in words (PS3.3 C.14.1.1)."""
    return _FAILURE_REASONS.get(reason, "unknown reason")
