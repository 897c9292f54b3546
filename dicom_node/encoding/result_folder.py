"""The folder of one result: a file has its name only when it is whole and on the disk."""

import os
from pathlib import Path


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each new name on the disk.

    Otherwise a power cut may take away a folder whose files a database names.

    Raises
    ------
    OSError
        Where that fails.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True)
        sync_folder(one.parent)


def write_file(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, then under its own; the folder is still to be synced.

    Raises
    ------
    OSError
        Where that fails.
    """
    temporary = path.with_name(f"{path.name}.part")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk.

    Raises
    ------
    OSError
        Where that fails.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
