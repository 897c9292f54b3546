"""Answers reach whoever asked, also when threads compete for the interpreter."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from factories import pet_series, write_series
from fake_pacs import FakePacs

from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.reactor import ReactorGate
from dicom_node.network.storage_scu import send


class _Reactor(threading.Thread):
    """Comes by a gate again and again, as pynetdicom's does."""

    def __init__(self, gate: ReactorGate) -> None:
        super().__init__(daemon=True)
        self.gate, self.passed, self.ended = gate, 0, False

    def run(self) -> None:
        while not self.ended:
            self.gate.wait()
            self.passed += 1


def test_nobody_passes_between_two_holds_that_follow_each_other_at_once():
    gate = ReactorGate()
    reactor = _Reactor(gate)
    reactor.start()
    for _ in range(2000):
        gate.hold(reactor)
        stood = reactor.passed
        time.sleep(0)  # let it run, if it can
        assert reactor.passed == stood
        gate.set()
    gate.hold(reactor)
    stood = reactor.passed
    reactor.join(0.05)
    assert reactor.passed == stood
    reactor.ended = True
    gate.set()
    reactor.join(5)
    assert not reactor.is_alive()


def test_a_hold_on_a_reactor_that_has_ended_returns():
    reactor = _Reactor(ReactorGate())
    reactor.gate.hold(reactor)
    assert not reactor.is_alive()


@pytest.fixture
def impatient_interpreter() -> Iterator[None]:
    """Threads change many times within what is one step for a person."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("impatient_interpreter")
def test_every_object_of_many_is_answered_when_threads_compete(tmp_path: Path):
    write_series(pet_series(slices=150, rows=4, columns=4), tmp_path)
    objects, _ = outgoing_files(tmp_path)
    with FakePacs() as pacs:
        reports = send(objects, pacs.destination(timeout_s=10.0))
    assert [one.status for one in reports] == [0x0000] * 150
