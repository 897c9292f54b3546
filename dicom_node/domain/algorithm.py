"""The contract of an algorithm: a light SPEC, and a function from volumes to a result."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from dicom_node.domain.coding import HISTOGRAM_ANALYSIS, Code, Unit
from dicom_node.domain.contour import ContourSet
from dicom_node.domain.errors import ConfigError
from dicom_node.domain.result import Result
from dicom_node.domain.volume import Volume


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgorithmCard:
    """What every result states about the algorithm that made it.

    Parameters
    ----------
    name : str
        As routes name it, e.g. ``pet-threshold``.
    version : str
        Semantic version; a change of numbers is a new version, and so new UIDs.
    summary : str
        One sentence for a physician.
    training_data : str
        Statement of the data it was trained on; ``none (deterministic)`` where there is none.
    weights_sha256 : str or None
    family : Code
        PS3.16 CID 7162.
    parameters : mapping
        Values that decide the result, printed in SR and SC.
    """

    name: str
    version: str
    title: str
    summary: str
    training_data: str
    weights_sha256: str | None = None
    family: Code = HISTOGRAM_ANALYSIS
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputSpec:
    """One input of an algorithm.

    Parameters
    ----------
    role : str
        Key under which the volume is handed over, e.g. ``pet``, ``ct``.
    modalities : tuple of str
    unit : Unit or None
        The unit the volume is converted to; the job is rejected where that cannot be had. None:
        the volume comes in its own unit.
    tracers : tuple of str
        Tracers the algorithm is meant for; empty for any.
    required : bool
    phase : str or None
        ``rest`` or ``stress``: a series of another one, or of none that is told, is not taken.
    gated : bool
        Whether a gated series is taken, as the sum of its gates (`Volume.gates`).
    earlier : bool
        Whether it is of an earlier study of the patient: a route names it with a `prior`.
    """

    role: str
    modalities: tuple[str, ...]
    unit: Unit | None = None
    tracers: tuple[str, ...] = ()
    required: bool = True
    phase: str | None = None
    gated: bool = False
    earlier: bool = False


class Algorithm(Protocol):
    """A loaded algorithm, ready to run many times."""

    def __call__(self, inputs: Mapping[str, Volume]) -> Result:
        """Result on exactly the grid of an input; raises InputRejected for unfit data."""
        ...


class ContourAlgorithm(Protocol):
    """The same for contours that somebody else drew: it outlines nothing, it measures them."""

    def __call__(self, inputs: Mapping[str, Volume], contours: ContourSet) -> Result:
        """Result on the grid of the primary input, which is that of the contours."""
        ...


class ComparingAlgorithm(Protocol):
    """One that compares contours that somebody drew on several volumes, of two days for one."""

    def __call__(self, inputs: Mapping[str, Volume], contours: Mapping[str, ContourSet]) -> Result:
        """Result on the grid of an input; contours by the role of the input they lie on."""
        ...


CONTOURS = "contours"
"""Role of a SEG or RTSTRUCT that was drawn on the primary series, among the inputs of a job."""


def contours_role(role: str) -> str:
    """Role of a SEG or RTSTRUCT that was drawn on a companion, e.g. ``contours of prior``."""
    return f"{CONTOURS} of {role}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgorithmSpec:
    """What the registry needs; importing it must not import torch or weights.

    The first input is the primary one: routes match it, results refer to it.

    Parameters
    ----------
    load_contoured : callable or None
        Where it can take contours of a human or another product in the place of its own. Must not
        need weights.
    load_comparing : callable or None
        Where it needs contours on all of its required inputs; `load` is then never called.
    card_contoured : AlgorithmCard or None
        What results on such contours state, where it differs: no weights took part, for example.
    lacks : str or None
        Why `load` cannot work here, e.g. because of absent weights. Contours can be measured all
        the same; a route that would run it without them is refused.
    configure : callable or None
        This specification with the options of a route (name to text); None where it has none.
        Raises ConfigError for an option that is unknown or wrong.
    """

    card: AlgorithmCard
    inputs: tuple[InputSpec, ...]
    load: Callable[[], Algorithm]
    load_contoured: Callable[[], ContourAlgorithm] | None = None
    load_comparing: Callable[[], ComparingAlgorithm] | None = None
    card_contoured: AlgorithmCard | None = None
    lacks: str | None = None
    configure: "Callable[[Mapping[str, str]], AlgorithmSpec] | None" = None
    time_limit_s: float = 600.0
    memory_limit_mib: int = 8192

    def __post_init__(self) -> None:
        if not self.inputs or not self.inputs[0].required:
            raise ValueError("the first input of an algorithm is its required primary input")
        roles = [spec.role for spec in self.inputs]
        if len(set(roles)) != len(roles) or CONTOURS in roles:
            raise ValueError(f"roles must differ, and none may be {CONTOURS!r}: {roles}")

    @property
    def takes_contours(self) -> bool:
        """Whether a SEG or RTSTRUCT that was drawn on its primary input is of use to it."""
        return self.load_contoured is not None or self.load_comparing is not None

    def card_of(self, contours: ContourSet | None) -> AlgorithmCard:
        """The card for a result: of contours that somebody else drew, the one for these."""
        return self.card if contours is None else self.card_contoured or self.card

    def with_options(self, options: Mapping[str, str]) -> "AlgorithmSpec":
        """The specification as a route wants it.

        Raises
        ------
        ConfigError
            Where the algorithm has no such option, or the value is wrong.
        """
        if not options:
            return self
        if self.configure is None:
            raise ConfigError(
                file="routes.toml",
                key="options",
                value=sorted(options),
                allowed=f"none: {self.card.name} has no options",
            )
        return self.configure(options)

    @property
    def primary(self) -> InputSpec:
        """The input that routes match and results refer to."""
        return self.inputs[0]
