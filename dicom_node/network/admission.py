"""Who may have an association with us: by title, by address, and by how many are served."""

from collections.abc import Collection, Set
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from dicom_node.domain.peer import Caller, Listener

_CALLING_AE_NOT_RECOGNISED = (1, 1, 3)
_CALLED_AE_NOT_RECOGNISED = (1, 1, 7)
_LOCAL_LIMIT_EXCEEDED = (2, 3, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Answer to a request for an association that is not granted.

    Parameters
    ----------
    code : (int, int, int)
        Result, source, reason (PS3.8 Table 9-21).
    cause : str
        For the log.
    """

    code: tuple[int, int, int]
    cause: str

    @property
    def is_distrust(self) -> bool:
        """Whether it is about who asks, not about how much we can take."""
        return self.code in (_CALLING_AE_NOT_RECOGNISED, _CALLED_AE_NOT_RECOGNISED)


def rejection_of(
    listener: Listener,
    *,
    called_ae: str,
    calling_ae: str,
    peer_address: str,
    certificate_names: Set[str],
    served: Collection[str],
) -> Rejection | None:
    """Why an association is not granted; None where it is.

    Parameters
    ----------
    called_ae, calling_ae : str
        As asked for; leading and trailing spaces do not count (PS3.5 6.2).
    peer_address : str
        Where the connection comes from.
    certificate_names : set of str
        Names in the certificate of the caller; empty without TLS.
    served : collection of str
        Calling AE titles of the associations that are served now.

    Notes
    -----
    A calling AE title is known from everywhere to everybody, so that it is no proof of who calls;
    a wrong address is answered as an unknown title, which tells a stranger nothing.
    """
    if called_ae.strip() not in {title.strip() for title in _titles(listener)}:
        return Rejection(code=_CALLED_AE_NOT_RECOGNISED, cause="called AE title is not ours")
    caller = None
    if listener.callers:
        known = [one for one in listener.callers if one.ae_title.strip() == calling_ae.strip()]
        near = [one for one in known if _calls_from(one, peer_address)]
        caller = next((one for one in near if _is_named(one, certificate_names)), None)
        if caller is None:
            cause = "certificate" if near else "address" if known else "calling AE title"
            return Rejection(
                code=_CALLING_AE_NOT_RECOGNISED, cause=f"{cause} is not among listener.callers"
            )
    if len(served) >= listener.max_associations:
        return Rejection(
            code=_LOCAL_LIMIT_EXCEEDED,
            cause=f"{len(served)} associations are served, listener.max_associations",
        )
    return _beyond_own_limit(caller, served)


def no_room() -> Rejection:
    """Nothing new can be stored; the sender tries again."""
    return Rejection(code=_LOCAL_LIMIT_EXCEEDED, cause="free disk space is below its limit")


def _titles(listener: Listener) -> tuple[str, ...]:
    return (listener.ae_title, *listener.further_ae_titles)


def _calls_from(caller: Caller, peer_address: str) -> bool:
    if not caller.addresses:
        return True
    address = ip_address(peer_address.partition("%")[0])  # without the zone of a link-local one
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in caller.addresses)


def _is_named(caller: Caller, certificate_names: Set[str]) -> bool:
    return caller.certificate_name is None or caller.certificate_name in certificate_names


def _beyond_own_limit(caller: Caller | None, served: Collection[str]) -> Rejection | None:
    if caller is None or caller.max_associations is None:
        return None
    own = sum(title.strip() == caller.ae_title.strip() for title in served)
    if own < caller.max_associations:
        return None
    return Rejection(
        code=_LOCAL_LIMIT_EXCEEDED,
        cause=f"{own} associations of this caller are served, its max_associations",
    )
