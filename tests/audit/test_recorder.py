"""Recording never holds anything up, and a trail that cannot be written is told and made up for."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from audit_rules import event_of, faults_of
from structlog.testing import capture_logs

from dicom_node.audit.events import application_activity
from dicom_node.audit.files import Place, read_after
from dicom_node.audit.recorder import Recorder
from dicom_node.audit.trail import Trail
from dicom_node.audit.verification import verify
from dicom_node.domain.audit import AuditEvent, Participant

NODE = Participant(user_id="1", requestor=False)


class FlakyTrail(Trail):
    """A trail on a disk that can be full."""

    full = False

    def append(self, messages, *, note=""):
        if self.full:
            raise OSError(28, "No space left on device")
        return super().append(messages, note=note)


@pytest.fixture
def trail(tmp_path: Path) -> FlakyTrail:
    return FlakyTrail(tmp_path / "audit")


def recorder_of(trail: Trail, **given: int) -> Recorder:
    return Recorder(
        trail,
        NODE,
        source_id="test",
        enterprise_site=None,
        clock=lambda: datetime.now(UTC),
        retry_s=0.05,
        **given,
    )


def started(number: int) -> Callable[[], list[AuditEvent]]:
    now = datetime.now(UTC)
    return lambda: [
        application_activity(NODE, started=True, now=now, description=f"number {number}")
    ]


def told(trail: Trail) -> list[str]:
    return [line.message for line in read_after(trail.folder, Place(), limit=10_000)[0]]


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not done():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_events_of_many_threads_are_all_written(trail: FlakyTrail) -> None:
    recorder = recorder_of(trail)
    recorder.start()
    threads = [
        threading.Thread(target=lambda: [recorder.record(started(n)) for n in range(50)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    recorder.stop()
    assert len(told(trail)) == 200
    assert verify(trail.folder).finding is None


def test_a_trail_that_cannot_be_written_holds_nobody_up_and_is_a_fault_that_is_shown(
    trail: FlakyTrail,
) -> None:
    recorder = recorder_of(trail)
    recorder.start()
    trail.full = True
    with capture_logs() as logged:
        began = time.monotonic()
        for number in range(5):
            recorder.record(started(number))
        assert time.monotonic() - began < 1.0
        until(lambda: bool(recorder.fault))
        assert recorder.fault == "No space left on device"
        time.sleep(0.2)  # some more tries
        trail.full = False
        assert recorder.flush()
        until(lambda: not recorder.fault)
    recorder.stop()
    events = [one["event"] for one in logged]
    assert events.count("audit.not_recorded") == 1
    assert events[-1] == "audit.recorded_again"
    written = told(trail)
    numbers = [f"number {n}" in text for n in range(5) for text in written]
    assert sum(numbers) == 5
    gaps = [one for one in written if event_of(one)[:2] == ("110113", "110134")]
    assert len(gaps) == 1
    assert "0 events were lost" in gaps[0]
    assert all(faults_of(one) == [] for one in written)


def test_what_is_lost_because_nothing_can_be_written_is_counted(trail: FlakyTrail) -> None:
    recorder = recorder_of(trail, most_held=3)
    recorder.start()
    trail.full = True
    recorder.record(started(0))
    until(lambda: bool(recorder.fault))
    for number in range(1, 9):
        recorder.record(started(number))
    trail.full = False
    assert recorder.flush()
    recorder.stop()
    written = told(trail)
    (gap,) = [one for one in written if event_of(one)[:2] == ("110113", "110134")]
    assert "5 events were lost" in gap
    assert event_of(gap)[2] == "8"
    assert len(written) == 1 + 4


def test_an_event_that_cannot_be_made_stops_no_other(trail: FlakyTrail) -> None:
    def broken() -> list[AuditEvent]:
        raise KeyError("a bug")

    recorder = recorder_of(trail)
    recorder.start()
    with capture_logs() as logged:
        recorder.record(broken)
        recorder.record(started(1))
        assert recorder.flush()
    recorder.stop()
    assert len(told(trail)) == 1
    assert "audit.event_lost" in [one["event"] for one in logged]


def test_a_node_that_ends_while_nothing_can_be_written_ends_all_the_same(
    trail: FlakyTrail,
) -> None:
    recorder = recorder_of(trail)
    recorder.start()
    trail.full = True
    recorder.record(started(0))
    with capture_logs() as logged:
        recorder.stop()
    assert "audit.lost_at_stop" in [one["event"] for one in logged]
