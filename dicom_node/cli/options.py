"""Options that commands share, and how JSON is printed."""

import json
from pathlib import Path
from typing import Annotated

import typer

from dicom_node.cli.json_forms import Json

ConfigOption = Annotated[
    Path, typer.Option("--config", envvar="DICOM_NODE_CONFIG", help="Folder of TOML files.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]
PathArgument = Annotated[Path, typer.Argument(help="DICOM file or folder.")]
DEFAULT_CONFIG = Path("config")


def print_json(form: Json) -> None:
    """Print a form on standard output, in ASCII: whatever the terminal or a file name can hold."""
    print(json.dumps(form, indent=2, allow_nan=False))
