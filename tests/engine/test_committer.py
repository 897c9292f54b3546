"""Storage commitment with a destination in this process that reports as it likes."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from engine.house import House, route
from factories import pet_series
from fake_commitment import FakeCommitment, Way
from peers import wait_until

from dicom_node.domain.job import JobOutcome, JobState, ResultObject
from dicom_node.domain.peer import Destination, Listener, StoreOutcome
from dicom_node.domain.rules import RetryRules
from dicom_node.engine.committer import Committer
from dicom_node.network.commitment import request_commitment
from dicom_node.network.storage_scp import StorageScp

UIDS = ("2.25.11", "2.25.12")


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house with a result that the destination has."""
    house = House(tmp_path, routes=(route(wait_s=0.0),))
    house.receive(pet_series(slices=3))
    record = house.jobs.claim_next(house.now)
    objects = tuple(
        ResultObject(
            path=tmp_path / f"{uid}.dcm",
            sop_class_uid="1.2.840.10008.5.1.4.1.1.66.4",
            sop_instance_uid=uid,
            modality="SEG",
        )
        for uid in UIDS
    )
    outcome = JobOutcome(state=JobState.ENCODED, objects=objects)
    house.jobs.finish(record.job_id, outcome, destinations=["fake-pacs"], now=house.now)
    deliver(house)
    return house


def deliver(house: House) -> None:
    for one in house.outbox.due(house.now):
        house.outbox.delivered(one.delivery_id, house.now, commitment=True)


@pytest.fixture
def listener(house: House) -> Iterator[StorageScp]:
    """The node's listener, which takes reports."""
    where = Listener(ae_title="DICOM_NODE", address="127.0.0.1", port=0)
    scp = StorageScp(
        where,
        lambda _: StoreOutcome.STORED,
        lambda _: None,
        lambda report: house.commitments.take(report, house.now),
    )
    with scp:
        yield scp


def committer_of(house: House, destination: Destination) -> Committer:
    return Committer(
        book=house.commitments,
        destination=destination,
        ask=lambda objects, uid, to: request_commitment(
            objects,
            uid,
            to,
            wait_s=2.0,
            reported=lambda report: house.commitments.take(report, house.now),
        ),
        rules=RetryRules(first_retry_s=5.0),
        clock=lambda: house.now,
        chance=random.Random(1),
    )


def to(pacs: FakeCommitment) -> Destination:
    return pacs.destination(commitment=True, commitment_overdue_h=1.0)


def committed(house: House) -> bool:
    return house.states() == [JobState.COMMITTED]


@pytest.mark.parametrize("way", [Way.SAME, Way.EARLY, Way.NEW])
def test_a_report_counts_by_whatever_way_it_comes(house, listener, way):
    with FakeCommitment(way=way, node=listener.port) as pacs:
        committer_of(house, to(pacs)).tick()
        pacs.wait_for_answers()
        wait_until("the job is committed", lambda: committed(house), limit_s=10.0)
        assert pacs.answers == [0x0000]
        committer_of(house, to(pacs)).tick()
        assert len(pacs.asked) == 1


def test_what_is_not_committed_is_sent_again_and_asked_for_again(house, listener):
    with FakeCommitment(way=Way.SAME, failed={UIDS[1]: 0x0112}) as pacs:
        committer_of(house, to(pacs)).tick()
        assert house.states() == [JobState.ENCODED]
        assert [one.sop_instance_uid for one in house.outbox.due(house.now)] == [UIDS[1]]
        deliver(house)
        pacs.failed = {}
        committer_of(house, to(pacs)).tick()
        assert committed(house)
        assert [len(one.objects) for one in pacs.asked] == [2, 1]
        assert len({one.transaction_uid for one in pacs.asked}) == 2


def test_a_destination_that_never_reports_is_overdue_and_asked_again(house):
    with FakeCommitment(way=Way.NEVER) as pacs:
        committer = committer_of(house, to(pacs))
        committer.tick()
        house.now += timedelta(minutes=59)
        committer.tick()
        assert len(pacs.asked) == 1
        house.now += timedelta(minutes=2)
        committer.tick()
        assert "commitment overdue" in house.jobs.list()[0].reason
        house.restart()
        committer_of(house, to(pacs)).tick()
        assert len({one.transaction_uid for one in pacs.asked}) == 2
        assert house.states() == [JobState.DELIVERED]


def test_a_destination_that_is_away_is_asked_again_with_the_same_transaction(house, listener):
    with FakeCommitment(way=Way.SAME) as pacs:
        destination = to(pacs)
    committer_of(house, destination).tick()
    (transaction,) = house.commitments.of_job(house.jobs.list()[0].job_id)
    assert transaction.tries == 1
    pacs = FakeCommitment(way=Way.SAME)
    pacs.port = destination.port
    with pacs:
        committer_of(house, destination).tick()
        assert pacs.asked == []  # its pause is not over
        house.now += timedelta(seconds=6)
        committer_of(house, destination).tick()
        assert [one.transaction_uid for one in pacs.asked] == [transaction.transaction_uid]
    assert committed(house)


def test_a_destination_without_the_service_is_asked_again_much_later(house):
    with FakeCommitment(offered=False) as pacs:
        committer_of(house, to(pacs)).tick()
    (transaction,) = house.commitments.of_job(house.jobs.list()[0].job_id)
    assert transaction.next_attempt_at == house.now + timedelta(hours=1)
    assert transaction.last_error
    assert house.states() == [JobState.DELIVERED]
