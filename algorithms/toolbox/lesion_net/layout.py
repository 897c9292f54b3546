"""A bundle on disk without loading it: its files, and whether they are those that its sums tell.

Light, because the specification of an algorithm reads it: neither torch nor the weights' values.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dicom_node.domain.errors import ConfigError

WEIGHTS, METADATA, INFERENCE = (
    "models/model.safetensors",
    "configs/metadata.json",
    "configs/inference.json",
)
CARD, SUMS = "docs/README.md", "SHA256SUMS"
NEEDED = (WEIGHTS, METADATA, INFERENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFacts:
    """What is known of a bundle whose files are whole.

    Parameters
    ----------
    name, version : of the algorithm that it was trained for, and its own
    sha256 : of the weights' file
    training_data : first line of its card
    """

    name: str
    version: str
    sha256: str
    training_data: str


def read_facts(folder: Path, name: str) -> BundleFacts:
    """Facts of a bundle, all of its files checked.

    Parameters
    ----------
    name : str
        Of the algorithm that wants it.

    Raises
    ------
    ConfigError
        Where a file is missing, is not the one that the sums tell, or the bundle is another's.
    """
    sums = verified(folder)
    if CARD not in sums:
        raise _wrong(folder / SUMS, CARD, "not listed", "its SHA-256; a bundle has a model card")
    metadata = json.loads((folder / METADATA).read_text(encoding="utf-8"))
    found = str(metadata.get("name"))
    if found != name:
        raise _wrong(folder / METADATA, "name", found, f"{name}; another algorithm's network")
    lines = (folder / CARD).read_text(encoding="utf-8").splitlines()
    return BundleFacts(
        name=found,
        version=str(metadata.get("version")),
        sha256=sums[WEIGHTS],
        training_data=lines[0].strip() if lines and lines[0].strip() else "not told by its card",
    )


def verified(folder: Path) -> Mapping[str, str]:
    """SHA-256 of each file of a bundle, by name, every one looked at.

    Raises
    ------
    ConfigError
        Where a file is missing or is not the one that the sums tell.
    """
    sums = _sums(folder)
    for name, wanted in sums.items():
        path = folder / name
        found = sha256_of(path) if path.is_file() else "missing"
        if found != wanted:
            raise _wrong(path, "SHA-256", found, f"{wanted} ({SUMS})")
    return sums


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sums(folder: Path) -> Mapping[str, str]:
    path = folder / SUMS
    if not path.is_file():
        raise _wrong(path, SUMS, "missing", "a bundle of `scripts/train`")
    lines = [line.split("  ", 1) for line in path.read_text(encoding="utf-8").splitlines()]
    if any(len(line) != 2 for line in lines):
        raise _wrong(path, "line", "without two columns", "SHA-256, two spaces, name")
    sums = {name: digest for digest, name in lines}
    for needed in NEEDED:
        if needed not in sums:
            raise _wrong(path, needed, "not listed", "its SHA-256")
    return sums


def _wrong(path: Path, key: str, value: str, allowed: str) -> ConfigError:
    return ConfigError(file=str(path), key=key, value=value, allowed=allowed)
