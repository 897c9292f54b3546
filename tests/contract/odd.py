"""Odd series on their way through `explain`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from contract.command import only_series
from factories import pet_series, uid, write_series
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag


def shown(datasets: Sequence[Dataset], folder: Path) -> dict[str, Any]:
    """What `explain --json` tells of the one series of these data sets."""
    write_series(datasets, folder / "series")
    return only_series(folder)


def reason(series: dict[str, Any], wanted: str) -> str:
    """Message of the one reason with a code."""
    (message,) = (one["message"] for one in series["reasons"] if one["code"] == wanted)
    return str(message)


def without(index: int, datasets: list[Dataset]) -> list[Dataset]:
    """The series with a gap."""
    return datasets[:index] + datasets[index + 1 :]


def another_at(index: int, datasets: list[Dataset]) -> list[Dataset]:
    """The series with a second instance where one lies already."""
    twin = pet_series()[index]
    twin.SOPInstanceUID = twin.file_meta.MediaStorageSOPInstanceUID = uid("twin")
    return [*datasets, twin]


def coloured() -> list[Dataset]:
    """PET and CT fused to colours, as workstations store it under Modality PT."""
    made = pet_series()
    for one in made:
        one.SamplesPerPixel, one.PhotometricInterpretation, one.PlanarConfiguration = 3, "RGB", 0
        one.BitsAllocated = one.BitsStored = 8
        one.HighBit = 7
        one.PixelData = bytes(3 * one.Rows * one.Columns)
    return made


def with_text(dataset: Dataset, keyword: str, text: bytes) -> Dataset:
    """The data set with a value as a careless writer stores it, unchecked."""
    tag = Tag(keyword)
    dataset._dict[tag] = RawDataElement(tag, "DS", len(text), text, 0, False, True)
    return dataset
