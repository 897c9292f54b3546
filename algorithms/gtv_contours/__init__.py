"""Contours of a hot spot by five methods: the light specification that the registry reads."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files

from algorithms.toolbox.card import FILE_NAME, read_card
from dicom_node.domain.algorithm import (
    Algorithm,
    AlgorithmCard,
    AlgorithmSpec,
    ContourAlgorithm,
    InputSpec,
)
from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import ConfigError

OPTIONS = ("seed_suvbw", "seed_minimum_ml", "most_seeds", "fixed_suvbw")


def configure(options: Mapping[str, str]) -> AlgorithmSpec:
    """The specification with parameters of a route in the place of the card's.

    They change numbers, so they are part of the version that results carry.

    Raises
    ------
    ConfigError
        For a name that is no option, or a value that is no number in its range.
    """
    from algorithms.gtv_contours.parameters import Parameters  # noqa: PLC0415 - only where asked

    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise ConfigError(
            file="routes.toml", key="options", value=unknown, allowed=", ".join(OPTIONS)
        )
    card = read_card(files(__name__) / FILE_NAME)
    told = "\0".join(f"{name}={options[name]}" for name in sorted(options))
    digest = hashlib.sha256(told.encode()).hexdigest()[:12]
    card = replace(
        card,
        version=f"{card.version}+options.{digest}",
        parameters={**card.parameters, **options},
    )
    Parameters.from_card(card)
    return _spec(card)


def _spec(card: AlgorithmCard) -> AlgorithmSpec:
    def load() -> Algorithm:
        """The algorithm, ready to run; here and not before SciPy, SimpleITK, matplotlib load."""
        from algorithms.gtv_contours.algorithm import GtvContours  # noqa: PLC0415 - see above

        return GtvContours.from_card(card)

    def load_contoured() -> ContourAlgorithm:
        from algorithms.gtv_contours.algorithm import GtvContours  # noqa: PLC0415 - as above

        return GtvContours.from_card(card).of_contours

    return AlgorithmSpec(
        card=card,
        inputs=(InputSpec(role="pet", modalities=("PT",), unit=Unit.SUVBW),),
        load=load,
        load_contoured=load_contoured,
        configure=configure,
        time_limit_s=300.0,
        memory_limit_mib=4096,
    )


# Read at import because an entry point names a value; one small file, and a wrong card must fail
# `check`, not a patient's job.
SPEC = _spec(read_card(files(__name__) / FILE_NAME))
