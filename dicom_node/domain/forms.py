"""In which forms a destination takes a result: what its archive and its viewers can use."""

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultForms:
    """The forms of one destination.

    Parameters
    ----------
    sr_forms : tuple of SrForm
        One or more. A result without an outline is always sent as a report.
    sr_class : SrClass
        Comprehensive 3D SR (PS3.3 A.35.13), or one that older archives take, too.
    seg_frame_limit : int or None
        Most frames of one segmentation object; a result with more becomes several. None: one
        object, however large.
    seg_overlap: bool
        Whether segments that share voxels may be in one object. OHIF 3.13 shows only the first
        ones of such an object, without a word.
    """

    sr_forms: tuple[SrForm, ...] = (SrForm.REPORT,)
    sr_tracking: SrTracking = SrTracking.PLAIN
    sr_class: SrClass = SrClass.COMPREHENSIVE_3D
    seg_frame_limit: int | None = None
    seg_overlap: bool = True
