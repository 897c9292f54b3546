"""Who talks to us and whom we send to, as configured; and what one C-STORE brought."""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from dicom_node.domain.forms import ResultForms


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """PEM files by which this node proves who it is, and knows others.

    Parameters
    ----------
    certificate : Path
        Certificate of this node, then those that lead to a root.
    private_key : Path
    password_file : Path or None
        Holds the password of an encrypted key.
    trusted : Path
        Certificates of the authorities whose word is taken.
    """

    certificate: Path
    private_key: Path
    trusted: Path
    password_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A sender that may ask for associations.

    Parameters
    ----------
    ae_title : str
        How it calls itself.
    addresses : tuple of networks
        Where it may call from; empty for anywhere.
    max_associations : int, optional
        Of this sender at the same time; None for the listener's limit only.
    certificate_name : str, optional
        Name that its certificate must carry; None for any that is trusted. Needs TLS.
    """

    ae_title: str
    addresses: tuple[IPv4Network | IPv6Network, ...] = ()
    max_associations: int | None = None
    certificate_name: str | None = None


class ConflictAnswer(StrEnum):
    """What a sender is told whose instance has a known UID and other content; both are kept."""

    SUCCESS = "success"  # 0x0000: it does not repeat it, and a C-MOVE of the study does not fail
    DUPLICATE = "duplicate"  # 0x0111: it is not the instance that the node works with


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """How the node listens.

    Parameters
    ----------
    ae_title : str
        1 to 16 characters (PS3.5 6.2, VR AE).
    address : str
        Local address to bind; 127.0.0.1 accepts no other host.
    max_associations : int
        Associations served at the same time; one more is rejected as transient.
    idle_timeout_s : float
        Silence after which an association is aborted.
    further_ae_titles : tuple of str
        Under which the node may be called, too, for instance to choose a route.
    callers : tuple of Caller
        Who may call; empty for everybody.
    tls : TlsFiles, optional
        Where given, connections without TLS and without a trusted certificate are refused.
    conflict : ConflictAnswer
        What the sender of another instance under a known UID is told.
    fast_path : bool
        Whether C-STORE requests of the usual form are taken straight from the connection.
    """

    ae_title: str
    address: str
    port: int
    max_associations: int = 20
    idle_timeout_s: float = 60.0
    further_ae_titles: tuple[str, ...] = ()
    callers: tuple[Caller, ...] = ()
    tls: TlsFiles | None = None
    conflict: ConflictAnswer = ConflictAnswer.SUCCESS
    fast_path: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAccess:
    """A DICOMweb service (PS3.18).

    Parameters
    ----------
    url : str
        Of the service, before `/studies`.
    token_file : Path or None
        Holds the token of a Bearer authorization.
    user, password_file : str, Path or None
        For a Basic authorization.
    """

    url: str
    token_file: Path | None = None
    user: str | None = None
    password_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A Storage SCP that takes results, in the forms that suit it.

    Parameters
    ----------
    commitment : bool
        Whether it is asked to commit what it was sent (Storage Commitment, PS3.4 J).
    commitment_overdue_h : float
        Hours without a report after which it is asked again, and told to people.
    tls : TlsFiles, optional
        Where given, it is reached by TLS only.
    certificate_name : str, optional
        Name that its certificate must carry; None for `host`.
    web : WebAccess, optional
        Where given, it is reached by DICOMweb and not by associations; host and port are then
        those of its URL, and the AE title only names it.
    """

    name: str
    ae_title: str
    host: str
    port: int
    calling_ae_title: str = "DICOM_NODE"
    timeout_s: float = 30.0
    commitment: bool = False
    commitment_overdue_h: float = 24.0
    tls: TlsFiles | None = None
    certificate_name: str | None = None
    forms: ResultForms = field(default_factory=ResultForms)
    web: WebAccess | None = None

    @property
    def where(self) -> str:
        """How it is reached: AE title, host and port, or URL."""
        if self.web is not None:
            return self.web.url
        return f"{self.ae_title} at {self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedInstance:
    """What one C-STORE request brought, before anything of the data set was decoded.

    Parameters
    ----------
    dataset : bytes
        The encoded data set as it came, without File Meta Information.
    association_id : str
        Names the association, so that its end can be evidence that a series is complete.
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset: bytes
    calling_ae: str
    called_ae: str
    peer_address: str
    association_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPeer:
    """Somebody who may not talk to us, or whom we do not trust.

    Parameters
    ----------
    address : str
        Network address or name of its machine; empty where that is not known.
    calling_ae, called_ae : str
        As asked for; empty where it did not come to that.
    cause : str
        For the log and the audit trail.
    """

    address: str
    cause: str
    calling_ae: str = ""
    called_ae: str = ""


class StoreOutcome(StrEnum):
    """What became of a received instance; in every case its bytes are durable."""

    STORED = "stored"
    DUPLICATE = "duplicate"  # same UID, same bytes: nothing else happened
    CONFLICT = "conflict"  # same UID, other bytes: the first is kept, this one lies aside
    UNREADABLE = "unreadable"  # no UIDs can be read: kept aside, with the reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SendReport:
    """What a destination answered to one object."""

    sop_instance_uid: str
    status: int | None  # DIMSE status; None where no answer came
    stored: bool
    transient: bool  # whether trying again may help; meaningless when stored
    cause: str = ""
    tried: bool = True  # whether any of it was sent
    untrusted: bool = False  # TLS with the destination failed
