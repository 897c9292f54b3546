"""Processes that watch over each other, by clocks that do not agree."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dicom_node.archive.database import Database, open_database
from dicom_node.archive.executors import ExecutorStore
from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.rules import LivenessRules
from dicom_node.engine.membership import Membership

RULES = LivenessRules(beat_s=5.0, dead_after_s=60.0)
NOW = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)


class Host:
    """A process with clocks of its own."""

    def __init__(self, database: Database, name: str, *, off_h: float = 0.0) -> None:
        self.uptime_s = 1000.0 * len(name)
        self.membership = Membership(
            book=ExecutorStore(database),
            executor_id=name,
            role="sender",
            wanted=["send:pacs"],
            rules=RULES,
            clock=lambda: NOW + timedelta(hours=off_h, seconds=self.uptime_s),
            uptime_s=lambda: self.uptime_s,
        )

    @property
    def sends(self) -> bool:
        return self.membership.holds("send:pacs")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(tmp_path / "node.sqlite")


@pytest.fixture
def hosts(database: Database) -> tuple[Host, Host]:
    first, second = Host(database, "a"), Host(database, "bb", off_h=-7.0)
    first.membership.join()
    second.membership.join()
    return first, second


def live(seconds: float, *hosts: Host) -> None:
    """Let hosts live on; those that are not named are silent, but their time passes, too."""
    for _ in range(int(seconds / RULES.beat_s)):
        for host in hosts:
            host.uptime_s += RULES.beat_s
            host.membership.tick()


def test_one_of_two_sends_while_both_live(hosts):
    first, second = hosts
    live(600.0, first, second)
    assert (first.sends, second.sends) == (True, False)


def test_the_other_takes_over_only_after_the_silent_one_has_stopped_to_believe(hosts):
    first, second = hosts
    live(50.0, second)
    assert not second.sends
    first.uptime_s += 31.0
    assert not first.sends  # long before the other takes over
    live(20.0, second)
    assert second.sends


def test_one_that_comes_back_takes_part_again_and_waits_for_its_turn(hosts):
    first, second = hosts
    live(70.0, second)
    first.uptime_s += 70.0
    first.membership.tick()
    assert not first.membership.is_member()
    live(10.0, first, second)
    assert first.membership.is_member()
    assert (first.sends, second.sends) == (False, True)
    second.membership.leave()
    assert not second.sends
    live(5.0, first)
    assert first.sends


def test_a_database_that_is_away_lets_it_believe_for_half_the_time_only(tmp_path, database):
    host = Host(open_database(tmp_path / "node.sqlite", busy_timeout_s=0.1), "a")
    host.membership.join()
    with database.writing():
        with pytest.raises(ArchiveError):
            host.membership.tick()
        host.uptime_s += 29.0
        assert host.sends
        host.uptime_s += 2.0
        assert not host.sends
    host.membership.tick()
    assert host.sends
