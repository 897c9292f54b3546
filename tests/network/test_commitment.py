"""Storage Commitment SCU: what is asked, and what destinations answer and report, or do not."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from commitment_reports import PUSH_MODEL_INSTANCE, information_of
from fake_commitment import FakeCommitment, Way
from pydicom.uid import UID, ImplicitVRLittleEndian
from structlog.testing import capture_logs

from dicom_node.domain.commitment import (
    CommitmentReport,
    UnknownTransaction,
    failure_text,
    transaction_uid_of,
)
from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.peer import Listener
from dicom_node.network.commitment import request_commitment
from dicom_node.network.storage_scp import StorageScp

SEG, SR = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.88.34"
TRANSACTION = transaction_uid_of(job_id="4f2a", destination="fake-pacs", attempt=1)


@dataclass(frozen=True)
class Stored:
    sop_class_uid: str
    sop_instance_uid: str


OBJECTS = [Stored(SEG, "2.25.1"), Stored(SR, "2.25.2"), Stored(SR, "2.25.3")]
UIDS = ("2.25.1", "2.25.2", "2.25.3")
WHOLE = CommitmentReport(transaction_uid=TRANSACTION, committed=UIDS, failed={})


@pytest.fixture
def reports() -> list[CommitmentReport]:
    return []


@pytest.fixture
def node(inbox: Any, reports: list[CommitmentReport]) -> Iterator[StorageScp]:
    """A listener that keeps what is reported to it."""
    listener = Listener(ae_title="DICOM_NODE", address="127.0.0.1", port=0)
    scp = StorageScp(listener, inbox.store, inbox.association_ended, reports.append)
    scp.start()
    yield scp
    scp.stop(0.2)


@pytest.mark.usefixtures("no_thread_left")
def test_all_objects_are_asked_for_in_one_transaction() -> None:
    with FakeCommitment(way=Way.NEVER) as pacs:
        request = request_commitment([*OBJECTS, OBJECTS[0]], TRANSACTION, pacs.destination())
    assert (request.accepted, request.offered, request.status) == (True, True, 0x0000)
    assert (request.transaction_uid, request.cause, request.report) == (TRANSACTION, "", None)
    (asked,) = pacs.asked
    assert asked.transaction_uid == TRANSACTION
    assert asked.objects == ((SEG, "2.25.1"), (SR, "2.25.2"), (SR, "2.25.3"))
    assert (asked.action_type, asked.instance_uid) == (1, PUSH_MODEL_INSTANCE)
    assert asked.calling_ae == "DICOM_NODE"


@pytest.mark.usefixtures("no_thread_left")
@pytest.mark.parametrize("way", [Way.SAME, Way.EARLY])
def test_a_report_over_the_same_association_is_confirmed_and_given_back(way: Way) -> None:
    with FakeCommitment(way=way) as pacs:
        request = request_commitment(OBJECTS, TRANSACTION, pacs.destination(), wait_s=5.0)
        assert pacs.wait_for_answers() == [0x0000]
    assert request.accepted
    assert request.report == WHOLE


@pytest.mark.usefixtures("no_thread_left")
def test_a_report_before_the_answer_needs_no_waiting() -> None:
    with FakeCommitment(way=Way.EARLY) as pacs:
        request = request_commitment(OBJECTS, TRANSACTION, pacs.destination())
    assert request.report == WHOLE


@pytest.mark.parametrize("turn", range(5))
def test_a_report_in_the_instant_the_association_opens_is_heard(turn: int) -> None:
    kept: list[CommitmentReport] = []
    greeting = information_of(f"2.25.99{turn}", [(SEG, "2.25.7")])
    with FakeCommitment(way=Way.NEVER, greeting=greeting) as pacs:
        request = request_commitment(OBJECTS, TRANSACTION, pacs.destination(), reported=kept.append)
    assert request.accepted
    earlier = CommitmentReport(transaction_uid=f"2.25.99{turn}", committed=("2.25.7",), failed={})
    assert kept == [earlier]


def test_waiting_ends_with_the_report() -> None:
    with FakeCommitment(way=Way.SAME, delay_s=0.3) as pacs:
        began_at = time.monotonic()
        request = request_commitment(OBJECTS, TRANSACTION, pacs.destination(), wait_s=30.0)
        assert 0.3 < time.monotonic() - began_at < 5
    assert request.report == WHOLE


def test_a_destination_that_never_reports_is_waited_for_as_long_as_said_and_no_longer() -> None:
    with FakeCommitment(way=Way.NEVER) as pacs:
        began_at = time.monotonic()
        request = request_commitment(OBJECTS, TRANSACTION, pacs.destination(), wait_s=0.5)
        assert 0.5 < time.monotonic() - began_at < 3
    assert request.accepted
    assert request.report is None


def test_a_report_over_a_new_association_reaches_the_listener(
    node: StorageScp, reports: list[CommitmentReport]
) -> None:
    with FakeCommitment(way=Way.NEW, node=node.port, delay_s=0.3) as pacs:
        request = request_commitment(OBJECTS, TRANSACTION, pacs.destination())
        assert request.accepted
        assert reports == []  # late: the request is over
        assert pacs.wait_for_answers() == [0x0000]
    assert request.report is None
    assert reports == [WHOLE]


@pytest.mark.parametrize("reason", [0x0110, 0x0112, 0x0119, 0x0122, 0x0131, 0x0213, 0x0999])
def test_failures_are_told_with_their_reason_beside_what_was_committed(
    node: StorageScp, reports: list[CommitmentReport], reason: int
) -> None:
    with FakeCommitment(way=Way.NEW, node=node.port, failed={"2.25.2": reason}) as pacs:
        request_commitment(OBJECTS, TRANSACTION, pacs.destination())
        assert pacs.wait_for_answers() == [0x0000]
    (report,) = reports
    assert report.committed == ("2.25.1", "2.25.3")
    assert report.failed == {"2.25.2": reason}
    assert ("unknown" in failure_text(reason)) == (reason == 0x0999)


@pytest.mark.parametrize("way", [Way.EARLY, Way.NEW])
def test_a_report_that_comes_twice_is_confirmed_twice_and_handed_on_each_time(
    node: StorageScp, reports: list[CommitmentReport], way: Way
) -> None:
    with FakeCommitment(way=way, node=node.port, times=2) as pacs:
        request_commitment(OBJECTS, TRANSACTION, pacs.destination(), reported=reports.append)
        assert pacs.wait_for_answers(2) == [0x0000, 0x0000]
    assert reports == [WHOLE, WHOLE]


def test_a_report_of_another_transaction_is_not_taken_for_this_one() -> None:
    with FakeCommitment(way=Way.SAME, transaction_uid="2.25.99") as pacs:
        request = request_commitment(OBJECTS, TRANSACTION, pacs.destination(), wait_s=0.5)
        assert pacs.wait_for_answers() == [0x0115]
    assert request.accepted
    assert request.report is None


def test_a_report_of_another_transaction_is_handed_on_where_somebody_keeps_them() -> None:
    handed: list[CommitmentReport] = []
    with FakeCommitment(way=Way.SAME, transaction_uid="2.25.99") as pacs:
        request = request_commitment(
            OBJECTS, TRANSACTION, pacs.destination(), wait_s=0.5, reported=handed.append
        )
        assert pacs.wait_for_answers() == [0x0000]
    assert request.report is None
    assert [one.transaction_uid for one in handed] == ["2.25.99"]


def test_objects_that_were_never_asked_for_are_reported_as_they_came() -> None:
    with FakeCommitment(way=Way.SAME, strangers=[(SEG, "2.25.77")]) as pacs:
        request = request_commitment(OBJECTS, TRANSACTION, pacs.destination(), wait_s=5.0)
    assert request.report is not None
    assert request.report.committed == (*UIDS, "2.25.77")


def _unknown(report: CommitmentReport) -> None:
    raise UnknownTransaction(report.transaction_uid)


def _full(_: CommitmentReport) -> None:
    raise ArchiveError("no space left on device")


@pytest.mark.parametrize(("keep", "status"), [(_unknown, 0x0115), (_full, 0x0110)])
def test_a_report_that_is_not_kept_is_not_confirmed(
    keep: Callable[[CommitmentReport], None], status: int
) -> None:
    with FakeCommitment(way=Way.EARLY) as pacs:
        request = request_commitment(OBJECTS, TRANSACTION, pacs.destination(), reported=keep)
        assert pacs.answers == [status]
    assert request.accepted
    assert request.report is None


@pytest.mark.usefixtures("no_thread_left")
def test_a_destination_that_asks_for_release_ends_the_waiting() -> None:
    with FakeCommitment(way=Way.NEVER, releases=True) as pacs:
        began_at = time.monotonic()
        with capture_logs() as told:
            request = request_commitment(OBJECTS, TRANSACTION, pacs.destination(), wait_s=30.0)
        assert time.monotonic() - began_at < 5
    assert request.accepted
    assert [one["how"] for one in told if one["event"] == "association.closed"] == ["released"]


@pytest.mark.usefixtures("no_thread_left")
def test_an_old_report_in_between_hinders_nothing() -> None:
    old = information_of("2.25.98", [(SEG, "2.25.1")])
    with FakeCommitment(way=Way.EARLY, pending=old) as pacs:
        request = request_commitment(OBJECTS, TRANSACTION, pacs.destination())
        assert pacs.answers == [0x0115, 0x0000]
    assert request.report == WHOLE


def test_a_destination_that_speaks_implicit_vr_only_is_understood() -> None:
    with FakeCommitment(way=Way.SAME, syntaxes=[str(ImplicitVRLittleEndian)]) as pacs:
        request = request_commitment(OBJECTS, TRANSACTION, pacs.destination(), wait_s=5.0)
    assert request.report == WHOLE
    assert pacs.asked[0].transaction_uid == TRANSACTION


@pytest.fixture
def impatient_interpreter() -> Iterator[None]:
    """Threads change many times within what is one step for a person."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("impatient_interpreter")
@pytest.mark.parametrize("way", [Way.SAME, Way.EARLY])
def test_answers_and_reports_are_told_apart_when_threads_compete(way: Way) -> None:
    with FakeCommitment(way=way) as pacs:
        for _ in range(10):
            request = request_commitment(OBJECTS, TRANSACTION, pacs.destination(), wait_s=5.0)
            assert (request.status, request.report) == (0x0000, WHOLE)


def test_requests_at_the_same_time_get_their_own_reports() -> None:
    found: dict[str, CommitmentReport | None] = {}
    with FakeCommitment(way=Way.SAME) as pacs:

        def _ask(number: int) -> None:
            uid = transaction_uid_of(job_id="4f2a", destination="fake-pacs", attempt=number)
            request = request_commitment(OBJECTS, uid, pacs.destination(), wait_s=5.0)
            found[uid] = request.report

        threads = [threading.Thread(target=_ask, args=(number,)) for number in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert len(found) == 4
    assert all(report and report.transaction_uid == uid for uid, report in found.items())


def test_a_transaction_uid_follows_from_job_destination_and_attempt() -> None:
    same = transaction_uid_of(job_id="4f2a", destination="fake-pacs", attempt=1)
    others = {
        transaction_uid_of(job_id="4f2b", destination="fake-pacs", attempt=1),
        transaction_uid_of(job_id="4f2a", destination="archive", attempt=1),
        transaction_uid_of(job_id="4f2a", destination="fake-pacs", attempt=2),
    }
    assert same == TRANSACTION == "2.25.208683341328009331005020524338902565627"
    assert len({same, *others}) == 4
    assert all(UID(one).is_valid and len(one) <= 64 for one in {same, *others})
