"""Who may ask by HTTP: by address, and by a name and a secret from a file."""

import base64
import hmac
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path

from dicom_node.domain.errors import ConfigError

_MOST_NAME = 16  # it stands for an AE title


def may_ask_from(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    """Whether an address is among those that may ask; every one where none are named."""
    if not networks:
        return True
    found = ip_address(address.partition("%")[0])  # without the zone of a link-local one
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in networks)


def read_credentials(file: Path) -> dict[str, str]:
    """Secrets by name, of a file with lines of a name and a secret; `#` begins a comment.

    Raises
    ------
    ConfigError
        Where it cannot be read, or a line is something else.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as cause:
        raise _wrong(file, type(cause).__name__) from cause
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or len(words[0]) > _MOST_NAME or ":" in words[0]:
            raise _wrong(file, f"line {number}")
        found[words[0]] = words[1]
    return found


def named_by(authorization: str, credentials: dict[str, str]) -> str | None:
    """Name of who shows a secret, as Basic or as Bearer; None where it is nobody's."""
    scheme, _, shown = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        # All are compared, so that the time does not tell which one is nearly right.
        same = [name for name, secret in credentials.items() if _equal(secret, shown.strip())]
        return same[0] if same else None
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(shown, validate=True).decode().partition(":")
    except ValueError:
        return None
    known = credentials.get(name)
    return name if known is not None and _equal(known, secret) else None


def claimed_name(authorization: str) -> str:
    """Name that somebody claims, for the audit trail; never a secret."""
    scheme, _, shown = authorization.strip().partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(shown, validate=True).decode().partition(":")[0][:_MOST_NAME]
    except ValueError:
        return ""


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _wrong(file: Path, what: str) -> ConfigError:
    return ConfigError(
        file="node.toml",
        key="web.credentials_file",
        value=f"{file} ({what})",
        allowed="lines of a name (1 to 16 characters, no colon) and a secret without spaces",
    )
