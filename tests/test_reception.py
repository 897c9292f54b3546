"""Several receivers know of each other's associations; a role needs a database to share."""

from dataclasses import replace
from pathlib import Path

import pytest
from peers import free_port, write_config
from received import received

from dicom_node.domain.errors import ArchiveError, ConfigError
from dicom_node.domain.peer import StoreOutcome
from dicom_node.domain.role import Role
from dicom_node.node import Node
from dicom_node.reception import Associations
from dicom_node.registry import Registry
from dicom_node.settings import Settings, read_settings
from dicom_node.stores import open_archive, utc_now

NOTHING = Registry(specs={}, broken={})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(write_config(tmp_path, node_port=free_port(), pacs_port=free_port()))


@pytest.mark.parametrize("role", [Role.RECEIVER, Role.WORKER, Role.SENDER])
def test_a_part_of_the_node_needs_a_database_that_others_can_share(settings, role):
    with pytest.raises(ConfigError, match=f"storage.database.*PostgreSQL database for role {role}"):
        Node(settings, NOTHING, role)


def test_a_receiver_alone_keeps_its_associations_to_itself(settings):
    archive = open_archive(settings)
    mine = Associations(archive, None)
    mine.note("x")
    mine.note("x")
    assert mine.all_open() == {"x"}
    mine.end("x")
    mine.end("never heard of")
    assert mine.all_open() == frozenset()
    mine.tell_others()
    assert archive.executors.open_associations() == frozenset()


def test_receivers_that_share_know_of_all_associations_and_of_their_end(settings):
    archive = open_archive(settings)
    for name in ("a", "b"):
        archive.executors.join(name, "receiver", utc_now())
    first, second = Associations(archive, "a"), Associations(archive, "b")
    first.note("x")
    second.note("y")
    assert first.all_open() == second.all_open() == {"x", "y"}
    first.end("x")
    first.tell_others()
    assert second.all_open() == {"y"}
    archive.executors.leave("b", utc_now())
    assert first.all_open() == frozenset()


def test_what_comes_together_is_judged_and_refused_like_what_comes_alone(settings):
    reception = Node(settings, NOTHING)._reception
    assert reception is not None
    batch = [received(1), received(2), received(1), received(2, Modality="CT")]

    assert reception.store_all(batch) == [
        StoreOutcome.STORED,
        StoreOutcome.STORED,
        StoreOutcome.DUPLICATE,
        StoreOutcome.CONFLICT,
    ]

    full = Node(replace(settings, refuse_below_free_mib=2**40), NOTHING)._reception
    assert full is not None
    refused = full.store_all([received(3), received(4)])
    assert [type(one) for one in refused] == [ArchiveError] * 2
