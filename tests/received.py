"""What a C-STORE brings, made by keyword: a small encoded instance and the command around it."""

import zlib
from io import BytesIO
from typing import Any

from dicom_parts import put
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
)

from dicom_node.domain.peer import ReceivedInstance

STUDY = "1.2.826.0.1.1"
SERIES = "1.2.826.0.1.1.1"
PET = str(PositronEmissionTomographyImageStorage)


def sop_uid(number: int, series: str = SERIES) -> str:
    """SOP Instance UID of an instance of a series."""
    return f"{series}.{number}"


def made_dataset(number: int = 1, *, series: str = SERIES, **attributes: Any) -> Dataset:
    """A data set with the UIDs of instance `number` and 200 bytes of pixel data."""
    made = Dataset()
    put(
        made,
        {
            "SOPClassUID": PET,
            "SOPInstanceUID": sop_uid(number, series),
            "StudyInstanceUID": STUDY,
            "SeriesInstanceUID": series,
            "Modality": "PT",
            "PixelData": bytes([number % 256]) * 200,
            **attributes,
        },
    )
    made["PixelData"].VR = "OW"
    return made


def encoded(dataset: Dataset, transfer_syntax_uid: str = ExplicitVRLittleEndian) -> bytes:
    """The data set as it travels, without File Meta Information."""
    file = BytesIO()
    plain = transfer_syntax_uid
    if transfer_syntax_uid == DeflatedExplicitVRLittleEndian:
        plain = str(ExplicitVRLittleEndian)
    buffer = DicomBytesIO()
    buffer.is_little_endian = plain != "1.2.840.10008.1.2.2"
    buffer.is_implicit_VR = plain == "1.2.840.10008.1.2"
    write_dataset(buffer, dataset)
    file.write(buffer.getvalue())
    if transfer_syntax_uid == DeflatedExplicitVRLittleEndian:
        return deflated(file.getvalue())
    return file.getvalue()


def deflated(content: bytes) -> bytes:
    """A raw deflate stream (PS3.5 A.5)."""
    engine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return engine.compress(content) + engine.flush()


def received(number: int = 1, *, series: str = SERIES, **changes: Any) -> ReceivedInstance:
    """Instance `number` of a series as it arrives.

    Parameters
    ----------
    changes
        Fields of ReceivedInstance, or DICOM keywords of the data set.
    """
    fields = {name: changes.pop(name) for name in list(changes) if name.islower()}
    dataset = made_dataset(number, series=series, **changes)
    facts: dict[str, Any] = {
        "sop_class_uid": str(dataset.get("SOPClassUID", PET)),
        "sop_instance_uid": str(dataset.get("SOPInstanceUID", sop_uid(number, series))),
        "transfer_syntax_uid": str(ExplicitVRLittleEndian),
        "calling_ae": "SCANNER",
        "called_ae": "NODE",
        "peer_address": "127.0.0.1",
        "association_id": "association-1",
        **fields,
    }
    facts.setdefault("dataset", encoded(dataset, facts["transfer_syntax_uid"]))
    return ReceivedInstance(**facts)


def dataset_bytes(content: bytes) -> bytes:
    """Everything after the File Meta Information of a DICOM file."""
    meta = dcmread(BytesIO(content), stop_before_pixels=True, specific_tags=[]).file_meta
    return content[144 + int(meta.FileMetaInformationGroupLength) :]
