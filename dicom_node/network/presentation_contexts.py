"""Which presentation contexts the node accepts from a sender, and proposes to a destination."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from pydicom._uid_dict import UID_dictionary
from pydicom.config import IGNORE
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)
from pynetdicom.pdu_primitives import SOPClassCommonExtendedNegotiation
from pynetdicom.presentation import (
    AllStoragePresentationContexts,
    PresentationContext,
    build_context,
)
from pynetdicom.service_class import StorageServiceClass
from pynetdicom.sop_class import uid_to_service_class

VERIFICATION = "1.2.840.10008.1.1"
STORAGE_SERVICE = "1.2.840.10008.4.2"  # PS3.6 Table A-1: Storage Service Class
STORAGE_COMMITMENT = "1.2.840.10008.1.20.1"  # Storage Commitment Push Model

# Context ids are the odd numbers from 1 to 255 (PS3.8 Table 9-13).
MOST_CONTEXTS = 128

# The standard's own composite storage classes lie under this root, later ones, too.
_STORAGE_ROOT = "1.2.840.10008.5.1.4.1.1."

# In the dictionary as SOP classes with "Storage" in their name, but no C-STORE goes with them.
_NEVER_STORED = frozenset(
    {
        "1.2.840.10008.1.3.10",  # Media Storage Directory: DICOMDIR, a file only
        STORAGE_COMMITMENT,
        "1.2.840.10008.1.20.2",  # Storage Commitment Pull Model (retired)
    }
)

# In the dictionary as transfer syntaxes, but they encode no data set of a DIMSE message.
_NO_DATA_SET = frozenset(
    {
        "1.2.840.10008.1.2.6.1",  # RFC 2557 MIME encapsulation
        "1.2.840.10008.1.2.6.2",  # XML Encoding
        "1.2.840.10008.1.2.7.1",  # SMPTE ST 2110: DICOM-RTV streams (PS3.22)
        "1.2.840.10008.1.2.7.2",
        "1.2.840.10008.1.2.7.3",
        "1.2.840.10008.1.20",  # Papyrus 3, a file format of 1991
    }
)

# Between these a data set is written anew without touching its pixels.
_REWRITABLE = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
REWRITABLE = frozenset({*_REWRITABLE, DeflatedExplicitVRLittleEndian})
_WITHOUT_PIXELS = frozenset({*REWRITABLE, ExplicitVRBigEndian})


def is_transfer_syntax(uid: str) -> bool:
    """Whether the node takes data sets in this transfer syntax: every public one, retired or not.

    Private ones are refused: what they mean for the bytes is known to one vendor only, so an
    instance stored in one could never be read.
    """
    known = UID_dictionary.get(uid)
    return known is not None and known[1] == "Transfer Syntax" and uid not in _NO_DATA_SET


def is_storage(uid: str) -> bool:
    """Whether an abstract syntax is a storage SOP class, as far as can be told from its UID.

    Known ones by their name in PS3.6 (retired ones, DICOS and DICONDE, too) or by the service class
    that pynetdicom has for them; unknown ones below the standard's root for composite storage; and
    every private one, since a sender that proposes a private SOP class to a Storage SCP wants to
    store it, and refusing it would fail the C-MOVE of the whole study.
    """
    known = UID_dictionary.get(uid)
    if known is not None:
        name, kind = known[0], known[1]
        named_so = "Storage" in name or (not name and uid.startswith(_STORAGE_ROOT))
        return kind == "SOP Class" and named_so and uid not in _NEVER_STORED
    if issubclass(uid_to_service_class(uid), StorageServiceClass):
        return True
    syntax = UID(uid, IGNORE)
    return syntax.is_valid and (syntax.is_private or uid.startswith(_STORAGE_ROOT))


def storage_classes() -> tuple[str, ...]:
    """Every public storage SOP class that is known by name, sorted."""
    known = {*UID_dictionary, *(str(one.abstract_syntax) for one in AllStoragePresentationContexts)}
    return tuple(sorted(uid for uid in known if is_storage(uid)))


def transfer_syntaxes() -> tuple[str, ...]:
    """Every transfer syntax that is accepted, sorted."""
    return tuple(sorted(uid for uid in UID_dictionary if is_transfer_syntax(uid)))


def supported_contexts(
    proposed: Sequence[PresentationContext], *, commitment: bool = False
) -> list[PresentationContext]:
    """What the node supports of a proposal, in the words of pynetdicom's negotiation.

    pynetdicom takes the first transfer syntax of the *acceptor's* list that was proposed. The list
    is therefore made from the proposal itself, in the sender's order: what a sender names first it
    has, and anything else would make it transcode, at its cost and at the risk of our numbers.
    Where one SOP class is proposed in several contexts, their lists are joined in order.

    Parameters
    ----------
    proposed : sequence of PresentationContext
        Presentation Context Definition List of the A-ASSOCIATE-RQ.
    commitment : bool
        Whether reports of storage commitment are taken.

    Returns
    -------
    list of PresentationContext
        One for each SOP class, shared between associations: not to be changed.
    """
    wanted: dict[str, dict[str, None]] = {}
    for context in proposed:
        wanted.setdefault(str(context.abstract_syntax), {}).update(
            dict.fromkeys(str(syntax) for syntax in context.transfer_syntax)
        )
    contexts = (
        _for_reports(tuple(syntaxes))
        if uid == STORAGE_COMMITMENT and commitment
        else _supported(uid, tuple(syntaxes))
        for uid, syntaxes in wanted.items()
    )
    return [context for context in contexts if context is not None]


# Building a context costs more than negotiating it, and senders propose the same ones every time.
@lru_cache(maxsize=1024)
def _supported(uid: str, proposed: tuple[str, ...]) -> PresentationContext | None:
    if uid != VERIFICATION and not is_storage(uid):
        return None
    syntaxes = [syntax for syntax in proposed if is_transfer_syntax(syntax)]
    return build_context(uid, list(syntaxes)) if syntaxes else None


@lru_cache(maxsize=1024)
def _for_reports(proposed: tuple[str, ...]) -> PresentationContext | None:
    """Context in which a peer reports as SCP of Storage Commitment.

    Who opens an association is the SCU unless role selection says otherwise (PS3.7 D.3.3.4). A
    peer that selects the role of the SCP gets it, and no more than it; one that insists on being
    the SCU is refused. Without role selection the context is accepted, too: there are destinations
    that report so, against the standard, and would never be heard.
    """
    syntaxes = [syntax for syntax in proposed if syntax in _WITHOUT_PIXELS]
    if not syntaxes:
        return None
    context = build_context(STORAGE_COMMITMENT, list(syntaxes))
    context.scu_role, context.scp_role = False, True
    return context


def as_storage(contexts: Iterable[PresentationContext]) -> dict[UID, object]:
    """Common extended negotiation that makes pynetdicom serve unknown storage classes as storage.

    pynetdicom finds the service for a request in its own table of SOP classes and aborts where
    there is none, unless SOP Class Common Extended Negotiation (PS3.7 D.3.3.6) names the service
    class. The acceptor's answer to it is never sent, so giving one for each such class changes
    nothing on the wire; its module-wide UNRESTRICTED_STORAGE_SERVICE would do so for everything
    in the process.
    """
    return {
        context.abstract_syntax: _common_extended(str(context.abstract_syntax))
        for context in contexts
        if context.abstract_syntax is not None and _needs_naming(str(context.abstract_syntax))
    }


@lru_cache(maxsize=1024)  # pynetdicom looks through a dozen tables
def _needs_naming(uid: str) -> bool:
    if uid in (VERIFICATION, STORAGE_COMMITMENT):
        return False
    return not issubclass(uid_to_service_class(uid), StorageServiceClass)


@lru_cache(maxsize=1024)
def _common_extended(uid: str) -> SOPClassCommonExtendedNegotiation:
    item = SOPClassCommonExtendedNegotiation()
    item.sop_class_uid = UID(uid)
    item.service_class_uid = UID(STORAGE_SERVICE)
    return item


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What one association to a destination proposes.

    Parameters
    ----------
    encodings : frozenset of (SOP class, transfer syntax)
        The stored objects that it serves.
    contexts : tuple of PresentationContext
        At most 128.
    """

    encodings: frozenset[tuple[str, str]]
    contexts: tuple[PresentationContext, ...]


def proposals(encodings: Iterable[tuple[str, str]]) -> tuple[Proposal, ...]:
    """Proposals that together cover objects of these encodings; one unless 128 contexts are short.

    Each encoding gets a context of its own with the transfer syntax as stored, so that a
    destination that can take it does. Uncompressed little endian ones get a second context with
    the others of their kind, into which they can be written anew.

    Parameters
    ----------
    encodings : iterable of (SOP class, transfer syntax)
    """
    made: list[Proposal] = []
    held: list[tuple[str, str]] = []
    contexts: dict[tuple[str, tuple[str, ...]], None] = {}
    for encoding in dict.fromkeys(encodings):
        needed = dict.fromkeys(_contexts_for(*encoding))
        if len(contexts | needed) > MOST_CONTEXTS:
            made.append(_proposal(held, contexts))
            held, contexts = [], {}
        held.append(encoding)
        contexts |= needed
    if held:
        made.append(_proposal(held, contexts))
    return tuple(made)


def _contexts_for(sop_class_uid: str, stored: str) -> list[tuple[str, tuple[str, ...]]]:
    needed: list[tuple[str, tuple[str, ...]]] = [(sop_class_uid, (stored,))]
    if stored in REWRITABLE:
        others = tuple(str(syntax) for syntax in _REWRITABLE if syntax != stored)
        needed.append((sop_class_uid, others))
    return needed


def _proposal(
    held: Iterable[tuple[str, str]], contexts: Iterable[tuple[str, tuple[str, ...]]]
) -> Proposal:
    built = tuple(build_context(uid, list(syntaxes)) for uid, syntaxes in contexts)
    return Proposal(encodings=frozenset(held), contexts=built)


def chosen_context(
    accepted: Iterable[PresentationContext], sop_class_uid: str, stored: str
) -> PresentationContext | None:
    """Accepted context by which an object is sent: as stored, else rewritten, else None."""
    mine = [
        context
        for context in accepted
        if context.abstract_syntax == sop_class_uid and context.as_scu
    ]
    wanted = (stored, *_REWRITABLE) if stored in REWRITABLE else (stored,)
    for syntax in wanted:
        for context in mine:
            if context.transfer_syntax[0] == syntax:
                return context
    return None
