"""The values of the model card that decide the contours."""

from dataclasses import dataclass

from algorithms.toolbox.card import numbers
from dicom_node.domain.algorithm import AlgorithmCard


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Levels, bounds and the rule of the seeds; why these, the card tells."""

    fraction_of_maximum: float
    higher_fraction: float
    fixed_suvbw: float
    seed_suvbw: float
    seed_minimum_ml: float
    most_seeds: int
    reach_mm: float
    contour_margin_mm: float
    peak_sphere_ml: float

    @classmethod
    def from_card(cls, card: AlgorithmCard) -> "Parameters":
        """Parameters as the card has them; a ConfigError where one is missing, unknown or wild."""
        found = numbers(
            card,
            {
                "fraction_of_maximum": (0, 1),
                "higher_fraction": (0, 1),
                "fixed_suvbw": (0, 100),
                "seed_suvbw": (0, 100),
                "seed_minimum_ml": (0, 1000),
                "most_seeds": (0, 20),
                "reach_mm": (0, 500),
                "contour_margin_mm": (0, 500),
                "peak_sphere_ml": (0, 100),
            },
        )
        return cls(
            fraction_of_maximum=found["fraction_of_maximum"],
            higher_fraction=found["higher_fraction"],
            fixed_suvbw=found["fixed_suvbw"],
            seed_suvbw=found["seed_suvbw"],
            seed_minimum_ml=found["seed_minimum_ml"],
            most_seeds=int(found["most_seeds"]),
            reach_mm=found["reach_mm"],
            contour_margin_mm=found["contour_margin_mm"],
            peak_sphere_ml=found["peak_sphere_ml"],
        )
