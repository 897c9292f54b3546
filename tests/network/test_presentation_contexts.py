"""Which SOP classes and transfer syntaxes are accepted and proposed."""

import pytest
from pydicom.uid import (
    AllTransferSyntaxes,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    PositronEmissionTomographyImageStorage,
)
from pynetdicom import ALL_TRANSFER_SYNTAXES
from pynetdicom.presentation import AllStoragePresentationContexts, build_context

from dicom_node.network.presentation_contexts import (
    MOST_CONTEXTS,
    chosen_context,
    is_storage,
    is_transfer_syntax,
    proposals,
    storage_classes,
    supported_contexts,
    transfer_syntaxes,
)

PET = str(PositronEmissionTomographyImageStorage)
CT = str(CTImageStorage)
EXPLICIT, IMPLICIT = str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian)
PRIVATE_SYNTAX = "1.2.840.113619.5.2"


def test_every_storage_class_that_pynetdicom_knows_is_storage() -> None:
    for context in AllStoragePresentationContexts:
        assert is_storage(str(context.abstract_syntax))


@pytest.mark.parametrize(
    "uid",
    [
        "1.2.840.10008.5.1.4.1.1.67",  # Real World Value Mapping
        "1.2.840.10008.5.1.4.1.1.66.7",  # Label Map Segmentation
        "1.2.840.10008.5.1.4.1.1.130",  # Enhanced PET
        "1.2.840.10008.5.1.4.1.1.128.1",  # Legacy Converted Enhanced PET
        "1.2.840.10008.5.1.4.1.1.5",  # Nuclear Medicine, retired
        "1.2.840.10008.5.1.4.1.1.129",  # Standalone PET Curve, retired
        "1.2.840.10008.5.1.4.38.1",  # Hanging Protocol
        "1.2.840.10008.5.1.4.1.1.501.1",  # DICOS CT
        "1.2.840.10008.5.1.4.1.1.40",  # retired without a name
        "1.2.840.10008.5.1.4.1.1.9999.1",  # of a standard to come
        "1.3.46.670589.11.0.0.12.1",  # private of a vendor
    ],
)
def test_storage_of_every_age_and_origin_is_storage(uid: str) -> None:
    assert is_storage(uid)


@pytest.mark.parametrize(
    "uid",
    [
        "1.2.840.10008.1.1",  # Verification
        "1.2.840.10008.1.3.10",  # Media Storage Directory
        "1.2.840.10008.1.20.1",  # Storage Commitment
        "1.2.840.10008.5.1.4.31",  # Modality Worklist
        "1.2.840.10008.5.1.4.1.2.2.2",  # Study Root MOVE
        "1.2.840.10008.5.1.4.1.1.201.2",  # Inventory FIND
        "1.2.840.10008.1.2.1",  # a transfer syntax
        "1.2.840.10008.4.2",  # a service class
        "1.2.840.10008.99.1",  # the standard's, but no storage root
        "../../etc/passwd",
    ],
)
def test_what_nobody_stores_is_no_storage(uid: str) -> None:
    assert not is_storage(uid)


def test_every_transfer_syntax_of_pydicom_that_dimse_can_carry_is_taken() -> None:
    streams = {"1.2.840.10008.1.2.7.1", "1.2.840.10008.1.2.7.2", "1.2.840.10008.1.2.7.3"}
    for uid in {*map(str, AllTransferSyntaxes), *ALL_TRANSFER_SYNTAXES} - streams:
        assert is_transfer_syntax(uid), uid
    assert not any(is_transfer_syntax(uid) for uid in (*streams, PRIVATE_SYNTAX, PET, "nonsense"))


def test_the_lists_for_a_conformance_statement_are_whole() -> None:
    assert len(storage_classes()) > 190
    assert len(transfer_syntaxes()) > 50
    assert {PET, CT} <= set(storage_classes())


def test_the_order_of_the_sender_decides_and_unknown_syntaxes_are_left_out() -> None:
    asked = build_context(PET, [PRIVATE_SYNTAX, JPEGLSLossless, EXPLICIT])
    (supported,) = supported_contexts([asked])
    assert supported.transfer_syntax == [JPEGLSLossless, EXPLICIT]


def test_one_class_in_several_contexts_is_supported_with_all_their_syntaxes() -> None:
    asked = [build_context(PET, [JPEGLSLossless]), build_context(PET, [EXPLICIT, IMPLICIT])]
    (supported,) = supported_contexts(asked)
    assert supported.transfer_syntax == [JPEGLSLossless, EXPLICIT, IMPLICIT]


def test_a_class_with_private_syntaxes_only_is_not_supported() -> None:
    assert supported_contexts([build_context(PET, [PRIVATE_SYNTAX])]) == []


def test_built_contexts_are_reused() -> None:
    first, second = (supported_contexts([build_context(PET, [EXPLICIT])]) for _ in range(2))
    assert first[0] is second[0]


def test_native_objects_are_proposed_as_stored_and_with_an_alternative() -> None:
    (proposal,) = proposals([(PET, EXPLICIT), (PET, EXPLICIT), (CT, str(JPEGLSLossless))])
    proposed = [(cx.abstract_syntax, cx.transfer_syntax) for cx in proposal.contexts]
    assert proposed == [(PET, [EXPLICIT]), (PET, [IMPLICIT]), (CT, [JPEGLSLossless])]


def test_more_than_128_contexts_are_split_and_every_object_is_in_one_proposal() -> None:
    wanted = [(uid, EXPLICIT) for uid in storage_classes()]
    made = proposals(wanted)
    assert all(len(one.contexts) <= MOST_CONTEXTS for one in made)
    assert sorted(pair for one in made for pair in one.encodings) == sorted(wanted)


def test_the_stored_syntax_is_chosen_before_another() -> None:
    accepted = [_accepted(1, PET, IMPLICIT), _accepted(3, PET, EXPLICIT)]
    chosen = chosen_context(accepted, PET, EXPLICIT)
    assert chosen is accepted[1]


def test_a_deflated_object_may_be_sent_inflated() -> None:
    accepted = [_accepted(1, PET, IMPLICIT)]
    assert chosen_context(accepted, PET, str(DeflatedExplicitVRLittleEndian)) is accepted[0]


def test_a_compressed_object_is_sent_as_it_is_or_not_at_all() -> None:
    assert chosen_context([_accepted(1, PET, EXPLICIT)], PET, str(JPEGLSLossless)) is None


def _accepted(number: int, uid: str, syntax: str):
    context = build_context(uid, [syntax])
    context.context_id, context.result, context._as_scu = number, 0, True
    return context
