"""The command line, `dicom-node`: thin, and every command with `--json`."""

from dicom_node.cli.app import main

__all__ = ["main"]
