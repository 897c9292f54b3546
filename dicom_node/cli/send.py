"""`dicom-node send`: DICOM files to a destination."""

from pathlib import Path

from dicom_node.audited import tell_sent
from dicom_node.auditing import audit_of_command
from dicom_node.cli import series_tables, tables
from dicom_node.cli.json_forms import send_form
from dicom_node.cli.options import print_json
from dicom_node.delivery import send_outgoing
from dicom_node.domain.audit import AuditedFile
from dicom_node.domain.errors import ConfigError
from dicom_node.network.outgoing import outgoing_files
from dicom_node.settings import DESTINATIONS_FILE, read_settings
from dicom_node.stores import utc_now


def send_path(path: Path, config: Path, *, to: str, as_json: bool) -> bool:
    """Send every DICOM file below a path; whether every one was stored."""
    settings = read_settings(config)
    destinations = settings.destinations
    if to not in destinations:
        allowed = f"one of {sorted(destinations)}"
        raise ConfigError(file=DESTINATIONS_FILE, key="--to", value=to, allowed=allowed)
    outgoing, unreadable = outgoing_files(path)
    began_at = utc_now()
    reports = send_outgoing(outgoing, destinations[to])
    files = {
        one.sop_instance_uid: AuditedFile(
            path=one.path, sop_class_uid=one.sop_class_uid, alike=str(one.path)
        )
        for one in outgoing
    }
    with audit_of_command(settings) as audit:
        tell_sent(audit, files, reports, destinations[to], began_at=began_at)
    if as_json:
        print_json(send_form(reports, unreadable))
    else:
        tables.show_sent(reports)
        series_tables.show_unreadable(unreadable)
    return all(report.stored for report in reports)
