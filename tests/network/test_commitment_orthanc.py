"""Storage commitment with Orthanc as the destination; skipped where it is not installed.

DCMTK has no program for storage commitment, so there is nothing of it to test against.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from factories import pet_series, write_series
from peers import Orthanc, running_orthanc
from pydicom.uid import CTImageStorage

from dicom_node.domain.commitment import CommitmentReport, transaction_uid_of
from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.peer import Destination, Listener, ReceivedInstance, StoreOutcome
from dicom_node.network.commitment import request_commitment
from dicom_node.network.outgoing import Outgoing, outgoing_files
from dicom_node.network.storage_scp import StorageScp
from dicom_node.network.storage_scu import send


class Pair:
    """A node that keeps reports or refuses them, and Orthanc that has three objects of ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reports: list[CommitmentReport] = []
        self.refused: list[str] = []
        self.refuses = threading.Event()
        self.stored: tuple[Outgoing, ...] = ()

    def reported(self, report: CommitmentReport) -> None:
        if self.refuses.is_set():
            self.refused.append(report.transaction_uid)
            raise ArchiveError("no space left on device")
        self.reports.append(report)

    def fill(self, orthanc: Orthanc) -> None:
        self.orthanc = orthanc
        self.destination = Destination(
            name="pacs", ae_title="PACS", host="127.0.0.1", port=orthanc.dicom_port, timeout_s=10.0
        )
        write_series(pet_series(slices=3), self.folder / "sent")
        self.stored, _ = outgoing_files(self.folder / "sent")
        assert all(one.stored for one in send(self.stored, self.destination))

    def states(self) -> list[str]:
        """States of Orthanc's jobs, each of which sends one report."""
        return [one["State"] for one in self.orthanc.get("/jobs?expand")]


def _store(_: ReceivedInstance) -> StoreOutcome:
    return StoreOutcome.STORED


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("commitment")
    pair = Pair(folder)
    listener = Listener(ae_title="DICOM_NODE", address="127.0.0.1", port=0)
    with (
        StorageScp(listener, _store, lambda _: None, pair.reported) as node,
        running_orthanc(folder / "orthanc", node_port=node.port) as orthanc,
    ):
        pair.fill(orthanc)
        yield pair


def _ask(
    pair: Pair, attempt: int, objects: Sequence[Outgoing], eventually: Callable[..., None]
) -> CommitmentReport:
    """What Orthanc reports to a request; the next report, whatever transaction it names."""
    uid = transaction_uid_of(job_id="orthanc", destination="pacs", attempt=attempt)
    before = len(pair.reports)
    request = request_commitment(objects, uid, pair.destination)
    assert (request.accepted, request.offered, request.status) == (True, True, 0x0000)
    eventually(lambda: len(pair.reports) > before, what="Orthanc reported")
    assert pair.reports[before].transaction_uid == uid
    return pair.reports[before]


def _uids(objects: Sequence[Outgoing]) -> set[str]:
    return {one.sop_instance_uid for one in objects}


def test_what_orthanc_has_is_committed_over_a_new_association(
    pair: Pair, eventually: Callable[..., None]
) -> None:
    report = _ask(pair, 1, pair.stored, eventually)
    assert set(report.committed) == _uids(pair.stored)
    assert report.failed == {}


def test_what_orthanc_does_not_have_is_told_with_the_reason(
    pair: Pair, eventually: Callable[..., None]
) -> None:
    first, second, third = pair.stored
    absent = replace(first, sop_instance_uid="2.25.4711")
    of_another_class = replace(second, sop_class_uid=str(CTImageStorage))
    report = _ask(pair, 2, [absent, of_another_class, third], eventually)
    assert set(report.committed) == {third.sop_instance_uid}
    assert report.failed == {"2.25.4711": 0x0112, second.sop_instance_uid: 0x0119}


def test_a_report_of_failures_only_is_read(pair: Pair, eventually: Callable[..., None]) -> None:
    absent = replace(pair.stored[0], sop_instance_uid="2.25.4711")
    report = _ask(pair, 3, [absent], eventually)
    assert (report.committed, report.failed) == ((), {"2.25.4711": 0x0112})


def test_the_same_request_again_is_reported_again(
    pair: Pair, eventually: Callable[..., None]
) -> None:
    first = _ask(pair, 4, pair.stored, eventually)
    assert _ask(pair, 4, pair.stored, eventually) == first


def test_a_report_that_was_not_kept_comes_only_when_asked_for_again(
    pair: Pair, eventually: Callable[..., None]
) -> None:
    """Orthanc's job fails and is not repeated: this is why an open transaction becomes overdue."""
    before = len(pair.reports)
    pair.refuses.set()
    request_commitment(pair.stored, "2.25.4712", pair.destination)
    eventually(lambda: "2.25.4712" in pair.refused, what="Orthanc reported")
    pair.refuses.clear()
    eventually(lambda: "Failure" in pair.states(), what="Orthanc gave the report up")
    assert len(pair.reports) == before
    assert set(_ask(pair, 5, pair.stored, eventually).committed) == _uids(pair.stored)


def test_a_node_that_orthanc_does_not_know_may_be_made_known(pair: Pair) -> None:
    unknown = replace(pair.destination, calling_ae_title="UNKNOWN")
    request = request_commitment(pair.stored, "2.25.4713", unknown)
    assert (request.accepted, request.offered, request.transient) == (False, True, True)
    # Orthanc closes at once behind its rejection, which is not always read before that.
    assert "calling AE title not recognised" in request.cause or "aborted" in request.cause
