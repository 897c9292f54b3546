"""The conformance statement says what the node does: every class and syntax of it is negotiated."""

import re
from pathlib import Path
from typing import Any

import pytest
from fake_pacs import FakePacs
from pynetdicom.ae import ApplicationEntity
from pynetdicom.presentation import build_context

from dicom_node.conformance import conformance_statement
from dicom_node.domain.peer import Listener, StoreOutcome
from dicom_node.network.storage_scp import StorageScp
from dicom_node.network.verification import echo
from dicom_node.settings import read_settings

ROOT = Path(__file__).resolve().parents[1]
PET = "1.2.840.10008.5.1.4.1.1.128"
EXPLICIT = "1.2.840.10008.1.2.1"
AT_ONCE = 120  # contexts of one association; 128 are possible


@pytest.fixture(scope="module")
def statement() -> str:
    return conformance_statement(read_settings(ROOT / "config"))


@pytest.fixture(scope="module")
def scp() -> Any:
    listener = Listener(ae_title="DICOM_NODE", address="127.0.0.1", port=0)
    with StorageScp(listener, lambda _: StoreOutcome.STORED, lambda _: None) as running:
        yield running


def stated(statement: str, section: str) -> list[str]:
    """UIDs of the table of a section."""
    _, _, rest = statement.partition(f"## {section}\n")
    body, _, _ = rest.partition("\n## ")
    return re.findall(r"\| `([0-9.]+)` \|$", body, flags=re.MULTILINE)


def accepted(scp: StorageScp, wanted: list[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the (SOP class, transfer syntax) that the node accepts, each in its own context."""
    found: set[tuple[str, str]] = set()
    for first in range(0, len(wanted), AT_ONCE):
        entity = ApplicationEntity("SENDER")
        contexts = [build_context(uid, syntax) for uid, syntax in wanted[first : first + AT_ONCE]]
        association = entity.associate("127.0.0.1", scp.port, contexts, ae_title="DICOM_NODE")
        assert association.is_established
        found |= {
            (str(one.abstract_syntax), str(one.transfer_syntax[0]))
            for one in association.accepted_contexts
        }
        association.release()
    return found


def test_the_statement_in_the_repository_is_that_of_the_shipped_configuration(
    statement: str,
) -> None:
    assert (ROOT / "CONFORMANCE.md").read_text(encoding="utf-8") == statement, (
        "make it anew: dicom-node conformance > CONFORMANCE.md"
    )


def test_every_sop_class_that_is_stated_is_accepted(statement: str, scp: StorageScp) -> None:
    classes = stated(statement, "Storage SOP classes that are accepted")
    assert len(classes) > 150
    wanted = [(uid, EXPLICIT) for uid in classes]
    assert accepted(scp, wanted) == set(wanted)


def test_every_transfer_syntax_that_is_stated_is_accepted(statement: str, scp: StorageScp) -> None:
    syntaxes = stated(statement, "Transfer syntaxes that are accepted")
    assert len(syntaxes) > 40
    for syntax in syntaxes:  # in one association the node would join those of one class
        assert accepted(scp, [(PET, syntax)]) == {(PET, syntax)}


def test_what_is_not_stated_is_refused(statement: str, scp: StorageScp) -> None:
    others = ["1.2.840.10008.5.1.4.31", "1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.1.20.1"]
    assert not set(others) & set(stated(statement, "Storage SOP classes that are accepted"))
    assert accepted(scp, [(uid, EXPLICIT) for uid in [*others, "1.2.840.10008.1.1"]]) == {
        ("1.2.840.10008.1.1", EXPLICIT)
    }
    private = (PET, "1.2.840.113619.5.2")  # a transfer syntax of one vendor
    assert accepted(scp, [private, (PET, EXPLICIT)]) == {(PET, EXPLICIT)}


def test_the_limits_are_those_that_are_stated(statement: str, scp: StorageScp) -> None:
    entity = ApplicationEntity("SENDER")
    association = entity.associate(
        "127.0.0.1", scp.port, [build_context(PET)], ae_title="DICOM_NODE"
    )
    peer = association.acceptor
    assert f"| longest PDU received | {peer.maximum_length} bytes |" in statement
    assert f"| `{peer.implementation_class_uid}` |" in statement
    assert f"| {peer.implementation_version_name} |" in statement.replace("`", "")
    association.release()


def test_another_configuration_has_another_statement(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text(
        '[listener]\nae_title = "NUCMED"\nfurther_ae_titles = ["PSMA"]\nmax_associations = 7\n'
        '[[listener.callers]]\nae_title = "PETCT1"\n'
    )
    (tmp_path / "destinations.toml").write_text(
        '[[destinations]]\nname = "archive"\nae_title = "ARCHIVE"\nhost = "192.0.2.1"\nport = 104\n'
        'commitment = true\nseg_form = "labelmap"\nextra_forms = ["pdf"]\n'
    )
    told = conformance_statement(read_settings(tmp_path))
    assert "`NUCMED`, `PSMA`; others are rejected (1, 1, 7)" in told
    assert "`PETCT1`; others are rejected (1, 1, 3)" in told
    assert "| at the same time | 7;" in told
    assert "`ARCHIVE` at 192.0.2.1:104, called by `NUCMED`." in told
    for uid in (
        "1.2.840.10008.1.20.1",
        "1.2.840.10008.5.1.4.1.1.66.7",
        "1.2.840.10008.5.1.4.1.1.104.1",
    ):
        assert f"`{uid}`" in told.partition("## Communication")[0]


def test_what_the_node_asks_for_carries_the_stated_implementation(statement: str) -> None:
    with FakePacs() as pacs:
        assert echo(pacs.destination()).reachable
    ((class_uid, version_name),) = pacs.requestors
    assert f"`{class_uid}`" in statement
    assert f"`{version_name}`" in statement


def test_dicomweb_is_stated_where_it_is_configured(statement: str, tmp_path: Path) -> None:
    assert "DICOMweb" not in statement
    (tmp_path / "node.toml").write_text("[web]\nmax_instances = 7\n")
    (tmp_path / "destinations.toml").write_text(
        '[[destinations]]\nname = "vna"\nkind = "dicomweb"\nurl = "http://10.0.0.1/dicom-web"\n'
    )
    told = conformance_statement(read_settings(tmp_path))
    assert "| STOW-RS origin server | 127.0.0.1:8043," in told
    assert "7 instances a request" in told
    assert "| STOW-RS user agent, vna | POST http://10.0.0.1/dicom-web/studies |" in told
    assert "### vna" not in told  # no association is asked for
