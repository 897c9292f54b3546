"""From arrivals to jobs: completeness, companions, repeats, restarts."""

from datetime import timedelta
from pathlib import Path

import pytest
from engine.house import House, route
from factories import ct_series, pet_series

from dicom_node.archive.job_control import JobControl
from dicom_node.domain.job import JobState
from dicom_node.domain.route import IfMissing


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_pet_with_its_ct_is_queued_at_once_when_the_last_slice_came(house):
    house.receive(ct_series(slices=6))
    house.wait(1.0)
    pet = pet_series(slices=6)
    house.receive(pet[:5])
    assert house.states() == []
    house.receive(pet[5:])
    assert house.states() == [JobState.QUEUED]
    assert house.roles() == [{"pet", "ct"}]


def test_a_pet_waits_for_the_ct_that_comes_after_it(house):
    house.receive(pet_series())
    assert house.states() == [JobState.WAITING]
    house.receive(ct_series())
    assert house.states() == [JobState.WAITING]
    house.wait(1.0)
    assert house.states() == [JobState.QUEUED]
    assert house.roles() == [{"pet", "ct"}]


def test_when_the_wait_is_over_it_runs_without_its_ct(house):
    house.receive(pet_series())
    house.wait(59.0)
    assert house.states() == [JobState.WAITING]
    house.wait(1.5)
    assert house.states() == [JobState.QUEUED]
    assert house.roles() == [{"pet"}]
    assert house.jobs.list()[0].reason == "runs without ct"


def test_when_the_wait_is_over_and_the_route_requires_the_ct_it_is_rejected(tmp_path):
    house = House(tmp_path, routes=(route(if_missing=IfMissing.REJECT),))
    house.receive(pet_series())
    house.wait(61.0)
    assert house.states() == [JobState.REJECTED]
    assert house.jobs.list()[0].reason.startswith("companion-missing: ct")


@pytest.fixture
def held(tmp_path) -> House:
    """A PET whose route holds it without its CT, after the wait."""
    house = House(tmp_path, routes=(route(if_missing=IfMissing.HOLD),))
    house.receive(pet_series())
    house.wait(61.0)
    assert house.states() == [JobState.HELD]
    assert house.jobs.list()[0].reason == "companion-missing: ct did not come"
    return house


def test_a_job_held_for_its_ct_goes_on_by_itself_when_it_comes(held):
    held.wait(1000.0)
    assert held.states() == [JobState.HELD]
    held.receive(ct_series())
    held.wait(2.0)
    assert held.states() == [JobState.QUEUED]
    assert held.roles() == [{"pet", "ct"}]
    assert held.jobs.list()[0].held_from is None


def test_a_job_held_for_its_ct_runs_without_when_somebody_releases_it(held):
    JobControl(held.database).release(held.jobs.list()[0].job_id, now=held.now)
    held.wait(0.5)
    assert held.states() == [JobState.QUEUED]
    assert held.roles() == [{"pet"}]
    assert held.jobs.list()[0].reason == "released by hand: runs without ct"


def test_a_route_that_does_not_wait_may_hold_as_well(tmp_path):
    house = House(tmp_path, routes=(route(wait_s=0.0, if_missing=IfMissing.HOLD),))
    house.receive(pet_series())
    house.wait(2.0)
    assert house.states() == [JobState.HELD]


def test_a_waiting_job_that_is_held_by_hand_waits_for_the_hand_not_for_the_ct(house):
    house.receive(pet_series())
    house.wait(2.0)
    JobControl(house.database).hold(house.jobs.list()[0].job_id, now=house.now)
    house.receive(ct_series())
    house.wait(2.0)
    assert house.states() == [JobState.HELD]
    JobControl(house.database).release(house.jobs.list()[0].job_id, now=house.now)
    house.wait(0.5)
    assert house.roles() == [{"pet", "ct"}]


def test_a_ct_that_is_on_its_way_when_the_wait_ends_is_waited_for(house):
    house.receive(pet_series())
    house.wait(55.0)
    ct = ct_series(slices=6)
    house.open_associations = {"a2"}
    for slices in range(6):
        house.receive(ct[slices : slices + 1], association="a2")
        house.wait(2.0)
        assert house.states() == [JobState.WAITING]
    house.open_associations = set()
    house.wait(1.0)
    assert house.roles() == [{"pet", "ct"}]


def test_a_ct_that_comes_after_the_job_ran_starts_no_second_one(house):
    house.receive(pet_series())
    house.wait(61.0)
    house.receive(ct_series())
    house.wait(2.0)
    assert house.states() == [JobState.QUEUED]
    assert house.roles() == [{"pet"}]


def test_the_same_study_again_changes_nothing(house):
    house.receive(ct_series())
    house.wait(1.0)
    house.receive(pet_series())
    before = house.jobs.list()
    house.receive(pet_series(), association="a2")
    house.receive(ct_series(), association="a2")
    house.wait(100.0)
    assert house.jobs.list() == before


def test_a_slice_that_comes_late_is_a_new_job_with_another_result(house):
    pet = pet_series(slices=7, NumberOfSlices=6)
    house.receive(pet[:6])
    house.wait(61.0)
    house.receive(pet[6:])
    house.wait(61.0)
    newer, older = house.jobs.list()
    assert newer.result_id != older.result_id
    assert len(newer.input_instances["pet"]) == 7


def test_the_time_in_which_the_node_was_away_is_no_silence(house):
    pet = pet_series(slices=6)
    house.receive(pet[:3])
    house.now += timedelta(hours=1.0)
    house.restart()
    house.wait(1.0)
    assert house.states() == []
    house.receive(pet[3:], association="a2")
    house.wait(61.0)
    assert house.states() == [JobState.QUEUED]


def test_an_incomplete_pet_is_rejected_by_name_after_the_quiet_time(house):
    pet = pet_series(slices=6)
    house.receive(pet[:2] + pet[3:])
    house.wait(29.0)
    assert house.states() == []
    house.wait(2.0)
    assert house.states() == [JobState.REJECTED]
    reason = house.jobs.list()[0].reason
    assert reason.startswith("incomplete-series: 5 of 6 instances")
    assert "z = 48" in reason


def test_the_missing_slice_that_comes_later_still_gives_a_result(house):
    pet = pet_series(slices=6)
    house.receive(pet[:2] + pet[3:])
    house.wait(31.0)
    house.receive(pet[2:3])
    house.wait(61.0)
    assert house.states() == [JobState.QUEUED, JobState.REJECTED]


def test_a_restart_while_a_series_arrives_loses_nothing(house):
    pet = pet_series(slices=6)
    house.receive(pet[:3])
    house.restart()
    house.receive(pet[3:])
    house.restart()
    house.wait(61.0)
    assert house.states() == [JobState.QUEUED]
    house.restart()
    house.wait(1.0)
    assert house.states() == [JobState.QUEUED]


def test_a_series_that_no_route_wants_has_its_reason(house):
    house.receive(pet_series(CorrectedImage=["DECY"], AttenuationCorrectionMethod=None))
    (status,) = house.index.statuses()
    assert status.state == "unrouted"
    assert "attenuation corrected is no, asked is yes" in status.reasons[-1].message


def test_a_slow_ct_is_not_taken_half_received(house):
    house.open_associations = {"a1"}
    ct = ct_series(slices=6)
    for number in range(6):
        house.receive(ct[number : number + 1])
        house.wait(3.0)
    house.receive(pet_series(), association="a1")  # the sender has gone on: the CT is through
    house.wait(1.0)
    assert house.roles() == [{"pet", "ct"}]
    assert len(house.jobs.list()[0].input_instances["ct"]) == 6


def test_two_routes_make_two_jobs_of_one_series(tmp_path):
    house = House(tmp_path, routes=(route(wait_s=0.0), route(wait_s=0.0, name="other")))
    house.receive(pet_series())
    assert house.states() == [JobState.QUEUED, JobState.QUEUED]
    assert len({record.result_id for record in house.jobs.list()}) == 1


def test_series_of_another_patient_under_one_study_are_not_mixed(house):
    house.receive(ct_series(PatientID="somebody else"))
    house.wait(1.0)
    house.receive(pet_series())
    house.wait(61.0)
    assert house.roles() == [{"pet"}]
