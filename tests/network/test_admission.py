"""Who gets an association: by called title, by calling title and address, and by how many."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest
from fake_pacs import FakePacs
from structlog.testing import capture_logs

from dicom_node.domain.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicom_node.domain.peer import Caller, Listener
from dicom_node.network.admission import rejection_of
from dicom_node.network.verification import echo

SCANNER = Caller(
    ae_title="PETCT1",
    addresses=(ip_network("10.20.0.0/16"), ip_network("2001:db8::/32")),
    max_associations=2,
)
ANYWHERE = Caller(ae_title="PACS")


def code_of(
    *,
    called: str = "NODE",
    calling: str = "PETCT1",
    address: str = "10.20.3.4",
    served: tuple[str, ...] = (),
    shown: frozenset[str] = frozenset(),
    callers: tuple[Caller, ...] = (SCANNER, ANYWHERE),
) -> tuple[int, int, int] | None:
    listener = Listener(
        ae_title="NODE",
        address="0.0.0.0",
        port=104,
        max_associations=4,
        further_ae_titles=("PET_ONLY",),
        callers=callers,
    )
    found = rejection_of(
        listener,
        called_ae=called,
        calling_ae=calling,
        peer_address=address,
        certificate_names=shown,
        served=served,
    )
    return None if found is None else found.code


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({}, None),
        ({"called": "PET_ONLY"}, None),
        ({"called": "NODE            ", "calling": "  PETCT1"}, None),  # padding of PS3.8
        ({"called": "OTHER"}, (1, 1, 7)),
        ({"called": "node"}, (1, 1, 7)),  # case counts, PS3.5 6.2
        ({"called": ""}, (1, 1, 7)),
        ({"calling": "STRANGER"}, (1, 1, 3)),
        ({"calling": "petct1"}, (1, 1, 3)),
        ({"called": "OTHER", "calling": "STRANGER"}, (1, 1, 7)),
        ({"address": "10.21.0.1"}, (1, 1, 3)),  # the title of one, the address of another
        ({"address": "::ffff:10.20.3.4"}, None),  # IPv4 on a listener of both kinds
        ({"address": "2001:db8::7"}, None),
        ({"address": "fe80::1%eth0"}, (1, 1, 3)),
        ({"calling": "PACS", "address": "192.0.2.1"}, None),
        ({"served": ("PETCT1",)}, None),
        ({"served": ("PETCT1", "PETCT1 ")}, (2, 3, 2)),
        ({"served": ("PACS", "PACS", "PETCT1")}, None),
        ({"calling": "PACS", "served": ("PACS", "PACS", "PACS")}, None),
        ({"calling": "PACS", "served": ("PACS", "PACS", "PACS", "PETCT1")}, (2, 3, 2)),
        ({"calling": "STRANGER", "callers": ()}, None),
    ],
)
def test_an_association_is_granted_or_rejected_with_the_code_of_the_standard(
    asked: dict[str, Any], code: tuple[int, int, int] | None
) -> None:
    assert code_of(**asked) == code


def test_a_title_may_be_bound_to_a_certificate() -> None:
    bound = (Caller(ae_title="PETCT1", certificate_name="petct1.example"),)
    assert code_of(callers=bound, shown=frozenset({"petct1.example", "petct1"})) is None
    assert code_of(callers=bound, shown=frozenset({"other.example"})) == (1, 1, 3)
    assert code_of(callers=bound) == (1, 1, 3)


def test_a_sender_with_two_tables_may_call_from_both_places() -> None:
    second = Caller(ae_title="PETCT1", addresses=(ip_network("192.0.2.7/32"),))
    assert code_of(address="192.0.2.7", callers=(SCANNER, second)) is None
    assert code_of(address="192.0.2.8", callers=(SCANNER, second)) == (1, 1, 3)


def test_a_stranger_is_rejected_over_the_network_and_the_log_says_why(serve: Any, ask: Any) -> None:
    scp = serve(callers=(Caller(ae_title="PETCT1"),))
    with capture_logs() as logged:
        stranger = ask(scp, calling="STRANGER")
    assert stranger.is_rejected
    answered = stranger.acceptor.primitive
    assert (answered.result, answered.result_source, answered.diagnostic) == (1, 1, 3)
    assert ask(scp, calling="PETCT1").send_c_echo().Status == 0x0000
    (told,) = [one for one in logged if one["event"] == "association.rejected"]
    assert told["cause"] == "calling AE title is not among listener.callers"
    assert told["calling_ae"] == "STRANGER"


def test_a_known_title_from_another_address_is_rejected(serve: Any, ask: Any) -> None:
    elsewhere = Caller(ae_title="PETCT1", addresses=(ip_network("10.20.0.0/16"),))
    assert ask(serve(callers=(elsewhere,)), calling="PETCT1").is_rejected


def test_a_sender_beyond_its_own_limit_waits_while_others_are_served(
    serve: Any, ask: Any, eventually: Callable[..., None]
) -> None:
    scp = serve(callers=(Caller(ae_title="PETCT1", max_associations=1), ANYWHERE))
    first = ask(scp, calling="PETCT1")
    second = ask(scp, calling="PETCT1")
    assert (second.acceptor.primitive.result, second.is_rejected) == (2, True)
    assert ask(scp, calling="PACS").is_established
    first.release()
    eventually(lambda: ask(scp, calling="PETCT1").is_established, what="its next one is served")


def test_the_node_answers_to_a_further_title(serve: Any, ask: Any) -> None:
    scp = serve(further_ae_titles=("PET_ONLY",))
    assert ask(scp, called="PET_ONLY").is_established
    assert ask(scp, called="OTHER").is_rejected


def test_both_sides_of_an_association_carry_the_name_of_this_software(serve: Any, ask: Any) -> None:
    accepted = ask(serve())
    assert accepted.acceptor.implementation_class_uid == IMPLEMENTATION_CLASS_UID
    assert accepted.acceptor.implementation_version_name == IMPLEMENTATION_VERSION_NAME
    with FakePacs() as pacs:
        assert echo(pacs.destination()).reachable
    assert pacs.requestors == [(IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME)]
