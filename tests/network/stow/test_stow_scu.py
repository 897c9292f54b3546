"""STOW-RS out: what other services answer, judged object by object."""

from collections.abc import Iterator
from typing import Any

import pytest
from stow_peers import at
from web_service import WebService, stow_answer

from dicom_node.network.stow_scu import store


class Service(WebService):
    """Answers what the test lists; when that is used up, 200 and not a word."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, object]] = []
        super().__init__(lambda _: self.answers.pop(0) if self.answers else (200, b""))


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


def test_a_partial_failure_is_judged_instance_by_instance(service: Service, files: Any) -> None:
    first, second, third = (one.sop_instance_uid for one in files)
    service.answers = [
        (202, stow_answer(stored={first: 0}, failed={second: 0xA700, third: 0xC122}))
    ]
    reports = store(files, at(service.port))
    assert [(one.stored, one.transient) for one in reports] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    assert "0xC122" in reports[2].cause


def test_a_conflict_that_names_its_instances_is_for_good(service: Service, files: Any) -> None:
    refused = {one.sop_instance_uid: 0x0122 for one in files}
    service.answers = [(409, stow_answer(failed=refused))]
    assert {(one.stored, one.transient) for one in store(files, at(service.port))} == {
        (False, False)
    }
    assert len(service.requests) == 1


@pytest.mark.parametrize("status", [400, 409, 413, 415])
def test_one_object_that_is_refused_takes_no_other_with_it(
    service: Service, files: Any, status: int
) -> None:
    service.answers = [(status, b""), (200, b""), (status, b""), (200, b"")]
    reports = store(files, at(service.port))
    assert [one.stored for one in reports] == [True, False, True]
    assert not reports[1].transient
    assert [len(parts) for parts in service.requests] == [3, 1, 1, 1]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_what_people_or_time_repair_is_tried_again(
    service: Service, files: Any, status: int
) -> None:
    service.answers = [(status, b"")]
    reports = store(files, at(service.port))
    assert {(one.stored, one.transient) for one in reports} == {(False, True)}
    assert all(one.status is not None for one in reports)  # it answers: no silent destination


def test_an_instance_that_the_answer_does_not_name_is_not_taken_for_stored(
    service: Service, files: Any
) -> None:
    service.answers = [(200, stow_answer(stored={files[0].sop_instance_uid: 0}))]
    reports = store(files, at(service.port))
    assert [(one.stored, one.transient) for one in reports] == [(True, False)] + [(False, True)] * 2


@pytest.mark.parametrize("told", [b"<html>", [], {"00081198": 7}, {"00081199": {"Value": "x"}}])
def test_an_odd_answer_is_no_crash(service: Service, files: Any, told: object) -> None:
    service.answers = [(202, told)]
    assert not any(one.stored for one in store(files, at(service.port)))


def test_a_service_that_is_away_is_silent_and_a_file_that_is_gone_stays_so(
    service: Service, files: Any
) -> None:
    service.stop()
    files[1].path.unlink()
    reports = store(files, at(service.port))
    assert [(one.status, one.transient) for one in reports] == [
        (None, True),
        (None, False),
        (None, True),
    ]
