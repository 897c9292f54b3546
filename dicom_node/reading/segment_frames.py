"""Frames of a segmentation: which segment each belongs to and where it lies (PS3.3 C.8.20.3)."""

from dataclasses import dataclass

from pydicom.dataset import Dataset

from dicom_node.domain.errors import InconsistentGeometry, MissingAttribute, UnsupportedObject
from dicom_node.reading.header import Header, named
from dicom_node.reading.plane import (
    Layout,
    Plane,
    layout_of,
    need_numbers,
    step_of,
    vector_of,
)

_FRAMES = "PerFrameFunctionalGroupsSequence"


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFrame:
    """One frame.

    Parameters
    ----------
    segment : int or None
        Segment that its pixels belong to; None in a label map, whose pixels tell it.
    spacing_mm : float or None
        Spacing Between Slices (0018,0088), which holds where frames that are empty are left out.
    """

    plane: Plane
    segment: int | None
    spacing_mm: float | None


def segment_frames(header: Header, *, labelled: bool) -> tuple[SegmentFrame, ...]:
    """Frames in stored order, each placed by its own functional groups.

    Parameters
    ----------
    labelled : bool
        Whether it is a label map.

    Raises
    ------
    UnsupportedObject
        For tiles of a slide, and for one part of a concatenation.
    MissingAttribute, InconsistentGeometry
        Where a frame does not tell its segment or where it lies.
    """
    _refuse_parts(header)
    items = header.items(_FRAMES)
    promised = header.whole("NumberOfFrames")
    if not items:
        raise MissingAttribute("the place of each frame is needed", keyword=named(_FRAMES))
    if promised != len(items):
        raise InconsistentGeometry(
            f"one item for each frame is needed, there are {len(items)}",
            keyword=named("NumberOfFrames"),
            value=header.text("NumberOfFrames"),
        )
    reader = _FrameReader(header, labelled=labelled)
    return tuple(reader.frame(item, number) for number, item in enumerate(items, start=1))


def _refuse_parts(header: Header) -> None:
    """A segmentation is read from one instance; a part of it (C.7.6.16.2.2.4) is not all."""
    parts = header.whole("InConcatenationTotalNumber")
    if header.text("ConcatenationUID") is not None and parts != 1:
        raise UnsupportedObject(
            "one part of a concatenation is not the whole segmentation",
            keyword=named("InConcatenationTotalNumber"),
            value=parts,
        )
    organization = header.text("DimensionOrganizationType") or ""
    if organization.startswith("TILED"):
        raise UnsupportedObject(
            "tiles of a slide have no place in a volume",
            keyword=named("DimensionOrganizationType"),
            value=organization,
        )


class _FrameReader:
    """Reads frames one by one; what they share is looked at once."""

    def __init__(self, header: Header, *, labelled: bool) -> None:
        self._header, self._labelled = header, labelled
        self._shared = header.item("SharedFunctionalGroupsSequence")
        self._layouts: dict[tuple[int, int], tuple[Layout, float | None, float | None]] = {}

    def frame(self, item: Header, number: int) -> SegmentFrame:
        """A frame by its own functional groups, else by the shared ones."""
        if self._find(item, "PlanePositionSlideSequence") is not None:
            raise UnsupportedObject(f"frame {number} is a tile of a slide and no slice")
        position = self._need(item, "PlanePositionSequence", number)
        layout, step, spacing = self._layout(item, number)
        plane = Plane(
            header=self._header,
            frame_number=number,
            layout=layout,
            position_mm=vector_of(position, "ImagePositionPatient"),
            step_mm=step,
        )
        segment = None if self._labelled else self._segment(item, number)
        return SegmentFrame(plane=plane, segment=segment, spacing_mm=spacing)

    def _segment(self, item: Header, number: int) -> int:
        """Referenced Segment Number (0062,000B) of a frame."""
        group = self._need(item, "SegmentIdentificationSequence", number)
        found = group.whole("ReferencedSegmentNumber")
        if found is None:
            raise MissingAttribute(
                f"a whole number is needed (frame {number})",
                keyword=named("ReferencedSegmentNumber"),
                value=group.text("ReferencedSegmentNumber"),
            )
        return found

    def _layout(self, item: Header, number: int) -> tuple[Layout, float | None, float | None]:
        """Layout, step by the header, and spacing of slices where it is told."""
        orientation = self._need(item, "PlaneOrientationSequence", number)
        measures = self._need(item, "PixelMeasuresSequence", number)
        key = (id(orientation.dataset), id(measures.dataset))
        if key not in self._layouts:
            cosines = need_numbers(orientation, "ImageOrientationPatient", 6)
            spacing = measures.number("SpacingBetweenSlices")
            self._layouts[key] = (
                layout_of(self._as_image(measures), cosines),
                step_of(measures),
                abs(spacing) if spacing else None,
            )
        return self._layouts[key]

    def _as_image(self, measures: Header) -> Header:
        """Attributes of a plane as those of an image of its own."""
        made = Dataset()
        made.update(measures.dataset)
        for keyword in ("Rows", "Columns", "FrameOfReferenceUID"):
            value = self._header.value(keyword)
            if value is not None:
                setattr(made, keyword, value)
        return Header(made)

    def _find(self, item: Header, keyword: str) -> Header | None:
        found = item.item(keyword)
        return found or (self._shared.item(keyword) if self._shared is not None else None)

    def _need(self, item: Header, keyword: str, number: int) -> Header:
        found = self._find(item, keyword)
        if found is None:
            raise MissingAttribute(f"frame {number} needs an item", keyword=named(keyword))
        return found
