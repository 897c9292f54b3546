"""`dicom-node algorithms`: what is installed, and what is broken."""

from dicom_node.cli import tables
from dicom_node.cli.json_forms import Json, algorithm_form
from dicom_node.cli.options import print_json
from dicom_node.registry import load_registry


def list_algorithms(*, as_json: bool) -> None:
    """List every algorithm."""
    registry = load_registry()
    if as_json:
        listed: list[Json] = [algorithm_form(spec) for spec in registry.specs.values()]
        print_json({"algorithms": listed, "broken": dict(registry.broken)})
    else:
        tables.show_algorithms(registry)
