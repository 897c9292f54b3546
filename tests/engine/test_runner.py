"""What becomes of a run: tried again, handed back, cancelled, named after its predecessor."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from pathlib import Path

import pytest
from engine.house import House, route
from factories import pet_series

from dicom_node.archive.job_control import JobControl
from dicom_node.domain.equipment import Equipment
from dicom_node.domain.job import JobOutcome, JobState, ResultObject
from dicom_node.domain.route import TimeWindow
from dicom_node.domain.rules import RetryRules, TryRules
from dicom_node.encoding.uids import Role, instance_uid
from dicom_node.engine.result_file import RESULT_FILE, read_outcome
from dicom_node.engine.runner import JobRunner
from dicom_node.planning import JobRequest
from dicom_node.reading.site_tracers import NO_SITE_TRACERS
from dicom_node.registry import Registry

CRASH = JobOutcome(state=JobState.FAILED, reason="worker-died: SIGSEGV", may_pass=True)
BROKEN = JobOutcome(state=JobState.FAILED, reason="algorithm-failed: no idea")
UNFIT = JobOutcome(state=JobState.REJECTED, reason="not-calibrated: Units")


@dataclass
class Worker:
    """Gives the outcomes it was told to; keeps what it was asked."""

    outcomes: list[JobOutcome | None] = field(default_factory=list)
    asked: list[JobRequest] = field(default_factory=list)

    def run_while(self, wanted: Callable[[], bool], request: JobRequest, spec) -> JobOutcome | None:
        self.asked.append(request)
        return self.outcomes.pop(0) if self.outcomes else made(request)


def made(request: JobRequest) -> JobOutcome:
    request.folder.mkdir(parents=True, exist_ok=True)
    (request.folder / "sr.dcm").write_bytes(b"report")
    report = ResultObject(
        path=request.folder / "sr.dcm",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.88.34",
        sop_instance_uid=instance_uid(request.job.result_id, Role.SR),
        modality="SR",
        destinations=frozenset({"pacs", "research"}),
    )
    return JobOutcome(state=JobState.ENCODED, objects=(report,))


@pytest.fixture
def worker() -> Worker:
    return Worker()


def house_of(folder: Path, **changes) -> House:
    return House(folder, routes=(replace(route(wait_s=0.0), **changes),))


def runner_of(house: House, worker: Worker) -> JobRunner:
    return JobRunner(
        jobs=house.jobs,
        worker=worker,
        registry=Registry(specs=house.specs, broken={}),
        results_folder=house.folder / "results",
        site_tracers=NO_SITE_TRACERS,
        equipment=Equipment(software_version="0", device_serial_number="t", station_name="T"),
        forms={},
        clock=lambda: house.now,
        on_result=lambda: None,
        routes=house.routes,
        rules=TryRules(most_attempts=3, pauses=RetryRules(first_retry_s=30.0)),
        stopping=lambda: False,
        chance=random.Random(1),
    )


def test_a_crash_is_tried_three_times_with_growing_pauses_and_then_failed(tmp_path, worker):
    house = house_of(tmp_path)
    house.receive(pet_series())
    runner = runner_of(house, worker)
    worker.outcomes = [CRASH, CRASH, CRASH]
    assert runner.tick()
    assert house.states() == [JobState.QUEUED]
    assert house.jobs.list()[0].reason == "try 1 of 3: worker-died: SIGSEGV"
    house.now += timedelta(seconds=20)
    assert not runner.tick()
    house.now += timedelta(seconds=10)
    assert runner.tick()
    house.now += timedelta(seconds=40)
    assert not runner.tick()
    house.now += timedelta(seconds=20)
    assert runner.tick()
    record = house.jobs.list()[0]
    assert (record.state, record.reason) == (JobState.FAILED, "worker-died: SIGSEGV")
    house.now += timedelta(days=1)
    assert not runner.tick()


@pytest.mark.parametrize("outcome", [BROKEN, UNFIT])
def test_what_will_not_pass_is_not_tried_again(tmp_path, worker, outcome):
    house = house_of(tmp_path)
    house.receive(pet_series())
    worker.outcomes = [outcome]
    runner_of(house, worker).tick()
    assert house.states() == [outcome.state]


def test_a_second_try_that_succeeds_is_a_result(tmp_path, worker):
    house = house_of(tmp_path)
    house.receive(pet_series())
    runner = runner_of(house, worker)
    worker.outcomes = [CRASH]
    runner.tick()
    house.now += timedelta(seconds=31)
    runner.tick()
    assert house.states() == [JobState.ENCODED]


def test_a_run_that_is_stopped_with_the_node_does_not_count(tmp_path, worker):
    house = house_of(tmp_path)
    house.receive(pet_series())
    worker.outcomes = [None] * 5
    runner = runner_of(house, worker)
    for _ in range(5):
        assert runner.tick()
        assert house.states() == [JobState.QUEUED]
    assert house.jobs.list()[0].attempts == 0


def test_a_job_that_is_cancelled_while_it_runs_stays_so(tmp_path, worker):
    house = house_of(tmp_path)
    house.receive(pet_series())
    control = JobControl(house.database)

    def cancelled_meanwhile(wanted, request, spec):
        control.cancel(request.job.job_id, now=house.now)

    worker.run_while = cancelled_meanwhile
    runner_of(house, worker).tick()
    assert house.states() == [JobState.CANCELLED]


def test_a_route_with_a_window_starts_jobs_only_within_it(tmp_path, worker):
    local = House(tmp_path).now.astimezone()
    opens = (local + timedelta(hours=2)).replace(minute=0)
    closes = opens + timedelta(hours=3)
    window = TimeWindow(start=time(opens.hour), end=time(closes.hour))
    house = house_of(tmp_path, window=window)
    house.receive(pet_series())
    runner = runner_of(house, worker)
    assert not runner.tick()
    house.now = opens - timedelta(minutes=1)
    assert not runner.tick()
    house.now = opens.astimezone(house.now.tzinfo)
    assert runner.tick()
    assert house.states() == [JobState.ENCODED]


def test_a_late_slice_makes_a_result_that_names_the_earlier_one(tmp_path, worker):
    house = house_of(tmp_path)
    pet = pet_series(slices=7, NumberOfSlices=6)
    runner = runner_of(house, worker)
    house.receive(pet[:6])
    runner.tick()
    house.receive(pet[6:])
    house.wait(1.0)
    runner.tick()
    newer, older = house.jobs.list()
    assert newer.predecessor == older.job_id
    assert [one.predecessor for one in worker.asked] == [None, older.result_id]


def test_a_predecessor_without_a_report_is_passed_over(tmp_path, worker):
    house = house_of(tmp_path)
    pet = pet_series(slices=8, NumberOfSlices=6)
    runner = runner_of(house, worker)
    worker.outcomes = [UNFIT]
    for slices in (slice(6), slice(6, 7), slice(7, 8)):
        house.receive(pet[slices])
        house.wait(1.0)
        runner.tick()
    third, second, first = house.jobs.list()
    assert (third.predecessor, second.predecessor) == (second.job_id, first.job_id)
    assert [one.predecessor for one in worker.asked] == [None, None, second.result_id]


def test_shadow_destinations_take_the_place_of_the_others(tmp_path, worker):
    house = house_of(tmp_path, shadow_destinations=("research",))
    house.receive(pet_series())
    runner_of(house, worker).tick()
    assert [one.destination for one in house.outbox.list()] == ["research"]


def test_the_gate_of_a_route_holds_the_result(tmp_path, worker):
    house = house_of(tmp_path, gate=True)
    house.receive(pet_series())
    runner_of(house, worker).tick()
    assert house.states() == [JobState.HELD]
    assert house.outbox.due(house.now) == ()


def lose_database(house: House) -> None:
    house.database.close()
    for file in house.folder.glob("node.sqlite*"):
        file.unlink()
    house.restart()
    house.instances.recover()
    house.wait(61.0)


def test_without_its_database_the_node_finds_files_and_results_and_runs_nothing_twice(
    tmp_path, worker
):
    house = house_of(tmp_path)
    house.receive(pet_series())
    runner_of(house, worker).tick()
    before = house.jobs.list()[0]
    for one in house.outbox.due(house.now):
        house.outbox.delivered(one.delivery_id, house.now)
    lose_database(house)
    assert runner_of(house, worker).tick()
    after = house.jobs.list()[0]
    assert len(worker.asked) == 1
    assert after.job_id == before.job_id
    assert after.objects == before.objects
    assert [one.path for one in house.outbox.due(house.now)] == [one.path for one in after.objects]


def test_a_run_whose_end_was_not_recorded_is_not_run_again(tmp_path, worker):
    house = house_of(tmp_path)
    house.receive(pet_series())
    record = house.jobs.claim_next(house.now)
    runner_of(house, worker)._run(record)  # and the process ends here
    house.restart()
    house.jobs.requeue_interrupted(house.now)
    runner_of(house, worker).tick()
    assert house.states() == [JobState.ENCODED]
    assert len(worker.asked) == 1


def test_a_result_that_is_not_whole_or_of_other_inputs_is_made_anew(tmp_path, worker):
    house = house_of(tmp_path)
    house.receive(pet_series())
    runner_of(house, worker).tick()
    record = house.jobs.list()[0]
    folder = house.folder / "results" / record.job_id
    assert read_outcome(folder, record.result_id) is not None
    assert read_outcome(folder, "another result") is None
    record.objects[0].path.unlink()
    assert read_outcome(folder, record.result_id) is None
    (folder / RESULT_FILE).write_text("{")
    lose_database(house)
    runner_of(house, worker).tick()
    assert len(worker.asked) == 2


def test_a_result_without_room_for_its_note_is_tried_again(tmp_path, worker):
    house = house_of(tmp_path)
    house.receive(pet_series())
    folder = house.folder / "results" / house.jobs.list()[0].job_id / f"{RESULT_FILE}.part"
    folder.mkdir(parents=True)  # the note cannot be written
    runner_of(house, worker).tick()
    assert house.states() == [JobState.QUEUED]
    assert "result-not-written" in house.jobs.list()[0].reason


def test_an_error_of_our_own_does_not_leave_the_job_running_for_ever(tmp_path, worker):
    house = house_of(tmp_path)
    house.receive(pet_series())
    runner = runner_of(house, worker)
    worker.outcomes = ["no outcome at all"] * 3
    for _ in range(3):
        with pytest.raises(AttributeError):
            runner.tick()
        assert house.states() == [JobState.RUNNING]
        runner.tick()
        house.now += timedelta(minutes=10)
    record = house.jobs.list()[0]
    assert (record.state, record.reason) == (
        JobState.FAILED,
        "internal-error: see the log of the node",
    )
