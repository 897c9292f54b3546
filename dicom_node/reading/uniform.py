"""Whether planes share one layout; what differs is named, with the places where it does."""

from collections.abc import Sequence

import numpy as np

from dicom_node.domain.errors import InconsistentGeometry
from dicom_node.reading.header import named
from dicom_node.reading.plane import Layout, Plane, instance_of

# Spellings of one number differ by rounding: within these, the far corner of a 500 mm field of view
# moves by 0.05 mm at most.
_SPACING_RELATIVE = 1e-4
_COSINES = 1e-4
_KEYWORDS = {
    "rows": "Rows",
    "columns": "Columns",
    "spacing_mm": "PixelSpacing",
    "orientation": "ImageOrientationPatient",
    "frame_of_reference_uid": "FrameOfReferenceUID",
}


def need_one_layout(planes: Sequence[Plane]) -> None:
    """Refuse planes that differ in size, spacing, orientation or frame of reference.

    Raises
    ------
    InconsistentGeometry
        Naming the attribute, both values, how many slices have the rarer one and where.
    """
    layouts: dict[Layout, list[Plane]] = {}
    for plane in planes:
        layouts.setdefault(plane.layout, []).append(plane)
    usual = max(layouts, key=lambda layout: len(layouts[layout]))
    for layout, others in layouts.items():
        field = _difference(usual, layout)
        if field is not None:
            raise InconsistentGeometry(_sentence(field, usual, layout, others, len(planes)))


def _difference(one: Layout, other: Layout) -> str | None:
    """Name of the first field in which two layouts differ by more than rounding."""
    if one is other:
        return None
    for field in ("rows", "columns", "frame_of_reference_uid"):
        if getattr(one, field) != getattr(other, field):
            return field
    if not np.allclose(one.spacing_mm, other.spacing_mm, rtol=_SPACING_RELATIVE, atol=0):
        return "spacing_mm"
    if not np.allclose(one.orientation, other.orientation, rtol=0, atol=_COSINES):
        return "orientation"
    return None


def _sentence(field: str, usual: Layout, rare: Layout, others: Sequence[Plane], total: int) -> str:
    place = ", ".join(f"{value:g}" for value in others[0].position_mm)
    return (
        f"mixed {named(_KEYWORDS[field])}: {_shown(usual, field)} and {_shown(rare, field)}, the "
        f"latter at {len(others)} of {total} slices, first at ({place}) mm, "
        f"{instance_of(others[0].header)}"
    )


def _shown(layout: Layout, field: str) -> str:
    value = getattr(layout, field)
    if isinstance(value, tuple):
        return "\\".join(f"{number:g}" for number in value)
    return str(value)
