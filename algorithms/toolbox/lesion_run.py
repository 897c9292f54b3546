"""The run of a lesion algorithm: PET in SUVbw, CT if there is one; a network's lesions or others'.

What is measured differs between tracers, and is handed in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from algorithms.toolbox.card import numbers
from algorithms.toolbox.lesion_figures import draw
from algorithms.toolbox.lesion_net.segmented import LesionLimits, LesionNetwork
from algorithms.toolbox.lesion_net.specification import NETWORK_VERSION
from algorithms.toolbox.lesion_values import notes_of
from algorithms.toolbox.lesions import Lesion, automatic, drawn
from algorithms.toolbox.pet_input import check_suv, ct_of_same_frame
from dicom_node.domain.algorithm import AlgorithmCard
from dicom_node.domain.contour import ContourSet
from dicom_node.domain.result import Region, Result
from dicom_node.domain.volume import PatientFacts, Volume

OTHER_CT = "The CT has another frame of reference than the PET and was not used."
PROPOSAL = (
    "A network found the lesions ({}), and their uptake outlines them; each is a proposal that a "
    "physician has to correct. Normal uptake may be among them, and disease may be missing."
)
PET_ALONE = "The network saw the PET alone, without CT."


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The values of the model card that decide the result or its warnings."""

    limits: LesionLimits
    least_age_years: float
    least_weight_kg: float
    most_weight_kg: float

    @classmethod
    def from_card(cls, card: AlgorithmCard) -> "Parameters":
        """Parameters as the card has them; a ConfigError where one is missing, unknown or wild."""
        own = replace(
            card, parameters={k: v for k, v in card.parameters.items() if k != NETWORK_VERSION}
        )
        found = numbers(
            own,
            {
                "minimum_volume_ml": (0, 100),
                "least_certainty": (0, 1),
                "least_age_years": (0, 120),
                "least_weight_kg": (0, 300),
                "most_weight_kg": (0, 300),
            },
        )
        return cls(
            limits=LesionLimits(
                least_ml=found["minimum_volume_ml"], least_certainty=found["least_certainty"]
            ),
            least_age_years=found["least_age_years"],
            least_weight_kg=found["least_weight_kg"],
            most_weight_kg=found["most_weight_kg"],
        )


class Measure(Protocol):
    """Segments and numbers of lesions that are given, as they are for a tracer."""

    def __call__(
        self,
        pet: Volume,
        lesions: Sequence[Lesion],
        ct: Volume | None = None,
        *,
        physiological: Region | None = None,
    ) -> Result:
        """Result without pictures; the CT is in the PET's frame of reference."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetworkRun:
    """Outlines lesions with a network and measures them.

    Parameters
    ----------
    name : str
        Of the algorithm, for messages.
    training_data : str
        What the network's card says, for the warning.
    """

    name: str
    parameters: Parameters
    network: LesionNetwork
    training_data: str
    measure: Measure

    @classmethod
    def of_bundle(cls, card: AlgorithmCard, folder: Path, measure: Measure) -> "NetworkRun":
        """The algorithm with the network of a bundle; ConfigError as `load_bundle`."""
        return cls(
            name=card.name,
            parameters=Parameters.from_card(card),
            network=LesionNetwork.of_bundle(folder),
            training_data=card.training_data,
            measure=measure,
        )

    def __call__(self, inputs: Mapping[str, Volume]) -> Result:
        """Lesions of the volume ``pet``; a ``ct`` of the same frame is seen by the network.

        Raises
        ------
        NotCalibrated
            The PET is not in SUVbw.
        InputRejected
            It has values that are no numbers, is the same everywhere, or holds no body.
        """
        pet, ct = inputs["pet"], inputs.get("ct")
        check_suv(pet, self.name)
        usable = ct_of_same_frame(pet, ct)
        found = self.network(pet, usable, self.parameters.limits)
        said = (
            PROPOSAL.format(self.training_data.rstrip(".").lower()),
            *outside_training(pet.patient, self.parameters),
            *((PET_ALONE,) if usable is None else ()),
        )
        lesions, normal = automatic(found.lesions), found.physiological
        result = self.measure(pet, lesions, usable, physiological=normal)
        return _finished(result, inputs, lesions, said, normal)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnRun:
    """Measures lesions that somebody drew; no network runs."""

    name: str
    measure: Measure

    def __call__(self, inputs: Mapping[str, Volume], contours: ContourSet) -> Result:
        """Numbers of the contours on the volume ``pet``; errors as `NetworkRun`, without a body."""
        pet = inputs["pet"]
        check_suv(pet, self.name)
        lesions, said = drawn(contours)
        result = self.measure(pet, lesions, ct_of_same_frame(pet, inputs.get("ct")))
        return _finished(result, inputs, lesions, said)


def _finished(
    result: Result,
    inputs: Mapping[str, Volume],
    lesions: Sequence[Lesion],
    said: Sequence[str],
    physiological: Region | None = None,
) -> Result:
    """The result with its pictures and all warnings, the most important first."""
    pet, ct = inputs["pet"], inputs.get("ct")
    usable = ct_of_same_frame(pet, ct)
    other = (OTHER_CT,) if ct is not None and usable is None else ()
    warnings = (*said, *notes_of(lesions, pet.geometry), *other, *result.warnings)
    return replace(result, figures=draw(pet, lesions, physiological, usable), warnings=warnings)


def outside_training(patient: PatientFacts | None, parameters: Parameters) -> tuple[str, ...]:
    """What of the patient the network has never seen."""
    said = []
    age = None if patient is None else patient.age_years
    if age is not None and age < parameters.least_age_years:
        said.append(
            f"The patient is {age:.0f} years old: the network was trained for adults of "
            f"{parameters.least_age_years:g} years or more, and its lesions may be wrong."
        )
    weight = None if patient is None else patient.weight_kg
    low, high = parameters.least_weight_kg, parameters.most_weight_kg
    if weight is not None and not low <= weight <= high:
        said.append(
            f"The patient weighs {weight:.0f} kg: the network was trained for {low:g} to "
            f"{high:g} kg, and its lesions may be wrong."
        )
    return tuple(said)
