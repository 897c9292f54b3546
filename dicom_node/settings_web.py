"""Keys for DICOMweb: of a destination or an archive that is reached by it, and of `[web]`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

from dicom_node.domain.errors import ConfigError
from dicom_node.domain.peer import TlsFiles, WebAccess
from dicom_node.domain.web import WebListener
from dicom_node.settings_types import AeTitle, Name, Networks, Port, Strict, Text

_MIB = 2**20


class DestinationKind(StrEnum):
    """How objects go to a destination."""

    DIMSE = "dimse"
    DICOMWEB = "dicomweb"


def _as_url(value: object) -> object:
    parts = urlsplit(value) if isinstance(value, str) else None
    good = parts is not None and parts.scheme in ("http", "https") and parts.hostname
    if not good or (parts is not None and (parts.username or parts.query or parts.fragment)):
        raise ValueError('as "https://pacs.example/dicom-web", without user, "?" and "#"')
    return value


Url = Annotated[str, BeforeValidator(_as_url)]


class WebTable(Strict):
    """`[web]` of node.toml."""

    address: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8043
    ae_title: AeTitle | None = None
    tls: bool = False
    credentials_file: Text | None = None
    addresses: Networks = ()
    max_requests: Annotated[int, Field(ge=1, le=200)] = 8
    max_request_mib: Annotated[int, Field(ge=1, le=1024 * 1024)] = 4096
    max_instances: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    idle_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 60.0


class PeerTable(Strict):
    """Another node, reached by DIMSE or by DICOMweb; a destination or an archive."""

    name: Name
    ae_title: AeTitle | None = None
    host: Text | None = None
    port: Port | None = None
    url: Url | None = None
    token_file: Text | None = None
    user: Text | None = None
    password_file: Text | None = None
    calling_ae_title: AeTitle | None = None
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 30.0
    tls: bool = False
    certificate_name: Text | None = None


def peer_address(
    table: PeerTable, *, web: bool, file: str, folder: Path
) -> tuple[str, str, int, WebAccess | None]:
    """AE title, host, port and DICOMweb access of a table.

    Raises
    ------
    ConfigError
        Where keys are absent, or of the other kind.
    """
    needed = ("url",) if web else ("ae_title", "host", "port")
    others = ("ae_title", "host", "port") if web else ("url", "token_file", "user", "password_file")
    for key in needed:
        if getattr(table, key) is None:
            raise _wrong(file, table, key, None, f"a value; the key is required with {_kind(web)}")
    for key in others:
        if getattr(table, key) is not None:
            raise _wrong(file, table, key, getattr(table, key), f"no value with {_kind(web)}")
    if not web:
        assert table.ae_title is not None
        assert table.host is not None
        assert table.port is not None
        return table.ae_title, table.host, table.port, None
    return _web_address(table, file, folder)


def _web_address(
    table: PeerTable, file: str, folder: Path
) -> tuple[str, str, int, WebAccess | None]:
    assert table.url is not None
    parts = urlsplit(table.url)
    secured = parts.scheme == "https"
    if secured is not table.tls:
        raise _wrong(file, table, "tls", table.tls, f"{str(secured).lower()} with {parts.scheme}")
    if (table.user is None) is not (table.password_file is None):
        raise _wrong(file, table, "user", table.user, "with password_file, and neither without")
    if table.token_file is not None and table.user is not None:
        raise _wrong(file, table, "token_file", table.token_file, "either it or user")
    access = WebAccess(
        url=table.url,
        token_file=None if table.token_file is None else folder / table.token_file,
        user=table.user,
        password_file=None if table.password_file is None else folder / table.password_file,
    )
    assert parts.hostname is not None
    port = parts.port or (443 if secured else 80)
    return table.name[:16], parts.hostname, port, access


def web_listener(
    table: WebTable, *, ae_title: str, tls: TlsFiles | None, folder: Path
) -> WebListener:
    """How the node takes instances by STOW-RS.

    Parameters
    ----------
    ae_title : str
        The listener's, which is taken where the table has none.
    """
    credentials = table.credentials_file
    return WebListener(
        address=table.address,
        port=table.port,
        ae_title=table.ae_title or ae_title,
        tls=tls if table.tls else None,
        credentials_file=None if credentials is None else folder / credentials,
        addresses=table.addresses,
        max_requests=table.max_requests,
        max_request_bytes=table.max_request_mib * _MIB,
        max_instances=table.max_instances,
        idle_timeout_s=table.idle_timeout_s,
    )


def _kind(web: bool) -> str:
    return "DICOMweb" if web else "DIMSE"


def _wrong(file: str, table: PeerTable, key: str, value: object, allowed: str) -> ConfigError:
    full = f"{Path(file).stem}.{table.name}.{key}"
    return ConfigError(file=file, key=full, value=value, allowed=allowed)
