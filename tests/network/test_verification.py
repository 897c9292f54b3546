"""C-ECHO as SCU: reachable or not, and why."""

import socket

import pytest
from fake_pacs import FakePacs, free_port
from pynetdicom.acse import ACSE

from dicom_node.domain.peer import Destination
from dicom_node.network.verification import echo


def test_a_destination_that_answers_is_reachable() -> None:
    with FakePacs() as pacs:
        report = echo(pacs.destination())
    assert report.reachable
    assert report.cause == ""
    assert 0 < report.seconds < 5
    assert pacs.echoes == 1


def test_a_port_where_nobody_listens_is_told() -> None:
    nobody = Destination(
        name="nobody", ae_title="X", host="127.0.0.1", port=free_port(), timeout_s=2
    )
    report = echo(nobody)
    assert not report.reachable
    assert f"no connection to 127.0.0.1:{nobody.port}" in report.cause


def test_a_rejected_association_is_told_with_its_reason() -> None:
    with FakePacs(rejection=(1, 1, 7)) as pacs:
        report = echo(pacs.destination())
    assert not report.reachable
    assert "called AE title not recognised" in report.cause


def test_a_rejection_that_came_before_pynetdicom_looked_is_told_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    send_request = ACSE.send_request

    def held_up(acse: ACSE) -> None:
        send_request(acse)
        acse.dul.join(5)  # until the answer has come and the connection is closed

    monkeypatch.setattr(ACSE, "send_request", held_up)
    with FakePacs(rejection=(1, 1, 7)) as pacs:
        report = echo(pacs.destination())
    assert "called AE title not recognised (permanent, 1/7)" in report.cause


@pytest.mark.usefixtures("no_thread_left")
def test_a_port_that_says_nothing_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        report = echo(
            Destination(
                name="deaf",
                ae_title="X",
                host="127.0.0.1",
                port=deaf.getsockname()[1],
                timeout_s=0.5,
            )
        )
    assert not report.reachable
    assert report.seconds < 3
