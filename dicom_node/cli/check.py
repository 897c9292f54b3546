"""`dicom-node check`: configuration, algorithms and destinations, before anybody relies on them."""

from pathlib import Path

from dicom_node.checks import check_configuration
from dicom_node.cli import tables
from dicom_node.cli.json_forms import Json
from dicom_node.cli.options import print_json
from dicom_node.registry import load_registry
from dicom_node.settings import read_settings


def check_folder(config: Path, *, with_echo: bool, as_json: bool) -> bool:
    """Check a configuration folder; whether all is well."""
    findings = check_configuration(read_settings(config), load_registry(), with_echo=with_echo)
    well = all(one.ok for one in findings)
    if as_json:
        listed: list[Json] = [
            {"what": one.what, "ok": one.ok, "message": one.message} for one in findings
        ]
        print_json({"ok": well, "findings": listed})
    else:
        tables.show_findings(findings)
    return well
