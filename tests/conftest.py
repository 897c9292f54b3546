"""Fixtures that every room's tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings
from longest_first import LongestFirst, longest_first
from postgresql import Postgresql, running_postgresql

# A busy machine makes no property false.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LongestFirst | None:
    return LongestFirst(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real public scans beside the checkout; tests skip by name where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the public scans of ../shared/data are not on this machine")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def logging_is_as_it_was() -> Iterator[None]:
    """A command that is run within the test process sets up logging, which is for all of it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """A PostgreSQL of this session's own; skips by name where it is not installed."""
    with running_postgresql() as running:
        yield running
