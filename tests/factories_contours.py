"""Segmentations and structure sets of others, made by keyword; shapes contoured by formula.

The writers here share no code with the package: bits, places and polygons follow from the standard.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from dicom_parts import Attributes, base, code, decimals, item, put, uid
from numpy.typing import ArrayLike, NDArray
from pydicom import Dataset
from pydicom.uid import RTStructureSetStorage, SegmentationStorage

from dicom_node.domain.geometry import Geometry

FRAME = uid("study", "frame of reference")
LABEL_MAP_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7"
Floats = NDArray[np.float64]


def segmentation(
    masks: Mapping[int, ArrayLike],
    geometry: Geometry,
    *,
    kind: str = "BINARY",
    order: Sequence[int] | None = None,
    keep_empty: bool = False,
    segments: Iterable[int] | None = None,
    most: int = 255,
    facts: Mapping[int, Attributes] | None = None,
    **attributes: Any,
) -> Dataset:
    """Segmentation of masks (slices, rows, columns) by segment number on a grid of their own.

    Parameters
    ----------
    kind : BINARY, FRACTIONAL (masks are fractions, 0 to 1, of `most`) or LABELMAP
    order : sequence of int, optional
        Order in which the frames are stored.
    keep_empty : bool
        Whether frames without a voxel are written, too.
    segments : numbers that are described; default: those of the masks
    facts : mapping
        Attributes of the items of segments.
    """
    sop_class = LABEL_MAP_STORAGE if kind == "LABELMAP" else SegmentationStorage
    made = base(sop_class=sop_class, modality="SEG", study="study", series="seg", number=1)
    made.FrameOfReferenceUID = geometry.frame_of_reference_uid
    made.SegmentationType = kind
    if kind == "FRACTIONAL":
        made.SegmentationFractionalType, made.MaximumFractionalValue = "PROBABILITY", most
    numbers = sorted(masks) if segments is None else segments
    made.SegmentSequence = [_described(one, (facts or {}).get(one, {})) for one in numbers]
    frames = _frames(masks, kind, most)
    frames = [one for one in frames if keep_empty or one[2].any()]
    if order is not None:
        frames = [frames[index] for index in order]
    made.SharedFunctionalGroupsSequence = [_shared(geometry)]
    made.PerFrameFunctionalGroupsSequence = [
        _own(geometry, number, index) for number, index, _ in frames
    ]
    made.NumberOfFrames = len(frames)
    _put_pixels(made, [plane for _, _, plane in frames], geometry, kind)
    put(made, attributes)
    return made


def _frames(
    masks: Mapping[int, ArrayLike], kind: str, most: int
) -> list[tuple[int | None, int, NDArray[Any]]]:
    """Segment, slice and stored pixels of each frame."""
    arrays = {number: np.asarray(mask) for number, mask in masks.items()}
    if kind == "LABELMAP":
        labels = np.zeros(next(iter(arrays.values())).shape, np.uint8)
        for number, mask in arrays.items():
            labels[mask.astype(bool)] = number
        return [(None, index, plane) for index, plane in enumerate(labels)]
    scale = most if kind == "FRACTIONAL" else 1
    return [
        (number, index, np.round(plane * scale).astype(np.uint8))
        for number, mask in arrays.items()
        for index, plane in enumerate(mask.astype(float))
    ]


def _described(number: int, attributes: Attributes) -> Dataset:
    made = item(
        SegmentNumber=number,
        SegmentLabel=f"Segment {number}",
        SegmentAlgorithmType="MANUAL",
        SegmentedPropertyCategoryCodeSequence=[
            code("49755003", "SCT", "Morphologically Abnormal Structure")
        ],
        SegmentedPropertyTypeCodeSequence=[code("52988006", "SCT", "Lesion")],
    )
    put(made, attributes)
    return made


def _shared(geometry: Geometry) -> Dataset:
    slices, rows, columns = geometry.spacing_mm
    measures = item(
        PixelSpacing=decimals([rows, columns]),
        SliceThickness=decimals([slices])[0],
        SpacingBetweenSlices=decimals([slices])[0],
    )
    cosines = item(ImageOrientationPatient=decimals(geometry.image_orientation_patient))
    return item(PixelMeasuresSequence=[measures], PlaneOrientationSequence=[cosines])


def _own(geometry: Geometry, number: int | None, index: int) -> Dataset:
    made = item(PlanePositionSequence=[item(ImagePositionPatient=_place(geometry, index))])
    if number is not None:
        made.SegmentIdentificationSequence = [item(ReferencedSegmentNumber=number)]
    return made


def _place(geometry: Geometry, index: int) -> list[Any]:
    return decimals(geometry.affine[:3, 3] + index * geometry.affine[:3, 0])


def _put_pixels(
    made: Dataset, planes: Sequence[NDArray[Any]], geometry: Geometry, kind: str
) -> None:
    bits = 1 if kind == "BINARY" else 8
    made.Rows, made.Columns = geometry.shape[1:]
    made.SamplesPerPixel, made.PhotometricInterpretation = 1, "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
    made.PixelRepresentation = 0
    stored = np.array(planes, np.uint8).reshape(-1)
    if bits == 1:
        stored = np.packbits(stored, bitorder="little")
    made.PixelData = stored.tobytes() + bytes(stored.size % 2)


def structure_set(
    regions: Mapping[str, Sequence[ArrayLike]],
    *,
    kind: str = "CLOSED_PLANAR",
    frame: str | None = FRAME,
    thickness_mm: float | None = None,
    **attributes: Any,
) -> Dataset:
    """RT Structure Set of named regions, each of polygons (points, 3) in LPS mm; ROI 1, 2, ..."""
    made = base(
        sop_class=RTStructureSetStorage, modality="RTSTRUCT", study="study", series="rs", number=1
    )
    made.StructureSetLabel, made.FrameOfReferenceUID = "CONTOURS", frame
    series = item(SeriesInstanceUID=uid("study", "pet"))
    study = item(ReferencedSOPInstanceUID=uid("study"), RTReferencedSeriesSequence=[series])
    made.ReferencedFrameOfReferenceSequence = [
        item(FrameOfReferenceUID=frame, RTReferencedStudySequence=[study])
    ]
    named = list(enumerate(regions.items(), start=1))
    made.StructureSetROISequence = [
        item(
            ROINumber=number,
            ReferencedFrameOfReferenceUID=frame,
            ROIName=name,
            ROIGenerationAlgorithm="MANUAL",
        )
        for number, (name, _) in named
    ]
    made.ROIContourSequence = [
        item(
            ReferencedROINumber=number,
            ContourSequence=[_contour(one, kind, thickness_mm) for one in polygons],
        )
        for number, (_, polygons) in named
    ]
    made.RTROIObservationsSequence = [
        item(ObservationNumber=number, ReferencedROINumber=number, RTROIInterpretedType="GTV")
        for number, _ in named
    ]
    put(made, attributes)
    return made


def _contour(polygon: ArrayLike, kind: str, thickness_mm: float | None) -> Dataset:
    points = np.round(np.asarray(polygon, float).reshape(-1, 3), 8)
    return item(
        ContourGeometricType=kind,
        NumberOfContourPoints=len(points),
        ContourData=points.ravel().tolist(),
        ContourSlabThickness=thickness_mm,
    )


def on_plane(polygon: ArrayLike, *, z: float) -> Floats:
    """Points (n, 2) in x and y as an axial contour."""
    flat = np.asarray(polygon, float)
    return np.column_stack([flat, np.full(len(flat), z)])


def rectangle(low: Sequence[float], high: Sequence[float]) -> Floats:
    """Corners in x and y."""
    return np.array([(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])])


def keyhole(outer: ArrayLike, inner: ArrayLike) -> Floats:
    """Two outlines as one, led in from the first point of the outer to that of the inner one."""
    one, two = np.asarray(outer, float), np.asarray(inner, float)
    return np.concatenate([one, one[:1], two, two[:1], one[:1]])


def ellipsoid_contours(
    *,
    centre_mm: Sequence[float],
    radii_mm: Sequence[float],
    distance_mm: float,
    rotation: ArrayLike,
    shift: float = 0.5,
    points: int = 60,
) -> list[Floats]:
    """Contours of an ellipsoid whose axes are the columns of a rotation, across its third axis.

    Parameters
    ----------
    shift : 0 to 1
        Place of the first plane above the lower pole, as a part of the distance.
    """
    turn, radii = np.asarray(rotation, float), np.asarray(radii_mm, float)
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    # A polygon of the same area as the ellipse that it stands for.
    grown = np.sqrt(2 * np.pi / points / np.sin(2 * np.pi / points))
    circle = grown * np.column_stack([np.cos(angles), np.sin(angles)])
    found = []
    for height in np.arange(-radii[2] + shift * distance_mm, radii[2], distance_mm):
        size = np.sqrt(max(1 - (height / radii[2]) ** 2, 0.0))
        local = np.column_stack([circle * (size * radii[:2]), np.full(points, height)])
        found.append(local @ turn.T + np.asarray(centre_mm, float))
    return found


def ellipsoid_volume_ml(radii_mm: Sequence[float]) -> float:
    """Volume of an ellipsoid, 4/3 pi abc."""
    return float(4 / 3 * np.pi * np.prod(radii_mm)) / 1000.0


def within_ellipsoid(
    points: ArrayLike, *, centre_mm: ArrayLike, radii_mm: ArrayLike, rotation: ArrayLike
) -> NDArray[np.bool_]:
    """Whether LPS points (..., 3) lie in an ellipsoid."""
    local = (np.asarray(points) - np.asarray(centre_mm, float)) @ np.asarray(rotation, float)
    return np.asarray(((local / np.asarray(radii_mm, float)) ** 2).sum(axis=-1) <= 1)
