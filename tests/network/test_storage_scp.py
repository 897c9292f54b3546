"""The Storage SCP towards senders that keep to the rules: what it accepts, keeps and answers."""

import logging
import threading
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from factories import pet_series
from pydicom import Dataset
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    PositronEmissionTomographyImageStorage,
)
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode
from pynetdicom.presentation import build_context
from structlog.testing import capture_logs

from dicom_node.domain.errors import ArchiveError, ConfigError
from dicom_node.domain.peer import Listener, ReceivedInstance, StoreOutcome
from dicom_node.network.presentation_contexts import storage_classes, transfer_syntaxes
from dicom_node.network.storage_scp import StorageScp

PET = str(PositronEmissionTomographyImageStorage)
CT = str(CTImageStorage)
EXPLICIT, IMPLICIT = str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian)
INSTANCE = "1.2.826.0.1.3680043.8.498.1"


def push(
    association: Association,
    data_set: bytes,
    *,
    sop_class: str = PET,
    instance: str = INSTANCE,
    context_id: int = 1,
) -> Dataset | None:
    """Send one C-STORE with exactly these bytes; the answer's command set, None without one."""
    request = C_STORE()
    request.MessageID, request.Priority = 7, 0
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = sop_class, instance
    request.DataSet = BytesIO(data_set)
    association._reactor_checkpoint.clear()
    while not association._is_paused:
        time.sleep(0.0001)
    association.dimse.send_msg(request, context_id)
    _, answer = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    return answer


def pet_bytes(syntax: str = EXPLICIT) -> bytes:
    (dataset,) = pet_series(slices=1)
    implicit, deflated = syntax == IMPLICIT, syntax == DeflatedExplicitVRLittleEndian
    encoded = encode(dataset, implicit, syntax != ExplicitVRBigEndian, deflated)
    assert encoded is not None
    return encoded


def test_every_storage_class_is_accepted(serve: Any, ask: Any) -> None:
    scp, classes = serve(), storage_classes()
    for start in range(0, len(classes), 128):
        some = classes[start : start + 128]
        association = ask(scp, [build_context(uid, [EXPLICIT]) for uid in some])
        accepted = {str(one.abstract_syntax) for one in association.accepted_contexts}
        assert accepted == set(some)
        association.release()


def test_every_transfer_syntax_is_accepted(serve: Any, ask: Any) -> None:
    syntaxes = transfer_syntaxes()
    association = ask(serve(), [build_context(PET, [uid]) for uid in syntaxes])
    assert {one.transfer_syntax[0] for one in association.accepted_contexts} == set(syntaxes)


def test_what_is_no_storage_is_refused_and_the_rest_of_the_association_goes_on(
    serve: Any, ask: Any
) -> None:
    worklist = "1.2.840.10008.5.1.4.31"
    association = ask(serve(), [build_context(worklist), build_context(PET, [EXPLICIT])])
    assert [one.abstract_syntax for one in association.rejected_contexts] == [worklist]
    assert push(association, pet_bytes(), context_id=3).Status == 0x0000


@pytest.mark.parametrize("first", [JPEGLSLossless, EXPLICIT, IMPLICIT])
def test_the_first_transfer_syntax_of_the_sender_is_taken(serve: Any, ask: Any, first: str) -> None:
    rest = [uid for uid in (EXPLICIT, IMPLICIT, str(JPEGLSLossless)) if uid != first]
    association = ask(serve(), [build_context(PET, [first, *rest])])
    assert association.accepted_contexts[0].transfer_syntax == [first]


@pytest.mark.parametrize(
    "sop_class",
    [
        "1.3.46.670589.11.0.0.12.1",  # private of a vendor
        "1.2.840.10008.5.1.4.1.1.9999.1",  # of a standard to come
        "1.2.840.10008.5.1.4.1.1.5",  # Nuclear Medicine, retired
        "1.2.840.10008.5.1.4.38.1",  # Hanging Protocol: non-patient object storage
        "1.2.840.10008.5.1.4.1.1.67",  # Real World Value Mapping
        "1.2.840.10008.5.1.4.1.1.66.7",  # Label Map Segmentation
    ],
)
def test_unusual_storage_classes_are_stored(
    serve: Any, ask: Any, inbox: Any, sop_class: str
) -> None:
    association = ask(serve(), [build_context(sop_class, [EXPLICIT])])
    assert push(association, pet_bytes(), sop_class=sop_class).Status == 0x0000
    assert inbox.instances[0].sop_class_uid == sop_class


@pytest.mark.parametrize(
    "syntax",
    [EXPLICIT, IMPLICIT, str(DeflatedExplicitVRLittleEndian), str(ExplicitVRBigEndian)],
)
def test_an_instance_arrives_with_its_bytes_and_everything_known_about_its_way(
    serve: Any, ask: Any, inbox: Any, syntax: str
) -> None:
    association, sent = ask(serve(), [build_context(PET, [syntax])]), pet_bytes(syntax)
    assert push(association, sent).Status == 0x0000
    (got,) = inbox.instances
    assert got.dataset == sent
    assert (got.sop_class_uid, got.sop_instance_uid) == (PET, INSTANCE)
    assert got.transfer_syntax_uid == syntax
    assert (got.calling_ae, got.called_ae, got.peer_address) == ("SENDER", "NODE", "127.0.0.1")


def test_bytes_that_are_no_dicom_are_handed_on_as_they_came(
    serve: Any, ask: Any, inbox: Any
) -> None:
    association = ask(serve(), [build_context(PET, [EXPLICIT])])
    assert push(association, b"\xff" * 300_001).Status == 0x0000
    assert inbox.instances[0].dataset == b"\xff" * 300_001


def test_a_uid_that_is_a_path_is_handed_on_as_it_came(serve: Any, ask: Any, inbox: Any) -> None:
    association = ask(serve(), [build_context(PET, [EXPLICIT])])
    push(association, pet_bytes(), instance="../../outside")
    assert inbox.instances[0].sop_instance_uid == "../../outside"


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (StoreOutcome.STORED, 0x0000),
        (StoreOutcome.DUPLICATE, 0x0000),
        (StoreOutcome.CONFLICT, 0x0000),
        (StoreOutcome.UNREADABLE, 0xB007),
    ],
)
def test_what_became_of_an_instance_decides_the_answer(
    serve: Any, ask: Any, inbox: Any, outcome: StoreOutcome, status: int
) -> None:
    inbox.answer = lambda _: outcome
    association = ask(serve(), [build_context(PET, [EXPLICIT])])
    assert push(association, pet_bytes()).Status == status


@pytest.mark.parametrize(
    ("failure", "status"), [(ArchiveError("disk full"), 0xA700), (ZeroDivisionError(), 0x0110)]
)
def test_a_failure_is_answered_and_the_same_association_goes_on(
    serve: Any, ask: Any, inbox: Any, failure: Exception, status: int
) -> None:
    def _fail(_: object) -> StoreOutcome:
        raise failure

    association = ask(serve(), [build_context(PET, [EXPLICIT])])
    inbox.answer = _fail
    answer = push(association, pet_bytes())
    assert answer.Status == status
    assert answer.ErrorComment.startswith("not stored")
    inbox.answer = lambda _: StoreOutcome.STORED
    assert push(association, pet_bytes()).Status == 0x0000


def test_no_log_holds_anything_of_a_data_set(
    serve: Any, ask: Any, inbox: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def _quote(instance: ReceivedInstance) -> StoreOutcome:
        raise ValueError(instance.dataset.decode("latin-1"))

    with capture_logs() as events, caplog.at_level(logging.DEBUG):
        scp = serve()
        association = ask(scp, [build_context(PET, [EXPLICIT])])
        push(association, pet_bytes())
        inbox.answer = _quote
        push(association, pet_bytes())
        association.release()
        scp.stop()
    logged = f"{events} {caplog.text}"
    assert "instance.store_failed" in logged
    assert "_quote" in logged  # where it happened is told ...
    assert not [one for one in ("Phantom", "PH-1", "19600101") if one in logged]  # ... not what


def test_the_log_tells_who_asked_and_what_came_of_it(serve: Any, ask: Any, inbox: Any) -> None:
    with capture_logs() as events:
        scp = serve()
        association = ask(
            scp, [build_context(PET, [EXPLICIT]), build_context("1.2.840.10008.5.1.1.9")]
        )
        push(association, pet_bytes())
        association.release()
        scp.stop()
    by_name = {one["event"]: one for one in events}
    accepted, ended = by_name["association.accepted"], by_name["association.ended"]
    assert (accepted["calling_ae"], accepted["called_ae"]) == ("SENDER", "NODE")
    assert (accepted["contexts"], accepted["refused"]) == (1, ["1.2.840.10008.5.1.1.9"])
    assert (ended["stored"], ended["failed"], ended["how"]) == (1, 0, "released")
    assert accepted["association"] == inbox.instances[0].association_id


def test_the_end_of_an_association_is_told_once_with_its_id(
    serve: Any, ask: Any, inbox: Any, eventually: Callable[..., None]
) -> None:
    scp = serve()
    for end in ("release", "abort"):
        association = ask(scp, [build_context(PET, [EXPLICIT])])
        push(association, pet_bytes())
        assert inbox.instances[-1].association_id not in inbox.ended
        getattr(association, end)()
    eventually(lambda: len(inbox.ended) == 2, what="both ends told")
    assert sorted(inbox.ended) == sorted(one.association_id for one in inbox.instances)
    assert len(set(inbox.ended)) == 2


def test_a_failing_listener_for_the_end_does_not_stop_the_server(
    serve: Any, ask: Any, inbox: Any
) -> None:
    def _fail(_: str) -> None:
        raise RuntimeError

    inbox.association_ended = _fail
    scp = serve()
    for _ in range(2):
        association = ask(scp, [build_context(PET, [EXPLICIT])])
        assert push(association, pet_bytes()).Status == 0x0000
        association.release()


def test_senders_are_served_at_the_same_time(serve: Any, ask: Any, inbox: Any) -> None:
    both_inside = threading.Barrier(2, timeout=10)

    def _meet(_: object) -> StoreOutcome:
        both_inside.wait()
        return StoreOutcome.STORED

    inbox.answer = _meet
    scp, answers = serve(), []
    open_ones = [ask(scp, [build_context(PET, [EXPLICIT])]) for _ in range(2)]
    threads = [
        threading.Thread(target=lambda one=one: answers.append(push(one, pet_bytes()).Status))
        for one in open_ones
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert answers == [0x0000, 0x0000]


def test_one_association_too_many_is_rejected_as_transient_and_served_later(
    serve: Any, ask: Any, eventually: Callable[..., None]
) -> None:
    scp = serve(max_associations=1)
    first = ask(scp)
    second = ask(scp)
    assert second.is_rejected
    rejected = second.acceptor.primitive
    assert (rejected.result, rejected.result_source, rejected.diagnostic) == (2, 3, 2)
    first.release()
    eventually(lambda: ask(scp).is_established, what="served after the first one was released")


def test_another_called_ae_title_is_rejected(serve: Any, ask: Any, inbox: Any) -> None:
    association = ask(serve(), called="SOMEBODY")
    assert association.is_rejected
    rejected = association.acceptor.primitive
    assert (rejected.result, rejected.result_source, rejected.diagnostic) == (1, 1, 7)
    assert inbox.ended == []


def test_c_echo_is_answered(serve: Any, ask: Any) -> None:
    assert ask(serve()).send_c_echo().Status == 0x0000


def test_a_taken_port_is_a_configuration_error_that_names_it(serve: Any, inbox: Any) -> None:
    port = serve().port
    again = StorageScp(
        Listener(ae_title="NODE", address="127.0.0.1", port=port), inbox.store, print
    )
    with pytest.raises(ConfigError, match=rf"127\.0\.0\.1:{port}.*free port"):
        again.start()


@pytest.mark.parametrize(("address", "port"), [("192.0.2.1", 11112), ("127.0.0.1", 70000)])
def test_an_address_that_cannot_be_had_is_a_configuration_error(
    inbox: Any, address: str, port: int
) -> None:
    scp = StorageScp(Listener(ae_title="NODE", address=address, port=port), inbox.store, print)
    with pytest.raises(ConfigError, match="listener"):
        scp.start()


def test_the_port_is_known_only_while_it_listens(inbox: Any) -> None:
    listener = Listener(ae_title="NODE", address="127.0.0.1", port=0)
    scp = StorageScp(listener, inbox.store, inbox.association_ended)
    with pytest.raises(RuntimeError):
        _ = scp.port
    with scp:
        assert scp.port > 0
    with pytest.raises(RuntimeError):
        _ = scp.port


def test_stop_leaves_no_thread_and_a_new_start_takes_the_same_port(
    no_thread_left: None, inbox: Any
) -> None:
    with StorageScp(
        Listener(ae_title="NODE", address="127.0.0.1", port=0), inbox.store, print
    ) as first:
        port = first.port
    with StorageScp(
        Listener(ae_title="NODE", address="127.0.0.1", port=port), inbox.store, print
    ) as second:
        assert second.port == port


def test_without_room_an_association_is_rejected_as_transient_and_later_accepted(inbox, ask):
    full = [True]
    listener = Listener(ae_title="NODE", address="127.0.0.1", port=0)
    with StorageScp(listener, inbox.store, inbox.association_ended, full=lambda: full[0]) as scp:
        refused = ask(scp)
        assert refused.is_rejected
        answered = refused.acceptor.primitive
        assert (answered.result, answered.result_source, answered.diagnostic) == (2, 3, 2)
        full[0] = False
        assert ask(scp).is_established
