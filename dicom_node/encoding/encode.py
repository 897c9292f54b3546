"""A report becomes DICOM objects, and the objects become files: the entry of this room."""

import os
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import structlog
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from dicom_node.domain.equipment import Equipment
from dicom_node.domain.errors import DicomNodeError, EncodingFailed
from dicom_node.domain.job import ResultObject
from dicom_node.domain.report import Report
from dicom_node.encoding.landmark import check_landmarks
from dicom_node.encoding.secondary_capture import build_secondary_capture
from dicom_node.encoding.segmentation import build_segmentation
from dicom_node.encoding.sources import SourceHeader, read_source
from dicom_node.encoding.structured_report import build_structured_report
from dicom_node.encoding.uids import Role

log = structlog.get_logger(__name__)
Made = TypeVar("Made")

# What highdicom, pydicom, matplotlib and the file system raise on values they cannot take.
_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    InvalidDicomError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EncodedObject:
    """One result object, and its file: the bytes that were checked are those that are sent.

    Parameters
    ----------
    encoded : bytes
        PS3.10 file of the data set.
    """

    role: Role
    dataset: Dataset
    encoded: bytes


def encode_report(report: Report, equipment: Equipment) -> tuple[EncodedObject, ...]:
    """Objects of a result: SEG (where there are segments that have a place), SR, SC.

    A pure function of its arguments and of the source files: the same report gives the same bytes.
    Dates and times are those of `created_at`, in the zone that the source names, else in its own:
    it should be the site's, as that of the study is.

    Raises
    ------
    EncodingFailed
        Where any of the objects cannot be made, or the SEG does not lie where the result says.
    """
    source = _guarded("source", lambda: read_source(report))
    segmentation = _guarded(Role.SEG, lambda: _segmentation(report, equipment, source))
    made = () if segmentation is None else (segmentation,)
    seg = None if segmentation is None else segmentation.dataset
    text = _guarded(
        Role.SR,
        lambda: _encoded(Role.SR, build_structured_report(report, seg, equipment, source)),
    )
    page = _guarded(
        Role.SC, lambda: _encoded(Role.SC, build_secondary_capture(report, equipment, source))
    )
    return (*made, text, page)


def write_objects(objects: Sequence[EncodedObject], folder: Path) -> tuple[ResultObject, ...]:
    """Write objects durably into a folder, which is made; file names follow from the UIDs.

    A file has its name only when it is whole and on the disk.

    Raises
    ------
    EncodingFailed
        Where a file cannot be written.
    """
    return _guarded("file", lambda: _written(objects, folder))


def _guarded(what: str, make: Callable[[], Made]) -> Made:
    """What `make` makes; any fault of a library becomes EncodingFailed.

    The message names the kind of fault alone: those of pydicom quote values of the patient.
    """
    try:
        return make()
    except DicomNodeError as cause:
        if isinstance(cause, EncodingFailed):
            raise
        raise EncodingFailed(f"{what}: {cause}") from cause
    except _FAULTS as cause:
        raise EncodingFailed(f"{what}: {type(cause).__name__}") from cause


def _segmentation(
    report: Report, equipment: Equipment, source: SourceHeader
) -> EncodedObject | None:
    """SEG that lies where the result says; None for a result without segments or place."""
    found = report.result.segmentation
    if found is None or not found.segments or not found.geometry.placed:
        return None
    made = _encoded(Role.SEG, build_segmentation(report, found, equipment, source))
    check_landmarks(made.encoded, report, found)
    return made


def _encoded(role: Role, dataset: Dataset) -> EncodedObject:
    """The object with its file."""
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return EncodedObject(role=role, dataset=dataset, encoded=buffer.getvalue())


def _written(objects: Sequence[EncodedObject], folder: Path) -> tuple[ResultObject, ...]:
    """Files of the objects, then the folder itself made durable."""
    folder.mkdir(parents=True, exist_ok=True)
    made = tuple(_write(one, folder) for one in objects)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return made


def _write(encoded: EncodedObject, folder: Path) -> ResultObject:
    """One file, under a temporary name until it is on the disk."""
    dataset = encoded.dataset
    path = folder / f"{encoded.role}-{dataset.SOPInstanceUID}.dcm"
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        file.write(encoded.encoded)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    log.info("result.written", role=encoded.role, sop_instance_uid=str(dataset.SOPInstanceUID))
    return ResultObject(
        path=path,
        sop_class_uid=str(dataset.SOPClassUID),
        sop_instance_uid=str(dataset.SOPInstanceUID),
        modality=str(dataset.Modality),
    )
