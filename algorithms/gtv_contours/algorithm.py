"""The run: SUVbw volume in, and what others drew on it; five contours of each hot spot out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from algorithms.gtv_contours.measurements import (
    measurements_of,
    of_rule,
    segments_of,
    warnings_of,
)
from algorithms.gtv_contours.methods import delineations
from algorithms.gtv_contours.parameters import Parameters
from algorithms.gtv_contours.pictures import draw
from algorithms.gtv_contours.seeds import Seed, drawn_seeds, hot_seeds
from algorithms.toolbox.pet_input import check_suv
from dicom_node.domain.algorithm import AlgorithmCard
from dicom_node.domain.contour import ContourSet
from dicom_node.domain.result import Result, SegmentationResult
from dicom_node.domain.volume import Volume


@dataclass(frozen=True, slots=True, kw_only=True)
class GtvContours:
    """Outlines hot spots by five methods; see MODEL_CARD.md."""

    parameters: Parameters

    @classmethod
    def from_card(cls, card: AlgorithmCard) -> "GtvContours":
        """The algorithm with the parameters of its card."""
        return cls(parameters=Parameters.from_card(card))

    def __call__(self, inputs: Mapping[str, Volume]) -> Result:
        """Contours of the hottest spots of the volume ``pet``, by the rule of the card.

        Raises
        ------
        NotCalibrated
            The PET is not in SUVbw.
        InputRejected
            The PET has values that are no numbers, or is the same everywhere.
        """
        pet = inputs["pet"]
        check_suv(pet, "gtv-contours")
        seeds = hot_seeds(pet.array, pet.geometry, self.parameters)
        chosen = seeds[: self.parameters.most_seeds]
        return self._outlined(pet, chosen, seeds, of_rule(seeds, chosen, self.parameters))

    def of_contours(self, inputs: Mapping[str, Volume], contours: ContourSet) -> Result:
        """Contours started at the hottest voxel of each contour that somebody drew; errors alike.

        A GTV that the clinician drew says where to look; what each method makes of it is compared
        with it.
        """
        pet = inputs["pet"]
        check_suv(pet, "gtv-contours")
        seeds, said = drawn_seeds(pet.array, pet.geometry, contours)
        return self._outlined(pet, seeds, seeds, said)

    def _outlined(
        self, pet: Volume, chosen: Sequence[Seed], all_seeds: Sequence[Seed], said: Sequence[str]
    ) -> Result:
        found = [
            one
            for seed in chosen
            for one in delineations(pet.array, pet.geometry, seed, all_seeds, self.parameters)
        ]
        segmentation = SegmentationResult(
            role="pet", geometry=pet.geometry, segments=segments_of(found)
        )
        return Result(
            segmentation=segmentation if found else None,
            measurements=measurements_of(found, self.parameters),
            figures=draw(pet, chosen, found),
            warnings=(*warnings_of(chosen, found), *said),
        )
