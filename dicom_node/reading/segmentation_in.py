"""A Segmentation of others (PS3.3 A.51, BINARY, FRACTIONAL or LABELMAP) on the grid of a volume."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dicom_node.domain.contour import Contour
from dicom_node.domain.errors import InputRejected
from dicom_node.domain.geometry import Geometry
from dicom_node.reading.grid_region import GridRegion, region_of_box
from dicom_node.reading.header import Header, named
from dicom_node.reading.regrid import PlacedMask, on_grid, same_voxels
from dicom_node.reading.segment_frames import segment_frames
from dicom_node.reading.segment_grid import FrameGrid, frame_grids
from dicom_node.reading.segment_items import SegmentFacts, segments_of
from dicom_node.reading.segment_pixels import (
    Patch,
    SegmentationType,
    frame_patches,
    segmentation_type,
)

_EMPTY = GridRegion(region=None, lost_ml=0.0, drawn_ml=0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SegmentationIn:
    """Segments on the grid, in the order of the file, and what concerns all of them."""

    contours: tuple[Contour, ...]
    warnings: tuple[str, ...]


def read_segmentation(header: Header, grid: Geometry) -> SegmentationIn:
    """Every segment of a segmentation as a region of the grid; frames of reference agree.

    Each frame is placed by its own position, orientation and spacing, never by its number. Where
    the voxels are voxels of the grid they are taken one by one; elsewhere by the rule of `regrid`,
    with a warning.

    Raises
    ------
    UnsupportedObject, MissingAttribute, InconsistentGeometry, InputRejected
        Where frames tell no place, no segment or no pixels, or contradict each other.
    """
    kind = segmentation_type(header)
    segments = segments_of(header)
    frames = segment_frames(header, labelled=kind is SegmentationType.LABELMAP)
    found: dict[int, list[PlacedMask]] = {}
    for line in frame_grids(frames):
        for number, placed in _masks(header, line).items():
            found.setdefault(number, []).append(placed)
    _refuse_unknown(found, segments)
    return SegmentationIn(
        contours=tuple(_contour(one, found.get(one.number, ()), grid) for one in segments),
        warnings=_warnings(header, kind),
    )


def _masks(header: Header, line: FrameGrid) -> Mapping[int, PlacedMask]:
    """Mask of each segment that has voxels in the frames of one grid."""
    numbers = [number for _, number in line.frames]
    patches: dict[int, list[tuple[int, Patch]]] = {}
    stored = frame_patches(header, [frame for frame, _ in line.frames])
    for number, (_, of_frame) in zip(numbers, stored, strict=True):
        for patch in of_frame:
            patches.setdefault(patch.segment, []).append((number, patch))
    return {segment: _assembled(several, line) for segment, several in patches.items()}


def _assembled(patches: Sequence[tuple[int, Patch]], line: FrameGrid) -> PlacedMask:
    """Patches of one segment as one mask, as tight as they are."""
    starts = np.array([(number, *patch.corner) for number, patch in patches])
    ends = starts + [(1, *patch.mask.shape) for _, patch in patches]
    first, size = starts.min(axis=0), ends.max(axis=0) - starts.min(axis=0)
    mask = np.zeros([int(n) for n in size], dtype=bool)
    for (number, row, column), (_, patch) in zip(starts - first, patches, strict=True):
        rows, columns = patch.mask.shape
        mask[number, row : row + rows, column : column + columns] |= patch.mask
    affine = line.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ first
    return PlacedMask(mask=mask, affine=affine)


def _refuse_unknown(found: Mapping[int, object], segments: Sequence[SegmentFacts]) -> None:
    """Pixels of a segment that is not described: of what they are nobody can say."""
    unknown = sorted(set(found) - {segment.number for segment in segments})
    if unknown:
        raise InputRejected(
            f"pixels of segment {', '.join(str(one) for one in unknown[:5])} have no item",
            keyword=named("SegmentSequence"),
            value=f"{len(segments)} items",
        )


def _contour(facts: SegmentFacts, masks: Sequence[PlacedMask], grid: Geometry) -> Contour:
    """A segment on the grid."""
    name = f"segment {facts.number}"
    found = _united([on_grid(placed, grid) for placed in masks], grid)
    return Contour(
        number=facts.number,
        label=facts.label,
        region=found.region,
        absent=found.absent(name),
        category=facts.category,
        type=facts.type,
        site=facts.site,
        laterality=facts.laterality,
        algorithm_type=facts.algorithm_type,
        tracking_id=facts.tracking_id,
        tracking_uid=facts.tracking_uid,
        warnings=(*_moved(name, masks, found, grid), *found.warnings(name)),
    )


def _united(parts: Sequence[GridRegion], grid: Geometry) -> GridRegion:
    """Parts of one segment that lie on several grids, as one."""
    if len(parts) <= 1:
        return parts[0] if parts else _EMPTY
    regions = [part.region for part in parts if part.region is not None]
    region = None
    if regions:
        ends = np.array([[(one.start, one.stop) for one in r.slices] for r in regions])
        first, last = ends[:, :, 0].min(axis=0), ends[:, :, 1].max(axis=0)
        mask = np.zeros(grid.shape, dtype=bool)
        for one in regions:
            one.paint(mask, value=True)
        box = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
        region = region_of_box([int(n) for n in first], mask[box])
    return GridRegion(
        region=region,
        lost_ml=sum(part.lost_ml for part in parts),
        drawn_ml=sum(part.drawn_ml for part in parts),
    )


def _moved(
    name: str, masks: Sequence[PlacedMask], found: GridRegion, grid: Geometry
) -> tuple[str, ...]:
    """Warning that a segment was drawn on other voxels than those of the grid."""
    other = next((one for one in masks if not same_voxels(one.affine, one.mask.shape, grid)), None)
    if other is None:
        return ()
    ours = 0.0 if found.region is None else found.region.voxels * grid.voxel_volume_ml
    drawn_on, taken_to = (
        " x ".join(f"{mm:.3g}" for mm in spacing)
        for spacing in (np.linalg.norm(other.affine[:3, :3], axis=0), grid.spacing_mm)
    )
    return (
        f"{name} was drawn on voxels of {drawn_on} mm and taken to {taken_to} mm where their "
        f"centres lie in it: {found.drawn_ml:.3g} ml drawn, {ours:.3g} ml on the grid",
    )


def _warnings(header: Header, kind: SegmentationType) -> tuple[str, ...]:
    if kind is not SegmentationType.FRACTIONAL:
        return ()
    what = (header.text("SegmentationFractionalType") or "unnamed fraction").lower()
    return (f"the segmentation is fractional ({what}); pixels from half of its maximum on count",)
