"""Finds the algorithms that are installed, by entry point; a broken one is told, not raised."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Protocol

from dicom_node.domain.algorithm import AlgorithmSpec
from dicom_node.domain.errors import ConfigError
from dicom_node.domain.route import ContourUse, Route
from dicom_node.domain.volume import Volume

ALGORITHM_GROUP = "dicom_node.algorithms"
SIMULATION_GROUP = "dicom_node.simulations"
NORMALS_GROUP = "dicom_node.normals"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Algorithms by name.

    Parameters
    ----------
    specs : mapping
        Name to SPEC; importing them loaded no weights.
    broken : mapping
        Entry point name to the reason why it is no algorithm.
    """

    specs: Mapping[str, AlgorithmSpec]
    broken: Mapping[str, str]

    def spec(
        self, name: str, *, file: str = "routes.toml", key: str = "algorithm"
    ) -> AlgorithmSpec:
        """SPEC of an algorithm.

        Parameters
        ----------
        file, key : str
            Where the name was written, for the message.

        Raises
        ------
        ConfigError
            Where no installed algorithm has the name, or where it is broken.
        """
        if name not in self.specs:
            value = f"{name} (broken: {self.broken[name]})" if name in self.broken else name
            allowed = f"one of {sorted(self.specs)}"
            raise ConfigError(file=file, key=key, value=value, allowed=allowed)
        return self.specs[name]

    def spec_of(self, route: Route) -> AlgorithmSpec:
        """SPEC of the algorithm of a route, with the options of the route.

        Raises
        ------
        ConfigError
            As `spec`; where the algorithm refuses the options, or cannot run as the route wants.
        """
        spec = self.spec(route.algorithm).with_options(route.options)
        file, key = "routes.toml", f"{route.name}.contours"
        if route.contours is not ContourUse.IGNORED and not spec.takes_contours:
            allowed = f"{ContourUse.IGNORED!s}: {route.algorithm} takes no contours of others"
            raise ConfigError(file=file, key=key, value=str(route.contours), allowed=allowed)
        if spec.lacks is not None and route.contours is not ContourUse.REQUIRED:
            takes = f' (contours = "{ContourUse.REQUIRED}")' if spec.takes_contours else ""
            allowed = f"an algorithm that can run{takes}; {spec.lacks}"
            raise ConfigError(
                file=file, key=f"{route.name}.algorithm", value=route.algorithm, allowed=allowed
            )
        return spec


def load_registry() -> Registry:
    """Every algorithm of the entry point group `dicom_node.algorithms`."""
    specs: dict[str, AlgorithmSpec] = {}
    broken: dict[str, str] = {}
    for point in sorted(entry_points(group=ALGORITHM_GROUP), key=lambda found: found.name):
        try:
            spec = _spec_of(point)
        except Exception as cause:  # foreign code: whatever it raises, the others must load
            broken[point.name] = f"{type(cause).__name__}: {cause}"
        else:
            specs[point.name] = spec
    return Registry(specs=specs, broken=broken)


class SimulatedStudy(Protocol):
    """What a simulation gives back."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Every DICOM file it wrote."""
        ...


class Simulation(Protocol):
    """Writes a made-up study as DICOM files."""

    def __call__(self, out: Path, *, seed: int = 1) -> SimulatedStudy:
        """Study in a folder; the same seed gives the same study."""
        ...


def load_simulation(name: str) -> Simulation:
    """Simulation of the entry point group `dicom_node.simulations`.

    Raises
    ------
    ConfigError
        Where none has the name.
    """
    known = {point.name: point for point in entry_points(group=SIMULATION_GROUP)}
    if name not in known:
        allowed = f"one of {sorted(known)}"
        raise ConfigError(file="simulate", key="NAME", value=name, allowed=allowed)
    simulation: Simulation = known[name].load()
    return simulation


class NormalsMaker(Protocol):
    """Makes the reference ranges of an algorithm from scans that are taken as normal."""

    def __call__(self, volumes: Iterable[Volume], *, name: str, out: Path) -> tuple[str, ...]:
        """Write the ranges; gives a sentence for each scan that could not be used.

        Raises
        ------
        InputRejected
            Too few of the scans can be used; nothing is written.
        """
        ...


def load_normals_maker(algorithm: str) -> NormalsMaker:
    """Maker of the entry point group `dicom_node.normals` that has an algorithm's name.

    Raises
    ------
    ConfigError
        Where none has the name: the algorithm has no ranges.
    """
    known = {point.name: point for point in entry_points(group=NORMALS_GROUP)}
    if algorithm not in known:
        allowed = f"one of {sorted(known)}"
        raise ConfigError(file="normals", key="ALGORITHM", value=algorithm, allowed=allowed)
    maker: NormalsMaker = known[algorithm].load()
    return maker


def _spec_of(point: EntryPoint) -> AlgorithmSpec:
    spec = point.load()
    if not isinstance(spec, AlgorithmSpec):
        raise TypeError(f"{point.value} is {type(spec).__name__}, not an AlgorithmSpec")
    if spec.card.name != point.name:
        raise ValueError(f"{point.value} names itself {spec.card.name!r} in its card")
    return spec
