"""What must be on the screen, read from the objects in the PACS without our own reader."""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
import pydicom
from highdicom.color import CIELabColor
from numpy.typing import NDArray
from peers import Orthanc
from pydicom import Dataset
from scipy.ndimage import distance_transform_edt

BESIDE_PIXELS = 4.0  # no line that is drawn round a segment is so broad


@dataclass(frozen=True)
class SegmentTruth:
    """One segment: its name and colour, its voxels, and a place that it alone has.

    `inside_mm` is the point furthest from its edges and from all other segments, in one slice.
    """

    number: int
    label: str
    rgb: tuple[int, int, int]
    voxels: int
    low_mm: float
    high_mm: float
    inside_mm: NDArray[np.float64]
    beside_mm: NDArray[np.float64]  # near to it in the same slice, and in no segment
    clear_pixels: float  # from there to the next edge


@dataclass(frozen=True)
class Results:
    """The result objects of one study."""

    segs: tuple[Dataset, ...]
    report: Dataset
    measurements: Dataset
    page: Dataset
    segments: tuple[tuple[SegmentTruth, ...], ...]  # of each object

    @property
    def labels(self) -> list[str]:
        return [one.label for part in self.segments for one in part]

    @property
    def count(self) -> int:
        return len(self.segs) + 3


def read_results(pacs: Orthanc, study: str) -> Results | None:
    """Results of a study as the PACS has them; None while one is missing."""
    found = [
        one
        for modality in ("SEG", "SR", "OT")
        for instance in pacs.instances(modality)
        if (one := pydicom.dcmread(BytesIO(pacs.file(instance)))).StudyInstanceUID == study
    ]
    kinds = {
        one.SeriesDescription.split(" - ")[1].split(":")[0].split(" ")[0]: one for one in found
    }
    if not {"segments", "report", "measurements", "summary"} <= kinds.keys():
        return None
    segs = tuple(
        sorted((one for one in found if one.Modality == "SEG"), key=lambda one: one.SeriesNumber)
    )
    return Results(
        segs=segs,
        report=kinds["report"],
        measurements=kinds["measurements"],
        page=kinds["summary"],
        segments=tuple(segments_of(one) for one in segs),
    )


@dataclass(frozen=True)
class _Frame:
    """One frame of a segmentation: whose it is, where it lies, and the pixels that it alone has."""

    number: int
    position: tuple[float, ...]
    pixels: NDArray[np.bool_]
    covered: NDArray[np.int_]  # by how many segments, on this plane

    @property
    def alone(self) -> NDArray[np.bool_]:
        return self.pixels & (self.covered == 1)


def segments_of(seg: Dataset) -> tuple[SegmentTruth, ...]:
    """Segments of an object, from its frames alone."""
    frames = _frames_of(seg)
    shared = seg.SharedFunctionalGroupsSequence[0]
    cosines = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    row_mm, column_mm = (float(v) for v in shared.PixelMeasuresSequence[0].PixelSpacing)
    steps = np.stack([cosines[3:] * row_mm, cosines[:3] * column_mm])
    return tuple(
        _truth(item, [one for one in frames if one.number == item.SegmentNumber], steps)
        for item in seg.SegmentSequence
    )


def _frames_of(seg: Dataset) -> list[_Frame]:
    pixels = seg.pixel_array.astype(bool).reshape(-1, seg.Rows, seg.Columns)
    groups = seg.PerFrameFunctionalGroupsSequence
    positions = [
        tuple(float(v) for v in one.PlanePositionSequence[0].ImagePositionPatient) for one in groups
    ]
    covered = {position: np.zeros(pixels.shape[1:], int) for position in positions}
    for frame, position in zip(pixels, positions, strict=True):
        covered[position][frame] += 1
    return [
        _Frame(
            number=int(group.SegmentIdentificationSequence[0].ReferencedSegmentNumber),
            position=position,
            pixels=frame,
            covered=covered[position],
        )
        for group, position, frame in zip(groups, positions, pixels, strict=True)
    ]


def _truth(item: Dataset, frames: list[_Frame], steps: NDArray[np.float64]) -> SegmentTruth:
    """What is known of a segment by its frames; `steps` are mm along rows and columns."""
    depths = [distance_transform_edt(one.alone) for one in frames]
    best = int(np.argmax([depth.max() for depth in depths]))
    where = np.array(np.unravel_index(depths[best].argmax(), depths[best].shape))
    free = distance_transform_edt(frames[best].covered == 0) >= BESIDE_PIXELS
    others = np.argwhere(free)
    beside = others[np.linalg.norm(others - where, axis=1).argmin()]
    origin = np.array(frames[best].position)
    heights = [one.position[2] for one in frames]
    lab = CIELabColor.from_dicom_value(tuple(item.RecommendedDisplayCIELabValue))
    return SegmentTruth(
        number=int(item.SegmentNumber),
        label=str(item.SegmentLabel),
        rgb=lab.to_rgb(),
        voxels=sum(int(one.pixels.sum()) for one in frames),
        low_mm=min(heights),
        high_mm=max(heights),
        inside_mm=origin + where @ steps,
        beside_mm=origin + beside @ steps,
        clear_pixels=float(depths[best].max()),
    )
