"""In which forms a destination takes a result: what its archive and its viewers can use."""

from dataclasses import dataclass
from enum import StrEnum

# PS3.4 B.5, since 2024c; newer than the dictionaries of the libraries.
LABEL_MAP_SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.7"


class SegForm(StrEnum):
    """How a segmentation is encoded."""

    BINARY = "binary"  # a frame for each segment and slice; every archive and viewer knows it
    LABELMAP = "labelmap"  # a frame for each slice; smaller, of 2024, known to few


class SrForm(StrEnum):
    """The structured reports that a result can become."""

    REPORT = "report"  # everything that was said, for archives, machines and people
    MEASUREMENTS = "measurements"  # an outline for each segment, for viewers that list them


class SrClass(StrEnum):
    """The SOP class of structured reports; what they say is the same in each."""

    COMPREHENSIVE_3D = "comprehensive-3d"
    COMPREHENSIVE = "comprehensive"
    ENHANCED = "enhanced"


class SrTracking(StrEnum):
    """How the Tracking Identifier of an outline is spelled."""

    PLAIN = "plain"  # as in the segmentation
    CORNERSTONE = "cornerstone"  # behind the name of the drawing tool that OHIF looks for


class PageForm(StrEnum):
    """How the pages of a result are captured."""

    SINGLE = "single"  # the summary page
    MULTI_FRAME = "multi-frame"  # the summary page, then each picture on a page of its own


class ExtraForm(StrEnum):
    """Objects that a destination gets beside segmentation, reports and page."""

    RTSTRUCT = "rtstruct"  # the contours of the segments, for planning systems and older viewers
    MAPS = "maps"  # the voxel maps of the algorithm, if it gives any, as Parametric Maps
    PDF = "pdf"  # the pages as Encapsulated PDF
    KEY_OBJECTS = "key-objects"  # what to look at: page, reports, the hottest slices


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultForms:
    """The forms of one destination.

    Parameters
    ----------
    sr_forms : tuple of SrForm
        One or more. A result without an outline is always sent as a report.
    sr_class : SrClass
        Comprehensive 3D SR (PS3.3 A.35.13), or one that older archives take, too.
    seg_form : SegForm
        A destination that refuses the SOP class of LABELMAP is sent BINARY instead.
    seg_frame_limit : int or None
        Most frames of one segmentation object; a result with more becomes several. None: one
        object, however large.
    seg_overlap: bool
        Whether segments that share voxels may be in one object. OHIF 3.13 shows only the first
        ones of such an object, without a word. Segments of a LABELMAP never overlap.
    page_form : PageForm
    extra_forms : tuple of ExtraForm
    """

    sr_forms: tuple[SrForm, ...] = (SrForm.REPORT,)
    sr_tracking: SrTracking = SrTracking.PLAIN
    sr_class: SrClass = SrClass.COMPREHENSIVE_3D
    seg_form: SegForm = SegForm.BINARY
    seg_frame_limit: int | None = None
    seg_overlap: bool = True
    page_form: PageForm = PageForm.SINGLE
    extra_forms: tuple[ExtraForm, ...] = ()
