"""Algorithms are found by entry point; a broken one is told and harms no other."""

from importlib.metadata import EntryPoint

import pytest

from dicom_node import registry
from dicom_node.domain.errors import ConfigError


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=value, group=registry.ALGORITHM_GROUP)


@pytest.fixture
def installed(monkeypatch):
    def install(*points):
        monkeypatch.setattr(registry, "entry_points", lambda group: list(points))
        return registry.load_registry()

    return install


GOOD = point("pet-threshold", "algorithms.pet_threshold:SPEC")


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (point("absent", "nowhere.at_all:SPEC"), "ModuleNotFoundError"),
        (point("no-spec", "algorithms.pet_threshold:__name__"), "not an AlgorithmSpec"),
        (point("misnamed", "algorithms.pet_threshold:SPEC"), "names itself 'pet-threshold'"),
    ],
)
def test_a_broken_algorithm_is_told_and_the_others_load(installed, broken, told):
    found = installed(GOOD, broken)
    assert list(found.specs) == ["pet-threshold"]
    assert told in found.broken[broken.name]
    with pytest.raises(ConfigError, match="broken"):
        found.spec(broken.name)


def test_an_unknown_algorithm_is_refused_with_the_names_of_the_known(installed):
    with pytest.raises(ConfigError, match="pet-threshold"):
        installed(GOOD).spec("magic")


def test_an_unknown_simulation_is_refused_with_the_names_of_the_known():
    with pytest.raises(ConfigError, match="fdg-petct"):
        registry.load_simulation("magic")
