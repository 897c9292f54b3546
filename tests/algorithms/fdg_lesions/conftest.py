"""One network of known behaviour for all tests of the folder."""

from pathlib import Path

import pytest
from lesion_bundles import write_threshold_bundle

from algorithms.fdg_lesions import SPEC
from dicom_node.domain.algorithm import AlgorithmSpec


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bundle of a network that compares with two levels of SUV."""
    return write_threshold_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="session")
def spec(bundle: Path) -> AlgorithmSpec:
    """The algorithm with that network, as a route's option gives it."""
    return SPEC.with_options({"bundle": str(bundle)})
