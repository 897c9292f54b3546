"""DICOMweb (PS3.18): a service that we ask, and how we are asked."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from dicom_node.domain.peer import TlsFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class WebListener:
    """How the node takes instances by STOW-RS.

    Parameters
    ----------
    address : str
        Local address to bind.
    ae_title : str
        Stands for the called AE title, by which routes may choose.
    tls : TlsFiles or None
        Where given, connections without TLS and without a trusted certificate are refused.
    credentials_file : Path or None
        Lines of a name and a secret; without it nobody needs one.
    addresses : tuple of networks
        Where may be asked from; empty for anywhere.
    max_requests : int
        Connections that are served at the same time.
    max_request_bytes, max_instances : int
        Of one request.
    idle_timeout_s : float
        Silence after which a request is given up.
    """

    address: str
    port: int
    ae_title: str
    tls: TlsFiles | None = None
    credentials_file: Path | None = None
    addresses: tuple[IPv4Network | IPv6Network, ...] = ()
    max_requests: int = 8
    max_request_bytes: int = 4 * 2**30
    max_instances: int = 10_000
    idle_timeout_s: float = 60.0
