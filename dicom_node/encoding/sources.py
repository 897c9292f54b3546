"""What is read of the source: one header, and where its frames lie. Never pixels."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import PositronEmissionTomographyImageStorage

from dicom_node.domain.errors import EncodingFailed
from dicom_node.domain.report import Report
from dicom_node.domain.volume import FrameSource
from dicom_node.encoding.patient_study import nobody
from dicom_node.encoding.uids import derived_uid

_POSITION_KEYWORDS = [
    "ImagePositionPatient",
    "DetectorInformationSequence",
    "SpacingBetweenSlices",
    "SliceThickness",
    "SliceVector",
    "PerFrameFunctionalGroupsSequence",
    "SharedFunctionalGroupsSequence",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SourceHeader:
    """Header of one instance of the source, and the frame of reference of the results.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Without pixels.
    frame_of_reference_uid : str
        Of the source; made of its Series Instance UID where an NM image has none (Usage U in
        PS3.3 A.5), so that all results on it share one.
    """

    dataset: Dataset
    modality: str
    frame_of_reference_uid: str
    position_reference_indicator: str


def read_source(report: Report) -> SourceHeader:
    """Header of the instance that the first slice came from.

    Raises
    ------
    EncodingFailed
        Where the file of a slice is not told, is of another series than the report says, or has no
        frame of reference.
    OSError, pydicom.errors.InvalidDicomError
        Where the file cannot be read.
    """
    paths = _paths(report)
    path = paths[report.source.frames[0].sop_instance_uid]
    dataset = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    _check_identity(dataset, report)
    return SourceHeader(
        dataset=dataset,
        modality=str(dataset.get("Modality", "")),
        frame_of_reference_uid=_frame_of_reference(report),
        position_reference_indicator=str(dataset.get("PositionReferenceIndicator") or ""),
    )


def one_voxel_image(report: Report, source: SourceHeader) -> Dataset:
    """Stand-in for the source, of any kind: highdicom takes no NM image as one."""
    image = nobody()
    image.SOPClassUID = PositronEmissionTomographyImageStorage
    image.SOPInstanceUID = report.source.frames[0].sop_instance_uid
    image.SeriesInstanceUID = report.source.key.series_instance_uid
    image.StudyInstanceUID = report.source.key.study_instance_uid
    image.Modality = source.modality
    image.FrameOfReferenceUID = source.frame_of_reference_uid
    image.PositionReferenceIndicator = source.position_reference_indicator
    image.Rows = image.Columns = 1
    image.PixelSpacing, image.SliceThickness = [1, 1], 1
    image.ImagePositionPatient = [0, 0, 0]
    image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    if source.dataset.get("LossyImageCompression") == "01":
        for keyword in ("Compression", "CompressionRatio", "CompressionMethod"):
            value = source.dataset.get(f"LossyImage{keyword}")
            if value is not None:
                setattr(image, f"LossyImage{keyword}", value)
    return image


def _paths(report: Report) -> Mapping[str, Path]:
    """Files of the source by SOP Instance UID; every slice must have one."""
    paths = {one.sop_instance_uid: one.path for one in report.source_instances}
    for frame in report.source.frames:
        if frame.sop_instance_uid not in paths:
            raise EncodingFailed(f"source instance {frame.sop_instance_uid} is not among the files")
    return paths


def _check_identity(dataset: Dataset, report: Report) -> None:
    """The file must be the instance it is taken for, or a result would go to another patient."""
    expected = {
        "SOPInstanceUID": report.source.frames[0].sop_instance_uid,
        "SeriesInstanceUID": report.source.key.series_instance_uid,
        "StudyInstanceUID": report.source.key.study_instance_uid,
    }
    for keyword, value in expected.items():
        found = dataset.get(keyword)
        if found != value:
            raise EncodingFailed(f"{keyword} of the source file is {found}, expected {value}")


def _frame_of_reference(report: Report) -> str:
    """Frame of Reference UID of the results."""
    source = report.source
    if source.geometry.frame_of_reference_uid is not None:
        return source.geometry.frame_of_reference_uid
    if any(frame.frame_number is None for frame in source.frames):
        raise EncodingFailed("the single-frame source has no FrameOfReferenceUID (0020,0052)")
    return derived_uid("frame of reference", source.key.series_instance_uid)


def stored_positions(
    report: Report, frames: Iterable[FrameSource]
) -> Mapping[FrameSource, NDArray[np.float64]]:
    """Where the files say that frames lie: LPS millimetres of their first voxel.

    Read anew from the files, so that a volume whose slices and instances were mixed up is found
    out. Each file is read once.
    """
    paths = _paths(report)
    headers: dict[str, Dataset] = {}
    positions = {}
    for frame in frames:
        uid = frame.sop_instance_uid
        if uid not in headers:
            headers[uid] = pydicom.dcmread(
                paths[uid], stop_before_pixels=True, force=True, specific_tags=_POSITION_KEYWORDS
            )
        positions[frame] = _position(headers[uid], frame.frame_number)
    return positions


def _position(header: Dataset, frame_number: int | None) -> NDArray[np.float64]:
    """Image Position (Patient) of a frame: of an image, of a functional group, or of NM."""
    if frame_number is None:
        return np.array(header.ImagePositionPatient, dtype=np.float64)
    if "PerFrameFunctionalGroupsSequence" in header:
        own = header.PerFrameFunctionalGroupsSequence[frame_number - 1]
        group = own if "PlanePositionSequence" in own else header.SharedFunctionalGroupsSequence[0]
        return np.array(group.PlanePositionSequence[0].ImagePositionPatient, dtype=np.float64)
    return _nm_position(header, frame_number)


def _nm_position(header: Dataset, frame_number: int) -> NDArray[np.float64]:
    """Position of a frame of an NM reconstruction (PS3.3 C.8.4.9, C.8.4.15).

    The detector item gives the first slice; Spacing Between Slices is signed: positive is along
    the normal, row x column. Where it is absent (Type 2) slices lie a thickness apart.
    """
    detector = header.DetectorInformationSequence[0]
    first = np.array(detector.ImagePositionPatient, dtype=np.float64)
    cosines = np.array(detector.ImageOrientationPatient, dtype=np.float64)
    vector = np.atleast_1d(header.SliceVector)
    spacing = header.get("SpacingBetweenSlices") or header.SliceThickness
    step = float(spacing) * np.cross(cosines[:3], cosines[3:])
    return np.asarray(first + (int(vector[frame_number - 1]) - 1) * step)
