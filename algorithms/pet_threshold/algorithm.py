"""The run: SUVbw volume in; candidates with contours, numbers and warnings out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from algorithms.pet_threshold.candidates import (
    Candidate,
    Parameters,
    find_hot_spots,
    outline_candidates,
)
from algorithms.pet_threshold.measurements import OPEN_CONTOUR, of_segment, of_study, warnings_of
from algorithms.pet_threshold.pictures import FIXED_RGB, FRACTION_RGB, draw
from algorithms.toolbox.pet_input import check_suv, ct_of_same_frame
from dicom_node.domain import coding
from dicom_node.domain.algorithm import AlgorithmCard
from dicom_node.domain.result import Measurement, Region, Result, Segment, SegmentationResult
from dicom_node.domain.volume import Volume


@dataclass(frozen=True, slots=True, kw_only=True)
class PetThreshold:
    """Finds and measures uptake candidates; see MODEL_CARD.md."""

    parameters: Parameters

    @classmethod
    def from_card(cls, card: AlgorithmCard) -> "PetThreshold":
        """The algorithm with the parameters of its card."""
        return cls(parameters=Parameters.from_card(card))

    def __call__(self, inputs: Mapping[str, Volume]) -> Result:
        """Candidates of the volume ``pet``; a ``ct`` of the same frame is shown behind them.

        Returns
        -------
        Result
            Two segments a candidate on the grid of the PET; no segmentation where there is no
            candidate, which is a result as well.

        Raises
        ------
        NotCalibrated
            The PET is not in SUVbw.
        InputRejected
            The PET has values that are no numbers, or is the same everywhere.
        """
        pet, parameters = inputs["pet"], self.parameters
        check_suv(pet, "pet-threshold")
        hot_spots = find_hot_spots(pet.array, pet.geometry, parameters)
        candidates = outline_candidates(pet.array, pet.geometry, hot_spots, parameters)
        ct, ct_warnings = _usable_ct(pet, inputs.get("ct"))
        tracer = pet.tracer.tracer
        return Result(
            segmentation=_segmentation(pet, candidates, parameters),
            measurements=(
                *of_study(pet.array, hot_spots, parameters.fixed_name),
                *(m for c in candidates for m in _of_candidate(c, tracer, parameters)),
            ),
            figures=draw(pet, candidates, parameters, ct),
            warnings=(
                *warnings_of(hot_spots, candidates, tracer=tracer, parameters=parameters),
                *ct_warnings,
            ),
        )


def _usable_ct(pet: Volume, ct: Volume | None) -> tuple[Volume | None, tuple[str, ...]]:
    """The CT as a background, unless nothing says that it lies where the PET does."""
    usable = ct_of_same_frame(pet, ct)
    if ct is not None and usable is None:
        return None, ("The CT has another frame of reference than the PET and is not shown.",)
    return usable, ()


def _segmentation(
    pet: Volume, candidates: Sequence[Candidate], parameters: Parameters
) -> SegmentationResult | None:
    if not candidates:
        return None
    segments = [segment for candidate in candidates for segment in _segments(candidate, parameters)]
    return SegmentationResult(role="pet", geometry=pet.geometry, segments=tuple(segments))


def _segments(candidate: Candidate, parameters: Parameters) -> tuple[Segment, Segment]:
    fixed, fraction = _numbers_of(candidate)

    def segment(number: int, what: str, region: Region, rgb: tuple[int, int, int]) -> Segment:
        finding = f"Candidate {candidate.number}"
        return Segment(
            number=number,
            finding=finding,
            label=f"{finding} {what}",
            category=coding.SPATIAL_CONCEPT,
            type=coding.UPTAKE_CANDIDATE,
            region=region,
            tracking_id=f"candidate-{candidate.number} {what}",
            display_rgb=rgb,
        )

    at_fraction = f"{parameters.fraction_name} of max"
    return (
        segment(fixed, parameters.fixed_name, candidate.hot_spot.region, FIXED_RGB),
        segment(fraction, at_fraction, candidate.contour.region, FRACTION_RGB),
    )


def _of_candidate(
    candidate: Candidate, tracer: str | None, parameters: Parameters
) -> tuple[Measurement, ...]:
    fixed, fraction = _numbers_of(candidate)
    note = "" if candidate.contour.closed else OPEN_CONTOUR
    return (
        *of_segment(candidate.hot_spot.uptake, fixed, tracer, parameters),
        *of_segment(candidate.contour_uptake, fraction, tracer, parameters, note=note),
    )


def _numbers_of(candidate: Candidate) -> tuple[int, int]:
    """Segment numbers of a candidate: fixed threshold, then fraction of the maximum."""
    return 2 * candidate.number - 1, 2 * candidate.number
