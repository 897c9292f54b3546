"""Contours that a human or another product drew, as regions on the grid of a volume."""

from dataclasses import dataclass

from dicom_node.domain.coding import Code
from dicom_node.domain.errors import InputRejected
from dicom_node.domain.geometry import Geometry
from dicom_node.domain.result import AlgorithmType, Region
from dicom_node.domain.series import Reason, SeriesKey
from dicom_node.domain.volume import FrameSource


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contour:
    """One segment of a SEG, or one region of interest of an RTSTRUCT.

    Either `region` or `absent` is given: nothing is dropped without a word.

    Parameters
    ----------
    number : int
        Segment Number (0062,0004) or ROI Number (3006,0022): unique in its object.
    label : str
        Segment Label or ROI Name as stored; empty where the source gives none. Free text, so that
        it goes into results and never into a log.
    region : Region or None
        Its voxels on the grid.
    absent : Reason or None
        Why there is no region: it is empty, outside the grid, made of points, or faulty.
    category, type, site, laterality : Code or None
        As stored (PS3.16 CID 7150, 7151, 4031, 244), categories in today's SNOMED CT spelling.
    interpreted_type : str or None
        RT ROI Interpreted Type (3006,00A4), e.g. ``GTV``.
    algorithm_type : AlgorithmType or None
        None where the source does not tell.
    tracking_id, tracking_uid : str or None
        Of the finding, where the source tracks it (0062,0020 and 0062,0021).
    warnings : tuple of str
        What a reader of its numbers should know; without the label.
    """

    number: int
    label: str
    region: Region | None = None
    absent: Reason | None = None
    category: Code | None = None
    type: Code | None = None
    site: Code | None = None
    laterality: Code | None = None
    interpreted_type: str | None = None
    algorithm_type: AlgorithmType | None = None
    tracking_id: str | None = None
    tracking_uid: str | None = None
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.region is None) == (self.absent is None):
            raise ValueError("a contour has a region, or a reason why it has none")

    def need_region(self) -> Region:
        """Its voxels.

        Raises
        ------
        InputRejected
            Where it has none, with the reason.
        """
        if self.region is None:
            raise InputRejected(self.absent.message if self.absent else "no region")
        return self.region


_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"  # RT Structure Set Storage


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ContourSet:
    """All contours of one SEG or RTSTRUCT instance, on the grid of a volume; they may overlap.

    Parameters
    ----------
    contours : tuple of Contour
        In the order of the source.
    geometry : Geometry
        The grid of the regions.
    source : FrameSource
        The instance that the contours come from.
    key : SeriesKey
        Its study and series.
    referenced_series_uids : tuple of str
        Series Instance UIDs of the images that it was drawn on, as far as it tells.
    warnings : tuple of str
        What concerns all of its contours.
    """

    contours: tuple[Contour, ...]
    geometry: Geometry
    source: FrameSource
    key: SeriesKey
    referenced_series_uids: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        numbers = [contour.number for contour in self.contours]
        if len(set(numbers)) < len(numbers):
            raise ValueError(f"contours of one object have different numbers, not {numbers}")
        for contour in self.contours:
            if contour.region is not None:
                ends = [axis.stop for axis in contour.region.slices]
                if any(end > size for end, size in zip(ends, self.geometry.shape, strict=True)):
                    raise ValueError(f"contour {contour.number} leaves the grid")

    @property
    def kind(self) -> str:
        """What the object is, in the words of the modality: ``RTSTRUCT`` or ``SEG``."""
        return "RTSTRUCT" if self.source.sop_class_uid == _STRUCTURE_SET else "SEG"

    @property
    def drawn(self) -> tuple[Contour, ...]:
        """Contours that have a region."""
        return tuple(contour for contour in self.contours if contour.region is not None)
