"""Pieces that test objects are made of: codes, items, identity, tracers, pixels."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from phantoms import gradient, points_mm
from pydicom import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import DSfloat

Attributes = Mapping[str, Any]


def uid(*words: object) -> str:
    """UID that follows from the words."""
    return str(generate_uid(entropy_srcs=[str(word) for word in words]))


def item(**attributes: Any) -> Dataset:
    """Sequence item, or bare data set, of the attributes that are not None."""
    made = Dataset()
    put(made, attributes)
    return made


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Item of a code sequence."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def put(dataset: Dataset, attributes: Attributes, index: int = 0) -> None:
    """Set attributes by keyword; None deletes, a function is asked for the value of the index."""
    for keyword, given in attributes.items():
        value = given(index) if isinstance(given, Callable) else given  # type: ignore[arg-type]
        if value is not None:
            setattr(dataset, keyword, value)
        elif keyword in dataset:
            delattr(dataset, keyword)


def decimals(values: Sequence[float]) -> list[DSfloat]:
    """Numbers as DS, in 16 characters at most."""
    return [DSfloat(float(value), auto_format=True) for value in values]


def fdg(**attributes: Any) -> Dataset:
    """Item of RadiopharmaceuticalInformationSequence: 370 MBq F-18 FDG at 09:00."""
    made = item(
        Radiopharmaceutical="Fluorodeoxyglucose",
        RadiopharmaceuticalStartTime="090000",
        RadiopharmaceuticalStartDateTime="20240305090000",
        RadionuclideTotalDose=370e6,
        RadionuclideHalfLife=6586.2,
        RadionuclidePositronFraction=0.967,
        RadionuclideCodeSequence=[code("77004003", "SCT", "^18^Fluorine")],
        RadiopharmaceuticalCodeSequence=[code("35321007", "SCT", "Fluorodeoxyglucose F^18^")],
    )
    put(made, attributes)
    return made


def technetium(**attributes: Any) -> Dataset:
    """Item of RadiopharmaceuticalInformationSequence: Tc-99m tetrofosmin."""
    made = item(
        Radiopharmaceutical="Tetrofosmin",
        RadionuclideCodeSequence=[code("72454006", "SCT", "^99m^Technetium")],
        RadiopharmaceuticalCodeSequence=[
            code("424118002", "SCT", "Technetium Tc^99m^ tetrofosmin")
        ],
    )
    put(made, attributes)
    return made


def supine() -> dict[str, Any]:
    """Head first supine as code sequences, which exclude PatientPosition (PS3.3 C.7.3.1.1.2)."""
    lying = code("102538003", "SCT", "recumbent")
    lying.PatientOrientationModifierCodeSequence = [code("40199007", "SCT", "supine")]
    return {
        "PatientOrientationCodeSequence": [lying],
        "PatientGantryRelationshipCodeSequence": [code("102540008", "SCT", "headfirst")],
    }


def base(*, sop_class: str, modality: str, study: str, series: str, number: object) -> Dataset:
    """Patient, study, series and equipment of one instance, with its file meta information."""
    made = item(
        SpecificCharacterSet="ISO_IR 192",
        SOPClassUID=sop_class,
        SOPInstanceUID=uid(study, series, number),
        StudyInstanceUID=uid(study),
        SeriesInstanceUID=uid(study, series),
        FrameOfReferenceUID=uid(study, "frame of reference"),
        PositionReferenceIndicator="",
        PatientName="Phantom^Test",
        PatientID="PH-1",
        PatientBirthDate="19600101",
        PatientSex="M",
        PatientAge="064Y",
        PatientWeight=75.0,
        PatientSize=1.75,
        StudyID="1",
        AccessionNumber="A-1",
        ReferringPhysicianName="",
        StudyDescription="Synthetic study",
        StudyDate="20240305",
        StudyTime="095500",
        Modality=modality,
        SeriesNumber={"CT": 1, "PT": 2, "NM": 3}.get(modality, 9),
        SeriesDescription=f"{modality} (synthetic)",
        Manufacturer="Example Scanner",
        ManufacturerModelName="Synthetic",
        BodyPartExamined="CHEST",
        SeriesDate="20240305",
        SeriesTime="100000",
        AcquisitionDate="20240305",
        AcquisitionTime="100000",
        ContentDate="20240305",
        ContentTime="100000",
    )
    made.file_meta = FileMetaDataset()
    made.file_meta.MediaStorageSOPClassUID = sop_class
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made


def put_pixels(dataset: Dataset, stored: NDArray[Any]) -> None:
    """Image pixel module (PS3.3 C.7.6.3) of a plane or of frames of 16 bit numbers."""
    signed = np.issubdtype(stored.dtype, np.signedinteger)
    dataset.Rows, dataset.Columns = stored.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = int(signed)
    dataset.PixelData = stored.astype("<i2" if signed else "<u2").tobytes()


def quantised(values: NDArray[Any]) -> tuple[NDArray[Any], list[float]]:
    """Stored planes and the slope of each; whole numbers are stored as they are, with slope 1."""
    if np.issubdtype(values.dtype, np.integer):
        return values, [1.0] * len(values)
    tops = np.abs(values).reshape(len(values), -1).max(axis=1)
    slopes = [float(f"{max(top, 1e-3) / 32000:.8g}") for top in tops]
    return np.round(values / np.reshape(slopes, (-1, 1, 1))).astype(np.int16), slopes


def frames_along(
    shape: tuple[int, int, int],
    *,
    repeats: int,
    affine: NDArray[np.float64],
    values: NDArray[Any] | None,
) -> NDArray[Any]:
    """Stored numbers (frames, rows, columns); without values the gradient, 1000 more a repeat."""
    if values is not None:
        return np.asarray(values).reshape(-1, *shape[1:])
    plain = np.round(gradient(points_mm(shape, affine))).astype(np.uint16)
    return np.concatenate([plain + np.uint16(1000 * repeat) for repeat in range(repeats)])
