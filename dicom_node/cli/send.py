"""`dicom-node send`: DICOM files to a destination."""

from pathlib import Path

from dicom_node.cli import series_tables, tables
from dicom_node.cli.json_forms import send_form
from dicom_node.cli.options import print_json
from dicom_node.domain.errors import ConfigError
from dicom_node.network.outgoing import outgoing_files
from dicom_node.network.storage_scu import send
from dicom_node.settings import DESTINATIONS_FILE, read_settings


def send_path(path: Path, config: Path, *, to: str, as_json: bool) -> bool:
    """Send every DICOM file below a path; whether every one was stored."""
    destinations = read_settings(config).destinations
    if to not in destinations:
        allowed = f"one of {sorted(destinations)}"
        raise ConfigError(file=DESTINATIONS_FILE, key="--to", value=to, allowed=allowed)
    outgoing, unreadable = outgoing_files(path)
    reports = send(outgoing, destinations[to])
    if as_json:
        print_json(send_form(reports, unreadable))
    else:
        tables.show_sent(reports)
        series_tables.show_unreadable(unreadable)
    return all(report.stored for report in reports)
