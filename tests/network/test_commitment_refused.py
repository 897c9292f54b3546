"""Storage Commitment SCU where there is none to be had: refused, not offered, not there."""

import time
from dataclasses import dataclass
from typing import Any

import pytest
from fake_commitment import FakeCommitment
from fake_pacs import FakePacs, free_port

from dicom_node.domain.peer import Destination, Listener
from dicom_node.network.commitment import request_commitment
from dicom_node.network.storage_scp import StorageScp

TRANSACTION = "2.25.4711"


@dataclass(frozen=True)
class Stored:
    sop_class_uid: str
    sop_instance_uid: str


OBJECTS = [Stored("1.2.840.10008.5.1.4.1.1.66.4", "2.25.1")]


@pytest.mark.parametrize(
    ("status", "offered", "transient"),
    [
        (0x0110, True, True),
        (0x0131, True, True),
        (0x0213, True, True),
        (0xABCD, True, True),
        (0x0115, True, False),
        (0x0122, False, False),
        (0x0211, False, False),
    ],
)
def test_a_refused_request_tells_its_status_and_whether_to_ask_again(
    status: int, offered: bool, transient: bool
) -> None:
    with FakeCommitment(status=status) as pacs:
        began_at = time.monotonic()
        request = request_commitment(OBJECTS, TRANSACTION, pacs.destination(), wait_s=30.0)
        assert time.monotonic() - began_at < 3
    assert not request.accepted
    assert (request.status, request.offered, request.transient) == (status, offered, transient)
    assert f"0x{status:04X}" in request.cause


def test_a_destination_without_storage_commitment_says_so_for_good() -> None:
    with FakeCommitment(offered=False) as pacs:
        request = request_commitment(OBJECTS, TRANSACTION, pacs.destination())
    assert (request.accepted, request.offered, request.transient) == (False, False, False)
    assert "no presentation context was accepted" in request.cause
    with FakePacs() as storage_only:
        assert not request_commitment(OBJECTS, TRANSACTION, storage_only.destination()).offered


def test_another_node_of_ours_offers_none(inbox: Any) -> None:
    listener = Listener(ae_title="NODE", address="127.0.0.1", port=0)
    with StorageScp(listener, inbox.store, inbox.association_ended, lambda _: None) as node:
        destination = Destination(
            name="node", ae_title="NODE", host="127.0.0.1", port=node.port, timeout_s=5
        )
        request = request_commitment(OBJECTS, TRANSACTION, destination)
    assert (request.accepted, request.offered, request.status) == (False, False, 0x0211)


def _away() -> Destination:
    return Destination(name="away", ae_title="X", host="127.0.0.1", port=free_port(), timeout_s=2)


@pytest.mark.usefixtures("no_thread_left")
def test_a_destination_that_is_away_is_asked_again_later() -> None:
    request = request_commitment(OBJECTS, TRANSACTION, _away())
    assert (request.accepted, request.offered, request.transient) == (False, True, True)
    assert (request.status, request.report) == (None, None)
    assert "no connection" in request.cause


@pytest.mark.usefixtures("no_thread_left")
def test_a_destination_that_aborts_on_the_request_is_told_as_such() -> None:
    with FakeCommitment(status=None) as pacs:
        request = request_commitment(OBJECTS, TRANSACTION, pacs.destination(), wait_s=30.0)
    assert (request.accepted, request.offered, request.transient) == (False, True, True)
    assert "ended the association" in request.cause


@pytest.mark.usefixtures("no_thread_left")
def test_a_destination_that_does_not_answer_is_given_up_in_time() -> None:
    with FakeCommitment(answer_delay_s=30.0) as pacs:
        began_at = time.monotonic()
        request = request_commitment(OBJECTS, TRANSACTION, pacs.destination(timeout_s=0.5))
        assert time.monotonic() - began_at < 3
    assert (request.accepted, request.offered, request.transient) == (False, True, True)
    assert "no answer to N-ACTION for 0.5 s" in request.cause


def test_commitment_of_nothing_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="at least one"):
        request_commitment([], TRANSACTION, _away())
