"""Jobs whose companions are fetched: asked once, waited for, never in a loop."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from engine.archives import ScriptedArchive, refused
from engine.house import House, route
from factories import ct_series, pet_series

from dicom_node.domain.fetch import FetchState, RemoteSender
from dicom_node.domain.job import JobState
from dicom_node.domain.route import CompanionRule, Condition, IfMissing, PriorRule, Route
from dicom_node.engine.fetcher import Fetcher

CT_ROUTE = Route(name="ct", algorithm="nothing", destinations=(), when=Condition(modality=("CT",)))


def fetching_route(**changes: Any) -> Route:
    rule: dict[str, Any] = {"modality": "CT", "wait_s": 20.0, "fetch": ("pacs",)}
    return replace(route(), companions={"ct": CompanionRule(**(rule | changes))})


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, routes=(fetching_route(), CT_ROUTE))


@pytest.fixture
def pacs(house: House) -> ScriptedArchive:
    return ScriptedArchive(house, has=[ct_series(slices=6)])


def reason(house: House) -> str:
    return str(house.jobs.list()[0].reason)


def states_of_fetches(house: House) -> list[FetchState]:
    ids = [one.job_id for one in house.jobs.list()]
    return [fetch.state for several in house.fetches.of_jobs(ids).values() for fetch in several]


def go_on(house: House, fetcher: Fetcher, *, seconds: int) -> None:
    """Let time pass in steps, as the loops of a node do."""
    for _ in range(seconds // 2):
        house.wait(2.0)
        fetcher.tick()
    house.wait(0.1)


def test_a_pet_without_its_ct_fetches_it_and_runs_with_it(house, pacs):
    fetcher = pacs.fetcher()
    house.receive(pet_series(slices=6))
    assert "asks pacs for ct after 10 s" in reason(house)
    go_on(house, fetcher, seconds=9)
    assert pacs.calls == []
    go_on(house, fetcher, seconds=4)
    assert pacs.calls == ["find CT", "retrieve CT"]
    assert house.states() == [JobState.QUEUED]
    assert house.roles() == [{"pet", "ct"}]
    assert states_of_fetches(house) == [FetchState.FILLED]


def test_what_was_fetched_starts_nothing_and_tells_why(house, pacs):
    house.receive(pet_series(slices=6))
    go_on(house, pacs.fetcher(), seconds=15)
    assert [one.route for one in house.jobs.list()] == ["pet"]
    (ct,) = [one for one in house.index.statuses() if one.state == "unrouted"]
    assert "fetched" in [one.code for one in ct.reasons]
    house.restart()
    go_on(house, pacs.fetcher(), seconds=40)
    assert [one.route for one in house.jobs.list()] == ["pet"]


def test_a_ct_that_comes_by_itself_in_time_is_never_asked_for(house, pacs):
    house.receive(pet_series(slices=6))
    house.receive(ct_series(slices=6))
    go_on(house, pacs.fetcher(), seconds=20)
    assert pacs.calls == []
    assert sorted(one.route for one in house.jobs.list()) == ["ct", "pet"]


def test_a_fetched_ct_that_a_scanner_sends_too_starts_its_route_once(house, pacs):
    house.receive(pet_series(slices=6))
    go_on(house, pacs.fetcher(), seconds=15)
    again = ct_series(slices=6)
    for _ in range(2):
        house.receive(again, calling="SCANNER")
        house.wait(2.0)
    assert sorted(one.route for one in house.jobs.list()) == ["ct", "pet"]


def test_a_fetched_ct_that_the_archive_pushes_later_counts_as_sent(house, pacs):
    house.receive(pet_series(slices=6))
    go_on(house, pacs.fetcher(), seconds=30)
    house.receive(ct_series(slices=6), calling="PACS")
    house.wait(2.0)
    assert sorted(one.route for one in house.jobs.list()) == ["ct", "pet"]


def test_a_refused_move_is_tried_again_with_pauses_and_told_and_then_given_up(house, pacs):
    unknown = refused(0xA801, "C-MOVE was answered with status 0xA801 (move destination unknown)")
    pacs.answers = [unknown] * 10
    fetcher = pacs.fetcher(most_attempts=3)
    house.receive(pet_series(slices=6))
    go_on(house, fetcher, seconds=12)
    assert "pacs was asked for ct" in reason(house)
    assert "0xA801" in reason(house)
    assert "asked again at" in reason(house)
    assert house.states() == [JobState.WAITING]
    go_on(house, fetcher, seconds=60)
    assert pacs.calls == ["find CT", *["retrieve CT"] * 3]
    assert house.states() == [JobState.QUEUED]
    assert house.roles() == [{"pet"}]
    assert reason(house).startswith("runs without ct (pacs was asked for ct at ")
    assert "given up after 3 tries" in reason(house)
    told = [one.reason for one in house.jobs.events(house.jobs.list()[0].job_id)]
    assert any("asked again at" in str(one) for one in told)


def test_a_partial_move_is_repeated_until_the_number_of_the_archive_is_here(house, pacs):
    ct = ct_series(slices=6)
    pacs.has = [ct]
    partial = replace(refused(0xB000, "2 of the images could not be sent"), completed=4, failed=2)
    pacs.answers = [partial]
    pacs.before_retrieve = lambda: house.receive(ct[:4], association="s", calling="PACS")
    fetcher = pacs.fetcher()
    house.receive(pet_series(slices=6))
    go_on(house, fetcher, seconds=13)
    assert "2 of the images could not be sent" in reason(house)
    # gap-free so far and silent for longer than `settle_s`: only the number says that more comes
    assert house.states() == [JobState.WAITING]
    pacs.before_retrieve = lambda: None
    go_on(house, fetcher, seconds=12)
    assert house.states() == [JobState.QUEUED]
    (ct_input,) = [len(one.input_instances["ct"]) for one in house.jobs.list()]
    assert ct_input == 6


def test_an_archive_that_has_nothing_ends_the_question_at_once(house, pacs):
    pacs.has = []
    house.receive(pet_series(slices=6))
    go_on(house, pacs.fetcher(), seconds=25)
    assert pacs.calls == ["find CT"]
    assert house.states() == [JobState.QUEUED]
    assert "it has no CT series of the study" in reason(house)


def test_the_next_archive_is_asked_when_the_first_has_nothing(tmp_path):
    house = House(tmp_path, routes=(fetching_route(fetch=("pacs", "vna")),))
    first = ScriptedArchive(house)
    second = ScriptedArchive(house, name="vna", ae_title="VNA", has=[ct_series(slices=6)])
    fetchers = first.fetcher(), second.fetcher()
    house.receive(pet_series(slices=6))
    for _ in range(20):
        house.wait(1.0)
        for fetcher in fetchers:
            fetcher.tick()
    assert (first.calls, second.calls) == (["find CT"], ["find CT", "retrieve CT"])
    assert house.roles() == [{"pet", "ct"}]


def test_series_that_do_not_fit_are_followed_by_the_next_one_up_to_the_limit(house, pacs):
    others = [
        ct_series(slices=7 + number, series=f"other{number}", FrameOfReferenceUID=f"1.2.{number}")
        for number in (1, 2, 3)
    ]
    pacs.has = [*others, ct_series(slices=6)]
    house.receive(pet_series(slices=6))
    go_on(house, pacs.fetcher(most_series=2), seconds=30)
    assert pacs.calls == ["find CT", "retrieve CT", "retrieve CT"]
    assert house.roles() == [{"pet"}]
    assert "series 2 of 2" in reason(house)
    assert "it does not fit" in reason(house)
    assert [one.route for one in house.jobs.list()] == ["pet"]


def test_an_archive_that_is_silent_is_left_alone_but_for_probes_and_given_up_in_time(house, pacs):
    pacs.away = True
    fetcher = pacs.fetcher(most_attempts=20, give_up_after_s=100.0)
    house.receive(pet_series(slices=6))
    go_on(house, fetcher, seconds=60)
    assert house.states() == [JobState.WAITING]
    assert house.destinations.health("archive:pacs").failures >= 3
    pacs.away = False
    pacs.has = []
    go_on(house, fetcher, seconds=120)
    assert house.states() == [JobState.QUEUED]
    assert house.destinations.health("archive:pacs").failures == 0


def test_a_job_that_is_released_or_cancelled_is_asked_for_no_more(house, pacs):
    house.receive(pet_series(slices=6))
    go_on(house, pacs.fetcher(most_attempts=1), seconds=9)
    house.wait(2.0)
    (job,) = house.jobs.list()
    house.jobs.step(job.job_id, JobState.CANCELLED, now=house.now)
    go_on(house, pacs.fetcher(), seconds=5)
    assert pacs.calls == []
    assert states_of_fetches(house) == [FetchState.DROPPED]


def test_a_restart_goes_on_where_the_node_was_asking(house, pacs):
    house.receive(pet_series(slices=6))
    house.wait(11.0)
    house.restart()
    go_on(house, pacs.fetcher(), seconds=5)
    assert house.roles() == [{"pet", "ct"}]
    assert [one.route for one in house.jobs.list()] == ["pet"]


def test_one_that_requires_its_ct_is_rejected_with_what_the_archive_said(tmp_path):
    house = House(tmp_path, routes=(fetching_route(if_missing=IfMissing.REJECT),))
    house.receive(pet_series(slices=6))
    go_on(house, ScriptedArchive(house).fetcher(), seconds=25)
    assert house.states() == [JobState.REJECTED]
    assert "it has no CT series of the study" in reason(house)


# Priors


def prior_route(**changes: Any) -> Route:
    prior = PriorRule(**changes)
    rule = CompanionRule(modality="PT", fetch=("pacs",), fetch_after_s=0.0, wait_s=5.0, prior=prior)
    return replace(route(), companions={"ct": rule})


def earlier(day: str, study: str, **changes: Any) -> list[Any]:
    dates = {f"{what}Date": day for what in ("Study", "Series", "Acquisition")}
    return pet_series(slices=6, study=study, series=f"pet-{study}", **(dates | changes))


def study_of_prior(house: House) -> str:
    (job,) = house.jobs.list()
    assert job.state is JobState.QUEUED
    return str(job.input_instances["ct"][0].key.study_instance_uid) if "ct" in job.inputs else ""


def test_the_newest_fitting_prior_is_fetched_and_starts_nothing(tmp_path):
    house = House(tmp_path, routes=(prior_route(),))
    older, newer = earlier("20230901", "older"), earlier("20231201", "newer")
    no_ac = earlier("20240201", "newest", CorrectedImage=["DECY"])
    pacs = ScriptedArchive(house, has=[older, newer, no_ac])
    house.receive(pet_series(slices=6))
    go_on(house, pacs.fetcher(), seconds=10)
    assert study_of_prior(house) == newer[0].StudyInstanceUID
    assert pacs.calls == ["find earlier PT", "retrieve PT", "retrieve PT"]
    assert len(house.jobs.list()) == 1


def test_priors_of_another_patient_or_out_of_time_are_none(tmp_path):
    house = House(tmp_path, routes=(prior_route(within_days=200.0),))
    other = earlier("20240101", "other", PatientBirthDate="19010101")
    pacs = ScriptedArchive(house, has=[other, earlier("20220901", "old")])
    house.receive(pet_series(slices=6))
    go_on(house, pacs.fetcher(), seconds=20)
    assert study_of_prior(house) == ""
    assert "it does not fit" in reason(house)
    assert pacs.calls.count("retrieve PT") == 1


def test_a_prior_that_is_here_is_used_without_being_sent_again(tmp_path):
    house = House(tmp_path, routes=(prior_route(),))
    newer = earlier("20231201", "newer")
    house.receive(newer)
    assert len(house.jobs.list()) == 1
    house.jobs.step(house.jobs.list()[0].job_id, JobState.CANCELLED, now=house.now)
    pacs = ScriptedArchive(house, has=[newer])
    house.receive(pet_series(slices=6))
    go_on(house, pacs.fetcher(), seconds=10)
    assert pacs.calls[:1] == ["find earlier PT"]
    assert "retrieve PT" not in pacs.calls
    assert "ct" in house.roles()[0]


def test_without_an_archive_a_prior_that_is_here_is_found(tmp_path):
    rule = CompanionRule(modality="PT", wait_s=0.0, prior=PriorRule())
    house = House(tmp_path, routes=(replace(route(), companions={"ct": rule}),))
    house.receive(earlier("20231201", "newer"))
    house.receive(pet_series(slices=6))
    assert house.roles() == [{"pet", "ct"}, {"pet"}]


# Numbers of instances as evidence


@pytest.fixture
def pushed(tmp_path: Path) -> House:
    """A house that an archive sends to by itself."""
    sender = RemoteSender(archive="pacs", calling_ae="PACS")
    return House(tmp_path, routes=(CT_ROUTE,), counting={"PACS": sender})


def test_a_series_of_an_archive_stays_open_until_all_that_it_counts_came(pushed):
    ct = ct_series(slices=6)
    fetcher = ScriptedArchive(pushed, has=[ct]).fetcher()
    pushed.receive(ct[:4], calling="PACS")
    go_on(pushed, fetcher, seconds=10)
    assert pushed.states() == []
    (status,) = pushed.index.statuses()
    assert status.state == "receiving"
    pushed.receive(ct[4:], calling="PACS")
    assert pushed.states() == [JobState.QUEUED]
    assert "6 instances; pacs counts 6" in pushed.index.statuses()[0].reasons[0].message


def test_a_series_that_stays_behind_the_archives_number_is_not_analysed(pushed):
    ct = ct_series(slices=6)
    fetcher = ScriptedArchive(pushed, has=[ct]).fetcher()
    pushed.receive(ct[:4], calling="PACS")
    go_on(pushed, fetcher, seconds=31)
    assert pushed.states() == [JobState.REJECTED]
    assert "4 instances; pacs counts 6" in reason(pushed)
    assert pushed.index.statuses()[0].state == "incomplete"


def test_a_number_that_cannot_be_had_delays_no_longer_than_silence(pushed):
    fetcher = ScriptedArchive(pushed, away=True).fetcher()
    pushed.receive(ct_series(slices=6), calling="PACS")
    pushed.now += timedelta(seconds=2)
    go_on(pushed, fetcher, seconds=30)
    assert pushed.states() == [JobState.QUEUED]


def test_a_series_of_a_scanner_is_not_counted_by_an_archive(pushed):
    pacs = ScriptedArchive(pushed, has=[ct_series(slices=9)])
    pushed.receive(ct_series(slices=6), calling="SCANNER")
    go_on(pushed, pacs.fetcher(), seconds=3)
    assert pacs.calls == []
    assert pushed.states() == [JobState.QUEUED]
