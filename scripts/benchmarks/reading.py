"""Time to read a PET and a CT series, beside SimpleITK's and highdicom's series readers.

Makes both series in a temporary folder, reads them by each reader in turn, several times, and
writes the best times and their ratios. Headers: everything up to the facts of the series and the
order of its slices. Pixels: from there to the array of values. SimpleITK reads headers a second
time with the pixels; highdicom takes data sets that were read whole.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TypeVar

import highdicom
import numpy as np
import pydicom
import SimpleITK
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
    generate_uid,
)
from pydicom.valuerep import DSfloat

from dicom_node.domain.series import SeriesKey
from dicom_node.reading.header import Header, read_header
from dicom_node.reading.series import group_by_series, read_series
from dicom_node.reading.site_tracers import NO_SITE_TRACERS
from dicom_node.reading.volume import read_volume

T = TypeVar("T")
SPACING_MM = 3.0
TEXTS = """
    AccessionNumber InstitutionName StationName StudyDescription SeriesDescription ProtocolName
    ManufacturerModelName DeviceSerialNumber SoftwareVersions StudyID BodyPartExamined
    PerformedProcedureStepID PerformedProcedureStepDescription ReferringPhysicianName OperatorsName
    ConvolutionKernel
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Best times of one reader on one series, in seconds."""

    reader: str
    headers_s: float
    pixels_s: float

    @property
    def total_s(self) -> float:
        """Headers and pixels together."""
        return self.headers_s + self.pixels_s


def main() -> None:
    """Measure and write a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, size, make in (("PET", 168, pet_values), ("CT", 512, ct_values)):
            there = Path(folder) / name
            write_series(there, name, make(given.slices, size))
            results = measure(there, given.repeats)
            sys.stdout.write(table(f"{name} {given.slices} x {size} x {size}", results))


def measure(folder: Path, repeats: int) -> tuple[Times, ...]:
    """Best of several rounds in which the readers take turns, after one round to warm up."""
    readers = (read_by_dicom_node, read_by_simpleitk, read_by_highdicom)
    rounds = [[reader(folder) for reader in readers] for _ in range(repeats + 1)][1:]
    return tuple(
        Times(
            reader=several[0].reader,
            headers_s=min(one.headers_s for one in several),
            pixels_s=min(one.pixels_s for one in several),
        )
        for several in zip(*rounds, strict=True)
    )


def table(title: str, results: Sequence[Times]) -> str:
    """Times in milliseconds, and how many times longer than dicom_node each reader takes."""
    ours = results[0]
    lines = [f"{title}, {os.cpu_count()} processors", f"{'':12}  headers       pixels        total"]
    for one in results:
        cells = (
            f"{1000 * theirs:6.0f} ms {theirs / own:4.1f}x"
            for theirs, own in (
                (one.headers_s, ours.headers_s),
                (one.pixels_s, ours.pixels_s),
                (one.total_s, ours.total_s),
            )
        )
        lines.append(f"{one.reader:12} {' '.join(cells)}")
    return "\n".join(lines) + "\n\n"


def timed(act: Callable[[], T]) -> tuple[float, T]:
    """Seconds that a call takes, and what it gives."""
    start = perf_counter()
    given = act()
    return perf_counter() - start, given


def read_by_dicom_node(folder: Path) -> Times:
    """Headers with all facts of the series (tracer, exam, completeness, geometry); then values."""

    def headers() -> dict[SeriesKey, list[Header]]:
        return group_by_series(read_header(path) for path in sorted(folder.iterdir()))

    read_s, groups = timed(headers)
    facts_s, series = timed(lambda: [read_series(one, NO_SITE_TRACERS) for one in groups.values()])
    pixels_s, _ = timed(lambda: [read_volume(one, None).array for one in series])
    return Times(reader="dicom_node", headers_s=read_s + facts_s, pixels_s=pixels_s)


def read_by_simpleitk(folder: Path) -> Times:
    """Names of the files in order of position; then the image, as an array."""
    reader = SimpleITK.ImageSeriesReader()
    headers_s, names = timed(lambda: reader.GetGDCMSeriesFileNames(str(folder)))
    reader.SetFileNames(names)
    pixels_s, _ = timed(lambda: SimpleITK.GetArrayViewFromImage(reader.Execute()))
    return Times(reader="SimpleITK", headers_s=headers_s, pixels_s=pixels_s)


def read_by_highdicom(folder: Path) -> Times:
    """Data sets with their pixel data; then the volume."""
    headers_s, datasets = timed(lambda: [pydicom.dcmread(path) for path in folder.iterdir()])
    pixels_s, _ = timed(lambda: highdicom.get_volume_from_series(datasets).array)
    return Times(reader="highdicom", headers_s=headers_s, pixels_s=pixels_s)


def pet_values(slices: int, size: int) -> NDArray[np.int16]:
    """Noise over the range of a scanner."""
    noise = np.random.default_rng(1).gamma(1.0, 3000.0, (slices, size, size))
    return np.minimum(noise, 32767).astype(np.int16)


def ct_values(slices: int, size: int) -> NDArray[np.int16]:
    """Stored values of Hounsfield units with an intercept of -1024."""
    return np.random.default_rng(1).integers(0, 3000, (slices, size, size), dtype=np.int16)


def write_series(folder: Path, name: str, values: NDArray[np.int16]) -> None:
    """One instance per slice, explicit VR little endian, in shuffled order of names."""
    folder.mkdir()
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    names = np.random.default_rng(2).permutation(len(values))
    for index, plane in enumerate(values):
        made = common_attributes(plane, index)
        made.StudyInstanceUID, made.SeriesInstanceUID = study, series
        made.FrameOfReferenceUID = frame
        (put_pet if name == "PET" else put_ct)(made, len(values), index)
        made.file_meta = FileMetaDataset()
        made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        made.save_as(folder / f"{names[index]:05}.dcm", enforce_file_format=True)


def common_attributes(plane: NDArray[np.int16], index: int) -> Dataset:
    """What the headers of both modalities hold, about as much as scanners write."""
    made = Dataset()
    made.SOPInstanceUID, made.InstanceNumber = generate_uid(), index + 1
    for keyword in ("Study", "Series", "Acquisition", "Content"):
        setattr(made, f"{keyword}Date", "20240305")
        setattr(made, f"{keyword}Time", "100000.000")
    made.PatientName, made.PatientID, made.PatientBirthDate = "Phantom^Test", "PH-1", "19600101"
    made.PatientSex, made.PatientAge, made.PatientWeight = "M", "064Y", 75.0
    made.PatientSize, made.PatientPosition = 1.75, "HFS"
    for keyword in TEXTS.split():
        setattr(made, keyword, "SYNTHETIC")
    made.Manufacturer, made.SpecificCharacterSet = "Example Scanner", "ISO_IR 100"
    made.ImagePositionPatient = [-200.0, -200.0, -400.0 + SPACING_MM * index]
    made.ImageOrientationPatient = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    made.PixelSpacing, made.SliceThickness = [2.0, 2.0], SPACING_MM
    made.SliceLocation = -400.0 + SPACING_MM * index
    made.Rows, made.Columns = plane.shape
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, 16, 15
    made.PixelRepresentation = 1
    made.WindowCenter, made.WindowWidth = 100.0, 200.0
    made.PixelData = plane.astype("<i2").tobytes()
    return made


def put_pet(made: Dataset, slices: int, index: int) -> None:
    """PET Image Storage in Bq/ml, with a slope of its own for every slice."""
    made.SOPClassUID = PositronEmissionTomographyImageStorage
    made.Modality, made.ImageType = "PT", ["ORIGINAL", "PRIMARY"]
    made.SeriesType, made.Units, made.CountsSource = ["STATIC", "IMAGE"], "BQML", "EMISSION"
    made.CorrectedImage = ["DECY", "ATTN", "SCAT", "DTIM", "RAN", "NORM"]
    made.DecayCorrection, made.NumberOfSlices, made.ImageIndex = "START", slices, index + 1
    made.FrameReferenceTime, made.ActualFrameDuration, made.DecayFactor = 0.0, 180000, 1.0
    made.RescaleSlope = DSfloat(0.5 + index / 1000, auto_format=True)
    made.RescaleIntercept = 0.0
    tracer = Dataset()
    tracer.Radiopharmaceutical = "Fluorodeoxyglucose"
    tracer.RadiopharmaceuticalStartDateTime = "20240305090000"
    tracer.RadionuclideTotalDose, tracer.RadionuclideHalfLife = 370e6, 6586.2
    made.RadiopharmaceuticalInformationSequence = [tracer]


def put_ct(made: Dataset, slices: int, index: int) -> None:
    """CT Image Storage."""
    made.SOPClassUID, made.Modality = CTImageStorage, "CT"
    made.ImageType, made.KVP = ["ORIGINAL", "PRIMARY", "AXIAL"], 120.0
    made.AcquisitionNumber, made.ImagesInAcquisition = 1, slices
    made.ExposureTime, made.XRayTubeCurrent, made.TableHeight = 500, 100 + index % 50, 150.0
    made.RescaleSlope, made.RescaleIntercept, made.RescaleType = 1.0, -1024.0, "HU"


if __name__ == "__main__":
    main()
