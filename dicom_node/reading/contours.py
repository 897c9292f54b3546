"""SEG and RTSTRUCT that arrive in a study, as contours on the grid of a volume: the entry point."""

from pydicom.uid import UID, RTStructureSetStorage, SegmentationStorage

from dicom_node.domain.contour import Contour, ContourSet
from dicom_node.domain.errors import InconsistentGeometry, MissingAttribute, UnsupportedObject
from dicom_node.domain.forms import LABEL_MAP_SEGMENTATION_STORAGE
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.volume import FrameSource
from dicom_node.reading.drawn_on import series_drawn_on
from dicom_node.reading.header import Header, named
from dicom_node.reading.identity import series_key_of
from dicom_node.reading.segmentation_in import read_segmentation
from dicom_node.reading.structure_set import read_structure_set

# Of the 2024d standard; pydicom 3.0 has no name for it.
SEGMENTATIONS = frozenset({SegmentationStorage, UID(LABEL_MAP_SEGMENTATION_STORAGE)})
CONTOUR_CLASSES = SEGMENTATIONS | {RTStructureSetStorage}


def read_contours(header: Header, grid: Geometry) -> ContourSet:
    """Contours of one SEG or RTSTRUCT instance on the grid of a volume, which is mostly PET.

    A voxel of the grid belongs to a contour where its centre lies in it. Contours may overlap and
    are kept apart. What has no region on the grid is listed with the reason.

    Parameters
    ----------
    header : Header
        Of the instance.
    grid : Geometry
        Grid of the volume, in the same frame of reference.

    Raises
    ------
    UnsupportedObject
        For an instance of another SOP class, or one whose pixels cannot be decoded.
    MissingAttribute
        Where something that tells place or content is absent, or the grid has no place itself.
    InconsistentGeometry
        For another frame of reference, uneven or contradicting planes, contours that are not flat.
    InputRejected
        For other contradictions, and damaged pixels.
    """
    sop_class = header.need_text("SOPClassUID")
    if sop_class not in CONTOUR_CLASSES:
        raise UnsupportedObject(
            f"{UID(sop_class).name} holds no contours that this node reads; allowed: Segmentation "
            "(BINARY, FRACTIONAL, LABELMAP) and RT Structure Set"
        )
    contours, warnings = _contours(header, sop_class, grid)
    return ContourSet(
        contours=contours,
        geometry=grid,
        source=FrameSource(
            sop_class_uid=sop_class, sop_instance_uid=header.need_text("SOPInstanceUID")
        ),
        key=series_key_of(header),
        referenced_series_uids=series_drawn_on(header),
        warnings=warnings,
    )


def _contours(
    header: Header, sop_class: str, grid: Geometry
) -> tuple[tuple[Contour, ...], tuple[str, ...]]:
    """Contours, and the warnings that concern all of them."""
    frame_of_reference_uid = _frame_of(grid)
    if sop_class not in SEGMENTATIONS:
        return read_structure_set(header, grid), ()
    _need_frame(header, frame_of_reference_uid)
    found = read_segmentation(header, grid)
    return found.contours, found.warnings


def _frame_of(grid: Geometry) -> str:
    """Frame of reference of the grid; without one nothing tells that a contour belongs there."""
    if not grid.placed:
        raise MissingAttribute("the image tells neither orientation nor position of its slices")
    if grid.frame_of_reference_uid is None:
        raise MissingAttribute(
            "the image needs one to take contours",
            keyword=named("FrameOfReferenceUID"),
            value=None,
        )
    return grid.frame_of_reference_uid


def _need_frame(header: Header, wanted: str) -> None:
    """A segmentation has one frame of reference for all of its frames (PS3.3 A.51)."""
    found = header.need_text("FrameOfReferenceUID")
    if found != wanted:
        raise InconsistentGeometry(
            f"the image has {wanted}", keyword=named("FrameOfReferenceUID"), value=found
        )
