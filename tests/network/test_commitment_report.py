"""The listener towards destinations that report storage commitment, in order and out of order."""

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from commitment_reports import (
    BOTH_ROLES,
    PUSH_MODEL,
    PUSH_MODEL_INSTANCE,
    SCP_ROLE,
    SCU_ROLE,
    answer_to,
    ask_to_report,
    event_report,
    information_of,
    report_to,
)
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    PositronEmissionTomographyImageStorage,
)
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.presentation import build_context, build_role
from structlog.testing import capture_logs

from dicom_node.domain.commitment import CommitmentReport, UnknownTransaction
from dicom_node.domain.errors import ArchiveError
from dicom_node.domain.peer import Listener
from dicom_node.network.storage_scp import StorageScp

PET = str(PositronEmissionTomographyImageStorage)
SEG = "1.2.840.10008.5.1.4.1.1.66.4"
MPPS = "1.2.840.10008.3.1.2.3.3"
ONE, TWO = (SEG, "2.25.1"), (SEG, "2.25.2")
GOOD = information_of("2.25.9", [ONE])
EXPLICIT = str(ExplicitVRLittleEndian)
HELD = "what a data set holds"


class Desk:
    """What stands behind the listener: keeps reports, or does what the test says."""

    def __init__(self) -> None:
        self.reports: list[CommitmentReport] = []
        self.then: Callable[[CommitmentReport], None] = lambda _: None

    def reported(self, report: CommitmentReport) -> None:
        self.reports.append(report)
        self.then(report)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def node(inbox: Any, desk: Desk) -> Iterator[StorageScp]:
    listener = Listener(ae_title="NODE", address="127.0.0.1", port=0, idle_timeout_s=10.0)
    scp = StorageScp(listener, inbox.store, inbox.association_ended, desk.reported)
    scp.start()
    yield scp
    scp.stop(0.2)


@pytest.mark.parametrize("roles", [SCP_ROLE, BOTH_ROLES, None])
def test_a_destination_may_report_in_the_role_of_the_scp_or_without_role_selection(
    node: StorageScp, desk: Desk, roles: tuple[bool, bool] | None
) -> None:
    assert report_to(node.port, GOOD, roles=roles) == 0x0000
    assert desk.reports == [
        CommitmentReport(transaction_uid="2.25.9", committed=("2.25.1",), failed={})
    ]


@pytest.mark.parametrize("roles", [SCP_ROLE, BOTH_ROLES])
def test_the_role_of_the_scp_is_granted_and_no_other(
    node: StorageScp, roles: tuple[bool, bool]
) -> None:
    association = ask_to_report(node.port, roles=roles)
    granted = association.acceptor.role_selection[PUSH_MODEL]
    assert (granted.scu_role, granted.scp_role) == (False, True)
    association.release()


def test_who_insists_on_asking_us_for_commitment_is_refused(node: StorageScp) -> None:
    association = ask_to_report(node.port, roles=SCU_ROLE)
    assert not association.is_established
    assert [one.result for one in association.rejected_contexts] == [1]  # user rejection


def test_who_asks_us_for_commitment_without_role_selection_is_told_that_there_is_none(
    node: StorageScp, desk: Desk
) -> None:
    association = ask_to_report(node.port, roles=None)
    status, _ = association.send_n_action(GOOD, 1, PUSH_MODEL, PUSH_MODEL_INSTANCE)
    assert status.Status == 0x0211
    association.release()
    assert desk.reports == []


@pytest.mark.parametrize(
    "syntax",
    [EXPLICIT, ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian],
)
def test_reports_are_read_in_every_transfer_syntax_without_pixels(
    node: StorageScp, desk: Desk, syntax: str
) -> None:
    proposed = [str(JPEGBaseline8Bit), str(syntax)]
    assert report_to(node.port, GOOD, syntaxes=proposed) == 0x0000
    assert desk.reports[0].committed == ("2.25.1",)


def test_big_endian_is_agreed_to_as_well(node: StorageScp) -> None:
    association = ask_to_report(node.port, syntaxes=[str(ExplicitVRBigEndian)])
    assert association.is_established
    association.release()


def test_a_transfer_syntax_of_images_is_none_for_reports(node: StorageScp) -> None:
    association = ask_to_report(node.port, syntaxes=[str(JPEGBaseline8Bit)])
    assert not association.is_established


def test_failures_come_with_their_reasons(node: StorageScp, desk: Desk) -> None:
    assert report_to(node.port, information_of("2.25.9", [ONE], {TWO: 0x0112})) == 0x0000
    (report,) = desk.reports
    assert (report.committed, report.failed) == (("2.25.1",), {"2.25.2": 0x0112})


def test_what_is_reported_as_committed_and_as_failed_is_failed(
    node: StorageScp, desk: Desk
) -> None:
    information = information_of("2.25.9", [ONE, TWO, ONE], {TWO: 0x0110})
    for event_type in (1, 2):
        assert report_to(node.port, information, event_type=event_type) == 0x0000
    assert {one.committed for one in desk.reports} == {("2.25.1",)}
    assert [one.failed for one in desk.reports] == [{"2.25.2": 0x0110}] * 2


def test_a_sequence_without_items_is_the_same_as_none(node: StorageScp, desk: Desk) -> None:
    all_failed = information_of("2.25.9", [], {ONE: 0x0213})
    all_failed.ReferencedSOPSequence = []
    assert report_to(node.port, all_failed) == 0x0000
    assert (desk.reports[0].committed, desk.reports[0].failed) == ((), {"2.25.1": 0x0213})


def _without_uid() -> Dataset:
    information = information_of("2.25.9", [ONE, TWO])
    del information.ReferencedSOPSequence[1].ReferencedSOPInstanceUID
    return information


MALFORMED: dict[str, tuple[int, Any, dict[str, Any]]] = {
    "an unknown event type": (0x0113, GOOD, {"event_type": 3}),
    "another instance": (0x0112, GOOD, {"instance_uid": "2.25.4"}),
    "another class": (0x0118, GOOD, {"class_uid": MPPS}),
    "no information": (0x0115, None, {}),
    "no transaction": (0x0115, information_of(None, [ONE]), {}),
    "an empty transaction": (0x0115, information_of("", [ONE]), {}),
    "success of nothing": (0x0115, information_of("2.25.9"), {}),
    "failures of nothing": (0x0115, information_of("2.25.9", [ONE]), {"event_type": 2}),
    "a failure without reason": (0x0115, information_of("2.25.9", [ONE], {TWO: None}), {
        "event_type": 2
    }),
    "an item without UID": (0x0115, _without_uid(), {}),
    "rubbish": (0x0115, b"\xff\xfe" * 500, {}),
    "a cut data set": (0x0110, bytes.fromhex("0800991153510000ffffffff") + b"\xfe\xff", {}),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:Expected explicit VR")
@pytest.mark.parametrize(("status", "information", "changes"), MALFORMED.values(), ids=MALFORMED)
def test_a_report_that_is_not_as_the_standard_says_is_refused_and_the_listener_goes_on(
    node: StorageScp,
    desk: Desk,
    status: int,
    information: Dataset | bytes | None,
    changes: dict[str, Any],
) -> None:
    with capture_logs() as told:
        assert report_to(node.port, information, syntaxes=[EXPLICIT], **changes) == status
    assert desk.reports == []
    assert any(one["event"].startswith("commitment.") for one in told)
    assert report_to(node.port, GOOD) == 0x0000


def _unknown(report: CommitmentReport) -> None:
    raise UnknownTransaction(report.transaction_uid)


def _full(_: CommitmentReport) -> None:
    raise ArchiveError("no space left on device")


def _broken(_: CommitmentReport) -> None:
    raise ZeroDivisionError(HELD)


@pytest.mark.parametrize(
    ("then", "status", "event"),
    [
        (_unknown, 0x0115, "commitment.unknown"),
        (_full, 0x0110, "commitment.not_kept"),
        (_broken, 0x0110, "commitment.report_failed"),
    ],
)
def test_a_report_that_cannot_be_kept_is_not_confirmed_and_can_be_repeated(
    node: StorageScp,
    desk: Desk,
    then: Callable[[CommitmentReport], None],
    status: int,
    event: str,
) -> None:
    usual, desk.then = desk.then, then
    with capture_logs() as told:
        assert report_to(node.port, GOOD) == status
    assert event in {one["event"] for one in told}
    assert HELD not in str(told)
    desk.then = usual
    assert report_to(node.port, GOOD) == 0x0000


def test_without_anybody_who_keeps_reports_the_service_is_not_offered(serve: Any) -> None:
    association = ask_to_report(serve().port)
    assert not association.is_established
    assert [one.result for one in association.rejected_contexts] == [3]  # SOP class not supported


def _ask_for_both(port: int) -> Association:
    """Context 1 for reports, context 3 for PET images."""
    entity = ApplicationEntity("FAKE_PACS")
    entity.acse_timeout = entity.dimse_timeout = entity.connection_timeout = 5
    contexts = [build_context(PUSH_MODEL, [EXPLICIT]), build_context(PET, [EXPLICIT])]
    roles = [build_role(PUSH_MODEL, scp_role=True)]
    return entity.associate("127.0.0.1", port, contexts, ae_title="NODE", ext_neg=roles)


def test_images_and_reports_may_share_an_association(
    node: StorageScp, desk: Desk, inbox: Any
) -> None:
    association = _ask_for_both(node.port)
    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID = PET, "2.25.5"
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    assert association.send_c_store(image).Status == 0x0000
    assert answer_to(association, event_report(GOOD, syntax=EXPLICIT), release=True) == 0x0000
    assert [one.sop_instance_uid for one in inbox.instances] == ["2.25.5"]
    assert len(desk.reports) == 1


def test_a_report_that_calls_itself_an_image_harms_nobody(
    node: StorageScp, desk: Desk, inbox: Any
) -> None:
    association = _ask_for_both(node.port)
    request = event_report(GOOD, syntax=EXPLICIT, class_uid=PET)
    request.EventInformation = BytesIO(b"\0" * 100)
    with capture_logs():
        answer_to(association, request)
    association.abort()
    assert (desk.reports, inbox.instances) == ([], [])
    assert report_to(node.port, GOOD) == 0x0000


def test_every_report_is_answered_also_those_that_come_with_the_first_packet(
    node: StorageScp, desk: Desk
) -> None:
    assert [report_to(node.port, GOOD) for _ in range(20)] == [0x0000] * 20
    assert len(desk.reports) == 20


def test_several_reports_over_one_association_are_answered_one_by_one(
    node: StorageScp, desk: Desk
) -> None:
    association = ask_to_report(node.port)
    for number in range(5):
        information = information_of(f"2.25.{number + 1}", [ONE])
        assert answer_to(association, event_report(information, syntax=EXPLICIT)) == 0x0000
    association.abort()
    assert [one.transaction_uid for one in desk.reports] == [f"2.25.{n + 1}" for n in range(5)]


def test_the_log_tells_how_many_and_why_and_nothing_else(node: StorageScp) -> None:
    with capture_logs() as told:
        report_to(node.port, information_of("2.25.9", [ONE], {TWO: 0x0112}))
    (line,) = [one for one in told if one["event"] == "commitment.reported"]
    assert (line["transaction"], line["committed"]) == ("2.25.9", 1)
    assert line["failed"] == {"0x0112 no such object instance": 1}
