"""Audit messages as syslog messages (RFC 5424), and how each transport frames them."""

import os
import re
import socket
from datetime import UTC, datetime

from dicom_node.domain.audit import SyslogTransport

_PRIORITY = 10 * 8 + 5  # security and authorization messages, notice (PS3.15 A.6)
_MESSAGE_ID = "DICOM+RFC3881"
_APPLICATION = "dicom-node"
_NOT_PRINTABLE = re.compile(r"[^\x21-\x7e]")
_LONGEST_DATAGRAM = 65_507  # IPv4, without its own headers and those of UDP
_BOM = b"\xef\xbb\xbf"  # says that what follows is UTF-8 (RFC 5424 6.4)


def syslog_message(message: str, *, at: datetime, host: str) -> bytes:
    """A syslog message, unframed.

    Parameters
    ----------
    host : str
        Name of this machine.
    """
    when = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    named = _NOT_PRINTABLE.sub("_", host)[:255] or "-"
    header = f"<{_PRIORITY}>1 {when} {named} {_APPLICATION} {os.getpid()} {_MESSAGE_ID} - "
    return header.encode("ascii") + _BOM + message.encode()


def framed(message: bytes, transport: SyslogTransport) -> bytes:
    """A message as it goes over the wire.

    With its length before it (RFC 5425 4.3, RFC 6587 3.4.1), or alone in a datagram (RFC 5426 3.1).
    """
    if transport is SyslogTransport.UDP:
        return message[:_LONGEST_DATAGRAM]  # what is longer would never go, and nothing after it
    return f"{len(message)} ".encode("ascii") + message


def machine_name() -> str:
    """Name of this machine for the header: with its domain where it has one."""
    return socket.gethostname()
