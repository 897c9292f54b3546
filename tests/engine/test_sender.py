"""What becomes of a delivery: stored, tried again, or given up; each object once."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from engine.house import House
from factories import pet_series

from dicom_node.domain.delivery import DeliveryState
from dicom_node.domain.job import JobOutcome, JobState, ResultObject
from dicom_node.domain.peer import Destination, SendReport
from dicom_node.domain.rules import DeliveryRules, RetryRules
from dicom_node.engine.sender import Sender

PACS = Destination(name="pacs", ae_title="PACS", host="127.0.0.1", port=104)


class Pacs:
    """Answers what it is told to; remembers what it was sent."""

    def __init__(self) -> None:
        self.answers: dict[str, SendReport] = {}
        self.sent: list[list[str]] = []
        self.away = False
        self.calls: list[int] = []  # objects of each call while it was away

    def __call__(self, due, destination):
        if self.away:
            self.calls.append(len(due))
            return tuple(silent(one) for one in due)
        self.sent.append([one.sop_instance_uid for one in due])
        return tuple(self.answers.get(one.sop_instance_uid, stored(one)) for one in due)


def stored(one):
    uid = one.sop_instance_uid
    return SendReport(sop_instance_uid=uid, status=0, stored=True, transient=False)


def silent(one):
    uid, cause = one.sop_instance_uid, "no connection"
    return SendReport(sop_instance_uid=uid, status=None, stored=False, transient=True, cause=cause)


def refused(uid, *, transient):
    return SendReport(
        sop_instance_uid=uid, status=0xA700, stored=False, transient=transient, cause="it said no"
    )


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A house with one encoded result of two objects."""
    house = House(tmp_path)
    house.receive(pet_series())
    house.wait(61.0)
    record = house.jobs.claim_next(house.now)
    objects = tuple(
        ResultObject(
            path=tmp_path / "results" / f"{name}.dcm",
            sop_class_uid="1.2.840.10008.5.1.4.1.1.66.4",
            sop_instance_uid=name,
            modality="SEG",
        )
        for name in ("1.1", "1.2")
    )
    outcome = JobOutcome(state=JobState.ENCODED, objects=objects)
    house.jobs.finish(record.job_id, outcome, destinations=["pacs"], now=house.now)
    return house


def sender_of(house: House, pacs: Pacs) -> Sender:
    return Sender(
        outbox=house.outbox,
        destination=PACS,
        send=pacs,
        health=house.destinations,
        rules=DeliveryRules(
            pauses=RetryRules(first_retry_s=4.0, longest_retry_s=600.0), open_after=3
        ),
        clock=lambda: house.now,
        chance=random.Random(1),
    )


def test_everything_due_goes_in_one_association_and_once(house):
    pacs = Pacs()
    sender = sender_of(house, pacs)
    assert sender.tick()
    assert not sender.tick()
    assert pacs.sent == [["1.1", "1.2"]]
    assert house.states() == [JobState.DELIVERED]


def test_what_was_not_stored_is_tried_again_later_and_only_that(house):
    pacs = Pacs()
    pacs.answers["1.2"] = refused("1.2", transient=True)
    sender = sender_of(house, pacs)
    sender.tick()
    house.now += timedelta(seconds=2.9)
    sender.tick()
    assert pacs.sent == [["1.1", "1.2"]]
    pacs.answers.clear()
    house.now += timedelta(seconds=1.2)
    sender.tick()
    assert pacs.sent == [["1.1", "1.2"], ["1.2"]]
    assert house.states() == [JobState.DELIVERED]


def test_a_refusal_for_good_is_a_dead_letter_and_the_others_still_arrive(house):
    pacs = Pacs()
    pacs.answers["1.1"] = refused("1.1", transient=False)
    sender_of(house, pacs).tick()
    states = {one.sop_instance_uid: one.state for one in house.outbox.list()}
    assert states == {"1.1": DeliveryState.DEAD, "1.2": DeliveryState.DELIVERED}
    assert house.states() == [JobState.UNDELIVERED]


def test_a_dead_letter_can_be_sent_again(house):
    pacs = Pacs()
    pacs.answers["1.1"] = refused("1.1", transient=False)
    sender = sender_of(house, pacs)
    sender.tick()
    pacs.answers.clear()
    house.outbox.revive(now=house.now, destination="pacs")
    sender.tick()
    assert pacs.sent[-1] == ["1.1"]
    assert house.states() == [JobState.DELIVERED]


def test_a_restart_between_two_objects_sends_the_first_one_no_second_time(house):
    pacs = Pacs()
    pacs.answers["1.2"] = refused("1.2", transient=True)
    sender_of(house, pacs).tick()
    house.restart()
    pacs.answers.clear()
    house.now = datetime(2026, 6, 1, tzinfo=UTC)
    sender_of(house, pacs).tick()
    assert pacs.sent == [["1.1", "1.2"], ["1.2"]]


def test_a_silent_destination_is_probed_with_one_object_and_less_and_less(house):
    pacs = Pacs()
    pacs.away = True
    sender = sender_of(house, pacs)
    for _ in range(720):
        sender.tick()
        house.now += timedelta(seconds=10)
    assert pacs.calls[:3] == [2, 2, 2]
    assert set(pacs.calls[3:]) == {1}
    assert len(pacs.calls) < 30  # two hours; the pauses grow to ten minutes
    health = house.destinations.health("pacs")
    assert health.opened_at is not None
    assert health.last_error == "no connection"
    assert house.states() == [JobState.ENCODED]


def test_when_it_answers_again_everything_goes_at_once_and_once(house):
    pacs = Pacs()
    pacs.away = True
    sender = sender_of(house, pacs)
    for _ in range(70):
        sender.tick()
        house.now += timedelta(seconds=10)
    pacs.away = False
    house.restart()
    sender = sender_of(house, pacs)
    house.now = house.destinations.health("pacs").next_probe_at
    while sender.tick():
        pass
    assert sorted(pacs.sent) == [["1.1"], ["1.2"]]
    assert house.destinations.health("pacs").opened_at is None
    assert house.states() == [JobState.DELIVERED]


def test_a_destination_that_answers_no_is_not_silent(house):
    pacs = Pacs()
    pacs.answers = {uid: refused(uid, transient=True) for uid in ("1.1", "1.2")}
    sender = sender_of(house, pacs)
    for _ in range(60):
        sender.tick()
        house.now += timedelta(seconds=10)
    assert house.destinations.health("pacs").failures == 0


def test_a_file_that_is_gone_says_nothing_of_the_destination(house):
    pacs = Pacs()
    for uid in ("1.1", "1.2"):
        gone = SendReport(
            sop_instance_uid=uid, status=None, stored=False, transient=False, cause="gone"
        )
        pacs.answers[uid] = gone
    sender_of(house, pacs).tick()
    assert house.destinations.health("pacs").failures == 0
    assert house.states() == [JobState.UNDELIVERED]
