"""The run: a PET in SUVbw, with its CT if there is one; lesions of the network or of somebody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from algorithms.fdg_lesions.measured import measured
from algorithms.toolbox.card import numbers
from algorithms.toolbox.lesion_figures import draw
from algorithms.toolbox.lesion_net.segmented import LesionNetwork
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
    "A network outlined the lesions ({}); each is a proposal that a physician has to correct. "
    "Normal uptake may be among them, and disease may be missing."
)
PET_ALONE = "The network saw the PET alone, without CT."


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The values of the model card that decide the result or its warnings."""

    least_ml: float
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
                "least_age_years": (0, 120),
                "least_weight_kg": (0, 300),
                "most_weight_kg": (0, 300),
            },
        )
        return cls(
            least_ml=found["minimum_volume_ml"],
            least_age_years=found["least_age_years"],
            least_weight_kg=found["least_weight_kg"],
            most_weight_kg=found["most_weight_kg"],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FdgLesions:
    """Outlines lesions with the network and measures them; see MODEL_CARD.md."""

    parameters: Parameters
    network: LesionNetwork
    training_data: str

    @classmethod
    def of_bundle(cls, card: AlgorithmCard, folder: Path) -> "FdgLesions":
        """The algorithm with the network of a bundle; ConfigError as `load_bundle`."""
        return cls(
            parameters=Parameters.from_card(card),
            network=LesionNetwork.of_bundle(folder),
            training_data=card.training_data,
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
        check_suv(pet, "fdg-lesions")
        usable = ct_of_same_frame(pet, ct)
        found = self.network(pet, usable, least_ml=self.parameters.least_ml)
        said = (
            PROPOSAL.format(self.training_data.rstrip(".").lower()),
            *outside_training(pet.patient, self.parameters),
            *((PET_ALONE,) if usable is None else ()),
        )
        return _result(pet, ct, automatic(found.lesions), said, found.physiological)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnFdgLesions:
    """Measures lesions that somebody drew; no network runs."""

    def __call__(self, inputs: Mapping[str, Volume], contours: ContourSet) -> Result:
        """Numbers of the contours on the volume ``pet``; errors as `FdgLesions`, without a body."""
        pet = inputs["pet"]
        check_suv(pet, "fdg-lesions")
        lesions, said = drawn(contours)
        return _result(pet, inputs.get("ct"), lesions, said)


def _result(
    pet: Volume,
    ct: Volume | None,
    lesions: Sequence[Lesion],
    said: Sequence[str],
    physiological: Region | None = None,
) -> Result:
    """Numbers, pictures and warnings, the most important first."""
    usable = ct_of_same_frame(pet, ct)
    result = measured(pet, lesions, usable, physiological=physiological)
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
