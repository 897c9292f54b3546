"""`dicom-node conformance`: the DICOM Conformance Statement of the node as it is configured."""

from pathlib import Path

from dicom_node.conformance import conformance_statement
from dicom_node.settings import read_settings


def print_statement(config: Path) -> None:
    """Print it as Markdown."""
    print(conformance_statement(read_settings(config)), end="")
