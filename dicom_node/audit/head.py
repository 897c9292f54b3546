"""The record of where the trail ends: what shows that lines were taken from its end."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from dicom_node.audit.durable import write_durably
from dicom_node.audit.line import FIRST_PREVIOUS

_FILE = "head.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where the trail ends.

    Parameters
    ----------
    number, hash : int, str
        Of the last line; 0 and zeros before the first one.
    file : str
        Name of the file that holds it; empty: the next line begins a file.
    size : int
        Length of that file in bytes.
    """

    number: int = 0
    hash: str = FIRST_PREVIOUS
    file: str = ""
    size: int = 0


def read_head(folder: Path) -> Head | None:
    """The record of a trail; None where it is absent or unreadable. Raises OSError."""
    try:
        return Head(**json.loads((folder / _FILE).read_bytes()))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None


def write_head(folder: Path, head: Head) -> None:
    """Put a record in the place of the former one. Raises OSError."""
    write_durably(folder / _FILE, json.dumps(asdict(head)).encode("ascii"))
