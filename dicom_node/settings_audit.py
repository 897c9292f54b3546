"""The keys of `[audit]` in node.toml, and the rules that they give."""

from typing import Annotated

from pydantic import Field

from dicom_node.domain.audit import AuditReceiver, AuditRules, SyslogTransport
from dicom_node.settings_types import Port, Strict, Text


class ReceiverTable(Strict):
    """`[audit.receiver]` of node.toml."""

    host: Text
    port: Port = 6514  # RFC 5425
    transport: SyslogTransport = SyslogTransport.TLS
    certificate_name: Text | None = None
    timeout_s: Annotated[float, Field(gt=0, le=600)] = 10.0
    most_waiting: Annotated[int, Field(ge=1)] = 100_000


class AuditTable(Strict):
    """`[audit]` of node.toml."""

    enterprise_site: Text | None = None
    file_mib: Annotated[float, Field(ge=0.001, le=1024)] = 64.0
    keep_days: Annotated[float, Field(gt=0)] | None = None
    receiver: ReceiverTable | None = None


def audit_rules(table: AuditTable) -> AuditRules:
    """Rules of a table."""
    receiver = None if table.receiver is None else AuditReceiver(**table.receiver.model_dump())
    return AuditRules(
        enterprise_site=table.enterprise_site,
        file_mib=table.file_mib,
        keep_days=table.keep_days,
        receiver=receiver,
    )
