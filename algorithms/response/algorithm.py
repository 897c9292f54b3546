"""The run: two PET with their contours in; what changed out, or why they may not be compared."""

from collections.abc import Mapping
from dataclasses import dataclass

from algorithms.response import PET, PRIOR
from algorithms.response.change import Comparison, categories
from algorithms.response.checks import Check, Finding, Liver, Weight, findings
from algorithms.response.examination import Examination, examine
from algorithms.response.matching import NEAR_MM, Match, match
from algorithms.response.measurements import measurements_of, segments_of
from algorithms.response.pictures import draw
from algorithms.toolbox.pet_input import check_suv
from dicom_node.domain.contour import ContourSet
from dicom_node.domain.errors import NotComparable
from dicom_node.domain.result import Result, SegmentationResult
from dicom_node.domain.volume import Volume


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Compares two examinations of a patient; see MODEL_CARD.md.

    Parameters
    ----------
    accepted : checks that warn and do not refuse
    """

    accepted: frozenset[Check]

    def __call__(self, inputs: Mapping[str, Volume], contours: Mapping[str, ContourSet]) -> Result:
        """Change from the volume ``prior`` to the volume ``pet``, of lesions drawn on both.

        Raises
        ------
        NotCalibrated
            A PET is not in SUVbw.
        InputRejected
            A PET has values that are no numbers, or is the same everywhere.
        NotComparable
            The two may not be compared; every reason is named.
        """
        for role in (PET, PRIOR):
            check_suv(inputs[role], f"response ({role})")
        before = examine(inputs[PRIOR], contours[PRIOR])
        now = examine(inputs[PET], contours[PET])
        noticed = self._checked(before, now)
        found = Comparison(before=before, now=now, match=match(before, now))
        segments = segments_of(found)
        named, why_none = categories(found)
        segmentation = SegmentationResult(role=PET, geometry=now.pet.geometry, segments=segments)
        return Result(
            segmentation=segmentation if segments else None,
            measurements=measurements_of(found, segments),
            classifications=named,
            figures=draw(found),
            warnings=(
                *why_none,
                *noticed,
                *_of_matching(found.match),
                *(f"before: {text}" for text in before.said),
                *(f"now: {text}" for text in now.said),
            ),
        )

    def _checked(self, before: Examination, now: Examination) -> tuple[str, ...]:
        """What a reader should know of the pair; NotComparable where there is too much of it."""
        in_sul = before.liver_sul is not None and now.liver_sul is not None
        liver = Liver(
            before=before.liver_sul if in_sul else _mean(before),
            now=now.liver_sul if in_sul else _mean(now),
            in_sul=in_sul,
        )
        noticed = findings(before.pet, now.pet, liver)
        refused = [one for one in noticed if self._refuses(one)]
        if refused:
            raise NotComparable("; ".join(str(one) for one in refused))
        return tuple(
            f"Comparability: {one}" + (" (accepted by the site)" if self._accepts(one) else "")
            for one in noticed
        )

    def _refuses(self, finding: Finding) -> bool:
        return finding.weight is Weight.REFUSES and finding.check not in self.accepted

    def _accepts(self, finding: Finding) -> bool:
        return finding.weight is Weight.REFUSES and finding.check in self.accepted


def _mean(one: Examination) -> float | None:
    return None if one.liver is None else one.liver.mean


def _of_matching(found: Match) -> tuple[str, ...]:
    x, y, z = found.shift_mm
    return (
        f"Lesions were matched by place, within {NEAR_MM:g} mm, after the earlier examination was "
        f"moved by {x:.0f}, {y:.0f}, {z:.0f} mm (left, back, head): new and gone lesions have to "
        "be confirmed by eye.",
    )
