"""Specification of a lesion algorithm: its network's bundle is the package's, or a site's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from algorithms.toolbox.lesion_net.layout import BundleFacts, read_facts
from dicom_node.domain.algorithm import (
    Algorithm,
    AlgorithmCard,
    AlgorithmSpec,
    ContourAlgorithm,
    InputSpec,
)
from dicom_node.domain.errors import ConfigError, WeightsError

OPTION = "bundle"
SHIPPED_FOLDER = "bundle"  # in the package of the algorithm
NETWORK_VERSION = "network_version"  # among the parameters of the card
DRAWN = "none: others drew the contours, and their numbers are deterministic"


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionPackage:
    """What a lesion algorithm is, whatever its network.

    Parameters
    ----------
    card : AlgorithmCard
        Without weights; what it says of training data holds where there is no bundle.
    load_bundle : callable
        Loads the algorithm with its card and the folder of a bundle.
    load_contoured : callable
        Loads what measures the contours of others; no network.
    folder : Path
        Of the package; `bundle` in it holds the network that is shipped.
    """

    card: AlgorithmCard
    inputs: tuple[InputSpec, ...]
    load_bundle: Callable[[AlgorithmCard, Path], Algorithm]
    load_contoured: Callable[[], ContourAlgorithm]
    folder: Path

    def spec(self) -> AlgorithmSpec:
        """Specification with the bundle of the package, and the option to take another.

        Where the package has no usable bundle it says what is lacking: contours of others can be
        measured all the same.
        """
        shipped = self.folder / SHIPPED_FOLDER
        try:
            facts = read_facts(shipped, self.card.name)
        except ConfigError as cause:
            return self._lacking(f"{self.card.name} has no usable network: {cause}")
        return self._with(shipped, _told(self.card, facts))

    def _lacking(self, lacks: str) -> AlgorithmSpec:
        def load() -> Algorithm:
            raise WeightsError(name=self.card.name, version=self.card.version, cause=lacks)

        return AlgorithmSpec(
            card=self.card,
            inputs=self.inputs,
            load=load,
            load_contoured=self.load_contoured,
            card_contoured=_of_drawn(self.card),
            lacks=lacks,
            configure=self._configured,
        )

    def _with(self, folder: Path, card: AlgorithmCard) -> AlgorithmSpec:
        return AlgorithmSpec(
            card=card,
            inputs=self.inputs,
            load=lambda: self.load_bundle(card, folder),
            load_contoured=self.load_contoured,
            card_contoured=_of_drawn(card),
            configure=self._configured,
        )

    def _configured(self, options: Mapping[str, str]) -> AlgorithmSpec:
        """Specification with a site's own bundle: it changes results, so it is in the version."""
        unknown = sorted(set(options) - {OPTION})
        if unknown or OPTION not in options:
            raise _wrong("options", unknown or "empty", OPTION)
        folder = Path(options[OPTION])
        if not folder.is_absolute():
            raise _wrong(f"options.{OPTION}", str(folder), "an absolute path of a folder")
        facts = read_facts(folder, self.card.name)
        version = f"{self.card.version}+bundle.{facts.sha256[:12]}"
        return self._with(folder, replace(_told(self.card, facts), version=version))


def _told(card: AlgorithmCard, facts: BundleFacts) -> AlgorithmCard:
    return replace(
        card,
        weights_sha256=facts.sha256,
        training_data=facts.training_data,
        parameters={**card.parameters, NETWORK_VERSION: facts.version},
    )


def _of_drawn(card: AlgorithmCard) -> AlgorithmCard:
    """The card of results on contours of others: nothing of the network decided them."""
    return replace(card, training_data=DRAWN, weights_sha256=None, parameters={})


def _wrong(key: str, value: object, allowed: str) -> ConfigError:
    return ConfigError(file="routes.toml", key=key, value=value, allowed=allowed)
