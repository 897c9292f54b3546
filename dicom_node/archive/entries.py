"""What the store and its index say to each other, and the errors of wrong requests."""

from dataclasses import dataclass
from datetime import datetime

from dicom_node.domain.errors import DicomNodeError
from dicom_node.domain.series import SeriesKey

NO_SERIES = SeriesKey(study_instance_uid="", series_instance_uid="")


class UnknownRecord(DicomNodeError):
    """The archive has no row under the given id."""

    code = "unknown-record"


class IllegalStep(DicomNodeError):
    """A job may not go from its state to the one that was asked for (`domain.job.may_step`)."""

    code = "illegal-step"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """One instance file as the index knows it.

    Parameters
    ----------
    key : SeriesKey
        NO_SERIES for a file that is part of none.
    path : str
        Relative to the archive's folder, with ``/``.
    size : int
        Of the whole file, in bytes.
    digest : str
        SHA-256 of the data set without File Meta Information, 64 hexadecimal digits.
    association_id : str
        Empty where the row was rebuilt from the file.
    """

    key: SeriesKey
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    path: str
    size: int
    digest: str
    received_at: datetime
    calling_ae: str
    called_ae: str
    peer_address: str = ""
    association_id: str = ""

    def same_content(self, other: "IndexEntry") -> bool:
        """Whether both are the same bytes in the same transfer syntax."""
        return (self.digest, self.transfer_syntax_uid) == (other.digest, other.transfer_syntax_uid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What `InstanceStore.recover` found and did, in numbers of files or rows.

    Parameters
    ----------
    leftovers_removed : int
        Files that were being written when the process ended; none of them was acknowledged.
    indexed : int
        Files that were not in the index and now are.
    set_aside : int
        Files that were not in the index and are now listed as conflict or unreadable.
    rows_removed : int
        Rows of the index whose file is gone.
    """

    leftovers_removed: int
    indexed: int
    set_aside: int
    rows_removed: int
