"""An RT Structure Set (PS3.3 A.19) on the grid of a volume: its closed contours as regions."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from dicom_node.domain.contour import Contour
from dicom_node.domain.errors import InconsistentGeometry, InputRejected, MissingAttribute
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import Region
from dicom_node.domain.series import Reason
from dicom_node.reading.contour_planes import ContourPlanes, planes_of_contours
from dicom_node.reading.contour_solid import solid_on_grid
from dicom_node.reading.contour_spans import spans_of, usual_distance
from dicom_node.reading.header import Header, named
from dicom_node.reading.structure_items import CLOSED, RoiFacts, kind_of, polygon_of, rois_of

# Fewer planes than this do not tell by themselves how far apart they were drawn.
_PLANES_THAT_TELL = 3
# Cosine from which on contour planes count as parallel to the slices of the grid.
_PARALLEL = 0.999
# Contours that are further apart than slices by this factor leave slices without one.
_SPARSE = 1.5
# The thickest slices that are drawn on; planes further apart are single ones without neighbours.
_WIDEST_MM = 15.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Drawn:
    """Closed contours of a region by planes, or why there are none."""

    facts: RoiFacts
    planes: ContourPlanes | None = None
    absent: Reason | None = None
    fault: InputRejected | None = None
    warnings: tuple[str, ...] = ()


def read_structure_set(header: Header, grid: Geometry) -> tuple[Contour, ...]:
    """Every region of interest of a structure set as a region of the grid.

    A region that is unfit (another frame of reference, contours that are not flat, a gap that
    cannot be explained) is listed with the reason, so that a helper structure does not take the
    others away. Where no region at all is fit, the first reason is raised.

    Raises
    ------
    MissingAttribute, InputRejected, InconsistentGeometry, UnsupportedObject
        Where the items contradict each other, or no region is fit.
    """
    drawn = [_drawn(facts, grid) for facts in rois_of(header)]
    pooled = usual_distance(
        np.concatenate([[], *(one.planes.distances_mm for one in drawn if one.planes is not None)])
    )
    found = [_placed(one, pooled, grid) for one in drawn]
    faults = [fault for _, fault in found if fault is not None]
    if faults and all(contour.region is None for contour, _ in found):
        raise faults[0]
    return tuple(contour for contour, _ in found)


def _drawn(facts: RoiFacts, grid: Geometry) -> _Drawn:
    """Closed contours of a region, with what is told of others."""
    name = f"ROI {facts.number}"
    try:
        _need_frame(facts, grid)
        kinds = [kind_of(contour) for contour in facts.contours]
        polygons = [
            polygon_of(contour, number)
            for number, (kind, contour) in enumerate(zip(kinds, facts.contours, strict=True), 1)
            if kind in CLOSED
        ]
        counts = Counter(kind for kind in kinds if kind not in CLOSED)
        others = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        if not polygons:
            return _Drawn(facts=facts, absent=_nothing_closed(name, others))
        planes = planes_of_contours(polygons, grid)
    except InputRejected as fault:
        return _Drawn(facts=facts, fault=_of(name, fault))
    warnings = []
    if others:
        warnings.append(f"{name}: {others} enclose nothing and are left out")
    if planes.repeated:
        warnings.append(f"{name}: {planes.repeated} repeated contours are taken once")
    if planes.crossed:
        warnings.append(
            f"{name}: outlines cross on {planes.crossed} planes; what they share counts as outside"
        )
    return _Drawn(facts=facts, planes=planes, warnings=tuple(warnings))


def _need_frame(facts: RoiFacts, grid: Geometry) -> None:
    """Referenced Frame of Reference UID (3006,0024) must be that of the grid."""
    keyword = named("ReferencedFrameOfReferenceUID")
    found = facts.frame_of_reference_uid
    if found is None:
        raise MissingAttribute("it must be told", keyword=keyword, value=None)
    if found != grid.frame_of_reference_uid:
        raise InconsistentGeometry(
            f"the image has {grid.frame_of_reference_uid}", keyword=keyword, value=found
        )


def _nothing_closed(name: str, others: str) -> Reason:
    if others:
        return Reason(code="no-area", message=f"{name} has no closed contour, but {others}")
    return Reason(code="empty", message=f"{name} has no contour")


def _of(name: str, fault: InputRejected) -> InputRejected:
    """The same refusal, with the region that it is about."""
    return type(fault)(f"{name}: {fault}")


def _placed(
    drawn: _Drawn, pooled_mm: float | None, grid: Geometry
) -> tuple[Contour, InputRejected | None]:
    """A region on the grid, and what makes it unfit."""
    name, facts = f"ROI {drawn.facts.number}", drawn.facts
    if drawn.planes is None:
        absent = drawn.absent or _reason(drawn.fault)
        return _contour(facts, None, absent, drawn.warnings), drawn.fault
    try:
        usual, told = _distance(facts, drawn.planes, pooled_mm, grid)
        spans = spans_of(drawn.planes.along_mm, usual, drawn.planes.axes.place)
        found = solid_on_grid(drawn.planes, spans, usual, grid)
    except InputRejected as cause:
        fault = _of(name, cause)
        return _contour(facts, None, _reason(fault), drawn.warnings), fault
    noticed = (f"{name}: {sentence}" for sentence in (*told, *spans.gaps))
    warnings = (*drawn.warnings, *noticed, *found.warnings(name))
    return _contour(facts, found.region, found.absent(name), warnings), None


def _reason(fault: InputRejected | None) -> Reason | None:
    return None if fault is None else Reason(code=fault.code, message=str(fault))


def _contour(
    facts: RoiFacts, region: Region | None, absent: Reason | None, warnings: tuple[str, ...]
) -> Contour:
    return Contour(
        number=facts.number,
        label=facts.name,
        region=region,
        absent=absent,
        category=facts.category,
        type=facts.type,
        site=facts.site,
        interpreted_type=facts.interpreted_type,
        algorithm_type=facts.algorithm_type,
        warnings=warnings,
    )


def _distance(
    facts: RoiFacts, contours: ContourPlanes, pooled_mm: float | None, grid: Geometry
) -> tuple[float, tuple[str, ...]]:
    """Distance in mm of contour planes that follow each other, and what to tell of it.

    By its own planes where there are enough; else by Contour Slab Thickness (3006,0044), by the
    planes of all regions, which are drawn on the same images, and last by the slices of the grid.
    """
    slices_mm = _slices_along(contours, grid)
    own = usual_distance(contours.distances_mm)
    if len(contours.along_mm) < _PLANES_THAT_TELL or own is None:
        slab = next((mm for one in facts.contours if (mm := one.number("ContourSlabThickness"))), 0)
        own = slab if slab > 0 else pooled_mm
    if own is None:
        if slices_mm is None:
            raise MissingAttribute(
                "a region of one plane across the slices needs its thickness",
                keyword=named("ContourSlabThickness"),
                value=None,
            )
        return slices_mm, (
            f"one plane of contours, its thickness not told: taken as that of a slice, "
            f"{slices_mm:.3g} mm",
        )
    if own > _WIDEST_MM:
        raise InconsistentGeometry(
            f"contour planes are {own:.4g} mm apart, too far to tell what lies between; allowed: "
            f"{_WIDEST_MM:g} mm"
        )
    if slices_mm is not None and own > _SPARSE * slices_mm:
        return own, (
            f"contours are {own:.3g} mm apart, slices {slices_mm:.3g} mm; what lies between was "
            "interpolated",
        )
    return own, ()


def _slices_along(contours: ContourPlanes, grid: Geometry) -> float | None:
    """Distance of voxels of the grid along the normal of the contours; None for an oblique one."""
    axis = contours.axes.order[0]
    direction = grid.affine[:3, axis] / grid.spacing_mm[axis]
    parallel = abs(float(contours.axes.matrix[2] @ direction)) >= _PARALLEL
    return grid.spacing_mm[axis] if parallel else None
