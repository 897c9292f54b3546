"""Associations that we ask for: opened within a time limit, or a sentence on why there is none."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import structlog
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import A_ASSOCIATE, SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import PresentationContext

from dicom_node.domain.errors import ConfigError, DeliveryFailed
from dicom_node.domain.peer import Destination
from dicom_node.network.connection import (
    MAXIMUM_PDU_BYTES,
    acknowledge_now,
    application_entity,
    set_options,
)
from dicom_node.network.reactor import ReactorGate
from dicom_node.network.tls import client_context

log = structlog.get_logger(__name__)

# PS3.8 Table 9-21, by (source, reason).
_REJECTIONS = {
    (1, 1): "no reason given",
    (1, 2): "application context name not supported",
    (1, 3): "calling AE title not recognised",
    (1, 7): "called AE title not recognised",
    (2, 1): "no reason given",
    (2, 2): "protocol version not supported",
    (3, 1): "temporary congestion",
    (3, 2): "local limit exceeded",
}

# PS3.8 Table 9-18.
_CONTEXT_RESULTS = {
    1: "user rejection",
    2: "no reason given",
    3: "SOP class not supported",
    4: "transfer syntax not supported",
}


@contextmanager
def association_with(
    destination: Destination,
    contexts: Sequence[PresentationContext],
    *,
    opening: Callable[[Association], object] = lambda _: None,
    roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = (),
) -> Iterator[Association]:
    """An established association, released or aborted at the end of the block.

    Its reactor stands still within the block, so that every answer is the block's to take.

    Parameters
    ----------
    opening : callable, optional
        Called when the connection is there and nothing was said yet: a destination may send
        requests together with its acceptance, before the block begins.
    roles : sequence, optional
        Of the classes for which this side is to be the SCP (PS3.7 D.3.3.4).

    Raises
    ------
    DeliveryFailed
        Where there is none. A rejection counts as transient even where the destination calls it
        permanent: an AE title that is not known (yet) is repaired by people, and until then trying
        again with longer and longer pauses is kinder than giving up results. Not transient is only
        the refusal of every presentation context.
    """
    association = _associate(destination, contexts, opening, roles)
    where = {"destination": destination.name, "called_ae": destination.ae_title}
    log.info(
        "association.opened",
        **where,
        contexts=len(association.accepted_contexts),
        refused=sorted({str(one.abstract_syntax) for one in association.rejected_contexts}),
    )
    gate = ReactorGate.install(association)
    try:
        gate.hold(association)
        yield association
        if association.is_alive() and not is_over(association):
            gate.hold(association)  # pynetdicom's own requests let it go
            # Not `release`, which waits for a flag that an event report of the peer leaves down.
            association.acse.negotiate_release()
    finally:
        if not is_over(association):
            association.abort()
        gate.set()  # else the reactor of an association that the peer ended stands there for ever
        log.info(
            "association.closed",
            **where,
            how="released" if association.is_released else "aborted",
        )


def is_over(association: Association) -> bool:
    """Whether nothing more can be sent or come, because either side or the network ended it."""
    return (
        not association.is_established
        or association.acse.is_aborted()
        or not association.dul.is_alive()
    )


def _associate(
    destination: Destination,
    contexts: Sequence[PresentationContext],
    opening: Callable[[Association], object],
    roles: Sequence[SCP_SCU_RoleSelectionNegotiation],
) -> Association:
    entity = _entity(destination)
    connected_at: list[float] = []
    tls_failures: list[str] = []

    def _on_open(event: Event) -> None:
        connected_at.append(time.monotonic())
        set_options(_connection(event), destination.timeout_s)
        opening(event.assoc)

    began_at = time.monotonic()
    try:
        association = entity.associate(
            destination.host,
            destination.port,
            contexts=list(contexts),
            ae_title=destination.ae_title,
            max_pdu=MAXIMUM_PDU_BYTES,
            ext_neg=list(roles),
            tls_args=_tls_for(destination, tls_failures),
            evt_handlers=[
                (evt.EVT_CONN_OPEN, _on_open),
                (evt.EVT_DATA_SENT, _on_sent),
            ],
        )
    except OSError as cause:
        raise _failed(destination, f"{destination.host} cannot be reached: {cause}") from cause
    if association.is_established:
        return association
    if association.rejected_contexts and not association.accepted_contexts:
        refused = _refused(association.rejected_contexts)
        raise _failed(
            destination, f"no presentation context was accepted: {refused}", for_good=True
        )
    if tls_failures:
        told = f"TLS with {destination.host}: {tls_failures[0]}"
        raise _failed(destination, told, untrusted=True)
    waited_s = time.monotonic() - began_at
    raise _failed(
        destination, _why_not(association, destination, waited_s, connected=bool(connected_at))
    )


def _tls_for(destination: Destination, failures: list[str]) -> tuple[ssl.SSLContext, str] | None:
    if destination.tls is None:
        return None
    try:
        context = client_context(destination.tls, failures.append)
    except ConfigError as cause:  # files are replaced by people, and are whole again later
        raise _failed(destination, str(cause)) from cause
    return context, destination.certificate_name or destination.host


def _on_sent(event: Event) -> None:
    # Receivers that leave Nagle's algorithm on send the first bytes of an answer and wait for
    # their acknowledgement before they send the rest.
    acknowledge_now(_connection(event))


def _connection(event: Event) -> socket.socket:
    wrapped = event.assoc.dul.socket
    assert wrapped is not None
    assert wrapped.socket is not None
    return wrapped.socket


def _entity(destination: Destination) -> ApplicationEntity:
    entity = application_entity(destination.calling_ae_title)
    entity.connection_timeout = destination.timeout_s
    entity.acse_timeout = destination.timeout_s
    entity.dimse_timeout = destination.timeout_s
    # The idle timer would end an association whose objects take long to read; every wait of ours
    # has its own limit.
    entity.network_timeout = None
    return entity


def _why_not(
    association: Association, destination: Destination, waited_s: float, *, connected: bool
) -> str:
    where = f"{destination.host}:{destination.port}"
    in_time = waited_s < 0.9 * destination.timeout_s
    answered = _answered(association)
    if answered is not None and answered.result:
        return f"{where} rejected the association: {_rejection(answered)}"
    if not connected and in_time:
        return f"no connection to {where}: refused, or the host is not reachable"
    if not connected:
        return f"no connection to {where} within {destination.timeout_s:g} s"
    if in_time:
        return f"{where} aborted the association before it was accepted"
    return f"{where} did not answer the request for an association in {destination.timeout_s:g} s"


def _answered(association: Association) -> A_ASSOCIATE | None:
    """What the destination answered to our request for an association, if anything.

    pynetdicom looks whether there is a connection after it has asked. Where the rejection has come
    by then, and with it the end of the connection, it believes that there never was one, and the
    answer stays in its queue.
    """
    answered = association.acceptor.primitive
    if answered is None:
        passed_over = association.dul.peek_next_pdu()
        answered = passed_over if isinstance(passed_over, A_ASSOCIATE) else None
    return answered


def _rejection(answered: A_ASSOCIATE) -> str:
    kind = "transient" if answered.result == 2 else "permanent"
    key = (answered.result_source or 0, answered.diagnostic or 0)
    return f"{_REJECTIONS.get(key, 'unknown reason')} ({kind}, {key[0]}/{key[1]})"


def _refused(contexts: Sequence[PresentationContext]) -> str:
    shown = {
        f"{context.abstract_syntax} ({_CONTEXT_RESULTS.get(context.result or 0, 'refused')})"
        for context in contexts
    }
    return ", ".join(sorted(shown))


def _failed(
    destination: Destination, cause: str, *, for_good: bool = False, untrusted: bool = False
) -> DeliveryFailed:
    return DeliveryFailed(
        destination=destination.name,
        status=None,
        cause=cause,
        transient=not for_good,
        untrusted=untrusted,
    )
