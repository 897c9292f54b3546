"""Change between two examinations: the light specification that the registry reads."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files

from algorithms.response.checks import Check
from algorithms.toolbox.card import FILE_NAME, read_card
from dicom_node.domain.algorithm import (
    Algorithm,
    AlgorithmCard,
    AlgorithmSpec,
    ComparingAlgorithm,
    InputSpec,
)
from dicom_node.domain.coding import Unit
from dicom_node.domain.errors import AlgorithmFailed, ConfigError

PET, PRIOR = "pet", "prior"
LACKS = "it compares contours that were drawn on two examinations, and draws none itself"


def configure(options: Mapping[str, str]) -> AlgorithmSpec:
    """The specification with the differences that a site accepts: they warn and do not refuse.

    Parameters
    ----------
    options : mapping
        ``accept``: names of checks, separated by blanks. They are part of the version.

    Raises
    ------
    ConfigError
        For another option, or a name that is no check which can be accepted.
    """
    names = options.get("accept", "").split()
    allowed = sorted(check.value for check in Check if check.may_be_accepted)
    if set(options) != {"accept"} or not names or set(names) - set(allowed):
        raise ConfigError(
            file="routes.toml",
            key="options",
            value=dict(options),
            allowed=f'accept = "..." of {", ".join(allowed)}',
        )
    accepted = frozenset(Check(name) for name in names)
    card = read_card(files(__name__) / FILE_NAME)
    told = " ".join(sorted(accepted))
    digest = hashlib.sha256(told.encode()).hexdigest()[:12]
    card = replace(
        card,
        version=f"{card.version}+accept.{digest}",
        parameters={**card.parameters, "accepted_differences": told},
    )
    return _spec(card, accepted)


def _spec(card: AlgorithmCard, accepted: frozenset[Check]) -> AlgorithmSpec:
    def load() -> Algorithm:
        raise AlgorithmFailed(name=card.name, version=card.version, cause=LACKS)

    def load_comparing() -> ComparingAlgorithm:
        """The algorithm; here and not before SciPy, SimpleITK and matplotlib load."""
        from algorithms.response.algorithm import Response  # noqa: PLC0415 - see above

        return Response(accepted=accepted)

    return AlgorithmSpec(
        card=card,
        inputs=(
            InputSpec(role=PET, modalities=("PT",), unit=Unit.SUVBW),
            InputSpec(role=PRIOR, modalities=("PT",), unit=Unit.SUVBW, earlier=True),
        ),
        load=load,
        load_comparing=load_comparing,
        lacks=LACKS,
        configure=configure,
        time_limit_s=300.0,
        memory_limit_mib=6144,
    )


# Read at import because an entry point names a value; one small file, and a wrong card must fail
# `check`, not a patient's job.
SPEC = _spec(read_card(files(__name__) / FILE_NAME), frozenset())
