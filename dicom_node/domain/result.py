"""What an algorithm gives back: segments, measurements, classifications, figures, warnings."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from dicom_node.domain.coding import Code
from dicom_node.domain.geometry import Geometry


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """Voxels of a grid, kept as a box so that many regions of a total-body scan stay small.

    Parameters
    ----------
    origin : (slice, row, column)
        Index of the first voxel of the box in the grid.
    mask : bool array
        Which voxels of the box belong to the region; the box is as tight as the region.
    """

    origin: tuple[int, int, int]
    mask: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.mask.ndim != 3 or self.mask.dtype != np.bool_:
            raise ValueError("a region's mask is a boolean array of three dimensions")
        if min(self.origin) < 0:
            raise ValueError(f"a region starts inside the grid, not at {self.origin}")

    @classmethod
    def from_mask(cls, mask: NDArray[np.bool_]) -> "Region":
        """Region of the true voxels of a whole-grid mask; an empty mask is a ValueError."""
        where = np.nonzero(mask)
        if where[0].size == 0:
            raise ValueError("a region needs at least one voxel")
        low = [int(axis.min()) for axis in where]
        high = [int(axis.max()) + 1 for axis in where]
        box = mask[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
        return cls(origin=(low[0], low[1], low[2]), mask=box.astype(bool, copy=True))

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index of the box in an array of the whole grid."""
        a, b, c = (slice(o, o + n) for o, n in zip(self.origin, self.mask.shape, strict=True))
        return a, b, c

    @property
    def voxels(self) -> int:
        """Number of voxels."""
        return int(np.count_nonzero(self.mask))

    def paint(self, target: NDArray[np.generic], value: int | bool) -> None:
        """Write the value into the region's voxels of a whole-grid array."""
        target[self.slices][self.mask] = value


class AlgorithmType(StrEnum):
    """How much a human had to do with a contour (PS3.3 C.8.20.2, C.8.8.5)."""

    AUTOMATIC = "AUTOMATIC"
    SEMIAUTOMATIC = "SEMIAUTOMATIC"
    MANUAL = "MANUAL"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segment:
    """One named region (PS3.3 C.8.20.4): segments may overlap.

    Parameters
    ----------
    number : int
        From 1, without gaps, within one result.
    label : str
        At most 64 characters; says "candidate" where nothing separated physiology.
    category, type : Code
        PS3.16 CID 7150 and 7151, or private.
    site, laterality : Code or None
        Anatomic region (CID 4031 and others).
    tracking_id : str
        Stable name of this finding within the result, e.g. ``candidate-1 41%``.
    display_rgb : (red, green, blue), 0 to 255
    finding : str
        What several segments are contours of, e.g. ``Candidate 1``: their labels begin with it,
        and the summary page has one row for it. Empty for a segment that stands alone.
    algorithm_type : AlgorithmType
        AUTOMATIC for what the algorithm outlined itself; else what the contour it took says.
    origin : str
        Whose contour it is, in a sentence, where the algorithm did not draw it.
    """

    number: int
    label: str
    category: Code
    type: Code
    region: Region
    tracking_id: str
    display_rgb: tuple[int, int, int]
    site: Code | None = None
    laterality: Code | None = None
    finding: str = ""
    algorithm_type: AlgorithmType = AlgorithmType.AUTOMATIC
    origin: str = ""

    def __post_init__(self) -> None:
        if not self.label.startswith(self.finding):
            raise ValueError(f"the label {self.label!r} does not begin with {self.finding!r}")
        if self.number < 1:
            raise ValueError(f"segment numbers start at 1, not {self.number}")
        if not 1 <= len(self.label) <= 64:
            raise ValueError(f"a segment label has 1 to 64 characters, not {len(self.label)}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentationResult:
    """Segments on a grid, which must be exactly the grid of one of the inputs."""

    role: str  # of the input whose grid it is
    geometry: Geometry
    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        numbers = [segment.number for segment in self.segments]
        if numbers != list(range(1, len(numbers) + 1)):
            raise ValueError(f"segments are numbered 1 to {len(numbers)} in order, not {numbers}")
        for segment in self.segments:
            ends = [axis.stop for axis in segment.region.slices]
            if any(end > size for end, size in zip(ends, self.geometry.shape, strict=True)):
                raise ValueError(f"segment {segment.number} leaves the grid {self.geometry.shape}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A number with its meaning (TID 300).

    Parameters
    ----------
    label : str
        Short name for people and for `--json`, e.g. ``SUVmax``.
    name : Code
        The quantity, e.g. SUVbw; `derivation` tells which statistic of it.
    segment : int or None
        Segment number; None for a value of the whole study.
    method : Code or None
        Measurement method (370129005, SCT).
    source : str
        Formula or publication, where the name alone does not tell.
    """

    label: str
    name: Code
    value: float
    unit: Code
    segment: int | None = None
    derivation: Code | None = None
    method: Code | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if not np.isfinite(self.value):
            raise ValueError(f"{self.label} is {self.value}; a measurement is a finite number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """A category with its probability (0 to 1, or None) and what led to it; never a diagnosis."""

    name: Code
    value: Code
    probability: float | None = None
    explanation: str = ""

    def __post_init__(self) -> None:
        if self.probability is not None and not 0 <= self.probability <= 1:
            raise ValueError(f"probability is 0 to 1, not {self.probability}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figure:
    """A picture for the result page: (rows, columns, 3) uint8 RGB, without patient name."""

    title: str
    pixels: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or self.pixels.dtype != np.uint8:
            raise ValueError("a figure is (rows, columns, 3) uint8")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VoxelMap:
    """A number for each voxel: z-scores, ratios, probabilities (PS3.3 A.75, Parametric Map).

    Parameters
    ----------
    role : str
        Of the input whose grid it is.
    label : str
        Short name for people, at most 16 characters.
    values : (slices, rows, columns) float32
        Finite, on exactly the grid of the input.
    quantity, unit : Code
        What the numbers are.
    """

    role: str
    label: str
    geometry: Geometry
    values: NDArray[np.float32]
    quantity: Code
    unit: Code

    def __post_init__(self) -> None:
        if not 1 <= len(self.label) <= 16:
            raise ValueError(f"the label of a map has 1 to 16 characters, not {len(self.label)}")
        if self.values.shape != self.geometry.shape or self.values.dtype != np.float32:
            raise ValueError(f"a map on the grid {self.geometry.shape} is float32 of that shape")
        if not np.isfinite(self.values).all():
            raise ValueError(f"a voxel of the map {self.label} is no finite number")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Result:
    """Everything an algorithm says about its inputs.

    Parameters
    ----------
    description : tuple of str
        Sentences made by rules from the measurements; each names those that it rests on.
    """

    segmentation: SegmentationResult | None = None
    measurements: tuple[Measurement, ...] = ()
    classifications: tuple[Classification, ...] = ()
    figures: tuple[Figure, ...] = ()
    warnings: tuple[str, ...] = ()
    maps: tuple[VoxelMap, ...] = ()
    description: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        segments = () if self.segmentation is None else self.segmentation.segments
        known = {segment.number for segment in segments}
        for measurement in self.measurements:
            if measurement.segment is not None and measurement.segment not in known:
                raise ValueError(f"{measurement.label}: no segment {measurement.segment}")

    def measurements_of(self, segment: int | None) -> tuple[Measurement, ...]:
        """Measurements of one segment, or (None) those of the whole study."""
        return tuple(m for m in self.measurements if m.segment == segment)
